/** The query: uploaded images and artworks to compare with, and the weights of the aspects. */

import { artworkAddress, currentParameters, search, withValues } from "./address.js";
import { API, ApiError, get, uploadImage } from "./api.js";
import { showDetailBox } from "./detail-box.js";
import { debounce, h, setChildren } from "./elements.js";
import { absenceLabel, aspectLabel, byline, titleOf } from "./labels.js";
import { notify, notifyError } from "./notification.js";

const UPLOAD_PREFIX = "picture:";
const isUpload = (name) => name.startsWith(UPLOAD_PREFIX);

/** Parameters that mean nothing without an image or an artwork to compare with. */
const NEED_QUERY = ["unlike", "by", "other_artists", "min_score", "region"];

/** Descriptions of artworks and uploaded images, by their names. */
const descriptions = new Map();

function describe(name) {
  if (!descriptions.has(name)) {
    descriptions.set(name, fetchDescription(name));
    descriptions.get(name).catch(() => descriptions.delete(name));
  }
  return descriptions.get(name);
}

async function fetchDescription(name) {
  if (isUpload(name)) {
    const sha256 = name.slice(UPLOAD_PREFIX.length);
    const { aspects } = await get(`/pictures/${sha256}`);
    return { name, title: "Your image", by: "", image: `${API}/sent/${sha256}`, aspects };
  }
  const { work, images, aspects } = await get("/works", { id: name });
  return { name, title: titleOf(work), by: byline(work), image: images[0].image, aspects };
}

export function openQueryPanel(section, info) {
  const fileInput = h("input", { type: "file", accept: "image/jpeg,image/png,image/webp,image/tiff,image/jp2,image/avif,image/heic,image/jxl", id: "upload", class: "hidden", tabindex: "-1", "aria-hidden": "true",
    onchange: () => { if (fileInput.files.length) upload(fileInput.files[0]); fileInput.value = ""; } });
  const acceptsUploads = info.takes_pictures !== "no";
  const cards = h("div", { class: "query-cards" });
  const aspects = h("div", { class: "aspects" });
  setChildren(section, acceptsUploads && h("div", { class: "upload" },
    h("button", { class: "primary", id: "upload-button", onclick: () => fileInput.click() }, "Choose an image"),
    h("span", { class: "muted" }, "or drop or paste one anywhere on this page"), fileInput), cards, aspects);
  let latest = 0; // number of the latest update; the images of an earlier one may arrive after it

  async function upload(file) {
    if (file.size > info.most_upload_bytes) {
      notify(`The image has ${Math.ceil(file.size / 2 ** 20)} MiB; the maximum is ${info.most_upload_bytes / 2 ** 20} MiB`);
      return;
    }
    section.classList.add("busy");
    notify("Analysing the image …");
    try {
      const { name } = await uploadImage(file);
      notify("Showing artworks similar to your image");
      search(withValues(withValues(withValues(currentParameters(), "like", name), "unlike"), "region"));
    } catch (error) {
      notifyError(error);
    } finally {
      section.classList.remove("busy");
    }
  }

  const onDrag = (event) => {
    if (!acceptsUploads || ![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("dropping", event.type === "dragover");
    if (event.type === "drop" && event.dataTransfer.files.length) upload(event.dataTransfer.files[0]);
  };
  const onDragLeave = (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); };
  const onPaste = (event) => {
    const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
    if (acceptsUploads && file) {
      event.preventDefault();
      upload(file);
    } else if (!event.target.closest?.("input")) {
      notify("The clipboard contains no image");
    }
  };
  const listeners = { dragover: onDrag, drop: onDrag, dragleave: onDragLeave, paste: onPaste };
  for (const [type, listener] of Object.entries(listeners)) addEventListener(type, listener);

  async function update(parameters) {
    const number = ++latest;
    const like = parameters.getAll("like");
    const unlike = parameters.getAll("unlike");
    section.classList.toggle("has-query", like.length > 0);
    const described = await Promise.all([...like, ...unlike].map((name) => describe(name).catch((error) => {
      if (!(error instanceof ApiError)) throw error;
      return { name, title: name, by: error.message, image: null, aspects: [] };
    })));
    if (number !== latest) return;
    setChildren(cards, described.map((query, index) => index < like.length
      ? queryCard(parameters, query, "like", index, index === 0 && !unlike.length)
      : queryCard(parameters, query, "unlike", index - like.length, false)));
    setChildren(aspects, like.length > 0 && aspectSliders(parameters, info, described));
  }

  return { update, close: () => {
    latest += 1;
    for (const [type, listener] of Object.entries(listeners)) removeEventListener(type, listener);
  } };
}

/** Return the card of one query; `role` is "like" or "unlike". */
function queryCard(parameters, query, role, index, allowsDetail) {
  const isMain = role === "like" && index === 0; // the one that `region` belongs to
  const remove = () => {
    let changed = withValues(parameters, role, ...parameters.getAll(role).filter((name) => name !== query.name));
    if (isMain) changed = withValues(changed, "region");
    if (!changed.has("like")) for (const name of NEED_QUERY) changed = withValues(changed, name);
    search(changed);
  };
  const region = isMain ? parameters.get("region") : null;
  const image = query.image && h("img", { src: `${query.image}?side=480`, alt: "" });
  const area = h("div", { class: "query-image" }, image);
  const card = h("div", { class: `query-card ${role}` }, area,
    h("div", { class: "about" },
      h("span", { class: "muted" }, role === "like" ? "Similar to" : "Less like"),
      isUpload(query.name) ? h("span", { class: "title" }, query.title) :
        h("a", { class: "title", href: artworkAddress(query.name) }, query.title),
      h("span", { class: "by" }, query.by),
      h("div", { class: "row" },
        allowsDetail && image && detailButton(area, region),
        region && h("button", { id: "whole-image", onclick: () => search(withValues(currentParameters(), "region")) }, "Use the whole image"),
        h("button", { id: `remove-${role}-${index}`, onclick: remove, "aria-label": `Remove ${query.title}` }, "Remove"))));
  if (region && image) showDetailBox(area, region);
  return card;
}

/** Return a button that selects a detail by keyboard; a pointer can draw on the image at once. */
function detailButton(area, region) {
  const searchSoon = debounce(350, (selected) => search(withValues(currentParameters(), "region", selected)));
  queueMicrotask(() => showDetailBox(area, region, searchSoon)); // once the image is on the page
  return h("button", { id: "detail", onclick: () => showDetailBox(area, region ?? "0.25,0.25,0.5,0.5", searchSoon).focus() },
    region ? "Move the detail" : "Select a detail");
}

function aspectSliders(parameters, info, queries) {
  const weights = new Map(parameters.getAll("by").map((text) => {
    const [aspect, weight = "1"] = text.split("=");
    return [aspect, Number(weight)];
  }));
  if (!weights.size) weights.set("visual", 1);
  const searchSoon = debounce(250, (aspect, weight) => {
    const changed = new Map(weights);
    if (weight > 0) changed.set(aspect, weight);
    else changed.delete(aspect);
    if (!changed.size) {
      notify("At least one aspect is needed");
      changed.set("visual", 1);
    }
    const by = info.aspects.filter((name) => changed.has(name)).map((name) => changed.get(name) === 1 ? name : `${name}=${changed.get(name)}`);
    search(withValues(currentParameters(), "by", ...(by.length === 1 && by[0] === "visual" ? [] : by)));
  });
  const rows = info.aspects.map((aspect) => {
    const weight = weights.get(aspect) ?? 0;
    const isEnabled = weight > 0 || queries.every((query) => query.aspects.includes(aspect));
    const text = (value) => Number(value) ? String(value) : "off";
    const output = h("output", { for: `by-${aspect}` }, text(weight));
    return h("div", { class: "aspect" },
      h("span", { class: `dot ${aspect}`, "aria-hidden": "true" }),
      h("label", { for: `by-${aspect}` }, aspectLabel(aspect)),
      h("input", { type: "range", id: `by-${aspect}`, min: 0, max: 2, step: 0.25, value: weight, disabled: !isEnabled,
        "aria-valuetext": text(weight),
        oninput: (event) => {
          output.textContent = text(event.target.value);
          event.target.setAttribute("aria-valuetext", output.textContent);
          searchSoon(aspect, Number(event.target.value));
        } }),
      isEnabled ? output : h("span", { class: "muted unavailable" }, absenceLabel(aspect)));
  });
  return h("fieldset", {}, h("legend", {}, "Compare by"), rows,
    !parameters.getAll("like").some(isUpload) && h("label", { class: "check" },
      h("input", { type: "checkbox", id: "other-artists", checked: parameters.has("other_artists"),
        onchange: (event) => search(withValues(currentParameters(), "other_artists", ...(event.target.checked ? ["true"] : []))) }),
      "Exclude this artist"));
}
