/** The query: uploaded images and artworks to compare with, and the weights of the aspects. */

import { artworkAddress, currentParameters, search, searchSoon, withValues } from "./address.js";
import { API, ApiError, get, uploadImage } from "./api.js";
import { openDetailBox } from "./detail-box.js";
import { h, isNarrow, setChildren } from "./elements.js";
import { absenceLabel, aspectLabel, aspectNamed, byline, titleOf } from "./labels.js";
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

/**
 * Fill the section with the query; `uploadArea` with the button that uploads an image.
 * `reload` repeats the search of the address.
 */
export function openQueryPanel(section, uploadArea, info, reload) {
  const fileInput = h("input", { type: "file", accept: "image/jpeg,image/png,image/webp,image/tiff,image/jp2,image/avif,image/heic,image/jxl", id: "upload", class: "hidden", tabindex: "-1", "aria-hidden": "true",
    onchange: () => { if (fileInput.files.length) upload(fileInput.files[0]); fileInput.value = ""; } });
  const acceptsUploads = info.takes_pictures !== "no";
  const chooseImage = () => fileInput.click();
  setChildren(uploadArea, acceptsUploads && [
    h("button", { type: "button", class: "primary", id: "upload-button", onclick: chooseImage }, "Choose an image"),
    h("span", { class: "muted hint" }, "or drop or paste one anywhere on this page"), fileInput]);
  const cards = h("div", { class: "query-cards" });
  const sliders = openAspectSliders(info);
  setChildren(section, cards, sliders.element);
  let shownCards = new Map();
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
      const parameters = currentParameters();
      if (parameters.getAll("like").includes(name)) reload(); // the server had removed the image
      else search(withValues(withValues(withValues(parameters, "like", name), "unlike"), "region"));
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
    section.hidden = like.length === 0;
    const described = await Promise.all([...like, ...unlike].map((name) => describe(name).catch((error) => {
      if (!(error instanceof ApiError)) throw error;
      return { name, error: error.message };
    })));
    if (number !== latest) return;
    const before = shownCards;
    shownCards = new Map();
    described.forEach((query, position) => {
      const role = position < like.length ? "like" : "unlike";
      const index = role === "like" ? position : position - like.length;
      const key = `${role} ${index} ${query.name} ${query.error ?? ""}`;
      const card = before.get(key) ?? queryCard(query, role, index, { info, chooseImage: acceptsUploads && chooseImage });
      const isMain = role === "like" && index === 0; // the one that `region` belongs to
      card.show(isMain ? currentParameters().get("region") : null, isMain && !unlike.length);
      shownCards.set(key, card);
    });
    setChildren(cards, [...shownCards.values()].map((card) => card.element));
    sliders.show(currentParameters(), described);
  }

  return { update, close: () => {
    latest += 1;
    for (const [type, listener] of Object.entries(listeners)) removeEventListener(type, listener);
  } };
}

/** Open the card of one query; `role` is "like" or "unlike", `index` its place among these. */
function queryCard(query, role, index, { info, chooseImage }) {
  const remove = () => {
    const parameters = currentParameters();
    let changed = withValues(parameters, role, ...parameters.getAll(role).filter((name) => name !== query.name));
    if (role === "like" && index === 0) changed = withValues(changed, "region");
    if (!changed.has("like")) for (const name of NEED_QUERY) changed = withValues(changed, name);
    search(changed);
  };
  const title = query.error ? "No such image" : query.title;
  const image = query.image && h("img", { src: `${query.image}?side=480`, alt: "" });
  const area = h("div", { class: "query-image", hidden: !image }, image);
  const detail = openDetailBox(area, (region) => searchSoon(withValues(currentParameters(), "region", region)));
  const detailButton = h("button", { id: "detail", onclick: () => {
    element.classList.add("selecting");
    detail.focus();
  } });
  const wholeButton = h("button", { id: "whole-image", onclick: () => search(withValues(currentParameters(), "region")) }, "Use the whole image");
  const wasUploaded = isUpload(query.name);
  const element = h("div", { class: `query-card ${role}` }, area,
    h("div", { class: "about" },
      h("span", { class: "muted" }, role === "like" ? "Similar to" : "Less like"),
      query.error || wasUploaded ? h("span", { class: "title" }, title) : h("a", { class: "title", href: artworkAddress(query.name) }, title),
      h("span", { class: query.error ? "error" : "by" }, query.error ?? query.by),
      !query.error && wasUploaded && h("span", { class: "muted note" }, `A link to this search works until ${info.most_uploads.toLocaleString("en")} newer images are uploaded.`),
      h("div", { class: "row" }, detailButton, wholeButton,
        query.error && wasUploaded && chooseImage && h("button", { onclick: chooseImage }, "Upload it again"),
        h("button", { id: `remove-${role}-${index}`, onclick: remove, "aria-label": `Remove ${title}` }, "Remove"))));

  /** Show the region; with `isEditable`, the visitor can draw and move it. */
  function show(region, isEditable) {
    detail.show(region, isEditable);
    detailButton.hidden = !isEditable || !image;
    detailButton.textContent = region ? "Move the detail" : "Select a detail";
    wholeButton.hidden = !region;
    if (!region) element.classList.remove("selecting");
  }
  return { element, show };
}

/** Open the sliders of the aspects' weights. */
function openAspectSliders(info) {
  const rows = info.aspects.map((aspect) => openAspectRow(aspect, (weight) => setWeight(aspect, weight)));
  const otherArtists = h("input", { type: "checkbox", id: "other-artists",
    onchange: () => search(withValues(currentParameters(), "other_artists", ...(otherArtists.checked ? ["true"] : []))) });
  const otherArtistsLabel = h("label", { class: "check" }, otherArtists, "Exclude this artist");
  const chosen = h("span", { class: "muted" });
  const element = h("details", { class: "aspects", open: !isNarrow() }, h("summary", {}, h("strong", {}, "Compare by "), chosen),
    h("div", { class: "rows", role: "group", "aria-label": "Compare by" }, rows.map((row) => row.element)), otherArtistsLabel);

  function setWeight(aspect, weight) {
    const parameters = currentParameters();
    const weights = weightsOf(parameters).set(aspect, weight);
    if (![...weights.values()].some(Boolean)) {
      notify("At least one aspect is needed");
      weights.set("visual", 1);
    }
    const by = info.aspects.filter((name) => weights.get(name)).map((name) => weights.get(name) === 1 ? name : `${name}=${weights.get(name)}`);
    searchSoon(withValues(parameters, "by", ...(by.length === 1 && by[0] === "visual" ? [] : by)));
  }

  function show(parameters, queries) {
    const weights = weightsOf(parameters);
    for (const row of rows) row.show(weights.get(row.aspect) ?? 0, queries.every((query) => query.error || query.aspects.includes(row.aspect)));
    chosen.textContent = [...weights].map(([aspect, weight]) => weight === 1 ? aspectLabel(aspect) : `${aspectLabel(aspect)} ${weight}`).join(", ");
    otherArtistsLabel.hidden = parameters.getAll("like").some(isUpload);
    otherArtists.checked = parameters.has("other_artists");
  }
  return { element, show };
}

/** Open the slider of one aspect; `onWeight` is called with each new weight. */
function openAspectRow(aspect, onWeight) {
  const output = h("output", { for: `by-${aspect}` });
  const absent = h("span", { class: "muted unavailable" }, absenceLabel(aspect));
  const slider = h("input", { type: "range", id: `by-${aspect}`, min: 0, max: 2, step: 0.25, oninput: () => {
    showWeight(slider.value);
    onWeight(Number(slider.value));
  } });
  const element = h("div", { class: "aspect" }, h("span", { class: `dot ${aspect}`, "aria-hidden": "true" }),
    h("label", { for: `by-${aspect}` }, aspectLabel(aspect)), slider, output, absent);

  function showWeight(weight) {
    output.textContent = Number(weight) ? String(weight) : "off";
    slider.setAttribute("aria-valuetext", output.textContent);
  }

  function show(weight, isAvailable) {
    const isEnabled = weight > 0 || isAvailable;
    slider.value = weight;
    slider.disabled = !isEnabled;
    output.hidden = !isEnabled;
    absent.hidden = isEnabled;
    showWeight(weight);
  }
  return { aspect, element, show };
}

/** Return the weights of the aspects, {aspect: weight}. */
function weightsOf(parameters) {
  const weights = parameters.getAll("by").map((text) => {
    const [aspect, weight = "1"] = text.split("=");
    return [aspectNamed(aspect), Number(weight)];
  });
  return new Map(weights.length ? weights : [["visual", 1]]);
}
