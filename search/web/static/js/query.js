/** What works should be like: pictures that are dropped, pasted or chosen, works, and in which way. */

import { get, Refused, sendPicture } from "./api.js";
import { asked, search, set } from "./address.js";
import { debounce, fill, h, say } from "./dom.js";
import { openBox } from "./box.js";
import { ASPECTS, byline, titleOf } from "./names.js";

const PICTURE = "picture:";
const known = new Map();

/** What is known of a work or of a picture that was sent: its title, its image, its aspects. */
async function look(name) {
  if (!known.has(name)) {
    known.set(name, (async () => {
      if (name.startsWith(PICTURE)) {
        const sent = await get(`/pictures/${name.slice(PICTURE.length)}`);
        return { name, title: "Your picture", by: "", image: `/api/v1/sent/${name.slice(PICTURE.length)}`, aspects: sent.aspects };
      }
      const { work, images, aspects } = await get("/works", { id: name });
      return { name, title: titleOf(work), by: byline(work), image: images[0].image, aspects };
    })());
    known.get(name).catch(() => known.delete(name));
  }
  return known.get(name);
}

export function openQuery(section, info) {
  const chooser = h("input", { type: "file", accept: "image/jpeg,image/png,image/webp,image/tiff", id: "choose", class: "hidden", tabindex: "-1", "aria-hidden": "true",
    onchange: () => { if (chooser.files.length) send(chooser.files[0]); chooser.value = ""; } });
  const takes = info.takes_pictures !== "no";
  const drop = h("div", { class: "drop" },
    h("button", { class: "main", id: "choose-button", onclick: () => chooser.click() }, "Choose a picture"),
    h("span", { class: "quiet" }, "or drop or paste one anywhere on this page"), chooser);
  const cards = h("div", { class: "cards" });
  const ways = h("div", { class: "ways" });
  fill(section, takes && drop, cards, ways);
  let turn = 0;

  async function send(file) {
    if (file.size > info.most_upload_bytes) {
      say(`The picture has ${Math.ceil(file.size / 2 ** 20)} MiB; the most is ${info.most_upload_bytes / 2 ** 20} MiB`);
      return;
    }
    section.classList.add("busy");
    say("Looking at the picture …");
    try {
      const sent = await sendPicture(file);
      say("Here is what looks like your picture");
      search(set(set(set(asked(), "like", sent.name), "unlike"), "region"));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(error.message);
    } finally {
      section.classList.remove("busy");
    }
  }

  const dragged = (event) => {
    if (!takes || ![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("dropping", event.type === "dragover");
    if (event.type === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
  };
  const left = (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); };
  const pasted = (event) => {
    const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
    if (takes && file) {
      event.preventDefault();
      send(file);
    } else if (!event.target.closest?.("input")) {
      say("There is no picture in the clipboard");
    }
  };
  addEventListener("dragover", dragged);
  addEventListener("drop", dragged);
  addEventListener("dragleave", left);
  addEventListener("paste", pasted);

  async function update(parameters) {
    const mine = ++turn;
    const like = parameters.getAll("like");
    const unlike = parameters.getAll("unlike");
    section.classList.toggle("asked", like.length > 0);
    const looked = await Promise.all([...like, ...unlike].map((name) => look(name).catch((error) => {
      if (!(error instanceof Refused)) throw error;
      return { name, title: name, by: error.message, image: null, aspects: [] };
    })));
    if (mine !== turn) return;
    fill(cards,
      like.map((name, at) => card(parameters, looked[at], "like", at, at === 0 && !unlike.length)),
      unlike.map((name, at) => card(parameters, looked[like.length + at], "unlike", at, false)));
    fill(ways, like.length > 0 && sliders(parameters, info, looked));
  }

  return { update, leave: () => {
    turn += 1;
    removeEventListener("dragover", dragged);
    removeEventListener("drop", dragged);
    removeEventListener("dragleave", left);
    removeEventListener("paste", pasted);
  } };
}

function card(parameters, looked, role, at, first) {
  const said = role === "like" ? "Like" : "Less like";
  const remove = () => {
    let changed = set(parameters, role, ...parameters.getAll(role).filter((name) => name !== looked.name));
    if (role === "like" && at === 0) changed = set(changed, "region");
    if (!changed.has("like")) for (const name of ["unlike", "by", "other_artists", "min_score", "region"]) changed = set(changed, name);
    search(changed);
  };
  const image = looked.image && h("img", { src: `${looked.image}?side=480`, alt: "" });
  const region = role === "like" && at === 0 ? parameters.get("region") : null;
  const picture = h("div", { class: "asked-picture" }, image);
  const one = h("div", { class: `card ${role}` }, picture,
    h("div", { class: "about" },
      h("span", { class: "quiet" }, said),
      looked.name.startsWith(PICTURE) ? h("span", { class: "title" }, looked.title) :
        h("a", { class: "title", href: `/work?id=${encodeURIComponent(looked.name)}` }, looked.title),
      h("span", { class: "by" }, looked.by),
      h("div", { class: "row" },
        first && image && boxButton(picture, parameters, region),
        region && h("button", { id: "whole", onclick: () => search(set(asked(), "region")) }, "The whole picture"),
        h("button", { id: `remove-${role}-${at}`, onclick: remove, "aria-label": `Do not ask for ${looked.title}` }, "Remove"))));
  if (region && image) openBox(picture, region);
  return one;
}

/** Drawing starts with the button, for the keyboard, or with the pointer on the picture itself. */
function boxButton(picture, parameters, region) {
  const take = debounce(350, (text) => search(set(asked(), "region", text)));
  const start = (text) => openBox(picture, text, take);
  queueMicrotask(() => start(region));
  return h("button", { id: "part", onclick: () => start(region ?? "0.25,0.25,0.5,0.5").frame.focus() },
    region ? "Move the part" : "Search by a part");
}

function sliders(parameters, info, looked) {
  const weights = new Map();
  for (const text of parameters.getAll("by")) {
    const [aspect, weight = "1"] = text.split("=");
    weights.set(aspect, Number(weight));
  }
  if (!weights.size) weights.set("visual", 1);
  const change = debounce(250, (aspect, value) => {
    const next = new Map(weights);
    if (value > 0) next.set(aspect, value);
    else next.delete(aspect);
    if (!next.size) {
      say("One way to be alike is needed");
      next.set("visual", 1);
    }
    const by = info.aspects.filter((name) => next.has(name)).map((name) => next.get(name) === 1 ? name : `${name}=${next.get(name)}`);
    search(by.length === 1 && by[0] === "visual" ? set(asked(), "by") : set(asked(), "by", ...by));
  });
  const rows = info.aspects.map((aspect) => {
    const has = looked.every((each) => each.aspects.includes(aspect));
    const value = weights.get(aspect) ?? 0;
    const output = h("output", { for: `by-${aspect}` }, value ? String(value) : "off");
    const why = { face: "no head was found in it", pose: "no body was found in it" }[aspect] ?? "not measured in it";
    return h("div", { class: "way" },
      h("span", { class: `dot ${aspect}`, "aria-hidden": "true" }),
      h("label", { for: `by-${aspect}` }, ASPECTS[aspect] ?? aspect),
      h("input", { type: "range", id: `by-${aspect}`, min: 0, max: 2, step: 0.25, value, disabled: !has && !value,
        "aria-valuetext": value ? String(value) : "off",
        oninput: (event) => {
          const text = Number(event.target.value) ? event.target.value : "off";
          output.textContent = text;
          event.target.setAttribute("aria-valuetext", text);
          change(aspect, Number(event.target.value));
        } }),
      has || value ? output : h("span", { class: "quiet why" }, why));
  });
  const works = parameters.getAll("like").every((name) => !name.startsWith(PICTURE));
  return h("fieldset", {}, h("legend", {}, "Alike in which way"), rows,
    works && h("label", { class: "check" },
      h("input", { type: "checkbox", id: "other-artists", checked: parameters.has("other_artists"),
        onchange: (event) => search(set(asked(), "other_artists", ...(event.target.checked ? ["true"] : []))) }),
      "Only other artists"));
}
