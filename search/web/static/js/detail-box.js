/** A box that selects a detail of an image, by pointer or with the arrow keys. */

import { h } from "./elements.js";

const MINIMUM_SIDE = 0.05;
const STEP = 0.02;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

const MIDDLE = [0.25, 0.25, 0.5, 0.5];

/**
 * Open a box on the element `area`, without one at first; `onChange` is called with each region
 * that the visitor selects, "x,y,width,height" as fractions of the image.
 *
 * A mouse draws a box anywhere on the image. A finger scrolls the page there, but moves and
 * resizes a box that is shown.
 */
export function openDetailBox(area, onChange) {
  const corner = h("span", { class: "corner", "aria-hidden": "true" });
  const element = h("div", { class: "detail-box", hidden: true }, corner);
  area.append(element);
  let box = null;
  let isEditable = false;
  let isHeld = false; // a pointer is drawing or moving it

  function place() {
    element.hidden = box === null;
    if (box === null) return;
    const [left, top, width, height] = box.map((value) => `${value * 100}%`);
    Object.assign(element.style, { left, top, width, height });
    const [x, y, wide, high] = box.map((value) => `${Math.round(value * 100)} %`);
    element.setAttribute("aria-label", `Selected detail: ${x} from the left, ${y} from the top, ${wide} wide, ${high} high. Arrow keys move it; with Shift they resize it.`);
  }

  const report = () => onChange(box.map((value) => Number(value.toFixed(3))).join(","));

  element.onkeydown = (event) => {
    const move = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!move || !isEditable) return;
    event.preventDefault();
    const [x, y, width, height] = box;
    box = event.shiftKey
      ? [x, y, clamp(width + move[0], MINIMUM_SIDE, 1 - x), clamp(height + move[1], MINIMUM_SIDE, 1 - y)]
      : [clamp(x + move[0], 0, 1 - width), clamp(y + move[1], 0, 1 - height), width, height];
    place();
    report();
  };
  area.onpointerdown = (event) => {
    const isOnBox = element.contains(event.target);
    if (!isEditable || event.button || (event.pointerType !== "mouse" && !isOnBox)) return;
    event.preventDefault();
    const bounds = area.getBoundingClientRect();
    const positionOf = ({ clientX, clientY }) =>
      [clamp((clientX - bounds.left) / bounds.width, 0, 1), clamp((clientY - bounds.top) / bounds.height, 0, 1)];
    const before = box;
    const moves = isOnBox && event.target !== corner;
    const [startX, startY] = isOnBox && !moves ? before : positionOf(event);
    isHeld = true;
    area.setPointerCapture(event.pointerId);
    area.onpointermove = (moved) => {
      const [x, y] = positionOf(moved);
      box = moves
        ? [clamp(before[0] + x - startX, 0, 1 - before[2]), clamp(before[1] + y - startY, 0, 1 - before[3]), before[2], before[3]]
        : [Math.min(x, startX), Math.min(y, startY), Math.abs(x - startX), Math.abs(y - startY)];
      place();
    };
    area.onpointerup = area.onpointercancel = (ended) => {
      isHeld = false;
      area.onpointermove = area.onpointerup = area.onpointercancel = null;
      if (ended.type === "pointercancel" || (box && (box[2] < MINIMUM_SIDE || box[3] < MINIMUM_SIDE))) {
        box = before;
        place();
      } else if (box && box !== before) {
        report();
      }
    };
  };

  /** Show a region, or no box for null; `editable` says whether the visitor can change it. */
  function show(region, editable) {
    isEditable = editable;
    area.classList.toggle("selectable", editable);
    element.classList.toggle("editable", editable);
    if (editable) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
    element.setAttribute("role", editable ? "application" : "img");
    if (isHeld) return;
    box = region ? region.split(",").map(Number) : null;
    place();
  }

  /** Focus the box, one in the middle where there was none. */
  function focus() {
    if (box === null) box = MIDDLE;
    place();
    element.focus();
  }
  return { show, focus };
}
