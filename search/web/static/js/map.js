/** The map: every work a dot, alike ones side by side; pictures where there is room for them. */

import { API, get, Refused } from "./api.js";
import { go, workAddress } from "./address.js";
import { fill, h, plural, say } from "./dom.js";
import { keep } from "./keep.js";
import { write } from "./list.js";
import { byline, read, titleOf } from "./names.js";

// Paul Tol's "muted" and "bright" schemes, told apart by colour-blind people too
// (https://personal.sron.nl/~pault/), and a grey for all the rest.
const COLOURS = ["#332288", "#cc6677", "#117733", "#ddaa33", "#0077bb", "#aa4499", "#44aa99", "#882255",
  "#999933", "#ee7733", "#66ccee", "#994f00", "#777777"];
const NONE = "#c9c5bc";
const SPAN = 65535;
const MOST_PICTURES = 140;
const MOST_KEPT_PICTURES = 600;

export async function open(main, info) {
  if (!info.has_map) {
    throw new Refused(404, "This collection has no map yet. Make one with: artextract map --store " + info.name);
  }
  const { ids, points, x, y, colours } = await get("/map");
  const canvas = h("canvas", { tabindex: "0", role: "img", "aria-label": `Map of ${plural(ids.length, "work")}. Arrow keys move it, plus and minus zoom. The names below choose works by group.` });
  const tip = h("div", { class: "tip", hidden: true });
  const legend = h("div", { class: "legend", role: "group", "aria-label": "Groups of works" });
  const chosenBar = h("div", { class: "chosen", role: "status" });
  const ways = Object.keys(colours);
  let way = ways.includes("cluster") ? "cluster" : ways[0];
  const select = h("select", { id: "colour-by", onchange: () => { way = select.value; showLegend(); draw(); } },
    ways.map((name) => h("option", { value: name, selected: name === way }, name)));
  const lassoButton = h("button", { id: "lasso", "aria-pressed": "false", onclick: () => lassoing(!drawing) }, "Draw a region");
  const zoomBy = (factor) => { zoom(factor, canvas.clientWidth / 2, canvas.clientHeight / 2); };
  fill(main, h("h1", { class: "hidden" }, "Map of the collection"),
    h("div", { class: "row controls" }, h("label", { for: "colour-by" }, "Colour by"), select, lassoButton,
      h("button", { id: "whole-map", onclick: () => fit() }, "Whole map"), chosenBar),
    h("div", { class: "stage" }, canvas, tip, h("div", { class: "zoom" },
      h("button", { "aria-label": "Zoom in", onclick: () => zoomBy(1.6) }, "+"), h("button", { "aria-label": "Zoom out", onclick: () => zoomBy(1 / 1.6) }, "−"))),
    legend);

  const view = { scale: 1, left: 0, top: 0 };
  let drawing = false;
  let outline = [];
  let chosen = new Set();
  let hovered = -1;
  let waiting = 0;
  const pictures = new Map();
  const details = new Map();

  const range = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [SPAN, 0]);
  const [across, down] = [range(x), range(y)];

  function fit() {
    const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
    view.scale = 0.92 * Math.min(wide / (across[1] - across[0] || 1), high / (down[1] - down[0] || 1));
    view.left = wide / 2 - (view.scale * (across[0] + across[1])) / 2;
    view.top = high / 2 - (view.scale * (down[0] + down[1])) / 2;
    draw();
  }
  const toScreen = (at) => [view.left + x[at] * view.scale, view.top + y[at] * view.scale];

  function zoom(factor, atX, atY) {
    const scale = Math.min(Math.max(view.scale * factor, 200 / SPAN), 60000 / SPAN);
    view.left = atX - ((atX - view.left) * scale) / view.scale;
    view.top = atY - ((atY - view.top) * scale) / view.scale;
    view.scale = scale;
    draw();
  }

  const draw = () => { if (!waiting) waiting = requestAnimationFrame(paint); };

  function paint() {
    waiting = 0;
    const dense = devicePixelRatio || 1;
    const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(wide * dense) || canvas.height !== Math.round(high * dense)) {
      canvas.width = Math.round(wide * dense);
      canvas.height = Math.round(high * dense);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, wide, high);
    const visible = [];
    for (let at = 0; at < ids.length; at += 1) {
      const [left, top] = toScreen(at);
      if (left > -40 && top > -40 && left < wide + 40 && top < high + 40) visible.push(at);
    }
    const { of } = colours[way];
    const size = Math.min(Math.max(2.2, view.scale * 90), 7);
    const groups = new Map();
    for (const at of visible) {
      const colour = of[at] < 0 ? NONE : COLOURS[of[at] % COLOURS.length];
      if (!groups.has(colour)) groups.set(colour, []);
      groups.get(colour).push(at);
    }
    for (const [colour, members] of groups) {
      pen.fillStyle = colour;
      for (const at of members) {
        pen.globalAlpha = chosen.size && !chosen.has(at) ? 0.22 : 0.9;
        const [left, top] = toScreen(at);
        pen.beginPath();
        pen.arc(left, top, size, 0, 7);
        pen.fill();
      }
    }
    pen.globalAlpha = 1;
    if (visible.length <= MOST_PICTURES) for (const at of visible) paintPicture(pen, at, of[at]);
    if (hovered >= 0) {
      const [left, top] = toScreen(hovered);
      pen.strokeStyle = "#000";
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(left, top, size + 3, 0, 7);
      pen.stroke();
    }
    if (outline.length) {
      pen.beginPath();
      outline.forEach(([left, top]) => pen.lineTo(left, top));
      pen.closePath();
      pen.fillStyle = "#0b63c51f";
      pen.strokeStyle = "#0b63c5";
      pen.lineWidth = 2;
      pen.fill();
      pen.stroke();
    }
    canvas.dataset.painted = visible.length;
  }

  function paintPicture(pen, at, group) {
    let image = pictures.get(at);
    if (!image) {
      image = new Image();
      image.onload = draw;
      image.src = `${API}/images/${points[at]}?side=192`;
      pictures.set(at, image);
      if (pictures.size > MOST_KEPT_PICTURES) pictures.delete(pictures.keys().next().value);
    }
    if (!image.complete || !image.naturalWidth) return;
    const [left, top] = toScreen(at);
    const scale = 64 / Math.max(image.naturalWidth, image.naturalHeight);
    const [wide, high] = [image.naturalWidth * scale, image.naturalHeight * scale];
    pen.globalAlpha = chosen.size && !chosen.has(at) ? 0.3 : 1;
    pen.fillStyle = group < 0 ? NONE : COLOURS[group % COLOURS.length];
    pen.fillRect(left - wide / 2 - 2, top - high / 2 - 2, wide + 4, high + 4);
    pen.drawImage(image, left - wide / 2, top - high / 2, wide, high);
    pen.globalAlpha = 1;
  }

  function nearest(event) {
    const area = canvas.getBoundingClientRect();
    const [atX, atY] = [event.clientX - area.left, event.clientY - area.top];
    let best = -1;
    let least = 20 ** 2;
    for (let at = 0; at < ids.length; at += 1) {
      const [left, top] = toScreen(at);
      const away = (left - atX) ** 2 + (top - atY) ** 2;
      if (away < least) [best, least] = [at, away];
    }
    return best;
  }

  async function point(at) {
    if (at === hovered) return;
    hovered = at;
    draw();
    tip.hidden = at < 0;
    if (at < 0) return;
    const [left, top] = toScreen(at);
    tip.style.left = `${left > canvas.clientWidth / 2 ? left - 192 : left + 14}px`;
    tip.style.top = `${Math.max(4, Math.min(top - 60, canvas.clientHeight - 250))}px`;
    fill(tip, h("img", { src: `${API}/images/${points[at]}?side=192`, alt: "" }));
    if (!details.has(at)) details.set(at, get("/works", { id: ids[at] }));
    try {
      const { work } = await details.get(at);
      if (hovered === at) tip.append(h("div", { class: "title" }, titleOf(work)), h("div", { class: "quiet" }, byline(work)));
    } catch (error) {
      details.delete(at);
      if (!(error instanceof Refused)) throw error;
    }
  }

  function lassoing(on) {
    drawing = on;
    lassoButton.setAttribute("aria-pressed", on);
    canvas.classList.toggle("lassoing", on);
    outline = [];
    draw();
  }

  const fingers = new Map();
  let moved = false;
  canvas.onpointerdown = (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    const area = canvas.getBoundingClientRect();
    fingers.set(event.pointerId, [event.clientX - area.left, event.clientY - area.top]);
    moved = false;
    if (drawing && fingers.size === 1) outline = [fingers.get(event.pointerId)];
  };
  canvas.onpointermove = (event) => {
    if (!fingers.has(event.pointerId)) {
      if (event.pointerType === "mouse") point(nearest(event));
      return;
    }
    const area = canvas.getBoundingClientRect();
    const before = fingers.get(event.pointerId);
    const now = [event.clientX - area.left, event.clientY - area.top];
    if (Math.hypot(now[0] - before[0], now[1] - before[1]) > 3) moved = true;
    if (!moved && !drawing) return;
    if (fingers.size === 2) {
      const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      const far = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]) || 1;
      zoom(far(now) / far(before), other[0], other[1]);
    } else if (drawing) {
      outline.push(now);
      draw();
    } else {
      view.left += now[0] - before[0];
      view.top += now[1] - before[1];
      draw();
    }
    fingers.set(event.pointerId, now);
  };
  canvas.onpointerup = (event) => {
    const alone = fingers.size === 1;
    fingers.delete(event.pointerId);
    if (!alone) return;
    if (drawing && outline.length > 2) {
      const polygon = outline;
      lassoing(false);
      choose(ids.map((_, at) => at).filter((at) => inside(toScreen(at), polygon)));
    } else if (!moved && !drawing) {
      const at = nearest(event);
      if (at >= 0) go("/work", workAddress(ids[at]).split("?")[1]);
    }
  };
  canvas.onpointercancel = (event) => fingers.delete(event.pointerId);
  canvas.onpointerleave = () => point(-1);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const area = canvas.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.clientX - area.left, event.clientY - area.top);
  }, { passive: false });
  canvas.onkeydown = (event) => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (step) {
      view.left += step[0];
      view.top += step[1];
      draw();
    } else if (event.key === "+" || event.key === "=") zoomBy(1.4);
    else if (event.key === "-") zoomBy(1 / 1.4);
    else return;
    event.preventDefault();
  };

  function choose(members) {
    chosen = new Set(members);
    draw();
    if (!members.length) {
      fill(chosenBar);
      say("No work lies there");
      return;
    }
    const works = members.map((at) => ({ id: ids[at] }));
    fill(chosenBar, h("strong", {}, `${plural(works.length, "work")} chosen`),
      h("button", { id: "map-csv", onclick: () => write(works, "csv") }, "Download CSV"),
      h("button", { id: "map-keep", onclick: () => keepAll(members) }, "Keep"),
      h("button", { id: "map-none", onclick: () => { chosen = new Set(); fill(chosenBar); showLegend(); draw(); } }, "Let go"));
  }

  async function keepAll(members) {
    const some = members.slice(0, 200);
    const works = await Promise.all(some.map(async (at) => {
      const { work, images } = await get("/works", { id: ids[at] });
      return { ...work, image: images[0].image, width: images[0].width, height: images[0].height };
    }));
    say(`${plural(keep(works), "work")} put into your list${members.length > some.length ? "; the first 200 of them" : ""}`);
  }

  function showLegend() {
    const { names, of } = colours[way];
    fill(legend, names.map((name, group) => {
      const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.setProperty("--c", COLOURS[group % COLOURS.length]);
      const members = [];
      of.forEach((each, at) => { if (each === group) members.push(at); });
      return h("button", { id: `group-${group}`, onclick: () => choose(members), "aria-label": `Choose ${read(way, name)}, ${plural(members.length, "work")}` },
        swatch, `${read(way, name)} (${members.length.toLocaleString("en")})`);
    }));
  }

  const resized = new ResizeObserver(() => draw());
  resized.observe(canvas);
  showLegend();
  fit();
  return () => {
    resized.disconnect();
    cancelAnimationFrame(waiting);
  };
}

/** Whether a point lies inside a polygon: by how often a ray from it crosses the outline. */
function inside([left, top], polygon) {
  let within = false;
  for (let at = 0, before = polygon.length - 1; at < polygon.length; before = at++) {
    const [x1, y1] = polygon[at];
    const [x2, y2] = polygon[before];
    if (y1 > top !== y2 > top && left < ((x2 - x1) * (top - y1)) / (y2 - y1) + x1) within = !within;
  }
  return within;
}
