/** The works that someone keeps, in this browser. */

import { h, say } from "./dom.js";
import { titleOf } from "./names.js";

let place = "";

/** Lists are apart for each collection. */
export function openList(collection) {
  place = `artextract.list.${collection}`;
  show();
}

export function kept() {
  try {
    return JSON.parse(localStorage.getItem(place)) ?? [];
  } catch {
    return [];
  }
}

function write(works) {
  try {
    localStorage.setItem(place, JSON.stringify(works));
  } catch {
    say("The browser keeps nothing more: export the list, then clear it");
  }
  show();
  dispatchEvent(new Event("kept"));
}

const show = () => {
  document.getElementById("kept").textContent = kept().length;
};

export const isKept = (id) => kept().some((work) => work.id === id);

export function keep(works) {
  const there = new Set(kept().map((work) => work.id));
  const added = works.filter((work) => !there.has(work.id)).map(
    ({ id, title, artist, attribution, display_date, year_begin, year_end, image, width, height }) =>
      ({ id, title, artist, attribution, display_date, year_begin, year_end, image, width, height }));
  write([...kept(), ...added]);
  return added.length;
}

export const drop = (id) => write(kept().filter((work) => work.id !== id));

export function clear() {
  const before = kept();
  write([]);
  say("The list is empty", h("button", { onclick: () => write(before) }, "Undo"));
}

/** A button that keeps a work, or gives it up. */
export function keepButton(work) {
  const button = h("button", { class: "keep", onclick: () => {
    if (isKept(work.id)) drop(work.id);
    else keep([work]);
    label();
  } });
  function label() {
    const there = isKept(work.id);
    button.textContent = there ? "Kept" : "Keep";
    button.setAttribute("aria-pressed", there);
    button.setAttribute("aria-label", `${there ? "Kept: do not keep" : "Keep"} ${titleOf(work)}`);
  }
  label();
  return button;
}

addEventListener("storage", show);
