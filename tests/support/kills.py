"""Kill an ingest at a chosen moment."""

import subprocess
import time
from pathlib import Path


def seconds_of_storing(run: "subprocess.Popen[str]", store: Path) -> float:
    """Return how long an undisturbed ingest takes from its collection's manifest to its end."""
    _wait_for_manifest(run, store)
    started = time.monotonic()
    _, err = run.communicate()
    assert (run.returncode, err) == (0, "")
    return time.monotonic() - started


def kill_after(run: "subprocess.Popen[str]", store: Path, seconds: float) -> None:
    """Kill an ingest ``seconds`` after it made its collection; if negative, before that."""
    if seconds >= 0:
        _wait_for_manifest(run, store)
    time.sleep(abs(seconds))
    run.kill()
    run.communicate()


def _wait_for_manifest(run: "subprocess.Popen[str]", store: Path) -> None:
    while run.poll() is None and not (store / "manifest.json").exists():
        time.sleep(0.01)
