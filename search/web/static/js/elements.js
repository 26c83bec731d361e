/** Create and fill elements. Text is always inserted as text, never as markup. */

/** Return an element; attributes that start with "on" are event listeners. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...nodes(children));
  return element;
}

/**
 * Make `children` the children of `parent`. Those that it has already stay in place, so that they
 * keep the focus and a drag; a focused child that is replaced passes the focus on by its id.
 */
export function setChildren(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  const next = nodes(children);
  const kept = new Set(next);
  for (const child of [...parent.childNodes]) if (!kept.has(child)) child.remove();
  next.forEach((child, index) => {
    const place = parent.childNodes[index] ?? null;
    if (place !== child) parent.insertBefore(typeof child === "string" ? document.createTextNode(child) : child, place);
  });
  if (focused && document.activeElement !== focused) {
    (focused.isConnected ? focused : document.getElementById(focused.id))?.focus({ preventScroll: true });
  }
}

const nodes = (children) => children.flat(Infinity).filter((child) => (child ?? false) !== false);

/** Return whether the window is as narrow as a phone's: filters are in a sheet, sliders collapsed. */
export const isNarrow = () => matchMedia("(max-width: 820px)").matches;

/** Return a function that calls `callback` once it has not been called for `wait` milliseconds. */
export function debounce(wait, callback) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => callback(...values), wait);
  };
}
