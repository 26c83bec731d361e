/** Why two artworks match: a score and a sentence for each aspect, with drawings on request. */

import { get } from "./api.js";
import { h, setChildren } from "./elements.js";
import { aspectLabel, titleOf } from "./labels.js";

const requests = new WeakMap(); // the latest request of each container

export function hideExplanation(container) {
  requests.delete(container);
  setChildren(container);
}

/** Show the explanation in `container`, with both images if `images` is true. */
export async function showExplanation(container, one, other, { images = false } = {}) {
  const request = {};
  requests.set(container, request);
  const reasons = await get("/explain", { one: one.id, other: other.id });
  if (requests.get(container) !== request) return; // it is hidden again, or another one is shown
  const panel = h("section", { class: "explanation", tabindex: "-1", "aria-label": `Why ${titleOf(other)} is similar` },
    h("div", { class: "row" }, h("h3", {}, `“${titleOf(one)}” and “${titleOf(other)}”`),
      h("button", { onclick: () => hideExplanation(container), "aria-label": "Close the explanation" }, "Close")),
    images && h("div", { class: "pair" }, [one, other].map((artwork) => h("figure", {},
      h("img", { src: `${artwork.image}?side=960`, alt: titleOf(artwork) }), h("figcaption", {}, titleOf(artwork))))),
    h("ul", { class: "reasons" }, reasons.map(reasonRow)));
  setChildren(container, panel);
  panel.focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
}

function reasonRow({ aspect, score, sentence, drawings }) {
  const label = aspectLabel(aspect);
  const pair = h("div", { class: "pair", hidden: true });
  const button = drawings.length > 0 && h("button", { class: "link", "aria-expanded": "false", "aria-label": `Show drawings: ${label}`, onclick: () => {
    pair.hidden = !pair.hidden;
    button.setAttribute("aria-expanded", !pair.hidden);
    if (!pair.children.length) pair.append(...drawings.map((address) => h("img", { src: `${address}&side=960`, alt: `Drawing: ${label}` })));
  } }, "Show drawings");
  return h("li", {}, h("span", { class: `dot ${aspect}`, "aria-hidden": "true" }), h("strong", {}, label),
    h("span", {}, score === null ? "–" : score.toFixed(2)), h("span", { class: "sentence" }, sentence, " ", button), pair);
}
