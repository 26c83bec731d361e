/** The address holds all that is asked, so that a search can be sent to someone. */

export const LISTS = ["artist", "qualifier", "nationality", "school", "style", "genre",
  "predicted_style", "predicted_genre", "predicted_artist", "facing", "light_from", "key",
  "colour", "accession", "where"];
export const SINGLE = ["years", "medium", "text", "words", "faces", "bodies", "min_confidence"];
export const FLAGS = ["within", "dated"];

/** What only filters: the parameters of a search without what it is compared with. */
export const FILTERS = [...LISTS, ...SINGLE, ...FLAGS];

export const asked = () => new URLSearchParams(location.search);

/** Return parameters with `name` set to `values` (none removes it). */
export function set(parameters, name, ...values) {
  const changed = new URLSearchParams(parameters);
  changed.delete(name);
  for (const value of values) changed.append(name, value);
  return changed;
}

/** Return parameters with `value` put in, or taken out where it is there. */
export function toggle(parameters, name, value) {
  const values = parameters.getAll(name);
  const left = values.filter((each) => each !== value);
  return set(parameters, name, ...(left.length < values.length ? left : [...values, value]));
}

export function only(parameters, names) {
  return new URLSearchParams([...parameters].filter(([name]) => names.includes(name)));
}

/** Go to an address of this page without loading it anew. */
export function go(path, parameters = "", { replace = false } = {}) {
  const text = parameters.toString().replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%3D", "=");
  const address = path + (text ? `?${text}` : "");
  if (address === location.pathname + location.search) return;
  dispatchEvent(new Event("leave"));
  history[replace ? "replaceState" : "pushState"]({}, "", address);
  dispatchEvent(new Event("arrive"));
}

export const search = (parameters, options) => go("/", parameters, options);
export const workAddress = (id) => `/work?id=${encodeURIComponent(id).replaceAll("%3A", ":")}`;
export const likeAddress = (id) => `/?like=${encodeURIComponent(id).replaceAll("%3A", ":")}`;
