/** The artwork page: its image and catalog entry, detected facts, and similar artworks. */

import { ROOT, artworkAddress, currentParameters, similarAddress } from "./address.js";
import { API, ApiError, get } from "./api.js";
import { h, setChildren } from "./elements.js";
import { showExplanation } from "./explanation.js";
import { aspectLabel, byline, displayValue, drawingLabel, titleOf } from "./labels.js";
import { listButton } from "./saved-list.js";

const CATALOG_FIELDS = [
  ["display_date", "Date"], ["medium", "Medium"], ["dimensions", "Dimensions"], ["style", "Style"], ["genre", "Genre"],
  ["school", "School"], ["nationality", "Nationality"], ["qualifier", "Attribution"], ["classification", "Classification"],
  ["theme", "Theme"], ["technique", "Technique"], ["department", "Department"], ["accession", "Accession number"],
  ["credit_line", "Credit line"], ["id", "Identifier"],
];
const SIMILAR_COUNT = 12;

export async function open(main, info) {
  const { work: artwork, seen: facts, detected, images, aspects } = await get("/works", { id: currentParameters().get("id") ?? "" });
  const title = titleOf(artwork);
  document.title = `${title} – Art Extract`;
  const image = h("img", { src: `${images[0].image}?side=1600`, alt: artwork.alt_text || title });
  const views = images.length > 1 && h("div", { class: "views" }, images.map((view, index) =>
    h("button", { "aria-label": `View ${index + 1}`, onclick: () => { image.src = `${view.image}?side=1600`; } },
      h("img", { src: `${view.image}?side=192`, alt: "" }))));
  const { artist } = artwork;
  const maker = artwork.attribution || artist || "Artist unknown";
  const record = h("div", { class: "record" },
    h("div", {}, h("h1", {}, title), h("p", { class: "maker" },
      artist && !artist.includes("; ") ? h("a", { href: `${ROOT}?artist=${encodeURIComponent(artist)}` }, maker) : maker)),
    h("div", { class: "row" },
      h("a", { class: "button", href: similarAddress(artwork.id) }, "Similar works"),
      listButton({ ...artwork, image: images[0].image, width: images[0].width, height: images[0].height })),
    definitionList([
      ...CATALOG_FIELDS.filter(([name]) => artwork[name]).map(([name, label]) => [label, artwork[name]]),
      ...Object.entries(artwork.extra ?? {}),
    ]),
    links(artwork),
    factsSection(artwork, detected, info.fact_filters, aspects.filter(drawingLabel)),
    suggestionsSection(facts.predicted ?? {}));
  const similar = h("section", { class: "similar", "aria-label": "Similar works" }, h("h2", {}, "Similar works"));
  setChildren(main, h("div", { class: "overview" }, h("div", {}, h("div", { class: "main-image" }, image), views), record), similar);
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      loadSimilar(target, artwork);
    }
  }, { rootMargin: "400px" });
  for (const aspect of aspects) {
    const label = aspectLabel(aspect);
    const row = h("div", { "data-aspect": aspect },
      h("h3", {}, h("span", { class: `dot ${aspect}`, "aria-hidden": "true" }), label,
        h("a", { href: similarAddress(artwork.id) + (aspect === "visual" ? "" : `&by=${aspect}`), "aria-label": `All similar works by ${label}` }, "All")),
      h("div", { class: "strip", tabindex: "0", role: "group", "aria-label": `Similar by ${label}` }), h("div"));
    similar.append(row);
    observer.observe(row);
  }
  return () => {
    observer.disconnect();
    document.title = `${info.name} – Art Extract`;
  };
}

const definitionList = (rows) =>
  h("dl", {}, rows.map(([label, value]) => [h("dt", {}, label), h("dd", {}, String(value))]));

function factsSection(artwork, detected, filters, drawnAspects) {
  const rows = filters.filter(({ name }) => detected[name]?.length).map(({ name, label }) =>
    [label, detected[name].map((value) => displayValue(name, value)).join(", ")]);
  const drawing = h("div", { class: "drawing" });
  const label = "Detected in the image";
  return rows.length > 0 && h("section", { "aria-label": label }, h("h2", {}, label), definitionList(rows),
    h("div", { class: "row" }, drawnAspects.map((aspect) => drawingButton(drawing, artwork.id, aspect))), drawing);
}

/** Return a button that shows a drawing of an aspect in `container`, in place of any other. */
function drawingButton(container, id, aspect) {
  const label = drawingLabel(aspect);
  const button = h("button", { "aria-pressed": "false", onclick: () => {
    const wasPressed = button.getAttribute("aria-pressed") === "true";
    for (const each of button.parentElement.children) each.setAttribute("aria-pressed", "false");
    if (wasPressed) return setChildren(container);
    button.setAttribute("aria-pressed", "true");
    setChildren(container, h("img", { src: `${API}/drawings/${aspect}?${new URLSearchParams({ of: id, side: 960 })}`, alt: `Drawing of the ${label} of the image` }));
  } }, `Show ${label}`);
  return button;
}

function suggestionsSection(predicted) {
  const rows = [["style", "Style"], ["genre", "Genre"]].filter(([name]) => predicted[name]?.trusted).map(([name, label]) =>
    [label, `${displayValue(name, predicted[name].name)}, confidence ${Math.round(predicted[name].probability * 100)} %`]);
  const label = rows.length === 1 ? "Machine suggestion" : "Machine suggestions";
  return rows.length > 0 && h("section", { "aria-label": label }, h("h2", {}, label), definitionList(rows));
}

function links(artwork) {
  const items = [];
  const add = (href, text) => items.push(h("li", {}, h("a", { href, rel: "noreferrer noopener", target: "_blank" }, text)));
  if (/^https?:\/\//i.test(artwork.page_url ?? "")) add(artwork.page_url, `Page on ${new URL(artwork.page_url).hostname}`);
  for (const [field, text] of [["wikidata", "Artwork on Wikidata"], ["artist_wikidata", "Artist on Wikidata"]]) {
    if (/^Q\d+$/.test(artwork[field] ?? "")) add(`https://www.wikidata.org/wiki/${artwork[field]}`, text);
  }
  if (/^\d+$/.test(artwork.ulan ?? "")) add(`https://www.getty.edu/page/ulan/${artwork.ulan}`, "Artist in Getty ULAN");
  if (artwork.iiif) items.push(h("li", {}, h("a", { href: `${API}/manifest?${new URLSearchParams({ id: artwork.id })}`, download: "manifest.json" }, "IIIF manifest")));
  return items.length > 0 && h("ul", { "aria-label": "Links" }, items);
}

/** Fill a row with the artworks most similar by its aspect. */
async function loadSimilar(row, artwork) {
  const [, strip, explanation] = row.children;
  try {
    const { works } = await get("/search", { like: artwork.id, by: row.dataset.aspect, limit: SIMILAR_COUNT });
    setChildren(strip, works.map((other) => h("div", { class: "similar-card" },
      h("a", { class: "image", href: artworkAddress(other.id) }, h("img", { src: `${other.image}?side=480`, alt: "", loading: "lazy" }), h("span", { class: "hidden" }, titleOf(other))),
      h("span", { class: "title" }, titleOf(other)), h("span", { class: "by" }, byline(other)),
      h("button", { "aria-label": `Why is ${titleOf(other)} similar? ${other.score.toFixed(2)}`, onclick: () => showExplanation(explanation, artwork, other) }, `Why? ${other.score.toFixed(2)}`))));
    if (!works.length) setChildren(strip, h("p", { class: "muted" }, "No other artwork has this aspect."));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    setChildren(strip, h("p", { class: "error" }, error.message));
  }
}
