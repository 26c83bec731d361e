/** Why two works match, aspect by aspect, with drawings on request. */

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { ASPECTS, titleOf } from "./names.js";

export async function showReasons(place, one, other, { pictures = false } = {}) {
  const reasons = await get("/explain", { one: one.id, other: other.id });
  const close = h("button", { onclick: () => fill(place), "aria-label": "Close why they match" }, "Close");
  const panel = h("section", { class: "why-panel", tabindex: "-1", "aria-label": `Why ${titleOf(other)} matches` },
    h("div", { class: "row" }, h("h3", {}, `“${titleOf(one)}” and “${titleOf(other)}”`), close),
    pictures && h("div", { class: "pair" }, [one, other].map((work) => h("figure", {},
      h("img", { src: `${work.image}?side=960`, alt: titleOf(work) }), h("figcaption", {}, titleOf(work))))),
    h("ul", { class: "reasons" }, reasons.map(reason)));
  fill(place, panel);
  panel.focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
}

function reason({ aspect, score, sentence, drawings }) {
  const place = h("div", { class: "pair", hidden: true });
  const draw = drawings.length > 0 && h("button", { class: "link", "aria-expanded": "false", onclick: () => {
    place.hidden = !place.hidden;
    draw.setAttribute("aria-expanded", !place.hidden);
    if (!place.hidden && !place.children.length) place.append(...drawings.map((address) => h("img", { src: `${address}&side=960`, alt: `${ASPECTS[aspect] ?? aspect} drawn` })));
  } }, "Draw");
  return h("li", {}, h("span", { class: `dot ${aspect}`, "aria-hidden": "true" }), h("strong", {}, ASPECTS[aspect] ?? aspect),
    h("span", {}, score === null ? "–" : score.toFixed(2)), h("span", { class: "sentence" }, sentence, " ", draw), place);
}
