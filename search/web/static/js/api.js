/** Asking the server. A server that does not answer is asked again until it does. */

import { h } from "./dom.js";

export const API = "/api/v1";

/** What the server refused, with the sentence that it gave. */
export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

const offline = () => document.getElementById("offline");

async function fetchUntil(address, options) {
  for (let wait = 500; ; wait = Math.min(wait * 1.5, 5000)) {
    try {
      const answer = await fetch(address, options);
      offline().hidden = true;
      return answer;
    } catch (error) {
      if (options.signal?.aborted) throw error;
      offline().hidden = false;
      await new Promise((done) => setTimeout(done, wait));
      if (options.signal?.aborted) throw new DOMException("aborted", "AbortError");
    }
  }
}

async function refuse(answer) {
  let sentence = `the server answered ${answer.status}`;
  try {
    sentence = (await answer.json()).error ?? sentence;
  } catch {
    /* a proxy's page: the status says what there is to say */
  }
  throw new Refused(answer.status, sentence[0].toUpperCase() + sentence.slice(1));
}

export async function get(path, parameters = {}, signal = undefined) {
  const asked = new URLSearchParams(parameters).toString();
  const answer = await fetchUntil(`${API}${path}${asked ? `?${asked}` : ""}`, { signal });
  return answer.ok ? answer.json() : refuse(answer);
}

/** Send a picture's bytes; with a wrong or missing key, ask for it. */
export async function sendPicture(file) {
  for (;;) {
    const key = sessionStorage.getItem("artextract.key");
    const headers = { "Content-Type": file.type || "application/octet-stream" };
    if (key) headers["X-API-Key"] = key;
    let answer;
    try {
      answer = await fetch(`${API}/pictures`, { method: "POST", body: file, headers });
    } catch {
      throw new Refused(0, "The picture could not be sent: the server does not answer, or refused it");
    }
    if (answer.ok) return answer.json();
    if (answer.status !== 401) return refuse(answer);
    const given = await askForKey(Boolean(key));
    if (!given) throw new Refused(401, "Without the key this server takes no pictures");
    sessionStorage.setItem("artextract.key", given);
  }
}

function askForKey(wrong) {
  return new Promise((done) => {
    const field = h("input", { type: "password", id: "key", autocomplete: "off", required: true });
    const dialog = h("dialog", { "aria-labelledby": "key-title" },
      h("form", { method: "dialog" },
        h("h2", { id: "key-title" }, "A key is needed"),
        h("p", {}, wrong ? "That was not the right key." : "This server takes pictures from those who know its key."),
        h("label", { for: "key" }, "Key"), field,
        h("div", { class: "row" },
          h("button", { value: "send", class: "main" }, "Send"),
          h("button", { value: "", formnovalidate: true }, "Cancel"))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(dialog.returnValue === "send" ? field.value : "");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Let the browser save works as a file. */
export async function download(ids, format) {
  const answer = await fetchUntil(`${API}/export`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ids, format }),
  });
  if (!answer.ok) return refuse(answer);
  const address = URL.createObjectURL(await answer.blob());
  const link = h("a", { href: address, download: `works.${format === "iiif" ? "json" : format}` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
