/** A box drawn on a picture: by pointer, or by the arrow keys (with Shift, its size). */

import { h } from "./dom.js";

const LEAST = 0.05;
const STEP = 0.02;
const between = (low, value, high) => Math.min(Math.max(value, low), high);

/**
 * Show the box `text` ("x,y,w,h", fractions of the picture, or null) on `picture`; with `take`, it
 * can be drawn and moved, and `take` is called with what it has become.
 */
export function openBox(picture, text, take = null) {
  picture.querySelector(".box")?.remove();
  const frame = h("div", { class: "box" });
  let box = text ? text.split(",").map(Number) : null;

  function place() {
    frame.hidden = box === null;
    if (box === null) return;
    const [x, y, wide, high] = box;
    Object.assign(frame.style, { left: `${x * 100}%`, top: `${y * 100}%`, width: `${wide * 100}%`, height: `${high * 100}%` });
    frame.setAttribute("aria-label", `Part of the picture, ${box.map((value) => `${Math.round(value * 100)} %`).join(", ")} from left and top, wide and high. Arrow keys move it, with Shift they change its size`);
  }

  picture.append(frame);
  place();
  if (!take) return { frame };
  const tell = () => take(box.map((value) => Number(value.toFixed(3))).join(","));
  frame.tabIndex = 0;
  frame.setAttribute("role", "application");
  frame.onkeydown = (event) => {
    const move = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!move) return;
    event.preventDefault();
    let [x, y, wide, high] = box;
    if (event.shiftKey) {
      wide = between(LEAST, wide + move[0], 1 - x);
      high = between(LEAST, high + move[1], 1 - y);
    } else {
      x = between(0, x + move[0], 1 - wide);
      y = between(0, y + move[1], 1 - high);
    }
    box = [x, y, wide, high];
    place();
    tell();
  };
  picture.classList.add("drawable");
  picture.onpointerdown = (event) => {
    if (event.button) return;
    event.preventDefault();
    const area = picture.getBoundingClientRect();
    const at = (one) => [between(0, (one.clientX - area.left) / area.width, 1), between(0, (one.clientY - area.top) / area.height, 1)];
    const start = at(event);
    const inside = box && event.target === frame;
    const before = box;
    picture.setPointerCapture(event.pointerId);
    picture.onpointermove = (moved) => {
      const [x, y] = at(moved);
      if (inside) {
        box = [between(0, before[0] + x - start[0], 1 - before[2]), between(0, before[1] + y - start[1], 1 - before[3]), before[2], before[3]];
      } else {
        box = [Math.min(x, start[0]), Math.min(y, start[1]), Math.abs(x - start[0]), Math.abs(y - start[1])];
      }
      place();
    };
    picture.onpointerup = picture.onpointercancel = () => {
      picture.onpointermove = picture.onpointerup = picture.onpointercancel = null;
      if (box && (box[2] < LEAST || box[3] < LEAST)) {
        box = before;
        place();
      } else if (box && box !== before) {
        tell();
      }
    };
  };
  return { frame };
}
