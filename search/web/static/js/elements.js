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

/** Replace the children of `parent`; a focused child keeps the focus if its id is still there. */
export function setChildren(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.id : "";
  parent.replaceChildren(...nodes(children));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

const nodes = (children) => children.flat(Infinity).filter((child) => child !== null && child !== false);

/** Return a function that calls `callback` once it has not been called for `wait` milliseconds. */
export function debounce(wait, callback) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => callback(...values), wait);
  };
}
