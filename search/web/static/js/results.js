/** The results: a grid of artworks that loads page after page while one scrolls. */

import { artworkAddress, currentParameters, search, withValues } from "./address.js";
import { ApiError, get } from "./api.js";
import { h, setChildren } from "./elements.js";
import { aspectLabel, byline, plural, titleOf } from "./labels.js";
import { listButton } from "./saved-list.js";

const PAGE_SIZE = 48;
const PRELOAD_DISTANCE = 900; // pixels below the window
const HEADER_HEIGHT = 50; // pixels of the window that the header hides

/** What was loaded for an address, so that the back button restores results and position. */
const cache = new Map();
const CACHE_SIZE = 20;

export function openResults(section, onCount) {
  const status = h("p", { class: "status", role: "status", "aria-live": "polite" });
  const grid = h("div", { class: "grid" });
  const moreButton = h("button", { class: "more", onclick: () => load(), hidden: true }, "Show more");
  const range = h("span", { class: "range" });
  const position = h("div", { class: "position", hidden: true }, range,
    h("button", { id: "back-to-top", onclick: () => { scrollTo(0, 0); section.focus({ preventScroll: true }); } }, "Back to top"));
  setChildren(section, status, grid, moreButton, position);
  let request = null;
  let state = null;
  let aborting = null;

  const onScroll = () => {
    state.scroll = scrollY;
    showPosition();
    loadAtEnd();
  };
  for (const type of ["scroll", "resize"]) addEventListener(type, onScroll, { passive: true });

  function update(parameters, back) {
    const current = parameters.toString();
    if (current === request && !back) return;
    const cached = back && cache.get(current)?.next !== 0 ? cache.get(current) : null;
    start(current, cached ?? null);
    if (!cached) return load();
    setChildren(grid, state.artworks.map(tile));
    showStatus();
    const { scroll } = state;
    requestAnimationFrame(() => scrollTo(0, scroll));
  }

  /** Repeat the search. */
  function reload() {
    start(request, null);
    return load();
  }

  function start(current, cached) {
    aborting?.abort();
    section.removeAttribute("aria-busy");
    moreButton.disabled = false;
    request = current;
    state = cached ?? { artworks: [], next: 0, matching: 0, scroll: 0, isLoading: false };
    cache.delete(current);
    cache.set(current, state);
    if (cache.size > CACHE_SIZE) cache.delete(cache.keys().next().value);
  }

  async function load() {
    const loading = state;
    const isFirst = loading.next === 0;
    aborting = new AbortController();
    loading.isLoading = true;
    moreButton.disabled = true;
    section.setAttribute("aria-busy", "true");
    const parameters = new URLSearchParams(request);
    parameters.set("start", loading.next);
    parameters.set("limit", PAGE_SIZE);
    let hasFailed = false;
    try {
      const page = await get("/search", parameters, aborting.signal);
      loading.artworks.push(...page.works);
      loading.next = page.next;
      loading.matching = page.matching;
      if (loading !== state) return;
      if (isFirst) {
        setChildren(grid, page.works.map(tile));
        if (grid.getBoundingClientRect().top < 0) scrollTo(0, 0);
      } else {
        grid.append(...page.works.map(tile));
      }
      showStatus();
    } catch (error) {
      if (error.name === "AbortError" || loading !== state) return;
      if (!(error instanceof ApiError)) throw error;
      hasFailed = true;
      if (isFirst) setChildren(grid);
      setChildren(status, h("span", { class: "error" }, error.message));
      moreButton.hidden = isFirst;
      onCount(null);
    } finally {
      loading.isLoading = false;
      if (loading === state) {
        moreButton.disabled = false;
        section.removeAttribute("aria-busy");
      }
    }
    if (!hasFailed) loadAtEnd();
  }

  /** Load the next page where the end of the loaded ones is near. */
  function loadAtEnd() {
    const isNear = moreButton.getBoundingClientRect().top < innerHeight + PRELOAD_DISTANCE;
    if (isNear && !state.isLoading && !moreButton.hidden) load();
  }

  function showStatus() {
    const isRanked = new URLSearchParams(request).has("like");
    if (state.artworks.length) {
      status.textContent = `${plural(state.matching, "artwork")}, ${isRanked ? "most similar" : "earliest"} first`;
    } else {
      status.textContent = isRanked && state.matching ? "No artwork is this similar." : "No artwork matches. Remove a filter, or use fewer words.";
    }
    moreButton.hidden = state.next === null;
    onCount(state.matching);
    showPosition();
  }

  /** Show which artworks are in the window, once the first ones have left it. */
  function showPosition() {
    const tiles = grid.children;
    position.hidden = scrollY < innerHeight / 2 || !tiles.length;
    if (position.hidden) return;
    const count = (isBefore) => { // how many tiles, from the first one on, are before a line
      let [low, high] = [0, tiles.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (isBefore(tiles[middle].getBoundingClientRect())) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    const first = Math.min(count(({ bottom }) => bottom < HEADER_HEIGHT) + 1, tiles.length);
    const last = Math.max(count(({ top }) => top < innerHeight), first);
    range.textContent = `${first.toLocaleString("en")}–${last.toLocaleString("en")} of ${state.matching.toLocaleString("en")}`;
  }

  return { update, reload, close: () => {
    aborting?.abort();
    for (const type of ["scroll", "resize"]) removeEventListener(type, onScroll);
  } };
}

function tile(artwork) {
  const title = titleOf(artwork);
  const isRanked = currentParameters().has("like");
  const similar = isRanked ? "More like this" : "Similar works";
  const figure = h("figure", { class: "tile", "data-id": artwork.id },
    h("div", { class: "frame" },
      h("a", { href: artworkAddress(artwork.id), class: "image" },
        h("img", { src: `${artwork.image}?side=480`, alt: "", loading: "lazy", decoding: "async" }),
        h("span", { class: "hidden" }, title)),
      h("span", { class: "actions" },
        h("button", { onclick: () => searchLike(artwork), "aria-label": `${similar}: ${title}` }, similar),
        isRanked && h("button", { onclick: () => searchUnlike(artwork), "aria-label": `Less like this: ${title}` }, "Less like this"),
        listButton(artwork))),
    h("figcaption", {},
      h("span", { class: "title", title }, title),
      h("span", { class: "by" }, byline(artwork)),
      artwork.same_image?.length > 0 && h("span", { class: "by" }, `and ${artwork.same_image.length} more of the same image`),
      scoreBar(artwork)));
  figure.style.setProperty("--ratio", aspectRatio(artwork));
  return figure;
}

/** Return width by height of a tile, within limits; an image beyond them is shown whole in it. */
export const aspectRatio = ({ width, height }) => Math.min(Math.max((width || 1) / (height || 1), 0.62), 2.6);

/** Return the score as a bar, divided into the shares of the aspects. */
function scoreBar({ score, shares = {} }) {
  if (score === null || score === undefined) return null;
  const positive = Object.entries(shares).filter(([, share]) => share > 0);
  const total = positive.reduce((sum, [, share]) => sum + share, 0);
  const text = positive.map(([aspect, share]) => `${aspectLabel(aspect)} ${share.toFixed(2)}`).join(", ");
  const bar = h("span", { class: "shares", "aria-hidden": "true" }, positive.map(([aspect, share]) => {
    const segment = h("span", { class: `share ${aspect}` });
    segment.style.flexGrow = share / total;
    return segment;
  }));
  bar.style.width = `${Math.max(0, Math.min(score, 1)) * 100}%`;
  return h("span", { class: "score", title: text }, h("span", { class: "track" }, bar),
    h("span", {}, score.toFixed(2)), h("span", { class: "hidden" }, `: ${text}`));
}

function searchLike(artwork) {
  const parameters = currentParameters();
  const like = parameters.getAll("like");
  if (like.includes(artwork.id)) return;
  search(withValues(parameters, "like", ...like, artwork.id));
  scrollTo(0, 0);
}

function searchUnlike(artwork) {
  const parameters = currentParameters();
  search(withValues(parameters, "unlike", ...parameters.getAll("unlike"), artwork.id));
}
