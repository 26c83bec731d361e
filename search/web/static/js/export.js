/** Export artworks as a file that the browser downloads. */

import { getExport } from "./api.js";
import { h } from "./elements.js";
import { plural } from "./labels.js";
import { notify, notifyError } from "./notification.js";

/** Download artworks in a format of `getExport`, and notify of success or failure. */
export async function exportArtworks(artworks, format) {
  try {
    save(await getExport(artworks.map((artwork) => artwork.id), format), `works.${format === "iiif" ? "json" : format}`);
    notify(`Exported ${plural(artworks.length, "artwork")}`);
  } catch (error) {
    notifyError(error);
  }
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
