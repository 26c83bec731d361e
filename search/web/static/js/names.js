/** How things are called on the page. */

export const ASPECTS = {
  visual: "Overall", style: "Style", composition: "Composition", lighting: "Light",
  palette: "Colours", face: "Heads", pose: "Pose", scene: "Scene",
};

export const FACETS = {
  artist: "Artist", genre: "Genre", predicted_genre: "Genre, as seen", style: "Style",
  predicted_style: "Style, as seen", nationality: "Nationality", school: "School", medium: "Medium",
  qualifier: "Hand", colour: "Main colours", faces: "Heads", facing: "Main head faces",
  bodies: "Bodies", light_from: "Light lies", key: "Lightness",
  predicted_artist: "Artist, as seen",
};

const KEYS = { low: "dark", mid: "middling", high: "light" };
const SIDES = { left: "on the left", right: "on the right", above: "above", unclear: "nowhere clearly" };

/** A value as people read it. */
export function read(field, value) {
  if (field === "key") return KEYS[value] ?? value;
  if (field === "light_from") return SIDES[value] ?? value;
  if (field === "faces" || field === "bodies") return value === "0" ? "none" : value.replace(/^(\d+):$/, "$1 or more");
  return value.replaceAll("_", " ");
}

/** Who made a work, and when, in one line. */
export function byline(work) {
  return [work.attribution || work.artist, work.display_date || years(work)].filter(Boolean).join(", ");
}

function years({ year_begin: begin = null, year_end: end = null }) {
  if (begin === null && end === null) return "";
  return begin === end ? `${begin}` : `${begin ?? ""}–${end ?? ""}`;
}

export const titleOf = (work) => work.title || work.id;
