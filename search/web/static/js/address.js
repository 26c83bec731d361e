/** The address holds the whole request, so that a search can be shared as a link. */

const PAUSE = 250; // milliseconds without a change, after which a search starts

/** The path of the site, "/" or, below the prefix of a proxy, such as "/art/". */
export const ROOT = new URL("../../", import.meta.url).pathname;

/** Return the name of the page at a path of this site: "", "work", "map" or "list". */
export const pageAt = (path) => decodeURIComponent(path).slice(decodeURIComponent(ROOT).length);

/** Return a name in the browser's storage, which the sites of a host share. */
export const storageName = (name) => ROOT === "/" ? name : `${name} ${ROOT}`;

/** The parameters that filter; all others say what artworks are compared with, and how. */
const FILTERS = ["artist", "qualifier", "nationality", "school", "style", "genre",
  "predicted_style", "predicted_genre", "predicted_artist", "accession", "where", "years", "medium",
  "text", "words", "min_confidence", "within", "dated"];

/** Add the filters over detected facts. */
export const addFilters = (names) => FILTERS.push(...names.filter((name) => !FILTERS.includes(name)));

/** Counts what the visitor does: a press or a change of focus begins a new gesture. */
let gesture = 0;
for (const type of ["pointerdown", "focusin"]) addEventListener(type, () => { gesture += 1; }, true);

let pending = null; // {parameters, gesture, timer} of the search that starts next
let gestureOfEntry = null; // the gesture that made the current entry of the history
addEventListener("popstate", () => {
  clearTimeout(pending?.timer);
  pending = gestureOfEntry = null;
});

/** Return the parameters of the search that starts next, or else those of the address. */
export const currentParameters = () => new URLSearchParams(pending?.parameters ?? location.search);

/** Return a copy of `parameters` in which `name` has `values`; with none, it is removed. */
export function withValues(parameters, name, ...values) {
  const changed = new URLSearchParams(parameters);
  changed.delete(name);
  for (const value of values) changed.append(name, value);
  return changed;
}

/** Prefix of the parameters that leave out values, as in "not_genre". */
export const NOT = "not_";
const isFilter = (name) => FILTERS.includes(name.startsWith(NOT) ? name.slice(NOT.length) : name);
export const filtersOf = (parameters) => selected(parameters, isFilter);
export const withoutFilters = (parameters) => selected(parameters, (name) => !isFilter(name));

function selected(parameters, condition) {
  return new URLSearchParams([...parameters].filter(([name]) => condition(name)));
}

/** Go to an address of this site without reloading the page. */
export function navigate(path, parameters = "") {
  startPending();
  gestureOfEntry = null;
  go(path, parameters, null);
}

export const search = (parameters) => navigate(ROOT, parameters);

/** Search once the visitor pauses. All searches of one gesture are one entry of the history. */
export function searchSoon(parameters) {
  if (pending !== null && pending.gesture !== gesture) startPending();
  clearTimeout(pending?.timer);
  pending = { parameters, gesture, timer: setTimeout(startPending, PAUSE) };
}

function startPending() {
  if (pending === null) return;
  const { parameters, gesture: made, timer } = pending;
  clearTimeout(timer);
  pending = null;
  go(ROOT, parameters, made);
}

function go(path, parameters, made) {
  const text = parameters.toString().replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%3D", "=");
  const address = path + (text ? `?${text}` : "");
  if (address === location.pathname + location.search) return;
  if (made !== null && made === gestureOfEntry) history.replaceState({}, "", address);
  else history.pushState({}, "", address);
  gestureOfEntry = made;
  dispatchEvent(new Event("navigate"));
}

export const artworkAddress = (id) => `${ROOT}work?id=${encodeId(id)}`;
export const similarAddress = (id) => `${ROOT}?like=${encodeId(id)}`;

const encodeId = (id) => encodeURIComponent(id).replaceAll("%3A", ":");
