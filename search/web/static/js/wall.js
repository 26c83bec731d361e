/** The wall of pictures: page after page, as one scrolls. */

import { get, Refused } from "./api.js";
import { asked, search, set, workAddress } from "./address.js";
import { fill, h, plural } from "./dom.js";
import { keepButton } from "./keep.js";
import { ASPECTS, byline, titleOf } from "./names.js";

const PAGE = 48;

/** What was loaded for an address, so that the back button finds the wall as it was left. */
const remembered = new Map();
const MOST_REMEMBERED = 20;

export function openWall(section) {
  const status = h("p", { class: "status", role: "status", "aria-live": "polite" });
  const wall = h("div", { class: "wall" });
  const more = h("button", { class: "more", onclick: () => load(), hidden: true }, "Show more");
  fill(section, status, wall, more);
  let question = null;
  let state = null;
  let aborting = null;
  const watcher = new IntersectionObserver(([entry]) => {
    if (entry.isIntersecting && !more.hidden && !more.disabled) load();
  }, { rootMargin: "900px" });
  watcher.observe(more);

  const remember = () => {
    if (state && question !== null) state.scroll = scrollY;
  };
  addEventListener("scroll", remember, { passive: true });

  function update(parameters, back) {
    const now = parameters.toString();
    if (now === question && !back) return;
    aborting?.abort();
    question = now;
    const known = back ? remembered.get(now) : null;
    state = known ?? { works: [], next: 0, matching: 0, scroll: 0 };
    remembered.delete(now);
    remembered.set(now, state);
    if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value);
    if (known) {
      fill(wall, state.works.map(tile));
      report();
      const scroll = state.scroll;
      requestAnimationFrame(() => scrollTo(0, scroll));
    } else {
      load();
    }
  }

  async function load() {
    const mine = state;
    const first = mine.next === 0;
    aborting = new AbortController();
    more.disabled = true;
    section.setAttribute("aria-busy", "true");
    const parameters = asked();
    parameters.set("start", mine.next);
    parameters.set("limit", PAGE);
    try {
      const page = await get("/search", parameters, aborting.signal);
      if (mine !== state) return;
      mine.works.push(...page.works);
      mine.next = page.next;
      mine.matching = page.matching;
      if (first) {
        fill(wall, page.works.map(tile));
        if (wall.getBoundingClientRect().top < 0) scrollTo(0, 0);
      } else {
        wall.append(...page.works.map(tile));
      }
      report();
    } catch (error) {
      if (error.name === "AbortError" || mine !== state) return;
      if (!(error instanceof Refused)) throw error;
      if (first) fill(wall);
      mine.next = null;
      status.textContent = "";
      fill(status, h("span", { class: "wrong" }, error.message));
      more.hidden = true;
    } finally {
      if (mine === state) {
        more.disabled = false;
        section.removeAttribute("aria-busy");
      }
    }
    // A tall window may show the end at once: the watcher tells of changes only.
    if (mine === state && mine.next !== null && more.getBoundingClientRect().top < innerHeight + 900) load();
  }

  function report() {
    const alike = asked().has("like");
    if (!state.works.length) {
      fill(status, alike && state.matching ? "None of the works is that much alike." : "No work fits. Take a filter away, or use fewer words.");
    } else {
      fill(status, `${plural(state.matching, "work")}${alike ? ", the most alike first" : ", the earliest first"}`);
    }
    more.hidden = state.next === null;
  }

  return { update, leave: () => {
    watcher.disconnect();
    aborting?.abort();
    removeEventListener("scroll", remember);
    question = null;
  } };
}

function tile(work) {
  const title = titleOf(work);
  const figure = h("figure", { class: "tile", "data-id": work.id },
    h("div", { class: "frame" },
      h("a", { href: workAddress(work.id), class: "picture" },
        h("img", { src: `${work.image}?side=480`, alt: "", loading: "lazy", decoding: "async" }),
        h("span", { class: "hidden" }, title)),
      h("span", { class: "tools" },
        h("button", { onclick: () => more(work), "aria-label": `More like ${title}` }, "More like this"),
        asked().has("like") && h("button", { onclick: () => less(work), "aria-label": `Less like ${title}` }, "Less"),
        keepButton(work))),
    h("figcaption", {},
      h("span", { class: "title", title }, title),
      h("span", { class: "by" }, byline(work)),
      score(work)));
  figure.style.setProperty("--ratio", ratioOf(work));
  return figure;
}

/** How wide a work's place is for its height; what is taller or wider still is shown whole in it. */
export const ratioOf = (work) => Math.min(Math.max((work.width || 1) / (work.height || 1), 0.62), 2.6);

/** The score as a bar of the shares that each aspect adds to it. */
function score(work) {
  if (work.score === null || work.score === undefined) return null;
  const shares = Object.entries(work.shares ?? {}).filter(([, share]) => share > 0);
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  const told = shares.map(([aspect, share]) => `${ASPECTS[aspect] ?? aspect} ${share.toFixed(2)}`).join(", ");
  const bar = h("span", { class: "shares", "aria-hidden": "true" }, shares.map(([aspect, share]) => {
    const part = h("span", { class: `share ${aspect}` });
    part.style.flexGrow = share / total;
    return part;
  }));
  bar.style.width = `${Math.max(0, Math.min(work.score, 1)) * 100}%`;
  return h("span", { class: "score", title: told }, h("span", { class: "track" }, bar),
    h("span", {}, work.score.toFixed(2)), h("span", { class: "hidden" }, `: ${told}`));
}

function more(work) {
  const parameters = asked();
  const like = parameters.getAll("like");
  if (like.includes(work.id)) return;
  search(set(parameters, "like", ...like, work.id));
  scrollTo(0, 0);
}

function less(work) {
  const parameters = asked();
  search(set(parameters, "unlike", ...parameters.getAll("unlike"), work.id));
}
