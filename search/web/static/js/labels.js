/** Labels of aspects and filters, and how values are displayed. */

import { NOT } from "./address.js";

/** Labels of aspects: of themselves, of their drawings, and of their absence from an image. */
const ASPECTS = {};

export const FACETS = {
  artist: "Artist", genre: "Genre", predicted_genre: "Genre (machine suggestion)", style: "Style",
  predicted_style: "Style (machine suggestion)", nationality: "Nationality", school: "School",
  medium: "Medium", qualifier: "Attribution", predicted_artist: "Artist (machine suggestion)",
};

/** Add the aspects, and the filters over their facts, that the collection has. */
export function addLabels({ aspect_labels: aspects, fact_filters: filters }) {
  for (const aspect of aspects) ASPECTS[aspect.name] = aspect;
  for (const { name, label } of filters) FACETS[name] = label;
}

const OTHER_FILTERS = {
  accession: "Accession number", where: "Field", text: "Title", min_confidence: "Minimum confidence",
};

const TONAL_KEYS = { low: "dark", mid: "medium", high: "light" };

/** Return the name of an aspect that an address calls by its name or its label. */
export const aspectNamed = (text) =>
  Object.values(ASPECTS).find(({ name, label }) => [name, label.toLowerCase()].includes(text.toLowerCase()))?.name ?? text;

export const aspectLabel = (aspect) => ASPECTS[aspect]?.label ?? aspect;
export const drawingLabel = (aspect) => ASPECTS[aspect]?.drawing; // empty where nothing is drawn
export const absenceLabel = (aspect) => ASPECTS[aspect]?.absent ?? "not available";

/** Return the label of a colouring of the map, such as "predicted genre" or "cluster". */
export const colouringLabel = (name) => FACETS[name.replace(" ", "_")] ?? name[0].toUpperCase() + name.slice(1);

/** Return a filter with its value, as in "Genre: portrait" and "Genre: not portrait". */
export function filterLabel(name, value) {
  if (name.startsWith(NOT)) return filterLabel(name.slice(NOT.length), value).replace(": ", ": not ");
  if (name === "words") return `“${value}”`;
  if (name === "years") return yearsLabel(value);
  if (name === "dated") return "Dated artworks only";
  if (name === "within") return "Entirely within these years";
  return `${FACETS[name] ?? OTHER_FILTERS[name] ?? name}: ${displayValue(name, value)}`;
}

export function yearsLabel(years) {
  const [first, last] = years.split(":");
  if (last === undefined) return years;
  return first && last ? `${first} to ${last}` : first ? `from ${first}` : `until ${last}`;
}

export function displayValue(field, value) {
  if (field === "key") return TONAL_KEYS[value] ?? value;
  if (field === "faces" || field === "bodies") return value === "0" ? "none" : value.replace(/^(\d+):$/, "$1 or more");
  return value.replace(/^Ukiyo_e$/, "Ukiyo-e").replaceAll("_", " ");
}

/** Return the artist and the date of an artwork in one line. */
export function byline(artwork) {
  return [artwork.attribution || artwork.artist, artwork.display_date || yearsOf(artwork)].filter(Boolean).join(", ");
}

function yearsOf({ year_begin: begin = null, year_end: end = null }) {
  if (begin === null && end === null) return "";
  return begin === end ? `${begin}` : `${begin ?? ""}–${end ?? ""}`;
}

export const titleOf = (artwork) => artwork.title || artwork.id;

export const plural = (count, one, many = `${one}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
