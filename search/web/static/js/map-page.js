/** The map page: every artwork a dot, similar ones near each other; thumbnails where there is room. */

import { artworkAddress, navigate } from "./address.js";
import { API, ApiError, get } from "./api.js";
import { h, setChildren } from "./elements.js";
import { exportArtworks } from "./export.js";
import { byline, colouringLabel, displayValue, plural, titleOf } from "./labels.js";
import { notify } from "./notification.js";
import { addToList } from "./saved-list.js";

// Paul Tol's "muted" and "bright" schemes, distinguishable for colour-blind people
// (https://personal.sron.nl/~pault/), and a grey for all other groups.
const COLOURS = ["#332288", "#cc6677", "#117733", "#ddaa33", "#0077bb", "#aa4499", "#44aa99", "#882255",
  "#999933", "#ee7733", "#66ccee", "#994f00", "#777777"];
const NO_GROUP_COLOUR = "#c9c5bc";
const SELECTION_COLOUR = "#0b63c5";
const MAXIMUM_COORDINATE = 65535;
const THUMBNAILS_SHOWN = 140; // with more artworks in view, only dots are drawn
const THUMBNAILS_CACHED = 600;
const THUMBNAIL_SIDE = 64;
const HIT_DISTANCE = 20; // pixels between the pointer and a dot
const ADDED_TO_LIST = 200;

export async function open(main, info) {
  if (!info.has_map) {
    throw new ApiError(404, `This collection has no map yet. Create it with: artextract collection map --store ${info.name}`);
  }
  const { ids, points, x, y, colours: colourings } = await get("/map");
  const canvas = h("canvas", { tabindex: "0", role: "img", "aria-label": `Map of ${plural(ids.length, "artwork")}. Arrow keys move it, plus and minus zoom. The buttons below select artworks by group.` });
  const tooltip = h("div", { class: "tooltip", hidden: true });
  const legend = h("div", { class: "legend", role: "group", "aria-label": "Groups of artworks" });
  const selectionBar = h("div", { class: "selection", role: "status" });
  const names = Object.keys(colourings);
  let colouring = names.includes("cluster") ? "cluster" : names[0];
  const colouringSelect = h("select", { id: "colour-by", onchange: () => { colouring = colouringSelect.value; showLegend(); draw(); } },
    names.map((name) => h("option", { value: name, selected: name === colouring }, colouringLabel(name))));
  const lassoButton = h("button", { id: "lasso", "aria-pressed": "false", onclick: () => setLasso(!isLassoOn) }, "Select a region");
  setChildren(main, h("h1", { class: "hidden" }, "Map of the collection"),
    h("div", { class: "row controls" }, h("label", { for: "colour-by" }, "Colour by"), colouringSelect, lassoButton,
      h("button", { id: "whole-map", onclick: () => fit() }, "Show whole map"), selectionBar),
    h("div", { class: "map-area" }, canvas, tooltip, h("div", { class: "zoom" },
      h("button", { "aria-label": "Zoom in", onclick: () => zoomAtCentre(1.6) }, "+"), h("button", { "aria-label": "Zoom out", onclick: () => zoomAtCentre(1 / 1.6) }, "−"))),
    legend);

  const view = { scale: 1, left: 0, top: 0 };
  let isLassoOn = false;
  let lasso = []; // points of the outline that is being drawn, in pixels
  let selected = new Set(); // indices of artworks
  let hovered = -1;
  let frame = 0;
  const thumbnails = new Map();
  const details = new Map();

  const rangeOf = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [MAXIMUM_COORDINATE, 0]);
  const [rangeX, rangeY] = [rangeOf(x), rangeOf(y)];

  function fit() {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    view.scale = 0.92 * Math.min(width / (rangeX[1] - rangeX[0] || 1), height / (rangeY[1] - rangeY[0] || 1));
    view.left = width / 2 - (view.scale * (rangeX[0] + rangeX[1])) / 2;
    view.top = height / 2 - (view.scale * (rangeY[0] + rangeY[1])) / 2;
    draw();
  }

  const toScreen = (index) => [view.left + x[index] * view.scale, view.top + y[index] * view.scale];

  function toCanvas({ clientX, clientY }) {
    const bounds = canvas.getBoundingClientRect();
    return [clientX - bounds.left, clientY - bounds.top];
  }

  function zoom(factor, centreX, centreY) {
    const scale = Math.min(Math.max(view.scale * factor, 200 / MAXIMUM_COORDINATE), 60000 / MAXIMUM_COORDINATE);
    view.left = centreX - ((centreX - view.left) * scale) / view.scale;
    view.top = centreY - ((centreY - view.top) * scale) / view.scale;
    view.scale = scale;
    draw();
  }

  const zoomAtCentre = (factor) => zoom(factor, canvas.clientWidth / 2, canvas.clientHeight / 2);

  function pan(byX, byY) {
    view.left += byX;
    view.top += byY;
    draw();
  }

  function draw() {
    if (!frame) frame = requestAnimationFrame(drawFrame);
  }

  function drawFrame() {
    frame = 0;
    const pixelRatio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * pixelRatio) || canvas.height !== Math.round(height * pixelRatio)) {
      canvas.width = Math.round(width * pixelRatio);
      canvas.height = Math.round(height * pixelRatio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    const visible = [];
    for (let index = 0; index < ids.length; index += 1) {
      const [left, top] = toScreen(index);
      if (left > -40 && top > -40 && left < width + 40 && top < height + 40) visible.push(index);
    }
    const radius = Math.min(Math.max(2.2, view.scale * 90), 7);
    const byColour = new Map(); // setting the colour once for each group is much faster
    for (const index of visible) {
      const colour = colourOf(index);
      if (!byColour.has(colour)) byColour.set(colour, []);
      byColour.get(colour).push(index);
    }
    for (const [colour, members] of byColour) {
      context.fillStyle = colour;
      for (const index of members) {
        context.globalAlpha = isDimmed(index) ? 0.22 : 0.9;
        circle(context, index, radius);
        context.fill();
      }
    }
    context.globalAlpha = 1;
    if (visible.length <= THUMBNAILS_SHOWN) for (const index of visible) drawThumbnail(context, index);
    context.lineWidth = 2;
    if (hovered >= 0) {
      context.strokeStyle = "#000";
      circle(context, hovered, radius + 3);
      context.stroke();
    }
    if (lasso.length) {
      context.beginPath();
      for (const [left, top] of lasso) context.lineTo(left, top);
      context.closePath();
      context.fillStyle = `${SELECTION_COLOUR}1f`;
      context.strokeStyle = SELECTION_COLOUR;
      context.fill();
      context.stroke();
    }
    canvas.dataset.visible = visible.length;
  }

  function circle(context, index, radius) {
    context.beginPath();
    context.arc(...toScreen(index), radius, 0, 2 * Math.PI);
  }

  function colourOf(index) {
    const group = colourings[colouring].of[index];
    return group < 0 ? NO_GROUP_COLOUR : COLOURS[group % COLOURS.length];
  }

  const isDimmed = (index) => selected.size > 0 && !selected.has(index);
  const thumbnailAddress = (index) => `${API}/images/${points[index]}?side=192`;

  function drawThumbnail(context, index) {
    let image = thumbnails.get(index);
    if (!image) {
      image = new Image();
      image.onload = draw;
      image.src = thumbnailAddress(index);
      thumbnails.set(index, image);
      if (thumbnails.size > THUMBNAILS_CACHED) thumbnails.delete(thumbnails.keys().next().value);
    }
    if (!image.complete || !image.naturalWidth) return;
    const [left, top] = toScreen(index);
    const scale = THUMBNAIL_SIDE / Math.max(image.naturalWidth, image.naturalHeight);
    const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale];
    context.globalAlpha = isDimmed(index) ? 0.3 : 1;
    context.fillStyle = colourOf(index);
    context.fillRect(left - width / 2 - 2, top - height / 2 - 2, width + 4, height + 4);
    context.drawImage(image, left - width / 2, top - height / 2, width, height);
    context.globalAlpha = 1;
  }

  /** Return the index of the artwork nearest to the pointer, or -1. */
  function nearest(event) {
    const [pointerX, pointerY] = toCanvas(event);
    let best = -1;
    let bestDistance = HIT_DISTANCE ** 2;
    for (let index = 0; index < ids.length; index += 1) {
      const [left, top] = toScreen(index);
      const distance = (left - pointerX) ** 2 + (top - pointerY) ** 2;
      if (distance < bestDistance) [best, bestDistance] = [index, distance];
    }
    return best;
  }

  async function hover(index) {
    if (index === hovered) return;
    hovered = index;
    draw();
    tooltip.hidden = index < 0;
    if (index < 0) return;
    const [left, top] = toScreen(index);
    tooltip.style.left = `${left > canvas.clientWidth / 2 ? left - 192 : left + 14}px`;
    tooltip.style.top = `${Math.max(4, Math.min(top - 60, canvas.clientHeight - 250))}px`;
    setChildren(tooltip, h("img", { src: thumbnailAddress(index), alt: "" }));
    if (!details.has(index)) details.set(index, get("/works", { id: ids[index] }));
    try {
      const { work } = await details.get(index);
      if (hovered === index) tooltip.append(h("div", { class: "title" }, titleOf(work)), h("div", { class: "muted" }, byline(work)));
    } catch (error) {
      details.delete(index);
      if (!(error instanceof ApiError)) throw error;
    }
  }

  function setLasso(on) {
    isLassoOn = on;
    lassoButton.setAttribute("aria-pressed", on);
    canvas.classList.toggle("lasso", on);
    lasso = [];
    draw();
  }

  const pointers = new Map(); // {pointer id: last position}
  let hasMoved = false;
  canvas.onpointerdown = (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    const position = toCanvas(event);
    pointers.set(event.pointerId, position);
    hasMoved = false;
    if (isLassoOn && pointers.size === 1) lasso = [position];
  };
  canvas.onpointermove = (event) => {
    if (!pointers.has(event.pointerId)) {
      if (event.pointerType === "mouse") hover(nearest(event));
      return;
    }
    const before = pointers.get(event.pointerId);
    const now = toCanvas(event);
    if (Math.hypot(now[0] - before[0], now[1] - before[1]) > 3) hasMoved = true;
    if (!hasMoved && !isLassoOn) return;
    if (pointers.size === 2) {
      const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, position]) => position);
      const distance = (position) => Math.hypot(position[0] - other[0], position[1] - other[1]) || 1;
      zoom(distance(now) / distance(before), ...other);
    } else if (isLassoOn) {
      lasso.push(now);
      draw();
    } else {
      pan(now[0] - before[0], now[1] - before[1]);
    }
    pointers.set(event.pointerId, now);
  };
  canvas.onpointerup = (event) => {
    const wasOnly = pointers.size === 1;
    pointers.delete(event.pointerId);
    if (!wasOnly) return;
    if (isLassoOn && lasso.length > 2) {
      const outline = lasso;
      setLasso(false);
      select([...ids.keys()].filter((index) => isInside(toScreen(index), outline)));
    } else if (!hasMoved && !isLassoOn) {
      const index = nearest(event);
      if (index >= 0) navigate(...artworkAddress(ids[index]).split("?"));
    }
  };
  canvas.onpointercancel = (event) => pointers.delete(event.pointerId);
  canvas.onpointerleave = () => hover(-1);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...toCanvas(event));
  }, { passive: false });
  canvas.onkeydown = (event) => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (step) pan(...step);
    else if (event.key === "+" || event.key === "=") zoomAtCentre(1.4);
    else if (event.key === "-") zoomAtCentre(1 / 1.4);
    else return;
    event.preventDefault();
  };

  function select(indices) {
    selected = new Set(indices);
    draw();
    if (!indices.length) {
      setChildren(selectionBar);
      notify("No artwork in this region");
      return;
    }
    setChildren(selectionBar, h("strong", {}, `${plural(indices.length, "artwork")} selected`),
      h("button", { id: "selection-export", onclick: () => exportArtworks(indices.map((index) => ({ id: ids[index] })), "csv") }, "Export CSV"),
      h("button", { id: "selection-add", onclick: () => addSelection(indices) }, "Add to list"),
      h("button", { id: "selection-clear", onclick: () => { selected = new Set(); setChildren(selectionBar); draw(); } }, "Clear selection"));
  }

  async function addSelection(indices) {
    const artworks = await Promise.all(indices.slice(0, ADDED_TO_LIST).map(async (index) => {
      const { work, images } = await get("/works", { id: ids[index] });
      return { ...work, image: images[0].image, width: images[0].width, height: images[0].height };
    }));
    const limit = indices.length > ADDED_TO_LIST ? `; only the first ${ADDED_TO_LIST} can be added` : "";
    notify(`${plural(addToList(artworks), "artwork")} added to your list${limit}`);
  }

  function showLegend() {
    const { names: groups, of } = colourings[colouring];
    setChildren(legend, groups.map((name, group) => {
      const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.setProperty("--colour", COLOURS[group % COLOURS.length]);
      const members = [...of.keys()].filter((index) => of[index] === group);
      const label = displayValue(colouring, name);
      return h("button", { id: `group-${group}`, onclick: () => select(members), "aria-label": `Select ${label}, ${plural(members.length, "artwork")}` },
        swatch, `${label} (${members.length.toLocaleString("en")})`);
    }));
  }

  const resizeObserver = new ResizeObserver(draw);
  resizeObserver.observe(canvas);
  showLegend();
  fit();
  return () => {
    resizeObserver.disconnect();
    cancelAnimationFrame(frame);
  };
}

/** Return whether a point is inside a polygon: whether a ray from it crosses the outline an odd number of times. */
function isInside([left, top], polygon) {
  let inside = false;
  for (let index = 0, previous = polygon.length - 1; index < polygon.length; previous = index++) {
    const [x1, y1] = polygon[index];
    const [x2, y2] = polygon[previous];
    if (y1 > top !== y2 > top && left < ((x2 - x1) * (top - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}
