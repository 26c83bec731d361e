/** Facets: the values of each field, with how many artworks each would leave, as filters. */

import { currentParameters, filtersOf, search, toggled, withValues } from "./address.js";
import { ApiError, get } from "./api.js";
import { debounce, h, setChildren } from "./elements.js";
import { displayValue, FACETS } from "./labels.js";
import { openYearRange } from "./year-range.js";

const OPEN_BY_DEFAULT = new Set(["artist", "genre", "predicted_genre", "style", "predicted_style"]);
const fold = (text) => text.toLocaleLowerCase().replaceAll("_", " ");
const FEW = 8;
const MANY = 60;

/** Which facets the visitor has opened or closed; remembered while the site is open. */
const opened = new Map();
const isOpen = (field) => opened.get(field) ?? OPEN_BY_DEFAULT.has(field);

export function openFacets(container, info) {
  const sections = new Map();
  const yearRange = openYearRange();
  setChildren(container, yearRange.section);
  let parameters = null;
  let aborting = new AbortController();

  const singleValue = new Set(info.fact_filters.filter(({ multiple }) => !multiple).map(({ name }) => name));
  for (const field of Object.keys(FACETS).filter((name) => info.counted.includes(name))) {
    const section = createSection(field);
    sections.set(field, section);
    container.append(section.details);
  }

  function createSection(field) {
    const list = h("ul");
    const prefix = h("input", { type: "search", id: `prefix-${field}`, placeholder: "Starts with …", maxlength: 100, autocomplete: "off", "aria-label": `${FACETS[field]} starts with` });
    prefix.addEventListener("input", debounce(150, () => count(field)));
    const details = h("details", { open: isOpen(field), ontoggle: () => {
      if (isOpen(field) === details.open) return;
      opened.set(field, details.open);
      if (details.open) count(field);
    } }, h("summary", {}, FACETS[field]), prefix, list);
    return { details, list, prefix, rows: new Map(), aborting: new AbortController(), showsMany: false };
  }

  async function count(field) {
    const section = sections.get(field);
    if (!section.details.open && !parameters.has(field)) return;
    section.aborting.abort();
    section.aborting = new AbortController();
    const request = filtersOf(parameters);
    request.append("field", field);
    request.set("top", section.showsMany ? MANY : FEW + 1);
    if (section.prefix.value.trim()) request.set("starts", section.prefix.value.trim());
    try {
      const { fields } = await get("/facets", request, section.aborting.signal);
      show(field, fields[field]);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof ApiError)) throw error;
      setChildren(section.list); // the results show the error
    }
  }

  function show(field, counts) {
    const section = sections.get(field);
    const selected = selectedValues(field);
    const uncounted = selected.filter((value) => !counts.some((each) => fold(each.value) === fold(value)));
    const counted = section.showsMany ? counts : counts.slice(0, FEW);
    const rows = [...uncounted.map((value) => ({ value, count: null })), ...counted].map(({ value, count: artworks }) => {
      if (!section.rows.has(value)) section.rows.set(value, openRow(field, value));
      const row = section.rows.get(value);
      row.check(selected);
      row.count(artworks);
      return row.element;
    });
    if (!rows.length) rows.push(h("li", { class: "muted" }, section.prefix.value ? "No matches" : "None"));
    if (!section.showsMany && counts.length > FEW) {
      rows.push(h("li", {}, h("button", { class: "link", id: `more-${field}`, "aria-label": `More values: ${FACETS[field]}`, onclick: () => { section.showsMany = true; count(field); } }, "More")));
    }
    section.prefix.hidden = field !== "artist" && counts.length <= FEW && !section.showsMany && !section.prefix.value;
    setChildren(section.list, rows);
  }

  function openRow(field, value) {
    const id = `facet-${field}-${value.replace(/\W+/g, "-")}`;
    const box = h("input", { type: "checkbox", id, onchange: () => toggle(field, value) });
    const artworks = h("span", { class: "count" });
    const element = h("li", {}, h("label", { for: id }, box, h("span", { class: "value" }, displayValue(field, value)), artworks));
    return {
      element,
      check: (selected) => { box.checked = selected.some((each) => fold(each) === fold(value)); },
      count: (count) => { artworks.textContent = count === null ? "" : count.toLocaleString("en"); },
    };
  }

  function selectedValues(field) {
    const given = currentParameters().getAll(field);
    return field === "medium" ? given.flatMap((text) => text.split(" ")) : given;
  }

  function toggle(field, value) {
    const selected = selectedValues(field);
    let values;
    if (field === "medium") values = [toggled(selected, value).join(" ")].filter(Boolean);
    else if (singleValue.has(field)) values = selected.includes(value) ? [] : [value];
    else values = toggled(selected, selected.find((each) => fold(each) === fold(value)) ?? value);
    search(withValues(currentParameters(), field, ...values));
  }

  function update(current) {
    const isSame = parameters && filtersOf(current).toString() === filtersOf(parameters).toString();
    parameters = current;
    if (isSame) return;
    aborting.abort();
    aborting = new AbortController();
    yearRange.update(parameters, aborting.signal);
    for (const [field, { rows }] of sections) {
      const selected = selectedValues(field);
      for (const row of rows.values()) row.check(selected);
      count(field);
    }
  }

  return { update, close: () => {
    for (const each of [aborting, ...[...sections.values()].map((section) => section.aborting)]) each.abort();
  } };
}
