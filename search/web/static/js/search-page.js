/** The search page: the query at the top, facets at the side, results beside them. */

import { currentParameters, filtersOf, search, searchSoon, withoutFilters, withValues } from "./address.js";
import { h, isNarrow, setChildren } from "./elements.js";
import { openFacets } from "./facets.js";
import { filterLabel, plural } from "./labels.js";
import { openQueryPanel } from "./query-panel.js";
import { openResults } from "./results.js";

let components = null;

export function open(main, info, back) {
  const words = h("input", {
    id: "words", type: "search", placeholder: "Search titles and artists", maxlength: 400,
    "aria-label": "Search titles and artists", autocomplete: "off",
    oninput: () => searchSoon(withWords()),
  });
  const withWords = () => withValues(currentParameters(), "words", ...[words.value.trim()].filter(Boolean));
  const upload = h("div", { class: "upload" });
  const query = h("section", { class: "query", "aria-label": "Query", hidden: true });
  const chips = h("ul", { class: "chips", "aria-label": "Active filters" });
  const results = h("section", { class: "results", id: "results", tabindex: "-1", "aria-label": "Results" });
  const filters = h("div", { class: "filters" });
  const aside = h("aside", { "aria-label": "Filters" }, filters);
  const sheet = openSheet(filters, aside);
  setChildren(main, h("h1", { class: "hidden" }, "Search the collection"),
    h("div", { class: "top" },
      h("form", { role: "search", class: "text-search", onsubmit: (event) => { event.preventDefault(); search(withWords()); } }, words),
      upload, sheet.button, query),
    h("div", { class: "columns" }, aside, h("div", {}, chips, results)));
  const shownResults = openResults(results, sheet.showCount);
  components = {
    words, chips, sheet, facets: openFacets(filters, info), results: shownResults,
    query: openQueryPanel(query, upload, info, () => {
      shownResults.reload();
      components.query.update(currentParameters());
    }),
  };
  update(back);
  return () => {
    components.query.close();
    components.facets.close();
    components.results.close();
    components.sheet.close();
    components = null;
  };
}

export function update(back = false) {
  const parameters = currentParameters();
  const { words, chips, sheet, query, facets, results } = components;
  const text = parameters.get("words") ?? "";
  if (words.value.trim() !== text) words.value = text;
  showChips(chips, parameters);
  sheet.update(parameters);
  query.update(parameters);
  facets.update(parameters);
  results.update(parameters, back);
}

/** Open the sheet that has the filters on narrow screens, where `aside` has no place for them. */
function openSheet(filters, aside) {
  const done = h("button", { class: "primary", id: "show-results", onclick: () => dialog.close() }, "Show results");
  const clear = h("button", { class: "link", onclick: () => search(withoutFilters(currentParameters())) }, "Clear all filters");
  const dialog = h("dialog", { class: "sheet", id: "filters", "aria-label": "Filters", onclose: () => aside.append(filters),
    onclick: (event) => { if (event.target === dialog) dialog.close(); } },
  h("div", { class: "head" }, h("strong", {}, "Filters"), clear, h("button", { "aria-label": "Close the filters", onclick: () => dialog.close() }, "×")),
  h("div", { class: "foot" }, done));
  const button = h("button", { class: "filters-button", type: "button", "aria-haspopup": "dialog", onclick: () => {
    dialog.querySelector(".head").after(filters);
    dialog.showModal();
  } });
  const closeOnWide = () => { if (!isNarrow()) dialog.close(); };
  addEventListener("resize", closeOnWide);
  document.body.append(dialog);

  function update(parameters) {
    const count = [...filtersOf(parameters)].length;
    button.textContent = count ? `Filters (${count})` : "Filters";
    clear.hidden = count === 0;
  }
  return {
    button, update,
    /** Say how many artworks the filters leave; null where an error left that unknown. */
    showCount: (count) => { done.textContent = count === null ? "Show results" : `Show ${plural(count, "artwork")}`; },
    close: () => {
      removeEventListener("resize", closeOnWide);
      dialog.remove();
    },
  };
}

function showChips(list, parameters) {
  const filters = [...filtersOf(parameters)];
  const chips = filters.map(([name, value], index) => {
    const label = filterLabel(name, value);
    return h("li", {}, h("button", {
      class: "chip", id: `chip-${index}`, "aria-label": `Remove filter ${label}`,
      onclick: () => search(withValues(currentParameters(), name, ...currentParameters().getAll(name).filter((each) => each !== value))),
    }, label, h("span", { "aria-hidden": "true" }, "×")));
  });
  if (filters.length > 1) {
    chips.push(h("li", {}, h("button", { id: "clear-filters", class: "chip all", onclick: () => search(withoutFilters(currentParameters())) }, "Clear all filters")));
  }
  setChildren(list, chips);
}
