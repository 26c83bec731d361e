/** The filter by years: a histogram with two handles, and a text such as "17th century". */

import { currentParameters, filtersOf, search, searchSoon, withValues } from "./address.js";
import { ApiError, get } from "./api.js";
import { h, setChildren } from "./elements.js";
import { yearsLabel } from "./labels.js";

export function openYearRange() {
  let histogram = null;
  const spans = new Map(); // {years: their begin and end}, as the server read them
  let [low, high] = [0, 0]; // the selected bins: from `low` to before `high`
  const output = h("output", { for: "first-year last-year" });
  const allYears = h("button", { class: "link", id: "all-years", onclick: () => search(withoutYears()) }, "All years");
  const bars = h("div", { class: "bins", "aria-hidden": "true" });
  const firstHandle = openHandle("first-year", "First year", (bin) => { low = Math.min(bin, high - 1); return low; });
  const lastHandle = openHandle("last-year", "Last year", (bin) => { high = Math.max(bin, low + 1); return high; });
  const text = h("input", { type: "text", id: "years", maxlength: 100, autocomplete: "off", placeholder: "1600-1699, 17th century …", "aria-label": "Years as text, such as 1600-1699, 17th century, before 1500", onchange: () => {
    const years = text.value.trim();
    search(years ? withValues(currentParameters(), "years", years) : withoutYears());
  } });
  const chart = h("div", { hidden: true }, bars, h("div", { class: "handles" }, firstHandle, lastHandle));
  const section = h("section", { class: "year-range", "aria-label": "Years", hidden: true },
    h("div", { class: "head" }, h("h3", {}, "Years"), output, allYears), chart, text);

  function openHandle(id, label, move) {
    const handle = h("input", { type: "range", id, min: 0, step: 1, "aria-label": label, oninput: () => {
      handle.value = move(Number(handle.value));
      showRange();
      const isWhole = low === 0 && high === histogram.counts.length;
      const years = `${low === 0 ? "" : yearOf(low)}:${high === histogram.counts.length ? "" : yearOf(high) - 1}`;
      searchSoon(isWhole ? withoutYears() : withValues(currentParameters(), "years", years));
    } });
    return handle;
  }

  const withoutYears = () => withValues(withValues(currentParameters(), "years"), "within");
  const yearOf = (bin) => histogram.first + bin * histogram.width;

  async function update(parameters, signal) {
    const years = parameters.get("years");
    text.value = years ? yearsLabel(years) : "";
    allYears.hidden = years === null;
    if (histogram && spans.has(years)) show(spans.get(years));
    const request = filtersOf(parameters);
    request.set("histogram", "true");
    let found;
    try {
      found = await get("/facets", request, signal);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof ApiError)) throw error;
      section.hidden = false; // it may be these years that can't be read, and the text can be mended
      return;
    }
    section.hidden = found.years === null;
    if (found.years === null) return;
    histogram = found.years;
    chart.hidden = false;
    spans.set(years, found.span ?? { begin: null, end: null });
    showCounts();
    if (currentParameters().get("years") === years) show(spans.get(years));
  }

  function showCounts() {
    const highest = Math.max(...histogram.counts, 1);
    setChildren(bars, histogram.counts.map((count, bin) => {
      const bar = h("span", { class: "bin", title: `${yearOf(bin)} to ${yearOf(bin + 1) - 1}: ${count}` });
      bar.style.height = `${count ? Math.max(4, (100 * count) / highest) : 0}%`;
      return bar;
    }));
    markBars();
  }

  const markBars = () => [...bars.children].forEach((bar, bin) => bar.classList.toggle("outside", bin < low || bin >= high));

  /** Set the handles to a span of years; an end that is null is open. */
  function show({ begin, end }) {
    const { first, width, counts } = histogram;
    const toBin = (year) => Math.min(Math.max((year - first) / width, 0), counts.length);
    low = begin === null ? 0 : Math.floor(toBin(begin));
    high = end === null ? counts.length : Math.ceil(toBin(end + 1));
    for (const [handle, bin] of [[firstHandle, low], [lastHandle, high]]) {
      handle.max = counts.length;
      handle.value = bin;
    }
    showRange(begin ?? undefined, end ?? undefined);
  }

  function showRange(begin = yearOf(low), end = yearOf(high) - 1) {
    markBars();
    output.textContent = `${begin} – ${end}`;
    firstHandle.setAttribute("aria-valuetext", begin);
    lastHandle.setAttribute("aria-valuetext", end);
  }

  return { section, update };
}
