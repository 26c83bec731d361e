/** Facets: the values of each field, with how many artworks each would leave, as filters. */

import { currentParameters, filtersOf, NOT, search, withValues } from "./address.js";
import { ApiError, get } from "./api.js";
import { debounce, h, setChildren } from "./elements.js";
import { displayValue, FACETS } from "./labels.js";
import { openYearRange } from "./year-range.js";

const OPEN_BY_DEFAULT = new Set(["artist", "genre", "predicted_genre", "style", "predicted_style"]);
const FEW = 8;
const MANY = 60;

const fold = (text) => text.toLocaleLowerCase().replaceAll("_", " ");
const has = (values, value) => values.some((each) => fold(each) === fold(value));
const without = (values, value) => values.filter((each) => fold(each) !== fold(value));

/** Return the values of a parameter; those of "medium" are the words of one text. */
function valuesOf(name) {
  const given = currentParameters().getAll(name);
  return name === "medium" ? given.flatMap((text) => text.split(" ")) : given;
}

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
    if (!section.details.open && !parameters.has(field) && !parameters.has(NOT + field)) return;
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
    const given = [...valuesOf(field), ...valuesOf(NOT + field)];
    const uncounted = given.filter((value) => !has(counts.map((each) => each.value), value));
    const counted = section.showsMany ? counts : counts.slice(0, FEW);
    const rows = [...uncounted.map((value) => ({ value, count: null })), ...counted].map(({ value, count: artworks }) => {
      if (!section.rows.has(value)) section.rows.set(value, openRow(field, value));
      const row = section.rows.get(value);
      row.check();
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
    const id = `${field}-${value.replace(/\W+/g, "-")}`;
    const label = displayValue(field, value);
    const box = h("input", { type: "checkbox", id: `facet-${id}`, onchange: () => toggle(field, value, field, NOT + field) });
    const notButton = h("button", { class: "not", id: `not-${id}`, "aria-label": `Not ${label}: exclude it from ${FACETS[field]}`, onclick: () => toggle(field, value, NOT + field, field) }, "Not");
    const artworks = h("span", { class: "count" });
    const element = h("li", {}, h("label", { for: box.id }, box, h("span", { class: "value" }, label), artworks), notButton);
    return {
      element,
      check: () => {
        const isExcluded = has(valuesOf(NOT + field), value);
        box.checked = has(valuesOf(field), value);
        notButton.setAttribute("aria-pressed", isExcluded);
        element.classList.toggle("excluded", isExcluded);
      },
      count: (count) => { artworks.textContent = count === null ? "" : count.toLocaleString("en"); },
    };
  }

  /** Add a value to those of a parameter, or take it away; `other` loses it. */
  function toggle(field, value, name, other) {
    const given = valuesOf(name);
    let values = has(given, value) ? without(given, value) : [...given, value];
    if (name === field && singleValue.has(field)) values = values.slice(-1);
    search([[name, values], [other, without(valuesOf(other), value)]].reduce(
      (parameters, [each, texts]) => withValues(parameters, each, ...(each === "medium" && texts.length ? [texts.join(" ")] : texts)),
      currentParameters()));
  }

  function update(current) {
    const isSame = parameters && filtersOf(current).toString() === filtersOf(parameters).toString();
    parameters = current;
    if (isSame) return;
    aborting.abort();
    aborting = new AbortController();
    yearRange.update(parameters, aborting.signal);
    for (const [field, { rows }] of sections) {
      for (const row of rows.values()) row.check();
      count(field);
    }
  }

  return { update, close: () => {
    for (const each of [aborting, ...[...sections.values()].map((section) => section.aborting)]) each.abort();
  } };
}
