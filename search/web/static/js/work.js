/** A work's page: the picture, its entry, what is alike and why. */

import { API, get, Refused } from "./api.js";
import { asked, likeAddress, workAddress } from "./address.js";
import { fill, h } from "./dom.js";
import { keepButton } from "./keep.js";
import { ASPECTS, byline, read, titleOf } from "./names.js";
import { showReasons } from "./reasons.js";

const ENTRY = [
  ["display_date", "Date"], ["medium", "Medium"], ["dimensions", "Dimensions"], ["style", "Style"], ["genre", "Genre"],
  ["school", "School"], ["nationality", "Nationality"], ["qualifier", "Hand"], ["classification", "Classification"],
  ["theme", "Theme"], ["technique", "Technique"], ["department", "Department"], ["accession", "Accession number"],
  ["credit_line", "Credit line"], ["id", "Id here"],
];
const DRAWINGS = { face: "Heads", pose: "Skeletons", lighting: "Light", palette: "Colours" };
const NEIGHBOURS = 12;

export async function open(main, info) {
  return show(main, info, asked().get("id") ?? "");
}

export const update = null; // each work is a page of its own

async function show(main, info, id) {
  const { work, seen, images, aspects } = await get("/works", { id });
  const title = titleOf(work);
  document.title = `${title} – Art Extract`;
  const picture = h("img", { src: `${images[0].image}?side=1600`, alt: work.alt_text || title });
  const strip = images.length > 1 && h("div", { class: "strip" }, images.map((image, at) =>
    h("button", { "aria-label": `View ${at + 1}`, onclick: () => { picture.src = `${image.image}?side=1600`; } },
      h("img", { src: `${image.image}?side=192`, alt: "" }))));
  const drawing = h("div", { class: "drawing" });
  const facts = ENTRY.filter(([name]) => work[name]).map(([name, label]) => [h("dt", {}, label), h("dd", {}, String(work[name]))]);
  for (const [name, value] of Object.entries(work.extra ?? {})) facts.push([h("dt", {}, name), h("dd", {}, String(value))]);
  const entry = h("div", { class: "entry" },
    h("div", {}, h("h1", {}, title), h("p", { class: "maker" }, work.attribution || work.artist ?
      [work.artist && !work.artist.includes("; ") ? h("a", { href: `/?artist=${encodeURIComponent(work.artist)}` }, work.attribution || work.artist) : work.attribution || work.artist] : "Artist unknown")),
    h("div", { class: "row" },
      h("a", { class: "button", href: likeAddress(work.id) }, "More like this"),
      keepButton({ ...work, image: images[0].image, width: images[0].width, height: images[0].height })),
    h("dl", {}, facts),
    links(work),
    h("section", { "aria-label": "What was seen in it" }, h("h2", {}, "What was seen in it"),
      h("dl", { class: "facts" }, seenIn(seen)),
      h("div", { class: "row" }, Object.entries(DRAWINGS).filter(([aspect]) => info.aspects.includes(aspect) && (aspects.includes(aspect))).map(([aspect, label]) =>
        drawButton(drawing, work.id, aspect, label))), drawing));
  const alike = h("section", { class: "alike", "aria-label": "What is alike" }, h("h2", {}, "What is alike"));
  fill(main, h("div", { class: "whole" }, h("div", {}, h("div", { class: "large" }, picture), strip), entry), alike);
  const watcher = new IntersectionObserver((entries) => {
    for (const each of entries) {
      if (!each.isIntersecting) continue;
      watcher.unobserve(each.target);
      fillShelf(each.target.querySelector(".shelf"), work, each.target.dataset.aspect);
    }
  }, { rootMargin: "400px" });
  for (const aspect of aspects) {
    const row = h("div", { "data-aspect": aspect },
      h("h3", {}, h("span", { class: `dot ${aspect}`, "aria-hidden": "true" }), ASPECTS[aspect] ?? aspect,
        h("a", { href: likeAddress(work.id) + (aspect === "visual" ? "" : `&by=${aspect}`), "aria-label": `All, by ${ASPECTS[aspect] ?? aspect}` }, "All")),
      h("div", { class: "shelf", tabindex: "0", role: "group", "aria-label": `Alike by ${ASPECTS[aspect] ?? aspect}` }), h("div", { class: "why" }));
    alike.append(row);
    watcher.observe(row);
  }
  return () => {
    watcher.disconnect();
    document.title = `${info.name} – Art Extract`;
  };
}

function drawButton(place, id, aspect, label) {
  const button = h("button", { "aria-pressed": "false", onclick: () => {
    const on = button.getAttribute("aria-pressed") === "true";
    for (const other of button.parentElement.children) other.setAttribute("aria-pressed", "false");
    if (on) return fill(place);
    button.setAttribute("aria-pressed", "true");
    fill(place, h("img", { src: `${API}/drawings/${aspect}?${new URLSearchParams({ of: id, side: 960 })}`, alt: `${label} drawn on the picture` }));
  } }, `Draw: ${label.toLowerCase()}`);
  return button;
}

function seenIn(seen) {
  const rows = [];
  for (const [what, label] of [["style", "Style"], ["genre", "Genre"], ["artist", "Artist"]]) {
    const found = seen.predicted?.[what];
    if (found) rows.push([label, `${read(what, found.name)} (${Math.round(found.probability * 100)} % sure)`]);
  }
  if (seen.faces) rows.push(["Heads", seen.faces.count ? `${seen.faces.count}${seen.faces.facing ? `, the main one faces ${seen.faces.facing}` : ""}` : "none found"]);
  if (seen.bodies) rows.push(["Bodies", seen.bodies.count || "none found"]);
  if (seen.light) rows.push(["Light", `${read("key", seen.light.key)}, lies ${read("light_from", seen.light.direction)}`]);
  if (seen.palette?.main?.length) rows.push(["Main colours", seen.palette.main.join(", ")]);
  return rows.map(([label, value]) => [h("dt", {}, label), h("dd", {}, String(value))]);
}

function links(work) {
  const found = [];
  const outside = (url, text) => found.push(h("li", {}, h("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, text)));
  if (/^https?:\/\//i.test(work.page_url ?? "")) outside(work.page_url, `Page at ${new URL(work.page_url).hostname}`);
  for (const [name, text] of [["wikidata", "The work at Wikidata"], ["artist_wikidata", "The artist at Wikidata"]]) {
    if (/^Q\d+$/.test(work[name] ?? "")) outside(`https://www.wikidata.org/wiki/${work[name]}`, text);
  }
  if (/^\d+$/.test(work.ulan ?? "")) outside(`https://www.getty.edu/page/ulan/${work.ulan}`, "The artist at Getty ULAN");
  if (work.iiif) found.push(h("li", {}, h("a", { href: `${API}/manifest?${new URLSearchParams({ id: work.id })}`, download: "manifest.json" }, "IIIF manifest")));
  return found.length ? h("ul", { "aria-label": "Elsewhere" }, found) : null;
}

async function fillShelf(shelf, work, aspect) {
  try {
    const { works } = await get("/search", { like: work.id, by: aspect, limit: NEIGHBOURS });
    const panel = shelf.parentElement.querySelector(".why");
    fill(shelf, works.map((other) => h("div", { class: "small" },
      h("a", { class: "picture", href: workAddress(other.id) }, h("img", { src: `${other.image}?side=480`, alt: "", loading: "lazy" }), h("span", { class: "hidden" }, titleOf(other))),
      h("span", { class: "title" }, titleOf(other)), h("span", { class: "by" }, byline(other)),
      h("button", { "aria-label": `Why ${titleOf(other)} matches`, onclick: () => showReasons(panel, work, other) }, `Why? ${other.score.toFixed(2)}`))));
    if (!works.length) fill(shelf, h("p", { class: "quiet" }, "No other work has this."));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    fill(shelf, h("p", { class: "wrong" }, error.message));
  }
}
