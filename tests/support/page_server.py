"""Serve a collection: in a thread of this process, or by the command in another process."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from artextract.cli.main import main
from benchmarks import atelier
from search.web.requests import make_server_config
from search.web.settings import Settings


def make_collection(folder: Path, works: int) -> Path:
    """Paint artworks of the atelier, ingest them, and return the folder of the collection."""
    atelier.save_gallery(folder, atelier.make_works(works))
    with pytest.raises(SystemExit) as ended:
        main(["ingest", "catalog", str(folder / "catalog.csv"), "--store", str(folder / "store")])
    assert not ended.value.code
    return folder / "store"


@contextlib.contextmanager
def running(app: FastAPI, settings: Settings | None = None) -> Iterator[str]:
    """Serve an application in a thread of this process; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(make_server_config(app, settings or Settings()))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextlib.contextmanager
def serving(
    store: Path, *arguments: str, port: int = 0, **options: Any
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run ``artextract serve``; yield its address and its process, which Ctrl-C ends afterwards."""
    command = [sys.executable, "-m", "artextract", "serve", "--store", str(store),
               "--port", str(port), *arguments]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options) as server:
        assert server.stderr is not None
        try:
            lines = ""
            while not (address := re.search(r"http://\S+", lines)):
                line = server.stderr.readline()
                assert line, lines
                lines += line
            yield address[0], server
        finally:
            if server.poll() is None:
                server.send_signal(signal.SIGINT)
                for _ in range(150):
                    if server.poll() is not None:
                        break
                    time.sleep(0.1)
                else:
                    server.kill()
