"""The application: the routes, errors as JSON, and the files of the page."""

import contextlib
import logging
import threading
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from artextract import __version__
from artextract.errors import ArtExtractError, CacheError, FetchError, InputError, MissingError
from artextract.images.cache import default_cache_folder
from search.web.collection import ServedCollection
from search.web.guard import Guard
from search.web.routes import make_router
from search.web.settings import API, Settings
from search.web.uploads import Uploads

if TYPE_CHECKING:
    from artextract.collection import Collection

_LOG = logging.getLogger(__name__)

_ABOUT = """
Find visually similar artworks of a collection. Every parameter of a search has the name of the
option of `artextract search` and means the same. Errors are `{"error": "one sentence"}`.
"""


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
        lifespan=lifespan,
    )
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(Guard, settings=settings)
    app.include_router(make_router(served, settings), prefix=API)
    app.add_exception_handler(ArtExtractError, _answer_failure)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    static = Path(str(resources.files("search.web") / "static"))
    app.mount("/static", StaticFiles(directory=static), name="static")

    @app.get("/", include_in_schema=False)
    @app.get("/{page}", include_in_schema=False)
    def page(page: str = "") -> Response:
        if page not in {"", "map", "list", "work"}:
            raise HTTPException(404)
        return FileResponse(static / "index.html", headers={"Cache-Control": "no-cache"})

    return app


def _answer_failure(request: Request, error: Exception) -> JSONResponse:
    """Return a known failure as JSON; fields stand in its message as parameters are named."""
    if isinstance(error, MissingError):
        status = 404
    elif isinstance(error, InputError):
        status = 400
    elif isinstance(error, FetchError):
        status = 422
    else:  # the message is about this machine, and for those who run it
        _LOG.error("%s %s: %s", request.method, request.url.path, error)
        if isinstance(error, CacheError):
            return JSONResponse({"error": "the server can't keep the image now"}, 507)
        return JSONResponse(
            {"error": "the collection is not available; the server's log says why"}, 503
        )
    return JSONResponse({"error": str(error)}, status)


def _answer_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return JSONResponse({"error": f"{where}: {first['msg']}"}, 422)


def _answer_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    sentences = {404: f"there is nothing at {request.url.path}", 405: "that can't be done here"}
    return JSONResponse(
        {"error": sentences.get(error.status_code, str(error.detail))},
        error.status_code,
        headers=error.headers,
    )
