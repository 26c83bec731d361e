/** A box that selects a detail of an image, by pointer or with the arrow keys. */

import { h } from "./elements.js";

const MINIMUM_SIDE = 0.05;
const STEP = 0.02;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * Show a box on the element `area`; return its element.
 *
 * `region` is "x,y,width,height" as fractions of the image, or null. With `onChange`, the box can
 * be drawn and moved, and `onChange` is called with each new region.
 */
export function showDetailBox(area, region, onChange = null) {
  area.querySelector(".detail-box")?.remove();
  const element = h("div", { class: "detail-box" });
  let box = region ? region.split(",").map(Number) : null;

  function place() {
    element.hidden = box === null;
    if (box === null) return;
    const [left, top, width, height] = box.map((value) => `${value * 100}%`);
    Object.assign(element.style, { left, top, width, height });
    const [x, y, wide, high] = box.map((value) => `${Math.round(value * 100)} %`);
    element.setAttribute("aria-label", `Selected detail: ${x} from the left, ${y} from the top, ${wide} wide, ${high} high. Arrow keys move it; with Shift they resize it.`);
  }

  area.append(element);
  place();
  if (!onChange) return element;
  const report = () => onChange(box.map((value) => Number(value.toFixed(3))).join(","));
  element.tabIndex = 0;
  element.setAttribute("role", "application");
  element.onkeydown = (event) => {
    const move = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!move) return;
    event.preventDefault();
    const [x, y, width, height] = box;
    box = event.shiftKey
      ? [x, y, clamp(width + move[0], MINIMUM_SIDE, 1 - x), clamp(height + move[1], MINIMUM_SIDE, 1 - y)]
      : [clamp(x + move[0], 0, 1 - width), clamp(y + move[1], 0, 1 - height), width, height];
    place();
    report();
  };
  area.classList.add("selectable");
  area.onpointerdown = (event) => {
    if (event.button) return;
    event.preventDefault();
    const bounds = area.getBoundingClientRect();
    const positionOf = ({ clientX, clientY }) =>
      [clamp((clientX - bounds.left) / bounds.width, 0, 1), clamp((clientY - bounds.top) / bounds.height, 0, 1)];
    const [startX, startY] = positionOf(event);
    const moves = box && event.target === element;
    const before = box;
    area.setPointerCapture(event.pointerId);
    area.onpointermove = (moved) => {
      const [x, y] = positionOf(moved);
      box = moves
        ? [clamp(before[0] + x - startX, 0, 1 - before[2]), clamp(before[1] + y - startY, 0, 1 - before[3]), before[2], before[3]]
        : [Math.min(x, startX), Math.min(y, startY), Math.abs(x - startX), Math.abs(y - startY)];
      place();
    };
    area.onpointerup = area.onpointercancel = () => {
      area.onpointermove = area.onpointerup = area.onpointercancel = null;
      if (box && (box[2] < MINIMUM_SIDE || box[3] < MINIMUM_SIDE)) {
        box = before;
        place();
      } else if (box && box !== before) {
        report();
      }
    };
  };
  return element;
}
