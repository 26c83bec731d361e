/** The search: what is asked at the top, filters at the side, a wall of pictures. */

import { asked, FILTERS, only, search, set } from "./address.js";
import { debounce, fill, h } from "./dom.js";
import { openFacets } from "./facets.js";
import { read, FACETS } from "./names.js";
import { openQuery } from "./query.js";
import { openWall } from "./wall.js";

let parts = null;

export async function open(main, info, back) {
  const words = h("input", {
    id: "words", type: "search", placeholder: "Words in title or artist", maxlength: 400,
    "aria-label": "Words in title or artist", autocomplete: "off",
  });
  const send = () => search(set(asked(), "words", ...(words.value.trim() ? [words.value.trim()] : [])));
  words.addEventListener("input", debounce(350, send));
  const query = h("section", { class: "query", "aria-label": "What to be like" });
  const chips = h("ul", { class: "chips", "aria-label": "Filters that hold" });
  const wall = h("section", { class: "results", "aria-label": "Works" });
  const side = h("aside", { id: "filters", "aria-label": "Filters" });
  const button = h("button", {
    class: "filters", "aria-controls": "filters", "aria-expanded": "false",
    onclick: () => {
      const opened = side.classList.toggle("open");
      button.setAttribute("aria-expanded", opened);
    },
  }, "Filters");
  fill(main, h("h1", { class: "hidden" }, "Search by looking"),
    h("div", { class: "top" },
      h("form", { role: "search", class: "words", onsubmit: (event) => { event.preventDefault(); send(); } }, words, button),
      query),
    h("div", { class: "sides" }, side, h("div", { class: "middle" }, chips, wall)));
  parts = {
    words, chips,
    query: openQuery(query, info), facets: openFacets(side, info), wall: openWall(wall),
  };
  update(back);
  return () => {
    parts.query.leave();
    parts.facets.leave();
    parts.wall.leave();
    parts = null;
  };
}

export function update(back = false) {
  const parameters = asked();
  if (document.activeElement !== parts.words) parts.words.value = parameters.get("words") ?? "";
  showChips(parameters);
  parts.query.update(parameters);
  parts.facets.update(parameters);
  parts.wall.update(parameters, back);
}

function showChips(parameters) {
  const held = [...only(parameters, FILTERS)];
  const chips = held.map(([name, value], at) => {
    const text = name === "words" ? `“${value}”` : name === "years" ? spell(value) :
      name === "dated" || name === "within" ? name : `${FACETS[name] ?? name}: ${read(name, value)}`;
    return h("li", {}, h("button", {
      class: "chip", id: `chip-${at}`, "aria-label": `Take away the filter ${text}`,
      onclick: () => search(set(parameters, name, ...parameters.getAll(name).filter((each) => each !== value))),
    }, text, h("span", { "aria-hidden": "true" }, " ×")));
  });
  if (held.length > 1) {
    chips.push(h("li", {}, h("button", { id: "chip-all", class: "chip all", onclick: () =>
      search(new URLSearchParams([...parameters].filter(([name]) => !FILTERS.includes(name)))) }, "Take all away")));
  }
  fill(parts.chips, chips);
}

function spell(years) {
  const [first, last] = years.split(":");
  if (last === undefined) return years;
  return first && last ? `${first} to ${last}` : first ? `from ${first}` : `to ${last}`;
}
