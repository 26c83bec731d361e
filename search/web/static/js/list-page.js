/** The list page: saved artworks, compared in pairs and exported as files. */

import { artworkAddress, similarAddress } from "./address.js";
import { h, setChildren } from "./elements.js";
import { hideExplanation, showExplanation } from "./explanation.js";
import { exportArtworks } from "./export.js";
import { byline, plural, titleOf } from "./labels.js";
import { notifyError } from "./notification.js";
import { aspectRatio } from "./results.js";
import { clearList, removeFromList, savedArtworks } from "./saved-list.js";

export function open(main) {
  let selectedIds = [];
  let comparedIds = [];
  const toolbar = h("div", { class: "row" });
  const comparison = h("div", { class: "comparison" });
  const grid = h("div", { class: "grid" });
  setChildren(main, h("h1", {}, "Your list"),
    h("p", { class: "muted" }, "The list is kept in this browser only. Export it to keep or share it."), toolbar, comparison, grid);

  function show() {
    const artworks = savedArtworks();
    const isListed = (id) => artworks.some((artwork) => artwork.id === id);
    selectedIds = selectedIds.filter(isListed);
    if (!comparedIds.every(isListed)) {
      comparedIds = [];
      hideExplanation(comparison);
    }
    const exportButton = (format, label) => h("button", { id: `export-${format}`, disabled: !artworks.length, onclick: () => exportArtworks(artworks, format) }, label);
    setChildren(toolbar, h("span", { role: "status" }, artworks.length ? plural(artworks.length, "artwork") : "The list is empty. Use “Add to list” on any artwork."),
      h("button", { class: "primary", id: "compare", disabled: selectedIds.length !== 2, onclick: () => {
        comparedIds = selectedIds;
        const [one, other] = comparedIds.map((id) => artworks.find((artwork) => artwork.id === id));
        showExplanation(comparison, one, other, { images: true }).catch(notifyError);
      } }, "Compare selected"),
      artworks.length > 1 && selectedIds.length !== 2 && h("span", { class: "muted" }, "Select two artworks to compare them"),
      exportButton("csv", "Export CSV"), exportButton("jsonl", "Export JSON Lines"), exportButton("iiif", "Export IIIF manifest"),
      h("button", { id: "clear", disabled: !artworks.length, onclick: clearList }, "Clear list"));
    setChildren(grid, artworks.map(tile));
  }

  function tile(artwork) {
    const title = titleOf(artwork);
    const figure = h("figure", { class: "tile", "data-id": artwork.id },
      h("a", { class: "image", href: artworkAddress(artwork.id) }, h("img", { src: `${artwork.image}?side=480`, alt: "", loading: "lazy" }), h("span", { class: "hidden" }, title)),
      h("figcaption", {}, h("span", { class: "title" }, title), h("span", { class: "by" }, byline(artwork)),
        h("label", { class: "check" }, h("input", { type: "checkbox", id: `select-${artwork.id}`, checked: selectedIds.includes(artwork.id),
          disabled: selectedIds.length === 2 && !selectedIds.includes(artwork.id),
          onchange: (event) => {
            selectedIds = event.target.checked ? [...selectedIds, artwork.id] : selectedIds.filter((id) => id !== artwork.id);
            show();
          } }), "Compare", h("span", { class: "hidden" }, title)),
        h("span", { class: "actions" }, h("a", { class: "button", href: similarAddress(artwork.id), "aria-label": `Similar works: ${title}` }, "Similar works"),
          h("button", { onclick: () => removeFromList(artwork.id), "aria-label": `Remove ${title}` }, "Remove"))));
    figure.style.setProperty("--ratio", aspectRatio(artwork));
    return figure;
  }

  addEventListener("list-changed", show);
  show();
  return () => removeEventListener("list-changed", show);
}
