/** The years: a histogram with two handles. */

import { get, Refused } from "./api.js";
import { asked, FILTERS, only, search, set } from "./address.js";
import { debounce, fill, h } from "./dom.js";

export function openYears() {
  const section = h("section", { class: "years", "aria-label": "Years", hidden: true });
  let last = null;
  let moving = false; // a handle was moved, and what that asks is not asked yet

  async function update(parameters, signal) {
    const filters = only(parameters, FILTERS);
    filters.set("histogram", "true");
    try {
      last = (await get("/facets", filters, signal)).years;
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof Refused)) throw error;
      last = null;
    }
    section.hidden = last === null;
    if (last && !moving) show(parameters.get("years"));
  }

  function show(chosen) {
    const { first, width, counts } = last;
    const bins = counts.length;
    const [begin, end] = (chosen ?? "").split(":");
    const toBin = (text, rounding) => Math.min(Math.max(rounding((Number(text) - first) / width), 0), bins);
    let low = begin ? toBin(begin, Math.floor) : 0;
    let high = end ? toBin(Number(end) + 1, Math.ceil) : end === undefined && begin ? Math.min(low + 1, bins) : bins;
    const year = (edge) => first + edge * width;
    const most = Math.max(...counts, 1);
    const bars = counts.map((count, at) => {
      const bar = h("span", { class: "bin" });
      bar.style.height = `${count ? Math.max(4, (100 * count) / most) : 0}%`;
      bar.title = `${year(at)} to ${year(at + 1) - 1}: ${count}`;
      return bar;
    });
    const said = h("output", { for: "from to" });
    const handle = (id, label, value) => h("input", { type: "range", id, min: 0, max: bins, step: 1, value, "aria-label": label,
      oninput: (event) => {
        const at = Number(event.target.value);
        if (id === "from") low = Math.min(at, high - 1);
        else high = Math.max(at, low + 1);
        event.target.value = id === "from" ? low : high;
        moving = true;
        mark();
        take();
      } });
    const from = handle("from", "First year", low);
    const to = handle("to", "Last year", high);
    const take = debounce(250, () => {
      moving = false;
      const open = low === 0 && high === bins;
      const text = `${low === 0 ? "" : year(low)}:${high === bins ? "" : year(high) - 1}`;
      search(set(asked(), "years", ...(open ? [] : [text])));
    });
    function mark() {
      bars.forEach((bar, at) => bar.classList.toggle("out", at < low || at >= high));
      said.textContent = `${year(low)} – ${year(high) - 1}`;
      from.setAttribute("aria-valuetext", year(low));
      to.setAttribute("aria-valuetext", year(high) - 1);
    }
    mark();
    fill(section, h("div", { class: "head" }, h("h3", {}, "Years"), said,
      chosen && h("button", { class: "link", id: "all-years", onclick: () => search(set(set(asked(), "years"), "within")) }, "All")),
    h("div", { class: "bins", "aria-hidden": "true" }, bars), h("div", { class: "handles" }, from, to));
  }

  return { section, update };
}
