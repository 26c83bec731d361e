"""Promise 1: nothing acknowledged is lost, and a second run makes the collection whole."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kills import kill_after, seconds_of_storing
from pictures import make_folder

from artextract.store import Record, open_store

WORKS = 160
KILLS = 10


def contents(store: Path) -> dict[str, Record]:
    with open_store(str(store)) as opened:
        return {record.id: record for record in opened.scroll(with_vectors=True)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kill") / "pictures"
    make_folder(folder, WORKS)
    return folder


def test_killed_at_any_moment_a_second_run_makes_the_same_collection(
    folder: Path, tmp_path: Path, start_artextract: Callable[..., "subprocess.Popen[str]"]
) -> None:
    ingest = ("ingest", "folder", folder, "--batch-size", 8, "--aspects", "visual")
    undisturbed = tmp_path / "undisturbed"
    duration = seconds_of_storing(start_artextract(*ingest, "--store", undisturbed), undisturbed)
    expected = contents(undisturbed)
    assert len(expected) == WORKS

    moments = random.Random(7)
    interrupted_while_storing = 0
    for number in range(KILLS):
        store = tmp_path / f"store-{number}"
        words = (*ingest, "--store", store)
        kill_after(start_artextract(*words), store, moments.uniform(-0.1, 0.9) * duration)
        again = start_artextract(*words)
        out, err = again.communicate()
        assert (again.returncode, err) == (0, ""), f"kill {number}: {err}"
        interrupted_while_storing += "unchanged 0," not in out and "embedded 0," not in out
        found = contents(store)
        assert found.keys() == expected.keys(), f"kill {number}"
        for point_id, record in found.items():
            assert record.payload == expected[point_id].payload, f"kill {number}"
            np.testing.assert_allclose(
                record.vectors["visual"], expected[point_id].vectors["visual"], atol=1e-6
            )
    assert interrupted_while_storing >= 3, "the kills hit too few runs in the middle to prove much"


def test_interrupted_while_images_are_decoded_it_does_not_wait_for_them(
    folder: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    script = (
        "import os, time, ingest.pipeline\n"
        "def decode(*given, **more):\n"  # in several threads, whose prints would run together
        "    os.write(1, b'decoding\\n')\n"
        "    time.sleep(60)\n"
        "ingest.pipeline.open_sized = decode\n"
        "import artextract.__main__"
    )
    command = [sys.executable, "-c", script, "ingest", "folder", str(folder), "--store", str(store)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            assert run.stdout is not None
            assert run.stdout.readline() == "decoding\n"
            run.send_signal(signal.SIGINT)
            _, err = run.communicate(timeout=30)
        finally:
            run.kill()
    assert run.returncode == 130, err
    assert "Interrupted after 0 new artworks" in err
    assert contents(store) == {}


def test_interrupted_it_says_so_and_leaves_a_store_that_opens(
    folder: Path, tmp_path: Path, start_artextract: Callable[..., "subprocess.Popen[str]"]
) -> None:
    store = tmp_path / "store"
    run = start_artextract("ingest", "folder", folder, "--store", store, "--batch-size", 4)
    while run.poll() is None and not (store / "manifest.json").exists():
        time.sleep(0.01)
    time.sleep(0.3)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate()
    assert run.returncode == 130, (out, err)
    assert "Traceback" not in err
    assert "they are kept" in err
    kept = len(contents(store))
    assert kept < WORKS
    run = start_artextract("ingest", "folder", folder, "--store", store)
    out, err = run.communicate()
    assert run.returncode == 0, err
    assert f"unchanged {kept}," in out
    assert len(contents(store)) == WORKS
