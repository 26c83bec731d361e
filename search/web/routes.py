"""The routes of the API."""

import codecs
import tempfile
from dataclasses import asdict
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, Field

from artextract import __version__
from artextract.aspects import ASPECTS, fact_filters, fact_keys, values_of
from artextract.catalog.artwork import Artwork
from artextract.errors import MissingError
from artextract.net.fetch import fetch
from search.counts import countable_fields
from search.explain import explain
from search.render.table import to_rows
from search.request import SearchFilters, SearchRequest
from search.web import schemas
from search.web.collection import UPLOAD, ServedCollection, size_of
from search.web.map_file import load_map
from search.web.parameters import make_models
from search.web.settings import API, Settings

Id = Annotated[str, Field(min_length=1, max_length=500)]
Point = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Side = Literal["192", "480", "960", "1600"]

_MEDIA = {"csv": "text/csv", "jsonl": "application/x-ndjson", "iiif": "application/json"}
_FAILURES: dict[int | str, dict[str, Any]] = {
    400: {"model": schemas.ErrorOut, "description": "A value is unknown or not understood."},
    404: {"model": schemas.ErrorOut, "description": "There is no such artwork or image."},
    408: {"model": schemas.ErrorOut, "description": "The request took too long to arrive."},
    422: {"model": schemas.ErrorOut, "description": "A parameter is missing or of the wrong type."},
    429: {"model": schemas.ErrorOut, "description": "Too many requests in a minute."},
    503: {"model": schemas.ErrorOut, "description": "The collection is not available."},
}
_UPLOAD_FAILURES: dict[int | str, dict[str, Any]] = {
    401: {"model": schemas.ErrorOut, "description": "The key is missing or wrong."},
    403: {"model": schemas.ErrorOut, "description": "This server takes no uploads."},
    413: {"model": schemas.ErrorOut, "description": "The image is too large."},
    507: {"model": schemas.ErrorOut, "description": "The server can't keep the image."},
}


_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorOut"}}}


def _returns(*kinds: str) -> dict[str, Any]:
    """Return the description of a route that returns no JSON but for its errors."""
    failures = {
        status: {"description": failure["description"], "content": _ERROR}
        for status, failure in _FAILURES.items()
    }
    found = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    return {
        "response_class": Response,
        "responses": {200: {"description": "The file.", "content": found}, **failures},
    }


_image = _returns("image/jpeg")


def make_router(served: ServedCollection, settings: Settings) -> APIRouter:
    """Return the routes that serve a collection."""
    router = APIRouter(responses=_FAILURES)
    collection, store = served.collection, served.store
    manifest = store.manifest
    search_model, facet_model = make_models()
    api = settings.root_path + API

    @router.get("/collection", summary="What the collection is")
    def info() -> schemas.Info:
        takes: Literal["yes", "key", "no"] = "yes" if settings.open_uploads else "no"
        values = dict(
            name=collection.name,
            works=len(collection),
            images=store.count(),
            aspects=[name for name in ASPECTS if name in manifest.vectors],
            aspect_labels=[each for name, each in ASPECTS.items() if name in manifest.vectors],
            fact_filters=fact_filters(),
            fields=list(countable_fields()),
            counted=served.counter.present(),
            model=manifest.model.name,
            classifier=manifest.classifier.name if manifest.classifier else None,
            has_map=load_map(store) is not None,
            takes_pictures="key" if settings.key else takes,
            most_upload_bytes=settings.most_upload_bytes,
            most_uploads=settings.most_uploads,
            version=__version__,
        )
        return schemas.Info.model_validate(values, from_attributes=True)

    @router.get("/search", summary="Find similar artworks, or those that filters describe")
    def search(
        parameters: Annotated[search_model, Query()],  # type: ignore[valid-type]
    ) -> schemas.PageOut:
        values = _values(parameters)
        start = values.pop("start")
        answer, following = served.search(SearchRequest.of(**values), start)
        works = []
        for row, result in zip(to_rows(answer), answer.results, strict=True):
            row["image"] = f"{api}/images/{result.point_id}"
            size = {name: result.payload.get(name) for name in ("width", "height")}
            works.append({**row, "point_id": result.point_id, **size})
        return schemas.PageOut(works=works, matching=answer.matching, next=following)

    @router.get("/facets", summary="Count the values of fields under all other filters")
    def facets(
        parameters: Annotated[facet_model, Query()],  # type: ignore[valid-type]
    ) -> schemas.Facets:
        values = _values(parameters)
        fields, top, prefix, histogram = map(values.pop, ("field", "top", "starts", "histogram"))
        counter, filters = served.counter, SearchFilters.of(**values)
        counts = {
            field: counter.count(field, filters, top=top, prefix=prefix)
            for field in dict.fromkeys(fields)
        }
        years = counter.years(filters) if histogram else None
        found = {"fields": counts, "years": years, "span": filters.year_range()}
        return schemas.Facets.model_validate(found, from_attributes=True)

    @router.get("/works", summary="An artwork: its catalog entry, its facts and its images")
    def work(id: Annotated[Id, Query()]) -> schemas.WorkOut:
        records = served.artwork(id)
        payload = dict(records[0].payload)
        facts = {name: payload[name] for name in (*fact_keys(), "predicted") if name in payload}
        query = served.query(id)
        return schemas.WorkOut(
            id=payload["id"],
            work=_entry(payload),
            seen=facts,
            detected={each.name: values for each, values in values_of(payload)},
            images=[
                {
                    "point_id": record.id,
                    "image": f"{api}/images/{record.id}",
                    **{name: record.payload.get(name) for name in ("width", "height", "view")},
                }
                for record in records
            ],
            aspects=[name for name in ASPECTS if name in query.vectors],
        )

    @router.get("/explain", summary="Why two artworks match, aspect by aspect")
    def why(one: Annotated[Id, Query()], other: Annotated[Id, Query()]) -> list[schemas.ReasonOut]:
        reasons = []
        for reason in explain(served.query(one), served.query(other)):
            is_drawn = ASPECTS[reason.aspect].drawing and reason.score is not None
            drawings = [
                f"{api}/drawings/{reason.aspect}?{urlencode({'of': name})}" for name in (one, other)
            ]
            reasons.append(
                schemas.ReasonOut(**asdict(reason), drawings=drawings if is_drawn else [])
            )
        return reasons

    @router.get("/images/{point_id}", summary="An image of an artwork as JPEG", **_image)
    def image(point_id: Point, side: Annotated[Side, Query()] = "480") -> Response:
        return _jpeg(served.image(point_id, int(side)))

    drawn = Literal[tuple(name for name, aspect in ASPECTS.items() if aspect.drawing)]  # type: ignore[valid-type]

    @router.get("/drawings/{aspect}", summary="What was detected in an image", **_image)
    def drawing(
        aspect: Annotated[drawn, Path()],  # type: ignore[valid-type]
        of: Annotated[Id, Query()],
        side: Annotated[Side, Query()] = "480",
    ) -> Response:
        return _jpeg(served.drawing(of, aspect, int(side)))

    @router.get("/sent/{sha256}", summary="An uploaded image", **_image)
    def sent(sha256: Sha256, side: Annotated[Side, Query()] = "480") -> Response:
        return _jpeg(served.uploaded(sha256, int(side)))

    @router.get("/pictures/{sha256}", summary="The facts of an uploaded image")
    def known(sha256: Sha256) -> schemas.PictureOut:
        return describe(UPLOAD + sha256)

    @router.get("/pictures/{sha256}/paintings", summary="Paintings found in an uploaded photograph")
    def paintings(sha256: Sha256) -> list[schemas.OutlineOut]:
        found = served.query(UPLOAD + sha256, None, True).outlines or ()
        return [
            schemas.OutlineOut(region=str(each.corners), painting=each.painting) for each in found
        ]

    @router.post(
        "/pictures",
        summary="Upload an image to search with: its bytes are the body",
        status_code=201,
        responses=_UPLOAD_FAILURES,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    f"image/{kind}": {"schema": {"type": "string", "format": "binary"}}
                    for kind in ("jpeg", "png", "webp", "tiff", "jp2", "avif", "heic", "jxl")
                },
            }
        },
    )
    async def send(request: Request) -> schemas.PictureOut:
        data = await request.body()
        return await run_in_threadpool(keep, data)

    @router.post(
        "/pictures/from-url",
        summary="Let the server fetch an image to search with",
        status_code=201,
        responses=_UPLOAD_FAILURES,
    )
    def send_url(body: Annotated[schemas.UrlIn, Body()]) -> schemas.PictureOut:
        return keep(fetch(body.url, max_bytes=settings.most_upload_bytes))

    def keep(data: bytes) -> schemas.PictureOut:
        return describe(UPLOAD + served.uploads.keep(data))

    def describe(name: str) -> schemas.PictureOut:
        query = served.query(name)
        width, height = size_of(query)
        return schemas.PictureOut(
            name=name, width=width, height=height, seen=query.payload,
            aspects=[aspect for aspect in ASPECTS if aspect in query.vectors],
        )  # fmt: skip

    @router.post(
        "/export",
        summary="Artworks as CSV, JSON lines, or an IIIF manifest",
        **_returns(*_MEDIA.values()),
    )
    def export(body: Annotated[schemas.ExportIn, Body()]) -> Response:
        return write(body.ids, body.format)

    @router.get(
        "/manifest",
        summary="An artwork as an IIIF Presentation manifest",
        **_returns(_MEDIA["iiif"]),
    )
    def manifest_of(id: Annotated[Id, Query()]) -> Response:
        return write([id], "iiif")

    def write(ids: list[str], format_: schemas.ExportFormat) -> Response:
        from artextract.catalog.writing.entries import Entry
        from artextract.catalog.writing.save import save_entries

        records = served.records(ids)
        if not records:
            raise MissingError("none of these artworks is in the collection")
        entries = [
            Entry(record.id, dict(record.payload), rank, None, {})
            for rank, record in enumerate(records, start=1)
        ]
        with tempfile.TemporaryDirectory() as folder:
            ending = "json" if format_ == "iiif" else format_
            path = FilePath(folder) / f"works.{ending}"
            save_entries(path, entries, manifest.model, label="Selected artworks", ranked=True)
            data = path.read_bytes()
        if format_ == "csv":
            data = codecs.BOM_UTF8 + data  # without it Excel reads accents wrongly
        return Response(
            data,
            media_type=_MEDIA[format_],
            headers={"Content-Disposition": f'attachment; filename="works.{ending}"'},
        )

    @router.get(
        "/map", summary="The position of each artwork on the map", response_model=schemas.MapOut
    )
    def show_map() -> Response:
        found = load_map(store)
        if found is None:
            raise MissingError(
                "there is no map of this collection; make one: artextract collection map"
            )
        return Response(found, media_type="application/json")

    return router


def _values(parameters: BaseModel) -> dict[str, Any]:
    return parameters.model_dump()


def _jpeg(data: bytes) -> Response:
    return Response(
        data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"}
    )


def _entry(payload: dict[str, Any]) -> dict[str, Any]:
    """Return an artwork's catalog entry without the path on the server's disk."""
    artwork = Artwork.from_payload(payload)
    entry = {
        name: value
        for name in Artwork.__slots__
        if (value := getattr(artwork, name)) is not None and name != "image"
    }
    return {**entry, "extra": dict(artwork.extra)}
