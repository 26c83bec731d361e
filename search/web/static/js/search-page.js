/** The search page: the query at the top, facets at the side, results beside them. */

import { currentParameters, filtersOf, search, withoutFilters, withValues } from "./address.js";
import { debounce, h, setChildren } from "./elements.js";
import { openFacets } from "./facets.js";
import { filterLabel } from "./labels.js";
import { openQueryPanel } from "./query-panel.js";
import { openResults } from "./results.js";

let components = null;

export function open(main, info, back) {
  const words = h("input", {
    id: "words", type: "search", placeholder: "Search titles and artists", maxlength: 400,
    "aria-label": "Search titles and artists", autocomplete: "off",
  });
  const submit = () => search(withValues(currentParameters(), "words", ...(words.value.trim() ? [words.value.trim()] : [])));
  words.addEventListener("input", debounce(350, submit));
  const query = h("section", { class: "query", "aria-label": "Query" });
  const chips = h("ul", { class: "chips", "aria-label": "Active filters" });
  const results = h("section", { class: "results", "aria-label": "Results" });
  const aside = h("aside", { id: "filters", "aria-label": "Filters" });
  const filtersButton = h("button", {
    class: "filters-button", "aria-controls": "filters", "aria-expanded": "false",
    onclick: () => filtersButton.setAttribute("aria-expanded", aside.classList.toggle("open")),
  }, "Filters");
  setChildren(main, h("h1", { class: "hidden" }, "Search the collection"),
    h("div", { class: "top" },
      h("form", { role: "search", class: "text-search", onsubmit: (event) => { event.preventDefault(); submit(); } }, words, filtersButton),
      query),
    h("div", { class: "columns" }, aside, h("div", {}, chips, results)));
  components = {
    words, chips,
    query: openQueryPanel(query, info), facets: openFacets(aside, info), results: openResults(results),
  };
  update(back);
  return () => {
    components.query.close();
    components.facets.close();
    components.results.close();
    components = null;
  };
}

export function update(back = false) {
  const parameters = currentParameters();
  const { words, chips, query, facets, results } = components;
  if (document.activeElement !== words) words.value = parameters.get("words") ?? "";
  showChips(chips, parameters);
  query.update(parameters);
  facets.update(parameters);
  results.update(parameters, back);
}

function showChips(list, parameters) {
  const filters = [...filtersOf(parameters)];
  const chips = filters.map(([name, value], index) => {
    const label = filterLabel(name, value);
    return h("li", {}, h("button", {
      class: "chip", id: `chip-${index}`, "aria-label": `Remove filter ${label}`,
      onclick: () => search(withValues(parameters, name, ...parameters.getAll(name).filter((each) => each !== value))),
    }, label, h("span", { "aria-hidden": "true" }, "×")));
  });
  if (filters.length > 1) {
    chips.push(h("li", {}, h("button", { id: "clear-filters", class: "chip all", onclick: () => search(withoutFilters(parameters)) }, "Clear all filters")));
  }
  setChildren(list, chips);
}
