"""Checks before a request reaches the API (host, origin, rate, key), and safe response headers."""

import hmac
from urllib.parse import unquote

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artextract.catalog.page_url import THUMBNAILS
from search.web.settings import API, PAGES, Settings

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_PAGE_PATHS = {"", *(f"/{page}" for page in PAGES)}
_BELOW = (f"{API}/", f"{THUMBNAILS}/", "/static/")
_READS = {"GET", "HEAD", "OPTIONS"}


class Guard:
    """ASGI middleware that refuses forbidden requests and sets safe headers on every response."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._reads = RateLimitItemPerMinute(settings.reads_a_minute)
        self._writes = RateLimitItemPerMinute(settings.uploads_a_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (*_HEADERS.items(), ("Cache-Control", "no-cache")):
                    headers.setdefault(name, value)
            await send(message)

        refusal = await self._refuse(scope)
        await (refusal or self._app)(scope, receive, send_safely)

    async def _refuse(self, scope: Scope) -> JSONResponse | None:
        """Return the response that refuses a request; None where it is allowed."""
        headers = Headers(scope=scope)
        host = _without_port(headers.get("host", ""))
        if "*" not in self._settings.hosts and host.lower() not in self._settings.hosts:
            return _no(
                421, f"this server is not called {host!r}; start it with the host name {host}"
            )
        if not scope["path"].startswith((API, THUMBNAILS)):
            return None
        client = scope["client"][0] if scope.get("client") else "?"
        reading = scope["method"] in _READS
        kept = (self._reads, "read") if reading else (self._writes, "upload")
        if kept[0].amount and not await self._limiter.hit(kept[0], kept[1], client):
            return _no(
                429, f"more than {kept[0].amount} requests a minute came from {client}; wait",
                {"Retry-After": "60"},
            )  # fmt: skip
        if reading or scope["path"] == f"{API}/export":
            return None
        if (origin := headers.get("origin")) is not None and _host_of(origin) != headers.get(
            "host"
        ):
            return _no(
                403,
                f"a page of {origin} may not send anything here; if it is this server's own, let "
                "the proxy between them pass on the header Host",
            )
        return self._check_key(headers.get("x-api-key"))

    def _check_key(self, given: str | None) -> JSONResponse | None:
        if self._settings.key is None:
            if self._settings.open_uploads:
                return None
            return _no(403, "this server takes no uploads: it was started without a key")
        if given is None:
            return _no(401, "uploading an image needs a key: give it as the header X-API-Key")
        if not hmac.compare_digest(given.encode(), self._settings.key.encode()):
            return _no(401, "the key in the header X-API-Key is not the right one")
        return None


class Prefix:
    """ASGI middleware that removes the prefix of a proxy from paths, if the proxy has not."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._prefix = unquote(root_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with the path that the routes have."""
        path = scope.get("path", "")
        rest = path.removeprefix(self._prefix)
        # A prefix such as /api is also the beginning of a path without it.
        if rest != path and (rest in _PAGE_PATHS or rest.startswith(_BELOW)):
            scope = {**scope, "path": rest or "/"}
        await self._app(scope, receive, send)


def _no(status: int, why: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": why}, status, headers)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _host_of(origin: str) -> str:
    return origin.partition("://")[2]
