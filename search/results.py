"""The results of a search and of an explanation, as Python users and the command line get them."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from artextract.store import Store
from search.answer import Answer, Result
from search.images import ImageReader
from search.query import Query, caption_of

if TYPE_CHECKING:
    import polars

    from artextract.catalog.writing.entries import Saved
    from search.explain import Reason
    from search.reading import QueryReader

_EXPLAINED_SIDE = 720
"""Longest side in pixels of the images on the page of an explanation."""


class SearchResults(Sequence[Result]):
    """The artworks that were found, best first; a notebook shows them as a contact sheet.

    Attributes:
        answer: The request, its encoded queries and the results.
        matching: How many artworks satisfy the filters.
        images: Reads the images of the results; ``images.unreadable`` are those for which their
            thumbnails were shown.
    """

    def __init__(self, store: Store, answer: Answer, images: ImageReader) -> None:
        self._store = store
        self.answer = answer
        self.matching = answer.matching
        self.images = images

    def __len__(self) -> int:
        return len(self.answer.results)

    @overload
    def __getitem__(self, index: int) -> Result: ...

    @overload
    def __getitem__(self, index: slice) -> "SearchResults": ...

    def __getitem__(self, index: int | slice) -> "Result | SearchResults":
        if isinstance(index, int):
            return self.answer.results[index]
        some = replace(self.answer, results=self.answer.results[index])
        return SearchResults(self._store, some, self.images)

    def __repr__(self) -> str:
        lines = [f"{len(self)} of {self.matching} artworks"]
        for each in self:
            score = "" if each.score is None else f"{each.score:.3f}  "
            lines.append(f"{each.rank:>3}  {score}{caption_of(each.artwork)}  ({each.artwork.id})")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return a contact sheet of thumbnails with captions and scores."""
        import html

        points = [each.point_id for each in self]
        records = self._store.retrieve(points, keys=["thumbnail"])
        cells = []
        for each in self:
            caption = html.escape(caption_of(each.artwork))
            thumbnail = str(records[each.point_id].payload.get("thumbnail", ""))
            score = "" if each.score is None else f" · {each.score:.3f}"
            cells.append(
                '<figure style="width:180px;margin:0">'
                f'<img src="{html.escape(thumbnail)}" alt="{caption}" '
                'style="max-width:180px;max-height:180px">'
                f"<figcaption>{each.rank}{score}<br>{caption}</figcaption>"
                "</figure>"
            )
        return (
            f"<p>{len(self)} of {self.matching} artworks</p>"
            f'<div style="display:flex;flex-wrap:wrap;gap:16px">{"".join(cells)}</div>'
        )

    def thumbnails(self) -> ImageReader:
        """Return a reader of small images, which does not note those that are unreadable."""
        return ImageReader(self._store)

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the results as plain JSON values, the same keys in each."""
        from search.render.table import to_rows

        return to_rows(self.answer)

    def to_polars(self) -> "polars.DataFrame":
        """Return the results as a table; the cosine of an aspect is a column "aspects.NAME"."""
        import polars

        from search.render.table import to_flat_rows

        rows, columns = to_flat_rows(self.answer)
        if not rows:
            return polars.DataFrame(schema=columns)
        return polars.DataFrame(rows, infer_schema_length=None).select(columns)

    def to_html(self, path: str | Path) -> None:
        """Write a page with the images, which needs no other file and no network.

        Raises:
            InputError: the file can't be written.
        """
        from search.render.gallery import save_gallery

        save_gallery(Path(path), self._store, self.answer, self.images)

    def to_sheet(self, path: str | Path) -> None:
        """Write a contact sheet as PNG or JPEG, by the file's ending.

        Raises:
            InputError: the file can't be written, or has another ending.
        """
        from search.render.contact_sheet import check_sheet, save_sheet

        check_sheet(Path(path), len(self))
        save_sheet(Path(path), self.answer, self.images)

    def save(self, path: str | Path) -> "Saved":
        """Write the results with all that is known of them; return what the file holds.

        The ending names the format: .csv, .jsonl, .parquet, or .json for an IIIF manifest.

        Raises:
            InputError: there is nothing to write, or the file can't be written.
        """
        from artextract.catalog.writing.entries import Entry
        from artextract.catalog.writing.save import save_entries

        answer = self.answer
        label = [*(f"similar to {query.label}" for query in answer.like),
                 *answer.request.filters.describe()]  # fmt: skip
        entries = [Entry(r.point_id, r.payload, r.rank, r.score, r.aspects) for r in self]
        return save_entries(
            Path(path),
            entries,
            self._store.manifest.model,
            label=", ".join(label) or "All artworks",
            ranked=True,
            force=True,
        )


class Explanation(list["Reason"]):
    """Why two artworks match: a reason for each aspect."""

    def __init__(
        self,
        queries: "tuple[Query, Query]",
        reasons: "Sequence[Reason]",
        reader: "QueryReader",
        images: ImageReader,
    ) -> None:
        super().__init__(reasons)
        self._queries = queries
        self._reader = reader
        self._images = images

    def __repr__(self) -> str:
        width = max((len(each.label) for each in self), default=0)
        scores = ("    -" if each.score is None else f"{each.score:5.2f}" for each in self)
        return "\n".join(
            f"{each.label:{width}}  {score}  {each.sentence}"
            for each, score in zip(self, scores, strict=True)
        )

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the reasons as plain JSON values."""
        return [asdict(each) for each in self]

    def to_html(self, path: str | Path) -> None:
        """Write a page with faces, figures, light, colours and similar details drawn.

        Raises:
            InputError: the file can't be written.
            ModelError: the model that compares details can't be loaded.
        """
        from search.explain import find_details
        from search.render.explain_page import save_explanation

        one, other = (self._images.of_query(query, _EXPLAINED_SIDE) for query in self._queries)
        details = find_details(
            lambda image: self._reader.encode(image, ["visual"])[0]["visual"], one, other
        )
        save_explanation(Path(path), self._queries, (one, other), self, details)
