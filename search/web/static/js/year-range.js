/** The filter by years: a histogram with two handles. */

import { currentParameters, filtersOf, search, withValues } from "./address.js";
import { ApiError, get } from "./api.js";
import { debounce, h, setChildren } from "./elements.js";

export function openYearRange() {
  const section = h("section", { class: "year-range", "aria-label": "Years", hidden: true });
  let histogram = null;
  let isDragging = false; // a handle was moved, and the search has not started yet

  async function update(parameters, signal) {
    const request = filtersOf(parameters);
    request.set("histogram", "true");
    try {
      histogram = (await get("/facets", request, signal)).years;
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof ApiError)) throw error;
      histogram = null;
    }
    section.hidden = histogram === null;
    if (histogram && !isDragging) show(parameters.get("years"));
  }

  function show(years) {
    const { first, width, counts } = histogram;
    const bins = counts.length;
    const [begin, end] = (years ?? "").split(":");
    const toBin = (year, round) => Math.min(Math.max(round((Number(year) - first) / width), 0), bins);
    let low = begin ? toBin(begin, Math.floor) : 0;
    let high = end ? toBin(Number(end) + 1, Math.ceil) : end === undefined && begin ? Math.min(low + 1, bins) : bins;
    const yearOf = (bin) => first + bin * width;
    const highest = Math.max(...counts, 1);
    const bars = counts.map((count, bin) => {
      const bar = h("span", { class: "bin", title: `${yearOf(bin)} to ${yearOf(bin + 1) - 1}: ${count}` });
      bar.style.height = `${count ? Math.max(4, (100 * count) / highest) : 0}%`;
      return bar;
    });
    const output = h("output", { for: "first-year last-year" });
    const handle = (id, label, value, move) => h("input", { type: "range", id, min: 0, max: bins, step: 1, value, "aria-label": label,
      oninput: (event) => {
        event.target.value = move(Number(event.target.value));
        isDragging = true;
        showRange();
        searchSoon();
      } });
    const firstHandle = handle("first-year", "First year", low, (bin) => { low = Math.min(bin, high - 1); return low; });
    const lastHandle = handle("last-year", "Last year", high, (bin) => { high = Math.max(bin, low + 1); return high; });
    const searchSoon = debounce(250, () => {
      isDragging = false;
      const isWhole = low === 0 && high === bins;
      const range = `${low === 0 ? "" : yearOf(low)}:${high === bins ? "" : yearOf(high) - 1}`;
      search(withValues(currentParameters(), "years", ...(isWhole ? [] : [range])));
    });
    function showRange() {
      bars.forEach((bar, bin) => bar.classList.toggle("outside", bin < low || bin >= high));
      output.textContent = `${yearOf(low)} – ${yearOf(high) - 1}`;
      firstHandle.setAttribute("aria-valuetext", yearOf(low));
      lastHandle.setAttribute("aria-valuetext", yearOf(high) - 1);
    }
    showRange();
    setChildren(section, h("div", { class: "head" }, h("h3", {}, "Years"), output,
      years && h("button", { class: "link", id: "all-years", onclick: () => search(withValues(withValues(currentParameters(), "years"), "within")) }, "All years")),
    h("div", { class: "bins", "aria-hidden": "true" }, bars), h("div", { class: "handles" }, firstHandle, lastHandle));
  }

  return { section, update };
}
