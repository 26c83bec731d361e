/** The entry point: shows the page that belongs to an address. */

import { ROOT, addFilters, navigate, pageAt } from "./address.js";
import { ApiError, get } from "./api.js";
import { h, setChildren } from "./elements.js";
import { addLabels, plural } from "./labels.js";
import { openSavedList } from "./saved-list.js";

const PAGES = {
  "": ["search", () => import("./search-page.js")],
  work: ["artwork", () => import("./artwork-page.js")],
  map: ["map", () => import("./map-page.js")],
  list: ["list", () => import("./list-page.js")],
};
const loaded = new Map(); // the modules of pages, by the pages' names

const main = document.getElementById("main");
const currentAddress = () => location.pathname + location.search;
let shownAddress = currentAddress();
let shownPage = null;
let close = null;
let latest = 0; // number of the latest call of `show`; while a page loads, another may be opened

async function show(back = false) {
  const number = ++latest;
  shownAddress = currentAddress();
  const [name, load] = PAGES[pageAt(location.pathname)] ?? PAGES[""];
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.getElementById("skip-to-results").hidden = name !== "search";
  if (!loaded.has(name)) {
    loaded.set(name, await load());
    if (number !== latest) return;
  }
  const page = loaded.get(name);
  if (shownPage === page && page.update) return page.update(back);
  close?.();
  close = null;
  const isFirst = shownPage === null;
  shownPage = page;
  main.className = name;
  try {
    close = await page.open(main, info, back);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    setChildren(main, h("section", { class: "message" }, h("h1", {}, "Nothing to show"), h("p", {}, error.message),
      h("p", {}, h("a", { href: ROOT }, "Back to search"))));
  }
  if (!isFirst && !back) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

// The links that skip to a part of the page focus it, and leave the address as it is.
for (const link of document.querySelectorAll(".skip")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector(link.hash)?.focus();
  });
}

// Follow links within the site without reloading; leave new tabs and downloads to the browser.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.target || link.hasAttribute("download")) return;
  if (!link.pathname.startsWith(ROOT) || !Object.hasOwn(PAGES, pageAt(link.pathname)) || (link.hash && link.pathname === location.pathname)) return;
  event.preventDefault();
  navigate(link.pathname, link.search.slice(1));
});
history.scrollRestoration = "manual";
addEventListener("navigate", () => show());
addEventListener("popstate", () => {
  if (currentAddress() !== shownAddress) show(true); // not for a change of the hash alone
});

const info = await get("/collection");
addLabels(info);
addFilters(info.fact_filters.map(({ name }) => name));
document.getElementById("collection").textContent = `${info.name}, ${plural(info.works, "artwork")}`;
document.title = `${info.name} – Art Extract`;
openSavedList(info.name);
await show();
