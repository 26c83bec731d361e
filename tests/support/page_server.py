"""A collection that is served: as an application in this process, or by the command in another."""

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

__all__ = ["make_collection", "running", "serving"]


def make_collection(folder: Path, works: int) -> Path:
    """Paint a part of the atelier, bring it into a collection, and return where that is."""
    atelier.save_gallery(folder, atelier.make_works(works))
    with pytest.raises(SystemExit) as left:
        main(["ingest", "catalog", str(folder / "catalog.csv"), "--store", str(folder / "store")])
    assert not left.value.code
    return folder / "store"


@contextlib.contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serve an application from a thread of this process; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", ws="none", server_header=False)
        )
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextlib.contextmanager
def serving(
    store: Path, *words: str, port: int = 0, **options: Any
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run ``artextract serve``; yield its address and its process, which is ended by Ctrl-C."""
    command = [sys.executable, "-m", "artextract", "serve", "--store", str(store),
               "--port", str(port), *words]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options) as server:
        assert server.stderr is not None
        try:
            first = server.stderr.readline()
            found = re.search(r"http://\S+", first)
            assert found, first + server.stderr.read()
            yield found[0], server
        finally:
            if server.poll() is None:
                server.send_signal(signal.SIGINT)
                for _ in range(150):
                    if server.poll() is not None:
                        break
                    time.sleep(0.1)
                else:
                    server.kill()
