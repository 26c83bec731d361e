/** The filter by years: a histogram with two handles. */

import { currentParameters, filtersOf, search, searchSoon, withValues } from "./address.js";
import { ApiError, get } from "./api.js";
import { h, setChildren } from "./elements.js";

export function openYearRange() {
  let histogram = null;
  let [low, high] = [0, 0]; // the selected bins: from `low` to before `high`
  const output = h("output", { for: "first-year last-year" });
  const allYears = h("button", { class: "link", id: "all-years", onclick: () => search(withValues(withValues(currentParameters(), "years"), "within")) }, "All years");
  const bars = h("div", { class: "bins", "aria-hidden": "true" });
  const firstHandle = openHandle("first-year", "First year", (bin) => { low = Math.min(bin, high - 1); return low; });
  const lastHandle = openHandle("last-year", "Last year", (bin) => { high = Math.max(bin, low + 1); return high; });
  const section = h("section", { class: "year-range", "aria-label": "Years", hidden: true },
    h("div", { class: "head" }, h("h3", {}, "Years"), output, allYears), bars, h("div", { class: "handles" }, firstHandle, lastHandle));

  function openHandle(id, label, move) {
    const handle = h("input", { type: "range", id, min: 0, step: 1, "aria-label": label, oninput: () => {
      handle.value = move(Number(handle.value));
      showRange();
      const isWhole = low === 0 && high === histogram.counts.length;
      const years = `${low === 0 ? "" : yearOf(low)}:${high === histogram.counts.length ? "" : yearOf(high) - 1}`;
      searchSoon(withValues(currentParameters(), "years", ...(isWhole ? [] : [years])));
    } });
    return handle;
  }

  const yearOf = (bin) => histogram.first + bin * histogram.width;

  async function update(parameters, signal) {
    if (histogram) show(parameters.get("years"));
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
    if (histogram) show(currentParameters().get("years"));
  }

  function show(years) {
    const { first, width, counts } = histogram;
    const [begin, end] = (years ?? "").split(":");
    const toBin = (year, round) => Math.min(Math.max(round((Number(year) - first) / width), 0), counts.length);
    low = begin ? toBin(begin, Math.floor) : 0;
    high = end ? toBin(Number(end) + 1, Math.ceil) : end === undefined && begin ? Math.min(low + 1, counts.length) : counts.length;
    const highest = Math.max(...counts, 1);
    setChildren(bars, counts.map((count, bin) => {
      const bar = h("span", { class: "bin", title: `${yearOf(bin)} to ${yearOf(bin + 1) - 1}: ${count}` });
      bar.style.height = `${count ? Math.max(4, (100 * count) / highest) : 0}%`;
      return bar;
    }));
    for (const [handle, bin] of [[firstHandle, low], [lastHandle, high]]) {
      handle.max = counts.length;
      handle.value = bin;
    }
    allYears.hidden = years === null;
    showRange();
  }

  function showRange() {
    [...bars.children].forEach((bar, bin) => bar.classList.toggle("outside", bin < low || bin >= high));
    output.textContent = `${yearOf(low)} – ${yearOf(high) - 1}`;
    firstHandle.setAttribute("aria-valuetext", yearOf(low));
    lastHandle.setAttribute("aria-valuetext", yearOf(high) - 1);
  }

  return { section, update };
}
