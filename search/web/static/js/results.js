/** The results: a grid of artworks that loads page after page while one scrolls. */

import { artworkAddress, currentParameters, search, withValues } from "./address.js";
import { ApiError, get } from "./api.js";
import { h, setChildren } from "./elements.js";
import { aspectLabel, byline, plural, titleOf } from "./labels.js";
import { listButton } from "./saved-list.js";

const PAGE_SIZE = 48;
const PRELOAD_DISTANCE = 900; // pixels below the window

/** What was loaded for an address, so that the back button restores results and position. */
const cache = new Map();
const CACHE_SIZE = 20;

export function openResults(section) {
  const status = h("p", { class: "status", role: "status", "aria-live": "polite" });
  const grid = h("div", { class: "grid" });
  const moreButton = h("button", { class: "more", onclick: () => load(), hidden: true }, "Show more");
  setChildren(section, status, grid, moreButton);
  let request = null;
  let state = null;
  let aborting = null;
  const observer = new IntersectionObserver(([entry]) => {
    if (entry.isIntersecting && !moreButton.hidden && !moreButton.disabled) load();
  }, { rootMargin: `${PRELOAD_DISTANCE}px` });
  observer.observe(moreButton);

  const saveScroll = () => {
    if (state && request !== null) state.scroll = scrollY;
  };
  addEventListener("scroll", saveScroll, { passive: true });

  function update(parameters, back) {
    const current = parameters.toString();
    if (current === request && !back) return;
    aborting?.abort();
    request = current;
    const cached = back ? cache.get(current) : null;
    state = cached ?? { artworks: [], next: 0, matching: 0, scroll: 0 };
    cache.delete(current);
    cache.set(current, state);
    if (cache.size > CACHE_SIZE) cache.delete(cache.keys().next().value);
    if (cached) {
      setChildren(grid, state.artworks.map(tile));
      showStatus();
      const { scroll } = state;
      requestAnimationFrame(() => scrollTo(0, scroll));
    } else {
      load();
    }
  }

  async function load() {
    const loading = state;
    const isFirst = loading.next === 0;
    aborting = new AbortController();
    moreButton.disabled = true;
    section.setAttribute("aria-busy", "true");
    const parameters = currentParameters();
    parameters.set("start", loading.next);
    parameters.set("limit", PAGE_SIZE);
    try {
      const page = await get("/search", parameters, aborting.signal);
      if (loading !== state) return;
      loading.artworks.push(...page.works);
      loading.next = page.next;
      loading.matching = page.matching;
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
      if (isFirst) setChildren(grid);
      loading.next = null;
      setChildren(status, h("span", { class: "error" }, error.message));
      moreButton.hidden = true;
    } finally {
      if (loading === state) {
        moreButton.disabled = false;
        section.removeAttribute("aria-busy");
      }
    }
    // The observer reports changes only, but a tall window may show the end of the page at once.
    if (loading === state && loading.next !== null && moreButton.getBoundingClientRect().top < innerHeight + PRELOAD_DISTANCE) load();
  }

  function showStatus() {
    const isRanked = currentParameters().has("like");
    if (state.artworks.length) {
      status.textContent = `${plural(state.matching, "artwork")}, ${isRanked ? "most similar" : "earliest"} first`;
    } else {
      status.textContent = isRanked && state.matching ? "No artwork is this similar." : "No artwork matches. Remove a filter, or use fewer words.";
    }
    moreButton.hidden = state.next === null;
  }

  return { update, close: () => {
    observer.disconnect();
    aborting?.abort();
    removeEventListener("scroll", saveScroll);
    request = null;
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
      artwork.same_image?.length && h("span", { class: "by" }, `and ${artwork.same_image.length} more of the same image`),
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
