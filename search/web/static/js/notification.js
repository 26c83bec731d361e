/** Short messages at the bottom of the page, which screen readers announce. */

import { ApiError } from "./api.js";
import { h } from "./elements.js";

let timer = 0;

/** Show a message for some seconds, with a button for an action if one is given. */
export function notify(text, action = null) {
  const notification = document.getElementById("notification");
  notification.replaceChildren(h("span", {}, text), ...(action ? [action] : []));
  notification.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => {
    notification.classList.remove("shown");
    notification.replaceChildren();
  }, action ? 8000 : 5000);
}

/** Notify of an error that the server reported; throw any other. */
export function notifyError(error) {
  if (!(error instanceof ApiError)) throw error;
  notify(error.message);
}
