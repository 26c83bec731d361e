/** Making elements. Text always goes in as text, never as markup. */

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== false));
  return element;
}

/** Replace what is in `parent`; what had the focus gets it again, if it is there by its id. */
export function fill(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.id : "";
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== false));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

let hiding = 0;

/** Say something in passing; screen readers hear it, too. An action may be offered with it. */
export function say(text, action = null) {
  const toast = document.getElementById("toast");
  toast.replaceChildren(h("span", {}, text), ...(action ? [action] : []));
  toast.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => {
    toast.classList.remove("shown");
    toast.replaceChildren();
  }, action ? 8000 : 5000);
}

export function debounce(wait, call) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...values), wait);
  };
}

export const plural = (count, one, many = `${one}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
