/** The list of saved artworks, kept by this browser. */

import { storageName } from "./address.js";
import { h } from "./elements.js";
import { titleOf } from "./labels.js";
import { notify } from "./notification.js";

let storageKey = "";

/** Use the list of this collection; each collection has one of its own. */
export function openSavedList(collection) {
  storageKey = storageName(`artextract.list.${collection}`);
  announce();
}

export function savedArtworks() {
  try {
    return JSON.parse(localStorage.getItem(storageKey)) ?? [];
  } catch {
    return [];
  }
}

function save(artworks) {
  try {
    localStorage.setItem(storageKey, JSON.stringify(artworks));
  } catch {
    notify("The browser’s storage is full: export the list, then clear it");
  }
  announce();
}

const isSaved = (id) => savedArtworks().some((artwork) => artwork.id === id);

/** Add artworks to the list; return how many of them were new. */
export function addToList(artworks) {
  const saved = savedArtworks();
  const ids = new Set(saved.map((artwork) => artwork.id));
  const added = artworks.filter((artwork) => !ids.has(artwork.id)).map(
    ({ id, title, artist, attribution, display_date, year_begin, year_end, image, width, height }) =>
      ({ id, title, artist, attribution, display_date, year_begin, year_end, image, width, height }));
  save([...saved, ...added]);
  return added.length;
}

export const removeFromList = (id) => save(savedArtworks().filter((artwork) => artwork.id !== id));

export function clearList() {
  const before = savedArtworks();
  save([]);
  notify("The list is empty", h("button", { onclick: () => addToList(before) }, "Undo"));
}

/** Return a button that adds an artwork to the list, or removes it. */
export function listButton(artwork) {
  const button = h("button", { class: "list-button", "data-work": artwork.id, "data-title": titleOf(artwork), onclick: () => {
    if (isSaved(artwork.id)) removeFromList(artwork.id);
    else addToList([artwork]);
  } });
  showState(button, isSaved(artwork.id));
  return button;
}

function showState(button, saved) {
  button.textContent = saved ? "In list" : "Add to list";
  button.setAttribute("aria-pressed", saved);
  button.setAttribute("aria-label", `${saved ? "In list, remove" : "Add to list"}: ${button.dataset.title}`);
}

/** Show the list as it is now, on the whole page. */
function announce() {
  const ids = new Set(savedArtworks().map((artwork) => artwork.id));
  document.getElementById("list-count").textContent = ids.size;
  for (const button of document.querySelectorAll(".list-button")) showState(button, ids.has(button.dataset.work));
  dispatchEvent(new Event("list-changed"));
}

addEventListener("storage", ({ key }) => { if (key === storageKey || key === null) announce(); }); // another tab changed it
