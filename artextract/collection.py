"""A collection of artworks: the facade for Python, the command line, the page and the demo.

The stages (``search``, ``ingest``) are imported when a method needs them.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from artextract.errors import InputError, QueryError
from artextract.store import ModelIdentity, Store, find_store, open_store
from artextract.store.location import Location

if TYPE_CHECKING:
    from artextract.catalog.writing.entries import Format, Saved
    from artextract.models.session import Device
    from ingest.journal import Journal
    from ingest.pipeline import Summary
    from ingest.sources.iiif import ImageServer
    from ingest.sources.item import Source
    from search.answer import Result
    from search.counts import Count
    from search.query import Query
    from search.reading import QueryReader
    from search.region import Quadrilateral
    from search.request import Example, SearchRequest
    from search.rerank import Features
    from search.results import Explanation, SearchResults

_NGA_SIDE = 640
_CONNECTIONS = 8


def open(
    location: str | Path | Location,
    *,
    model: str | None = None,
    device: "Device" = "cpu",
    api_key: str | None = None,
    grpc: bool = False,
    grpc_port: int | None = None,
    allow_private_addresses: bool = False,
    create: bool = False,
) -> "Collection":
    """Open a collection.

    Args:
        location: Its folder, or http://HOST:6333/COLLECTION of a Qdrant server.
        model: The file of a model of the collection that has been moved.
        device: Where query images are encoded: "cpu", "cuda" or "auto".
        api_key: The key of the server; $QDRANT_API_KEY without it.
        grpc: Whether to call the server by gRPC instead of REST.
        grpc_port: The port of gRPC, which implies ``grpc``; the one after that of REST without it.
        allow_private_addresses: Whether the URL of a query, or of a catalog's image, may be on your
            own network.
        create: Whether there may be no collection yet; :meth:`Collection.ingest` makes it.

    Raises:
        StoreLockedError: another process holds the collection.
        InputError: the location is neither a path nor a URL.
        UnavailableError: the server does not answer.
        StoreError: there is no collection, or it is damaged.
    """
    if not isinstance(location, (str, Path, Location)):
        raise InputError(
            f"`location` is {location!r}; expected the folder of a collection, or "
            "http://HOST:6333/COLLECTION of a Qdrant server"
        )
    if not isinstance(location, Location):
        known = Location.of(str(location))
        location = Location(
            str(location), api_key=api_key or known.api_key, grpc=grpc, grpc_port=grpc_port
        )
    return Collection(
        find_store(location) if create else open_store(location),
        location=location,
        model=model,
        device=device,
        allow_private_addresses=allow_private_addresses,
    )


class Collection:
    """An open collection; all methods but ``ingest`` and ``close`` are safe in several threads.

    It is a context manager: leaving it closes the collection. ``len()`` is the number of artworks.
    """

    def __init__(
        self,
        store: Store | None,
        *,
        location: Location | None = None,
        model: str | None = None,
        device: "Device" = "cpu",
        allow_private_addresses: bool = False,
    ) -> None:
        """Take an open store, which the collection closes; :func:`open` is the usual way.

        ``location`` is needed where there is no store yet, or its server needs credentials. For the
        others see :func:`open`.
        """
        from search.request import signature

        if location is None:
            assert store is not None, "either a store or its location is needed"
            location = Location.of(store.location)
        self.location = location
        self._store = store
        self._settings = {
            "model": model,
            "device": device,
            "allow_private": allow_private_addresses,
        }
        self._reader: QueryReader | None = None
        Collection.search.__signature__ = signature()  # type: ignore[attr-defined]

    @property
    def store(self) -> Store:
        """The open store.

        Raises:
            StoreError: there is none, or it can't be opened.
        """
        if self._store is None:
            self._store = open_store(self.location)
        return self._store

    @property
    def reader(self) -> "QueryReader":
        """The reader of query images."""
        if self._reader is None:
            from search.reading import QueryReader

            self._reader = QueryReader(self.store, **self._settings)  # type: ignore[arg-type]
        return self._reader

    # What it is

    @property
    def name(self) -> str:
        """The last part of the folder or the URL."""
        return self.location.name

    @property
    def aspects(self) -> list[str]:
        """The aspects that artworks can be compared by."""
        return list(self.store.manifest.vectors)

    @property
    def model(self) -> ModelIdentity:
        """The model that made the embeddings."""
        return self.store.manifest.model

    def __len__(self) -> int:
        return self.store.count_works()

    def __repr__(self) -> str:
        return (
            f"Collection({str(self.location)!r}: {len(self)} artworks, {', '.join(self.aspects)})"
        )

    # Reading

    def search(
        self, query: "Example | SearchRequest | None" = None, **fields: Any
    ) -> "SearchResults":
        """Find artworks similar to a query image, or, without one, those that the filters describe.

        Example: ``collection.search("lilies.jpg", artist="Claude Monet", years=(1870, 1890))``

        Args:
            query: A file, a URL, the id of an artwork, the bytes of an image file, a PIL image, or
                a whole request.
            **fields: The fields of :class:`~search.request.SearchRequest` and of
                :class:`~search.request.SearchFilters`; ``help(artextract.SearchFilters)`` lists
                them.

        Raises:
            QueryError: a field is not understood, or a name is not in the collection.
            ImageError: the query image can't be opened.
            FetchError: the query's URL can't be fetched.
        """
        from search.engine import search as search_images
        from search.images import ImageReader
        from search.photograph import search_photograph
        from search.request import SearchRequest
        from search.results import SearchResults

        if isinstance(query, SearchRequest) and fields:
            raise QueryError(
                f"a whole request and `{'`, `'.join(fields)}` were given; give all fields in the "
                "request"
            )
        request = query if isinstance(query, SearchRequest) else SearchRequest.of(query, **fields)
        images = ImageReader(self.store)
        search = search_photograph if request.photograph else search_images
        if not request.verify:
            return SearchResults(self.store, search(self.store, self._encode(request)), images)
        from functools import cache

        from artextract.packages import check_opencv
        from search.rerank import CANDIDATES, SIDE, find_features, verify

        check_opencv("`verify`")
        encoded = self._encode(request, limit=max(request.limit, CANDIDATES))
        answer = search(self.store, encoded)

        @cache
        def query_features(corners: "Quadrilateral | None") -> "Features":
            return find_features(images.of_query(answer.like[0], SIDE, corners))

        verified = verify(
            answer,
            lambda result: query_features(result.corners),
            lambda result: find_features(images.of_result(result, SIDE)),
            limit=request.limit,
        )
        return SearchResults(self.store, verified, images)

    def _encode(self, request: "SearchRequest", **changes: Any) -> "SearchRequest":
        """Return the request with its query images encoded."""
        from dataclasses import replace

        from search.engine import check_aspects

        check_aspects(self.store, request.weights)
        aspects = list(request.weights)
        like = [
            self.reader.read(
                example, aspects=aspects, region=None if at else request.part,
                photograph=request.photograph,
            )
            for at, example in enumerate(request.like)
        ]  # fmt: skip
        unlike = [self.reader.read(example, aspects=aspects) for example in request.unlike]
        return replace(request, like=like, unlike=unlike, **changes)

    def get(self, artwork_id: str) -> "Result":
        """Return an artwork by its id, accession number or Wikidata id, with its facts.

        Raises:
            MissingError: there is none.
        """
        from search.engine import list_points

        query = self.reader.read_artwork(artwork_id)
        return list_points(self.store, query.point_ids[:1])[0]

    def facets(self, *fields: str, top: int = 10, **filters: Any) -> "dict[str, list[Count]]":
        """Count the commonest values of fields among the artworks that satisfy filters.

        Args:
            *fields: Names of filters, such as "artist" and "colour"; none stands for all that have
                values. The filter of a field itself is left out when its values are counted.
            top: Maximum number of values of each field.
            **filters: See :meth:`search`.

        Raises:
            QueryError: there is no such field, or a filter is not understood.
        """
        from search.counts import Counter
        from search.request import SearchFilters

        if not isinstance(top, int) or isinstance(top, bool) or top < 1:
            raise QueryError(f"`top` is {top!r}; expected a whole number of 1 or more")
        counter, request = Counter(self.store), SearchFilters.of(**filters)
        return {
            field: counter.count(field, request, top=top) for field in fields or counter.present()
        }

    def explain(self, one: "Example", other: "Example") -> "Explanation":
        """Say why two artworks match: a score and a sentence for each aspect.

        Raises:
            QueryError: one of them is not found.
            ImageError: one of the images can't be opened.
        """
        from search.explain import explain
        from search.images import ImageReader
        from search.results import Explanation

        queries = (self.encode(one), self.encode(other))
        reasons = explain(*queries)
        return Explanation(queries, reasons, self.reader, ImageReader(self.store))

    def encode(self, example: "Example") -> "Query":
        """Return a query image with its vectors for all aspects; searches take it as a query.

        Raises:
            QueryError: it is not found.
            ImageError: it can't be opened.
        """
        return self.reader.read(example, aspects=self.aspects)

    def duplicates(self) -> list[list[str]]:
        """Return groups of ids of artworks that have the same image file."""
        groups: dict[str, set[str]] = defaultdict(set)
        for record in self.store.scroll(keys=("id", "image_sha256")):
            groups[record.payload["image_sha256"]].add(record.payload["id"])
        return sorted(sorted(ids) for ids in groups.values() if len(ids) > 1)

    @property
    def journal(self) -> "Journal":
        """The failures of ingest that remain, and notes on what it left unknown or aside."""
        from ingest.journal import Journal, journal_path

        return Journal(journal_path(self.location))

    # Writing

    def ingest(
        self,
        source: "str | Path | Source",
        *,
        model: str | None = None,
        classifier: str | None = None,
        aspects: str | Sequence[str] | None = None,
        device: "Device" = "auto",
        batch_size: int | None = None,
        limit: int | None = None,
        page_url: str | None = None,
    ) -> "Summary":
        """Add artworks to the collection; the text of the summary is in its field ``text``.

        Args:
            source: A folder of images, a catalog (.csv, .jsonl, .parquet), "nga" for the paintings
                of the National Gallery of Art, or a source of :mod:`ingest.sources`.
            model: The embedder; the collection's own, or the packaged one for a new collection.
            classifier: What predicts style, genre and artist; "none" for nothing.
            aspects: Aspects to compute beside "visual"; "all", or those that the collection has.
            device: Where the models run.
            batch_size: Images in one run of a model; None takes 8 on a CPU and 64 on a GPU.
            limit: Maximum number of artworks.
            page_url: Public address of the page of :mod:`search.web`, for thumbnails in Qdrant's
                web console; see :class:`ingest.run.IngestConfig`.

        Raises:
            ArtExtractError: the run can't begin or go on, or no artwork could be ingested.
        """
        from artextract.models.registry import DEFAULT_MODEL
        from ingest.run import IngestConfig, run

        manifest = None if self._store is None else self._store.manifest
        if manifest is not None:
            own = manifest.classifier
            model = model or manifest.model.file or manifest.model.name
            classifier = classifier or ("none" if own is None else own.file or own.name)
            aspects = aspects or [name for name in manifest.vectors if name != "visual"] or "visual"
        config = IngestConfig(
            store=self.location,
            model=model or DEFAULT_MODEL,
            aspects=aspects if isinstance(aspects, str) else ",".join(aspects or ["all"]),
            device=device,
            batch_size=batch_size,
            classifier=classifier or "auto",
            limit=limit,
            page_url=page_url,
        )
        self.close()  # a folder has one owner at a time
        if not isinstance(source, (str, Path)):
            return run(source, config)
        if source != "nga" and Path(source).is_dir():
            from ingest.sources.folder import FolderSource

            return run(FolderSource(Path(source)), config)
        from artextract.images.cache import ImageCache, default_cache_folder
        from ingest.sources.iiif import ImageServer

        private = bool(self._settings["allow_private"]) and source != "nga"
        cache = ImageCache(default_cache_folder())
        with ImageServer(allow_private=private, cache=cache) as server:
            found = _find_source(source, server, limit)
            return run(found, config, readers=_CONNECTIONS, on_stop=server.close)

    def export(
        self,
        path: str | Path,
        *,
        format: "Format | None" = None,
        force: bool = False,
        manifest_id: str | None = None,
    ) -> "Saved":
        """Write the whole collection as a table or as an IIIF manifest.

        Args:
            path: The file; its ending names the format: .csv, .jsonl, .parquet, or .json for an
                IIIF manifest.
            format: The format, where the ending does not name it.
            force: Whether to replace a file of that name.
            manifest_id: With "iiif": the URL from which the manifest will be served.

        Raises:
            InputError: the collection is empty, or the file can't be written.
        """
        from artextract.catalog.writing.save import save_entries
        from artextract.store.entries import StoredEntries

        if not self.store.count():
            raise InputError(
                f"collection {self.location} holds no artworks; add some with `artextract ingest`"
            )
        return save_entries(
            Path(path),
            StoredEntries(self.store),
            self.model,
            format_=format,
            label=self.name,
            manifest_id=manifest_id,
            force=force,
        )

    # Leaving

    def close(self) -> None:
        """Close the store; the next call opens it again."""
        if self._store is not None:
            self._store.close()
        self._store = self._reader = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _find_source(source: str | Path, server: "ImageServer", limit: int | None) -> "Source":
    """Return the source "nga", or that for a catalog; ``server`` fetches its images."""
    if source != "nga":
        from ingest.sources.catalog import CatalogSource

        return CatalogSource(Path(source), Path(source).parent, server=server)
    from artextract.images.cache import default_cache_folder
    from ingest.sources.nga import NgaSource
    from ingest.sources.nga_download import find_tables
    from ingest.sources.nga_tables import Selection, Tables

    tables = Tables(find_tables(None, default_cache_folder()))
    return NgaSource(tables, Selection(limit=limit), server, side=_NGA_SIDE, iiif=None)
