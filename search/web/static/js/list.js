/** The works that were kept: look at them, compare two, take them along as a file. */

import { download, Refused } from "./api.js";
import { likeAddress, workAddress } from "./address.js";
import { fill, h, plural, say } from "./dom.js";
import { clear, drop, kept } from "./keep.js";
import { byline, titleOf } from "./names.js";
import { showReasons } from "./reasons.js";
import { ratioOf } from "./wall.js";

export function open(main) {
  let chosen = [];
  const head = h("div", { class: "row" });
  const panel = h("div", { class: "compared" });
  const wall = h("div", { class: "wall" });
  fill(main, h("h1", {}, "Your list"), h("p", { class: "quiet" }, "It stays in this browser; the files below are to be kept or sent."), head, panel, wall);

  function show() {
    const works = kept();
    chosen = chosen.filter((id) => works.some((work) => work.id === id));
    const save = (format, label) => h("button", { id: `save-${format}`, disabled: !works.length, onclick: () => write(works, format) }, label);
    const compare = h("button", { class: "main", id: "compare", disabled: chosen.length !== 2, onclick: () => {
      const [one, other] = chosen.map((id) => works.find((work) => work.id === id));
      showReasons(panel, one, other, { pictures: true }).catch(tell);
    } }, "Compare the two");
    fill(head, h("span", { role: "status" }, works.length ? plural(works.length, "work") : "Nothing is kept yet: choose Keep at a work."),
      compare, works.length > 1 && chosen.length !== 2 && h("span", { class: "quiet" }, "Choose two to compare them"),
      save("csv", "CSV"), save("jsonl", "JSON lines"), save("iiif", "IIIF manifest"),
      h("button", { id: "clear", disabled: !works.length, onclick: clear }, "Clear"));
    fill(wall, works.map((work) => tile(work)));
  }

  function tile(work) {
    const title = titleOf(work);
    const figure = h("figure", { class: "tile", "data-id": work.id },
      h("a", { class: "picture", href: workAddress(work.id) }, h("img", { src: `${work.image}?side=480`, alt: "", loading: "lazy" }), h("span", { class: "hidden" }, title)),
      h("figcaption", {}, h("span", { class: "title" }, title), h("span", { class: "by" }, byline(work)),
        h("label", { class: "check" }, h("input", { type: "checkbox", id: `choose-${work.id}`, checked: chosen.includes(work.id),
          disabled: chosen.length === 2 && !chosen.includes(work.id),
          onchange: (event) => {
            chosen = event.target.checked ? [...chosen, work.id] : chosen.filter((id) => id !== work.id);
            show();
          } }), `Compare`, h("span", { class: "hidden" }, title)),
        h("span", { class: "tools" }, h("a", { class: "button", href: likeAddress(work.id), "aria-label": `More like ${title}` }, "More like this"),
          h("button", { onclick: () => drop(work.id), "aria-label": `Remove ${title}` }, "Remove"))));
    figure.style.setProperty("--ratio", ratioOf(work));
    return figure;
  }

  addEventListener("kept", show);
  show();
  return () => removeEventListener("kept", show);
}

export async function write(works, format) {
  try {
    await download(works.map((work) => work.id), format);
    say(`Saved: ${plural(works.length, "work")}`);
  } catch (error) {
    tell(error);
  }
}

function tell(error) {
  if (!(error instanceof Refused)) throw error;
  say(error.message);
}
