/** Calls to the server's API. A request is repeated until the server responds. */

import { ROOT, storageName } from "./address.js";
import { h } from "./elements.js";

export const API = `${ROOT}api/v1`;
const KEY = storageName("artextract.key");

/** An error that the server reported; the message is its sentence. */
export class ApiError extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

const offlineBanner = document.getElementById("offline");

async function fetchWithRetry(address, options) {
  for (let wait = 500; ; wait = Math.min(wait * 1.5, 5000)) {
    try {
      const response = await fetch(address, options);
      offlineBanner.hidden = true;
      return response;
    } catch (error) {
      if (options.signal?.aborted) throw error;
      offlineBanner.hidden = false;
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (options.signal?.aborted) throw new DOMException("aborted", "AbortError");
    }
  }
}

async function throwApiError(response) {
  let sentence = `the server returned status ${response.status}`;
  try {
    sentence = (await response.json()).error ?? sentence;
  } catch {
    /* The body is not JSON: it is from a proxy, and only the status is of use. */
  }
  throw new ApiError(response.status, sentence[0].toUpperCase() + sentence.slice(1));
}

export async function get(path, parameters = {}, signal = undefined) {
  const text = new URLSearchParams(parameters).toString();
  const response = await fetchWithRetry(`${API}${path}${text ? `?${text}` : ""}`, { signal });
  return response.ok ? response.json() : throwApiError(response);
}

/** Upload an image; prompt for the server's key if it is missing or wrong. */
export async function uploadImage(file) {
  for (;;) {
    const key = sessionStorage.getItem(KEY);
    const headers = { "Content-Type": file.type || "application/octet-stream" };
    if (key) headers["X-API-Key"] = key;
    let response;
    try {
      response = await fetch(`${API}/pictures`, { method: "POST", body: file, headers });
    } catch {
      throw new ApiError(0, "The image could not be uploaded: the server did not respond, or closed the connection");
    }
    if (response.ok) return response.json();
    if (response.status !== 401) return throwApiError(response);
    const entered = await promptForKey(Boolean(key));
    if (!entered) throw new ApiError(401, "This server accepts no uploads without its key");
    sessionStorage.setItem(KEY, entered);
  }
}

function promptForKey(wasWrong) {
  return new Promise((resolve) => {
    const field = h("input", { type: "password", id: "key", autocomplete: "off", required: true });
    const dialog = h("dialog", { "aria-labelledby": "key-title" },
      h("form", { method: "dialog" },
        h("h2", { id: "key-title" }, "Upload key"),
        h("p", {}, wasWrong ? "The key was wrong. Enter it again." : "This server requires a key for uploads."),
        h("label", { for: "key" }, "Key"), field,
        h("div", { class: "row" },
          h("button", { value: "send", class: "primary" }, "Upload"),
          h("button", { value: "", formnovalidate: true }, "Cancel"))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "send" ? field.value : "");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Return artworks as a file in the format "csv", "jsonl" or "iiif" (a manifest). */
export async function getExport(ids, format) {
  const response = await fetchWithRetry(`${API}/export`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ids, format }),
  });
  return response.ok ? response.blob() : throwApiError(response);
}
