/** The address holds the whole request, so that a search can be shared as a link. */

/** The path of the site, "/" or, below the prefix of a proxy, such as "/art/". */
export const ROOT = new URL("../../", import.meta.url).pathname;

/** Return the name of the page at a path of this site: "", "work", "map" or "list". */
export const pageAt = (path) => decodeURIComponent(path).slice(decodeURIComponent(ROOT).length);

/** Return a name in the browser's storage, which the sites of a host share. */
export const storageName = (name) => ROOT === "/" ? name : `${name} ${ROOT}`;

/** The parameters that filter; all others say what artworks are compared with, and how. */
export const FILTERS = ["artist", "qualifier", "nationality", "school", "style", "genre",
  "predicted_style", "predicted_genre", "predicted_artist", "accession", "where", "years", "medium",
  "text", "words", "min_confidence", "within", "dated"];

/** Add the filters over detected facts. */
export const addFilters = (names) => FILTERS.push(...names.filter((name) => !FILTERS.includes(name)));

export const currentParameters = () => new URLSearchParams(location.search);

/** Return a copy of `parameters` in which `name` has `values`; with none, it is removed. */
export function withValues(parameters, name, ...values) {
  const changed = new URLSearchParams(parameters);
  changed.delete(name);
  for (const value of values) changed.append(name, value);
  return changed;
}

/** Return `values` without `value`, or with it where it was missing. */
export const toggled = (values, value) =>
  values.includes(value) ? values.filter((each) => each !== value) : [...values, value];

export const filtersOf = (parameters) => selected(parameters, (name) => FILTERS.includes(name));
export const withoutFilters = (parameters) => selected(parameters, (name) => !FILTERS.includes(name));

function selected(parameters, condition) {
  return new URLSearchParams([...parameters].filter(([name]) => condition(name)));
}

/** Go to an address of this site without reloading the page. */
export function navigate(path, parameters = "") {
  const text = parameters.toString().replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%3D", "=");
  const address = path + (text ? `?${text}` : "");
  if (address === location.pathname + location.search) return;
  history.pushState({}, "", address);
  dispatchEvent(new Event("navigate"));
}

export const search = (parameters) => navigate(ROOT, parameters);
export const artworkAddress = (id) => `${ROOT}work?id=${encodeId(id)}`;
export const similarAddress = (id) => `${ROOT}?like=${encodeId(id)}`;

const encodeId = (id) => encodeURIComponent(id).replaceAll("%3A", ":");
