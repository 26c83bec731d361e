"""The application: the routes, errors as JSON, and the files of the page."""

import contextlib
import hashlib
import html
import logging
import reprlib
import threading
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from artextract import __version__
from artextract.catalog.names import closest
from artextract.catalog.page_url import THUMBNAILS
from artextract.errors import (
    ArtExtractError,
    CacheError,
    FetchError,
    InputError,
    MissingError,
    PrivateAddressError,
    ProxyError,
)
from artextract.images.cache import default_cache_folder
from artextract.images.opening import THUMBNAIL_SIDE
from search.request import request_parameters
from search.web.collection import ServedCollection
from search.web.guard import Guard, Prefix
from search.web.requests import WholeRequests
from search.web.routes import make_router
from search.web.settings import API, PAGES, Settings
from search.web.uploads import Uploads

if TYPE_CHECKING:
    from artextract.collection import Collection

_LOG = logging.getLogger(__name__)

_ABOUT = """
Find visually similar artworks of a collection. Every parameter of a search has the name of the
option of `artextract search` and means the same. Errors are `{"error": "one sentence"}`.
"""


_PRIVATE = (
    "the URL leads to an address that is not on the public internet, and this server fetches none "
    "of these; upload the image instead"
)

_NO_WEB = "this server can't fetch images from the web now; upload the image instead"

_KINDS = {
    "int": "a whole number", "float": "a number", "finite": "a number", "bool": "true or false",
    "string": "text", "list": "a list", "model": "a JSON object", "json": "a JSON object",
}  # fmt: skip
"""What is expected, by the first word of the validator's type of error."""

_FOR_ANY_PAGE = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "public, max-age=3600",
}
"""Headers of a thumbnail, which pages of other servers show, such as Qdrant's web console."""

_FORMS = {"point_id": "the `point_id` of a result", "sha256": "64 hexadecimal digits"}
"""What is expected of a parameter with a pattern."""


def make_app(collection: "Collection", settings: Settings | None = None) -> FastAPI:
    """Return the application for a collection, which stays the caller's to close.

    ``settings`` are limits and keys; the defaults are for one's own machine.
    """
    settings = settings or Settings()
    uploads = Uploads(
        settings.uploads_folder or default_cache_folder() / "uploads",
        most=settings.most_uploads,
        most_pixels=settings.most_upload_pixels,
    )
    served = ServedCollection(collection, uploads)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        thread = threading.Thread(target=served.prepare, name="prepare")
        thread.start()
        yield
        thread.join()  # it reads the store, which is closed next

    app = FastAPI(
        title="Art Extract",
        version=__version__,
        description=_ABOUT,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": settings.root_path}] if settings.root_path else None,
        lifespan=lifespan,
    )
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(WholeRequests, settings=settings)
    app.add_middleware(Guard, settings=settings)
    if settings.root_path:
        app.add_middleware(Prefix, root_path=settings.root_path)  # the outermost
    app.include_router(make_router(served, settings), prefix=API)
    app.add_exception_handler(ArtExtractError, _answer_failure)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    static = Path(str(resources.files("search.web") / "static"))
    app.mount("/static", StaticFiles(directory=static), name="static")
    index = (static / "index.html").read_text(encoding="utf-8")
    index = index.replace("{root}", html.escape(settings.root_path))

    @app.api_route(
        THUMBNAILS + "/{point_id:uuid}.jpg", methods=["GET", "HEAD"], include_in_schema=False
    )
    def thumbnail(point_id: UUID, request: Request) -> Response:
        data = served.image(str(point_id), THUMBNAIL_SIDE)
        etag = f'W/"{hashlib.sha256(data).hexdigest()[:32]}"'  # weak: it may be sent compressed
        known = etag in request.headers.get("If-None-Match", "")
        return Response(
            None if known else data, 304 if known else 200, {**_FOR_ANY_PAGE, "ETag": etag},
            None if known else "image/jpeg",
        )  # fmt: skip

    @app.get("/", include_in_schema=False)
    @app.get("/{page}", include_in_schema=False)
    def page(page: str = "") -> Response:
        if page not in PAGES:
            raise HTTPException(404)
        return HTMLResponse(index, headers={"Cache-Control": "no-cache"})

    return app


def _answer_failure(request: Request, error: Exception) -> JSONResponse:
    """Return a known failure as JSON; fields stand in its message as parameters are named."""
    if isinstance(error, MissingError):
        status = 404
    elif isinstance(error, InputError):
        status = 400
    elif isinstance(error, PrivateAddressError):  # where it leads is not for clients to know
        return JSONResponse({"error": _PRIVATE}, 422)
    elif isinstance(error, FetchError) and not isinstance(error, ProxyError):
        status = 422
    else:  # the message is about this machine, and for those who run it
        _LOG.error("%s %s: %s", request.method, request.url.path, error)
        if isinstance(error, CacheError):
            return JSONResponse({"error": "the server can't keep the image now"}, 507)
        if isinstance(error, ProxyError):
            return JSONResponse({"error": _NO_WEB}, 503)
        return JSONResponse(
            {"error": "the collection is not available; the server's log says why"}, 503
        )
    return JSONResponse({"error": str(error)}, status)


def _answer_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return JSONResponse({"error": _explain_invalid(request, error.errors()[0])}, 422)


def _explain_invalid(request: Request, failure: dict[str, Any]) -> str:
    """Return an error of the validator as a sentence: the field, its value, what is expected."""
    first, *rest = failure["loc"]
    name = next((part for part in rest if isinstance(part, str)), str(first))
    field = f"`{name}`"
    kind, context = failure["type"], failure.get("ctx", {})
    fields = _fields(request)
    if kind == "extra_forbidden":
        if name in {each.name for each in request_parameters()}:
            return f"{field} is a field of Python and the command line only; leave it out"
        near = closest(name, fields)
        hint = f"closest: {', '.join(near)}" if near else f"fields: {', '.join(sorted(fields))}"
        return f"there is no field {field}; {hint}"
    if kind == "missing":
        return f"{field} is missing; give a value"
    if kind == "json_invalid":
        return f"the body is not JSON ({context.get('error', failure['msg'])}); correct it"
    given = failure.get("input")
    if kind in ("too_long", "too_short", "string_too_long", "string_too_short"):
        least, most = context.get("min_length"), context.get("max_length")
        unit = "characters" if kind.startswith("string") else "values"
        bound = f"at most {most:,}" if least is None else f"at least {least:,}"
        found = len(given) if isinstance(given, (str, list)) else 0
        return f"{field} has {found:,} {unit}; expected {bound}"
    if kind == "literal_error":
        expected = f"one of {context['expected'].replace(' or ', ', ')}".replace("'", "")
    elif kind == "string_pattern_mismatch":
        expected = _FORMS.get(name, "text of another form")
    elif kind in ("greater_than_equal", "less_than_equal"):
        expected = _describe(fields.get(name), "a number")
    else:
        expected = _describe(fields.get(name), _KINDS.get(kind.partition("_")[0], "another value"))
    return f"{field} is {reprlib.repr(given)}; expected {expected}"


def _fields(request: Request) -> dict[str, FieldInfo]:
    """Return the fields of the request's query or body, by their names."""
    dependant = request.scope["route"].dependant
    found: dict[str, FieldInfo] = {}
    for each in (*dependant.path_params, *dependant.query_params, *dependant.body_params):
        model = each.field_info.annotation
        is_model = isinstance(model, type) and issubclass(model, BaseModel)
        found |= model.model_fields if is_model else {each.name: each.field_info}
    return found


def _describe(field: FieldInfo | None, kind: str) -> str:
    """Return ``kind`` with the range of a field that has one."""
    bounds = {} if field is None else {
        name: getattr(each, name) for each in field.metadata for name in ("ge", "le")
        if hasattr(each, name)
    }  # fmt: skip
    if kind == "a number" and field is not None and field.annotation is int:
        kind = "a whole number"
    return f"{kind} from {bounds['ge']:,} to {bounds['le']:,}" if len(bounds) == 2 else kind


def _answer_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    sentences = {404: f"there is nothing at {request.url.path}", 405: "that can't be done here"}
    return JSONResponse(
        {"error": sentences.get(error.status_code, str(error.detail))},
        error.status_code,
        headers=error.headers,
    )
