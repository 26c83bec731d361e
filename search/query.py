"""What a query is: a file, a URL or an artwork's id, and its embedding."""

import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artextract.catalog.artwork import METADATA_FIELDS, Artwork
from artextract.catalog.names import closest, fold
from artextract.errors import MissingError, QueryError
from artextract.net.fetch import fetch, is_url
from artextract.store import Record, Store, filters
from search.region import Region

if TYPE_CHECKING:
    import PIL.Image

    from artextract.encoding.encoder import Eyes
    from artextract.models.session import Device

__all__ = ["Query", "QueryReader"]

_IDS_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Query:
    """A query and what is known of it.

    ``vectors`` are its embeddings {aspect: unit vector}; ``point_ids`` are its own points where it
    is a work of the collection (they are not an answer to it); ``image`` holds the file's bytes
    where it was a file or a URL. ``payload`` is the work's, or what was seen of the picture.
    """

    label: str
    vectors: dict[str, list[float]]
    artwork: Artwork | None = None
    point_ids: tuple[str, ...] = ()
    image: bytes | None = None
    payload: dict[str, Any] = field(default_factory=dict)


class QueryReader:
    """Turns the text of a query into its vectors, with the models that made the collection.

    Models are loaded when the first picture needs them: a work of the collection needs none.
    """

    def __init__(
        self,
        store: Store,
        *,
        aspects: Sequence[str] = ("visual",),
        model: str | None = None,
        device: "Device" = "auto",
        allow_private: bool = False,
    ) -> None:
        """Read queries for ``store``.

        Args:
            store: The collection.
            aspects: Of which a picture's vectors are wanted.
            model: A file, where a model that gives one of them has been moved.
            device: Where to run them.
            allow_private: Whether a URL may be on the user's own network.
        """
        self._store = store
        self._aspects = aspects
        self._model_name = model
        self._device = device
        self._allow_private = allow_private
        self._eyes: Eyes | None = None

    def read(self, text: str, *, region: Region | None = None) -> Query:
        """Return the query that ``text`` names: a file if there is one, a URL, else a work's id.

        ``region`` is the part of its picture that is looked at; None is all of it.

        Raises:
            QueryError: it is none of the three.
            ImageError: the file or the answer is no picture.
            FetchError: the URL can't be fetched.
        """
        if is_url(text):
            data = fetch(text, allow_private=self._allow_private)
            return self.read_image(text, data, region)
        path = Path(text)
        if _is(path, stat.S_ISREG):
            from artextract.images.opening import read_image_file

            name = path.name.encode("utf-8", "replace").decode("utf-8")
            return self.read_image(name, read_image_file(path), region)
        if _is(path, stat.S_ISDIR):
            raise QueryError(f"{text} is a folder; give one picture, a URL or an artwork's id")
        return self.read_work(text, region, or_file=True)

    def read_work(
        self, artwork_id: str, region: Region | None = None, *, or_file: bool = False
    ) -> Query:
        """Return the query that is a work of the collection, or a part of its picture.

        ``or_file``: an error says that there is no such file, either.

        Raises:
            QueryError: there is no such work.
            ImageError: a part is wanted, and its picture can't be read any more.
        """
        records = self._find(artwork_id)
        if not records:
            self._refuse_artist(artwork_id)
            ids = [value for value, _ in self._store.facet("id", limit=_IDS_LIMIT)]
            near = closest(artwork_id, ids, 2)
            hint = f"; closest ids: {', '.join(near)}" if near else ""
            file = f"there is no file {artwork_id!r}, and " if or_file else ""
            called = "of that id" if or_file else repr(artwork_id)
            raise MissingError(
                f"{file}{'' if file else 'there is '}no work {called} in the collection{hint}"
            )
        first = records[0]  # the primary image, where the work has several
        artwork = Artwork.from_payload(first.payload)
        query = Query(
            label=artwork.title or artwork.id,
            vectors=dict(first.vectors),
            artwork=artwork,
            point_ids=tuple(record.id for record in records),
            payload=dict(first.payload),
        )
        return query if region is None else self._look_at_part(query, region)

    def _look_at_part(self, query: Query, region: Region) -> Query:
        """Return the query for a part of a work's picture, read from where it was ingested from."""
        from search.images import read_original

        image = read_original(query.payload)
        sight = self._loaded_eyes().see(region.cut(image))
        return replace(
            query, vectors=sight.vectors, image=region.cut_file(image), payload=sight.payload
        )

    def _find(self, identifier: str) -> list[Record]:
        """Return the images of the one work called so: by its id, else by any of its numbers.

        Raises:
            QueryError: several works share that number.
        """
        for condition in (
            filters.any_of("id", [identifier]),
            filters.has_term("work_ids", [fold(identifier)]),
        ):
            records = list(self._store.scroll(filters.all_of([condition]), with_vectors=True))
            ids = sorted({record.payload["id"] for record in records})
            if len(ids) > 1:
                raise QueryError(
                    f"{len(ids)} works are called {identifier!r}: {', '.join(ids[:5])}; give one "
                    "of these ids"
                )
            if records:
                return sorted(records, key=lambda record: record.payload.get("view") != "primary")
        return []

    def _refuse_artist(self, identifier: str) -> None:
        """Say how to ask for the works of an artist, where it is he who has this number.

        Raises:
            QueryError: it is an artist's.
        """
        by = filters.all_of([filters.has_term("artist_ids", [fold(identifier)])])
        works = self._store.count_works(by)
        if works:
            raise QueryError(
                f"{identifier!r} is an artist with {works} works here, not a work; list them with "
                f"--artist {identifier}"
            )

    def read_image(self, name: str, data: bytes, region: Region | None = None) -> Query:
        """Return the query that is the picture in ``data``, called ``name``, or a part of it.

        Raises:
            ImageError: it is no picture that can be opened safely.
        """
        from artextract.images.opening import content_hash, open_image

        if region is not None:
            image = open_image(data, name)
            vectors, payload = self._see(region.cut(image))
            return Query(name, vectors, image=region.cut_file(image), payload=payload)
        at_least = self._loaded_eyes().decode_at_least
        vectors, payload = self._see(open_image(data, name, at_least=at_least))
        artwork = self._same_file(vectors, content_hash(data))
        return Query(name, vectors, artwork, image=data, payload=payload)

    def _see(self, image: "PIL.Image.Image") -> tuple[dict[str, list[float]], dict[str, Any]]:
        """Return the vectors that are wanted, and what else is seen of a picture."""
        sight = self._loaded_eyes().see(image)
        wanted = {name: sight.vectors[name] for name in self._aspects if name in sight.vectors}
        return wanted, sight.payload

    def _same_file(self, vectors: Mapping[str, list[float]], digest: str) -> Artwork | None:
        """Return the work whose picture is the very same file, if the collection holds it."""
        keys = (*METADATA_FIELDS, "image_sha256")
        for aspect, vector in vectors.items():
            for hit in self._store.search(vector, aspect=aspect, limit=3, keys=keys):
                if hit.payload["image_sha256"] == digest:
                    return Artwork.from_payload(hit.payload)
            return None
        return None

    def _loaded_eyes(self) -> "Eyes":
        """Return what looks at pictures as the collection's were looked at.

        Raises:
            StoreMismatchError: a model that was found is another one.
            ModelError: one can't be found or loaded, or does not give what is asked for.
        """
        if self._eyes is None:
            from artextract.encoding.loading import load_eyes

            self._eyes = load_eyes(
                self._store.manifest, self._aspects, model=self._model_name, device=self._device
            )
        return self._eyes


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    """Return whether there is something of that kind at ``path``, which may be no path at all."""
    try:
        return kind(path.stat().st_mode)
    except (OSError, ValueError):  # missing, too long, or with a null byte: an id may be all that
        return False
