"""An image server like a museum's on this machine, which misbehaves where it is told to.

It speaks HTTP/1.1 with kept connections and as much of the IIIF Image API 2.1 as a client of whole
JPEGs needs: ``/iiif/{id}/full/!W,H/0/default.jpg``, ``/iiif/{id}/info.json`` and ``/robots.txt``.
In a test it runs in a thread of its own; as a program it prints its address and runs on::

    python tests/support/iiif_server.py IMAGES --port 0 --latency 0.05 --faults 0.05 --seed 1
"""

import argparse
import asyncio
import contextlib
import io
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import PIL.Image

__all__ = ["KINDS", "Faults", "IiifServer", "Received"]

KINDS = ("429", "500", "cut", "type", "stall", "html", "half", "loop")
"""What can go wrong: too many requests (with Retry-After); a server error; a body shorter than its
Content-Length; a JPEG called text/plain; a long silence; a web page with status 200; half a JPEG
that is complete as a message; a redirect to itself."""

_IMAGE = re.compile(r"/iiif/([^/]+)/full/!(\d+),(\d+)/0/default\.jpg")
_INFO = re.compile(r"/iiif/([^/]+)/info\.json")
_LOOP = re.compile(r"/iiif/[^/]+/loop")
_PAGE = b"<!DOCTYPE html><html><title>Please come back later</title></html>"
_REASONS = {200: "OK", 302: "Found", 404: "Not Found", 429: "Too Many Requests"}


@dataclass(frozen=True)
class Faults:
    """Which image requests are answered wrongly.

    ``first`` names the kinds for the first requests of single images, in their order ("ok" for a
    right answer); ``always`` does so for all images. Beyond these each kind comes by chance, with
    its rate, decided by the seed, the image and how often it was requested, whatever else goes on.
    """

    rates: Mapping[str, float] = field(default_factory=dict)
    first: Mapping[str, Sequence[str]] = field(default_factory=dict)
    always: Sequence[str] = ()
    seed: int = 0
    retry_after: str | None = "1"
    stall_seconds: float = 10.0

    def choose(self, name: str, number: int) -> str:
        """Return the kind for request ``number`` (0, 1, …) of image ``name``, or "ok"."""
        given = self.first.get(name, self.always)
        if number < len(given):
            return given[number]
        left = random.Random(f"{self.seed} {name} {number}").random()
        for kind, rate in self.rates.items():
            left -= rate
            if left < 0:
                return kind
        return "ok"


@dataclass(frozen=True)
class Received:
    """One request that came."""

    when: float
    """By time.monotonic()."""
    path: str
    headers: Mapping[str, str]
    kind: str
    """How it was answered: a kind of fault, or "ok"."""


class IiifServer:
    """Serves ``images``, a folder of ``{id}.jpg`` or their bytes by id, until it is left."""

    def __init__(
        self,
        images: Path | Mapping[str, bytes],
        *,
        latency: float = 0.0,
        faults: Faults | None = None,
        robots: str | int = 404,
        port: int = 0,
    ) -> None:
        """Prepare a server; ``robots`` is the text of robots.txt, or the status instead of it."""
        self.images = images
        self.latency = latency
        self.faults = faults or Faults()
        self.robots = robots
        self.requests: Counter[str] = Counter()
        """Requests by image; robots.txt under its path."""
        self.answers: Counter[str] = Counter()
        """Answers to image requests by kind."""
        self.most_concurrent = 0
        """Most image requests that were under way at once."""
        self.connections = 0
        """Connections that were opened."""
        self.received: list[Received] = []
        self.port = port
        self._concurrent = 0
        self._resized: dict[tuple[str, int, int], bytes] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="iiif-server")
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Address that the images' ids are appended to."""
        return f"http://127.0.0.1:{self.port}/iiif"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join()

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._done = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._done.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the server is stopped
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; return whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = head[0].split(" ")[1]
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        match = _IMAGE.fullmatch(path)
        if match is None:
            self.received.append(Received(time.monotonic(), path, headers, "ok"))
            await self._answer_other(writer, path)
            return True
        name, width, height = match[1], int(match[2]), int(match[3])
        kind = self.faults.choose(name, self.requests[name])
        self.requests[name] += 1
        self.answers[kind] += 1
        self.received.append(Received(time.monotonic(), path, headers, kind))
        self._concurrent += 1
        self.most_concurrent = max(self.most_concurrent, self._concurrent)
        try:
            await asyncio.sleep(self.latency)
            return await self._answer_image(writer, kind, name, (width, height))
        finally:
            self._concurrent -= 1

    async def _answer_image(
        self, writer: asyncio.StreamWriter, kind: str, name: str, box: tuple[int, int]
    ) -> bool:
        data = await self._image(name, box)
        if data is None:
            await _send(writer, 404, b"no such image", "text/plain")
        elif kind == "429":
            again = self.faults.retry_after
            more = {} if again is None else {"Retry-After": again}
            await _send(writer, 429, b"too many requests", "text/plain", more)
        elif kind == "500":
            await _send(writer, 500, b"it broke", "text/plain")
        elif kind == "cut":
            await _send(writer, 200, data[: len(data) // 2], "image/jpeg", size=len(data))
            return False
        elif kind == "type":
            await _send(writer, 200, data, "text/plain")
        elif kind == "html":
            await _send(writer, 200, _PAGE, "text/html; charset=utf-8")
        elif kind == "half":
            await _send(writer, 200, data[: len(data) // 2], "image/jpeg")
        elif kind == "loop":
            await _send(writer, 302, b"", "text/plain", {"Location": f"/iiif/{name}/loop"})
        else:
            if kind == "stall":
                await asyncio.sleep(self.faults.stall_seconds)
            await _send(writer, 200, data, "image/jpeg")
        return True

    async def _answer_other(self, writer: asyncio.StreamWriter, path: str) -> None:
        self.requests[path] += 1
        info = _INFO.fullmatch(path)
        data = self._read(info[1]) if info else None
        if path == "/robots.txt":
            known = isinstance(self.robots, str)
            body = str(self.robots).encode() if known else b"no rules"
            await _send(writer, 200 if known else int(self.robots), body, "text/plain")
        elif info and data is not None:
            body = json.dumps(_describe(f"{self.url}/{info[1]}", data)).encode()
            await _send(writer, 200, body, "application/ld+json")
        elif _LOOP.fullmatch(path):
            await _send(writer, 302, b"", "text/plain", {"Location": path})
        else:
            await _send(writer, 404, b"nothing here", "text/plain")

    def _read(self, name: str) -> bytes | None:
        if isinstance(self.images, Mapping):
            return self.images.get(name)
        path = self.images / f"{name}.jpg"
        return path.read_bytes() if path.is_file() else None

    async def _image(self, name: str, box: tuple[int, int]) -> bytes | None:
        """Return an image that fits the box: as it is, or made smaller, and then remembered."""
        data = self._read(name)
        if data is None:
            return None
        with PIL.Image.open(io.BytesIO(data)) as image:
            if image.width <= box[0] and image.height <= box[1]:
                return data
        key = (name, *box)
        if key not in self._resized:
            self._resized[key] = await asyncio.to_thread(_reduce, data, box)
        return self._resized[key]


async def _send(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes,
    kind: str,
    headers: Mapping[str, str] | None = None,
    size: int | None = None,
) -> None:
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}", f"Content-Type: {kind}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [f"Content-Length: {len(body) if size is None else size}", "", ""]
    writer.write("\r\n".join(lines).encode("latin-1") + body)
    await writer.drain()


def _reduce(data: bytes, box: tuple[int, int]) -> bytes:
    with PIL.Image.open(io.BytesIO(data)) as image:
        image.thumbnail(box)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _describe(address: str, data: bytes) -> dict[str, object]:
    with PIL.Image.open(io.BytesIO(data)) as image:
        width, height = image.size
    return {
        "@context": "http://iiif.io/api/image/2/context.json",
        "@id": address,
        "protocol": "http://iiif.io/api/image",
        "width": width,
        "height": height,
        "profile": ["http://iiif.io/api/image/2/level1.json"],
    }


def _parse_rates(text: str) -> dict[str, float]:
    """Return the rates in "429=0.02,cut=0.01"; a number alone is shared among all kinds."""
    if "=" not in text:
        return dict.fromkeys(KINDS, float(text) / len(KINDS))
    rates = {}
    for part in text.split(","):
        kind, _, rate = part.partition("=")
        if kind not in KINDS:
            raise argparse.ArgumentTypeError(f"{kind!r} is none of {', '.join(KINDS)}")
        rates[kind] = float(rate)
    return rates


def _main() -> None:
    parser = argparse.ArgumentParser(description="Serve a folder of JPEGs by IIIF.")
    parser.add_argument("images", type=Path, help="folder of {id}.jpg")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument(
        "--faults", type=_parse_rates, default={}, help="0.05, or 429=0.02,cut=0.01"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--retry-after", default="1", help="what a 429 asks for")
    parser.add_argument("--stall", type=float, default=10.0, help="seconds of silence of a stall")
    parser.add_argument("--robots", type=Path, help="file to serve as robots.txt")
    words = parser.parse_args()
    faults = Faults(
        rates=words.faults,
        seed=words.seed,
        retry_after=words.retry_after,
        stall_seconds=words.stall,
    )
    robots = words.robots.read_text(encoding="utf-8") if words.robots else 404
    server = IiifServer(
        words.images, latency=words.latency, faults=faults, robots=robots, port=words.port
    )
    with server, contextlib.suppress(KeyboardInterrupt):
        print(server.url, flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    _main()
