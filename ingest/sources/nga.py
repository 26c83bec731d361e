"""The National Gallery of Art: objects from its tables, images by IIIF."""

from collections.abc import Iterator
from dataclasses import dataclass

from artextract.errors import CatalogError
from ingest.sources.iiif import ImageServer, image_request
from ingest.sources.item import Failure, Item
from ingest.sources.nga_record import Constituents, make_artwork, request_side
from ingest.sources.nga_tables import Selection, Tables, select


@dataclass(frozen=True, slots=True, kw_only=True)
class _NgaItem(Item):
    """An image on an IIIF server."""

    server: ImageServer
    url: str
    modified: str

    @property
    def version(self) -> str:
        """The image's public URL and when it was last changed."""
        return f"{self.artwork.image_url} {self.modified}".strip()

    def read(self) -> bytes:
        """Return the image from the cache or the server."""
        return self.server.read(self.url, self.version)

    def discard(self) -> None:
        """Remove the image from the cache."""
        self.server.forget(self.version)


class NgaSource:
    """Yields the images of the selected objects.

    ``iiif`` is the base URL of another image server with the same images under their uuid; the
    collection still gets the URLs of the tables.
    """

    def __init__(
        self,
        tables: Tables,
        selection: Selection,
        server: ImageServer,
        *,
        side: int,
        iiif: str | None = None,
    ) -> None:
        """Select from ``tables``; images are requested with ``side`` pixels as longest side.

        Raises:
            CatalogError: a table can't be read, or no object is left.
        """
        self._works = select(tables, selection)
        self._known = Constituents(self._works.constituents.iter_rows(named=True))
        self._server = server
        self._side = side
        self._iiif = iiif.rstrip("/") if iiif else None
        if not self._works.count:
            self._refuse_nothing(tables, selection)

    def _refuse_nothing(self, tables: Tables, selection: Selection) -> None:
        hint = "choose another `classification` or `department`, or `all_rights`"
        if not selection.all_rights and not tables.has("published_images", "openaccess"):
            hint = (
                "table published_images has no column 'openaccess', so no image is known to be "
                "open: use newer tables, or `all_rights`"
            )
        steps = ", ".join(f"{left:,} {step}" for step, left in self._works.funnel)
        raise CatalogError(f"no object is left to ingest ({steps}); {hint}")

    @property
    def name(self) -> str:
        """The name of the gallery's source, "nga"."""
        return "nga"

    def count(self) -> int:
        """Return the number of images."""
        return self._works.count

    def describe(self) -> list[str]:
        """Return how many objects were left after each step of the selection, as text."""
        lines = []
        before = None
        for step, left in self._works.funnel:
            fell = "" if before is None else f"  ({before - left:,} left out)"
            lines.append(f"{left:>9,} objects {step}{fell}")
            before = left
        lines.append(f"{self._works.count:>9,} images of these objects")
        return lines

    def __iter__(self) -> Iterator[Item | Failure]:
        for row in self._works:
            artwork = make_artwork(row, self._known, self._side)
            service = f"{self._iiif}/{row['uuid']}" if self._iiif else artwork.iiif or ""
            url = image_request(service, request_side(row, self._side))
            yield _NgaItem(
                artwork, None, server=self._server, url=url, modified=row["modified"] or ""
            )
