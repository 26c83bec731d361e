/** Filters at the side: each value with how many works it would leave. */

import { get, Refused } from "./api.js";
import { asked, FILTERS, only, search, set, toggle } from "./address.js";
import { debounce, fill, h } from "./dom.js";
import { openYears } from "./years.js";
import { FACETS, read } from "./names.js";

const SINGLE = new Set(["faces", "bodies", "medium"]);
const OPEN_AT_FIRST = new Set(["artist", "genre", "predicted_genre", "style", "predicted_style"]);
const TOP = 8;
const MANY = 60;

/** Sections that someone has opened or closed stay so. */
const opened = new Map();

export function openFacets(aside, info) {
  const sections = new Map();
  const years = openYears();
  fill(aside, h("h2", { class: "hidden" }, "Filters"), years.section);
  let parameters = asked();
  let aborting = new AbortController();

  for (const field of Object.keys(FACETS).filter((name) => info.counted.includes(name))) {
    const section = makeSection(field);
    sections.set(field, section);
    aside.append(section.details);
  }

  function makeSection(field) {
    const list = h("ul");
    const starts = h("input", { type: "search", id: `starts-${field}`, placeholder: "Starts with …", maxlength: 100, autocomplete: "off", "aria-label": `${FACETS[field]} starts with` });
    starts.addEventListener("input", debounce(150, () => count(field)));
    const details = h("details", { open: opened.get(field) ?? OPEN_AT_FIRST.has(field), ontoggle: () => {
      if ((opened.get(field) ?? OPEN_AT_FIRST.has(field)) === details.open) return;
      opened.set(field, details.open);
      if (details.open) count(field);
    } }, h("summary", {}, FACETS[field]), starts, list);
    return { details, list, starts, many: false };
  }

  async function count(field) {
    const section = sections.get(field);
    if (!section.details.open && !parameters.has(field)) return;
    const filters = only(parameters, FILTERS);
    filters.append("field", field);
    filters.set("top", section.many ? MANY : TOP + 1);
    if (section.starts.value.trim()) filters.set("starts", section.starts.value.trim());
    try {
      const { fields } = await get("/facets", filters, aborting.signal);
      show(field, fields[field]);
      section.details.classList.remove("wrong");
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof Refused)) throw error;
      fill(section.list); // the wall says what is wrong with the question
    }
  }

  function show(field, counted) {
    const section = sections.get(field);
    const chosen = parameters.getAll(field);
    const values = SINGLE.has(field) && field === "medium" ? chosen.flatMap((text) => text.split(" ")) : chosen;
    const fold = (text) => text.toLocaleLowerCase().replaceAll("_", " ");
    const missing = values.filter((value) => !counted.some((each) => fold(each.value) === fold(value)));
    const rest = section.many ? counted : counted.slice(0, TOP);
    const rows = [...missing.map((value) => ({ value, count: null })), ...rest].map(({ value, count: works }) => {
      const on = values.some((each) => fold(each) === fold(value));
      const id = `f-${field}-${value.replace(/\W+/g, "-")}`;
      return h("li", {}, h("label", { for: id },
        h("input", { type: "checkbox", id, checked: on, onchange: () => choose(field, value, values) }),
        h("span", { class: "value" }, read(field, value)),
        h("span", { class: "count" }, works === null ? "" : works.toLocaleString("en"))));
    });
    if (!rows.length) rows.push(h("li", { class: "quiet" }, section.starts.value ? "None starts so" : "None"));
    if (!section.many && counted.length > TOP) {
      rows.push(h("li", {}, h("button", { class: "link", id: `more-${field}`, onclick: () => { section.many = true; count(field); } }, "More")));
    }
    section.starts.hidden = field !== "artist" && counted.length <= TOP && !section.many && !section.starts.value;
    fill(section.list, rows);
  }

  function choose(field, value, values) {
    if (field === "medium") {
      const words = values.includes(value) ? values.filter((each) => each !== value) : [...values, value];
      search(set(parameters, field, ...(words.length ? [words.join(" ")] : [])));
    } else if (SINGLE.has(field)) {
      search(set(parameters, field, ...(values.includes(value) ? [] : [value])));
    } else {
      const written = values.find((each) => each.toLocaleLowerCase() === value.toLocaleLowerCase()) ?? value;
      search(toggle(parameters, field, written));
    }
  }

  function update(now) {
    const changed = only(now, FILTERS).toString() !== only(parameters, FILTERS).toString();
    const first = !aside.dataset.counted;
    parameters = now;
    if (!changed && !first) return;
    aside.dataset.counted = "yes";
    aborting.abort();
    aborting = new AbortController();
    years.update(parameters, aborting.signal);
    for (const field of sections.keys()) count(field);
  }

  return { update, leave: () => aborting.abort() };
}
