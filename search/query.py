"""What a query is: a file, a URL or an artwork's id, and its embedding."""

import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artextract.artwork import METADATA_FIELDS, Artwork
from artextract.errors import ModelError, QueryError, StoreMismatchError
from artextract.fetch import fetch, is_url
from artextract.store import Record, Store, filters
from artextract.text import closest, fold

if TYPE_CHECKING:
    from artextract.inference import Device, OnnxModel
    from artextract.store import ModelIdentity

__all__ = ["Query", "QueryReader"]

_IDS_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Query:
    """A query and what is known of it.

    ``vectors`` are its embeddings {aspect: unit vector}; ``point_ids`` are its own points where it
    is a work of the collection (they are not an answer to it); ``image`` holds the file's bytes
    where it was a file or a URL.
    """

    label: str
    vectors: dict[str, list[float]]
    artwork: Artwork | None = None
    point_ids: tuple[str, ...] = ()
    image: bytes | None = None
    payload: dict[str, Any] = field(default_factory=dict)


class QueryReader:
    """Turns the text of a query into its embedding, with the model that made the collection.

    The model is loaded when the first picture needs it: a work of the collection needs none.
    """

    def __init__(
        self,
        store: Store,
        *,
        aspect: str = "visual",
        model: str | None = None,
        device: "Device" = "auto",
        allow_private: bool = False,
    ) -> None:
        """Read queries for ``store``.

        Args:
            store: The collection.
            aspect: Of which a picture's vector is wanted.
            model: A file, where the model that gives this aspect has been moved.
            device: Where to run it.
            allow_private: Whether a URL may be on the user's own network.
        """
        self._store = store
        self._aspect = aspect
        self._model_name = model
        self._device = device
        self._allow_private = allow_private
        self._model: OnnxModel | None = None

    def read(self, text: str) -> Query:
        """Return the query that ``text`` names: a file if there is one, a URL, else a work's id.

        Raises:
            QueryError: it is none of the three.
            ImageError: the file or the answer is no picture.
            FetchError: the URL can't be fetched.
        """
        if is_url(text):
            data = fetch(text, allow_private=self._allow_private)
            return self._from_image(text, data)
        path = Path(text)
        if _is(path, stat.S_ISREG):
            from artextract.images import read_image_file

            name = path.name.encode("utf-8", "replace").decode("utf-8")
            return self._from_image(name, read_image_file(path))
        if _is(path, stat.S_ISDIR):
            raise QueryError(f"{text} is a folder; give one picture, a URL or an artwork's id")
        return self._from_id(text)

    def _from_id(self, artwork_id: str) -> Query:
        records = self._find(artwork_id)
        if not records:
            self._refuse_artist(artwork_id)
            ids = [value for value, _ in self._store.facet("id", limit=_IDS_LIMIT)]
            near = closest(artwork_id, ids, 2)
            hint = f"; closest ids: {', '.join(near)}" if near else ""
            raise QueryError(
                f"there is no file {artwork_id!r}, and no work of that id in the collection{hint}"
            )
        first = records[0]  # the primary image, where the work has several
        artwork = Artwork.from_payload(first.payload)
        return Query(
            label=artwork.title or artwork.id,
            vectors=dict(first.vectors),
            artwork=artwork,
            point_ids=tuple(record.id for record in records),
            payload=dict(first.payload),
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

    def _from_image(self, name: str, data: bytes) -> Query:
        from artextract.images import content_hash, open_image

        model = self._loaded_model()
        preprocess = model.card.preprocess
        image = open_image(data, name, at_least=preprocess.decode_at_least)
        seen = model.look(preprocess(image)[None])
        vectors = {aspect: rows[0].tolist() for aspect, rows in seen.vectors.items()}
        artwork = self._same_file(vectors[self._aspect], content_hash(data))
        return Query(label=name, vectors=vectors, artwork=artwork, image=data)

    def _same_file(self, vector: list[float], digest: str) -> Artwork | None:
        """Return the work whose picture is the very same file, if the collection holds it."""
        keys = (*METADATA_FIELDS, "image_sha256")
        for hit in self._store.search(vector, aspect=self._aspect, limit=3, keys=keys):
            if hit.payload["image_sha256"] == digest:
                return Artwork.from_payload(hit.payload)
        return None

    def _loaded_model(self) -> "OnnxModel":
        """Return the model that made the collection's vectors of the aspect.

        Raises:
            StoreMismatchError: the model that was found is another one.
            ModelError: it can't be found or loaded, or gives no such vectors.
        """
        if self._model is None:
            manifest = self._store.manifest
            made_with = manifest.model
            if self._aspect != "visual" and manifest.classifier is not None:
                made_with = manifest.classifier
            model = self._load(made_with)
            if self._aspect not in model.card.aspects:
                raise ModelError(
                    f"{model.path} gives no vector of {self._aspect!r}; search --by "
                    f"{' or '.join(model.card.aspects)}"
                )
            self._model = model
        return self._model

    def _load(self, made_with: "ModelIdentity") -> "OnnxModel":
        from artextract.inference import OnnxModel
        from artextract.models import find_model

        if self._model_name is None and made_with.file and not Path(made_with.file).exists():
            raise ModelError(
                f"the collection's model {made_with} is no longer at {made_with.file}; say "
                "where it is with --model"
            )
        file = find_model(self._model_name or made_with.file or made_with.name)
        if file.sha256 != made_with.sha256:
            raise StoreMismatchError(
                f"the collection was made with {made_with}, and {file.path.name} has another "
                f"checksum ({file.sha256[:12]}); name the right file with --model"
            )
        return OnnxModel(file.path, self._device)


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    """Return whether there is something of that kind at ``path``, which may be no path at all."""
    try:
        return kind(path.stat().st_mode)
    except (OSError, ValueError):  # missing, too long, or with a null byte: an id may be all that
        return False
