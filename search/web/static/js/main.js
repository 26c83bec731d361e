/** The frame: which page an address shows. */

import { get, Refused } from "./api.js";
import { go } from "./address.js";
import { fill, h, plural } from "./dom.js";
import { openList } from "./keep.js";

const PAGES = {
  "/": ["search", () => import("./search.js")],
  "/work": ["work", () => import("./work.js")],
  "/map": ["map", () => import("./map.js")],
  "/list": ["list", () => import("./list.js")],
};

const main = document.getElementById("main");
let shown = null;
let leave = null;
let turn = 0;

async function show(back = false) {
  const mine = ++turn;
  const [name, load] = PAGES[location.pathname] ?? PAGES["/"];
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const page = await load();
  if (mine !== turn) return;
  if (shown === page && page.update) return page.update(back);
  leave?.();
  leave = null;
  const moved = shown !== null;
  shown = page;
  main.className = name;
  try {
    leave = await page.open(main, info, back);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    fill(main, h("section", { class: "message" }, h("h1", {}, "Nothing to show"), h("p", {}, error.message),
      h("p", {}, h("a", { href: "/" }, "To the search"))));
  }
  if (moved && !back) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

// Links within the page do not load it anew; new tabs and the like stay the browser's.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.target || link.hasAttribute("download")) return;
  if (!(link.pathname in PAGES) || (link.hash && link.pathname === location.pathname)) return;
  event.preventDefault();
  go(link.pathname, link.search.slice(1));
});
history.scrollRestoration = "manual";
addEventListener("arrive", () => show());
addEventListener("popstate", () => {
  if (`${location.pathname}${location.search}` !== last) show(true);
  last = `${location.pathname}${location.search}`;
});
let last = `${location.pathname}${location.search}`;
addEventListener("arrive", () => { last = `${location.pathname}${location.search}`; });

const info = await get("/collection");
document.getElementById("collection").textContent = `${info.name}, ${plural(info.works, "work")}`;
document.title = `${info.name} – Art Extract`;
openList(info.name);
await show();
