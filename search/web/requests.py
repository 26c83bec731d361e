"""Limits of time: a request that does not come to its end keeps nobody else waiting.

uvicorn waits for the head and the body of a request as long as the client likes, and counts each
connection as work. Here, only a request that has arrived counts.
"""

import asyncio
from collections import deque

import h11
import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from search.web.settings import Settings


class WholeRequests:
    """ASGI middleware that passes on requests with their whole body, and not too many at once."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await self._read(scope, receive)
        if body is None:
            return
        if isinstance(body, JSONResponse):
            await body(scope, receive, send)
            return
        if self._at_once >= self._settings.requests_at_once:
            await _refuse(503, "the server is busy; ask again", {"Retry-After": "1"})(
                scope, receive, send
            )
            return
        messages: deque[Message] = deque(
            [{"type": "http.request", "body": body, "more_body": False}]
        )

        async def receive_whole() -> Message:
            return messages.popleft() if messages else await receive()

        self._at_once += 1
        try:
            await self._app(scope, receive_whole, send)
        finally:
            self._at_once -= 1

    async def _read(self, scope: Scope, receive: Receive) -> bytes | JSONResponse | None:
        """Return the body, or what refuses it; None if the client has gone."""
        limits = self._settings
        too_large = _refuse(
            413, f"the request has more than {limits.most_upload_bytes >> 20} MiB; reduce it"
        )
        announced = dict(scope["headers"]).get(b"content-length", b"")
        if announced.isdigit() and int(announced) > limits.most_upload_bytes:
            return too_large
        body = bytearray()
        try:
            async with asyncio.timeout(limits.body_seconds) as deadline:
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message["body"]
                    if len(body) > limits.most_upload_bytes:
                        return too_large
                    if not message["more_body"]:
                        return bytes(body)
                    if (due := deadline.when()) is not None:
                        arrived = len(message["body"]) / limits.least_bytes_a_second
                        deadline.reschedule(due + arrived)
        except TimeoutError:
            return _refuse(408, "the request took too long to arrive; send it again")


def _refuse(status: int, why: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": why}, status, headers)


def make_server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Return how uvicorn serves the application."""
    waiting: dict[Connection, asyncio.TimerHandle] = {}

    class Limited(Connection):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[arg-type]
            self.seconds = settings.head_seconds
            self.most_waiting = settings.connections_waiting
            self.waiting = waiting

    return uvicorn.Config(
        app, http=Limited, log_level="warning", server_header=False, ws="none",
        timeout_graceful_shutdown=4, h11_max_incomplete_event_size=64 << 10,
    )  # fmt: skip


class Connection(H11Protocol):
    """A connection that is closed if it waits too long for the head of a request.

    What is left of a body after the response has to come within the same time. If too many
    connections wait, the one that has waited longest is closed.
    """

    seconds: float
    most_waiting: int
    waiting: "dict[Connection, asyncio.TimerHandle]"
    """Connections without a request in progress, the longest waiting first, and their timers."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Look whether a head is complete now."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._leave()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Let a request that has arrived be answered, and wait for no other."""
        super().shutdown()
        if self.cycle is not None and self.cycle.more_body and not self.cycle.response_complete:
            self.transport.close()

    def _look(self) -> None:
        """Begin or end waiting, by what has arrived."""
        in_progress = self.cycle is not None and not self.cycle.response_complete
        if in_progress or self.transport.is_closing():
            self._leave()
        elif self not in self.waiting:
            self.waiting[self] = self.loop.call_later(self.seconds, self._end)
            if len(self.waiting) > self.most_waiting:
                next(iter(self.waiting))._end()

    def _leave(self) -> None:
        if (timer := self.waiting.pop(self, None)) is not None:
            timer.cancel()

    def _end(self) -> None:
        self._leave()
        if self.conn.our_state is h11.ERROR:
            self.transport.close()
        else:
            self.timeout_keep_alive_handler()
