"""The GPU benchmark, on the CPU: its guards, its checks and its page."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from artextract.models.registry import DEFAULT_MODEL
from benchmarks import atelier, gpu
from benchmarks.gpu_sections import model, neighbours
from benchmarks.gpu_sections.bench import (
    Bench,
    Skipped,
    load_cpu_model,
    load_tensors,
    open_session,
)
from benchmarks.gpu_sections.page import make_page
from benchmarks.gpu_sections.runner import run_section
from search.bench.faiss_mirror import Index

ROOT = Path(__file__).resolve().parents[2]
ON_CPU_ONLY = pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="CUDA is offered"
)


@pytest.fixture(scope="module")
def paintings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("atelier")
    atelier.save_gallery(folder, atelier.make_works()[:3], workers=1)
    return folder / "paintings"


@pytest.fixture
def bench(paintings: Path, tmp_path: Path) -> Bench:
    images = tuple(sorted(paintings.glob("*.jpg")))
    return Bench(
        device="cpu", model=DEFAULT_MODEL, images=images, images_from="the atelier",
        scratch=tmp_path, cores=2, seconds=5,
    )  # fmt: skip


def run_script(images: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), *options]
    command += ["--images", str(images), "--out", str(out)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_a_section_that_fails_is_recorded_and_the_rest_goes_on(
    paintings: Path, tmp_path: Path
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for path in paintings.glob("*.jpg"):
        (images / path.name).symlink_to(path)
    (images / "broken.jpg").write_bytes(b"no image")
    out = tmp_path / "out.json"
    ran = run_script(
        images, out, "--device", "cpu", "--budget-s", "20", "--only", "decode", "--only", "graph"
    )
    results = json.loads(out.read_text(encoding="utf-8"))
    assert ran.returncode == 1
    assert "Failed: decode" in ran.stderr
    assert results["finished"]
    decode, graph = results["sections"]["decode"], results["sections"]["graph"]
    assert decode["status"] == "failed"
    assert "Traceback" in decode["error"]
    assert "ImageError: broken.jpg is not a JPEG" in decode["error"]
    assert decode["figures"]["images"] == 4
    assert graph["status"] == "done"
    assert graph["figures"]["bodies"]["nodes"]["CPUExecutionProvider"] > 100
    assert graph["figures"]["bodies"]["copies"] == {"MemcpyFromHost": 0, "MemcpyToHost": 0}
    page = make_page(results)
    assert "**Failed**: artextract.errors.ImageError: broken.jpg" in page
    assert page.startswith("# The GPU benchmark, run on a CPU: no figure on this page comes from")


@ON_CPU_ONLY
def test_cuda_without_a_provider_fails_and_no_figure_is_claimed(
    paintings: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    ran = run_script(paintings, out, "--budget-s", "20", "--only", "machine", "--only", "start")
    results = json.loads(out.read_text(encoding="utf-8"))
    assert ran.returncode == 1
    assert "CUDAExecutionProvider was requested" in results["sections"]["machine"]["error"]
    assert results["sections"]["start"]["status"] == "failed"
    assert "cpu, one image" in results["sections"]["start"]["figures"]
    assert make_page(results).startswith("# The GPU benchmark, which did not run on a GPU")


def test_a_part_does_not_replace_the_results_of_a_whole_run() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), "--only", "graph"]
    ran = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert ran.returncode == 2
    assert "--only needs --out" in ran.stderr


def test_a_section_is_not_begun_when_no_time_is_left(paintings: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    ran = run_script(paintings, out, "--device", "cpu", "--budget-s", "1", "--only", "graph")
    (result,) = json.loads(out.read_text(encoding="utf-8"))["sections"].values()
    assert result == {"status": "skipped", "reason": "no time is left of 1 s"}
    assert ran.returncode == 0


def test_a_section_that_overruns_is_ended(bench: Bench) -> None:
    result = run_section("graph", bench, limit=0.01)
    assert result["status"] == "failed"
    assert result["error"].startswith("it was ended after")


def test_a_process_that_dies_leaves_the_figures_it_had(bench: Bench) -> None:
    def kill() -> None:
        written = bench.scratch / "section-model.json"
        while not written.is_file():
            time.sleep(0.01)
        (child,) = multiprocessing.active_children()
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    result = run_section("model", replace(bench, seconds=60), limit=60)
    killer.join()
    assert result["status"] == "failed"
    assert result["error"] == "its process died with exit code -9"
    assert result["figures"]["batch 1"]["per_second"] > 0


def test_fewer_images_than_needed_are_flipped_before_they_repeat(bench: Bench) -> None:
    rows = load_tensors(bench, load_cpu_model(bench), 7)
    assert rows.shape == (7, 3, 224, 224)
    assert len(np.unique(rows[:6].reshape(6, -1), axis=0)) == 6
    np.testing.assert_array_equal(rows[3], rows[0, :, :, ::-1])
    np.testing.assert_array_equal(rows[6], rows[0])


def test_normalising_inside_the_graph_gives_the_same_outputs(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "UINT8_BATCHES", (8,))
    figures = dict(model.uint8(replace(bench, seconds=0.5)))
    assert figures["largest_difference"] < 1e-5
    assert figures["batch 8"]["in_graph"]["per_second"] > 0


def test_without_onnx_the_section_on_8_bit_input_is_skipped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(Skipped, match="the package onnx is needed"):
        list(model.uint8(bench))


def test_parity_of_the_cpu_with_itself(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "PARITY_IMAGES", 24)
    figures = dict(model.parity(bench))
    assert (figures["images"], figures["flipped"]) == (12, 9)
    for row in figures["CPU"]["vectors"].values():
        assert row["lowest_cosine"] == pytest.approx(1, abs=1e-6)
        assert row["equal_nearest"] == 1
    for row in figures["CPU"]["classes"].values():
        assert row["equal"] == 1
        assert row["largest_difference"] < 1e-5


def test_parity_tells_another_network_apart(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "PARITY_IMAGES", 24)
    opened = open_session
    runs = 0

    def change_the_second(*arguments: Any, **options: Any) -> Any:
        nonlocal runs
        runs += 1
        session = opened(*arguments, **options)
        return _Flipped(session) if runs == 2 else session

    monkeypatch.setattr(model, "open_session", change_the_second)
    figures = dict(model.parity(bench))
    for row in figures["CPU"]["vectors"].values():
        assert row["lowest_cosine"] < row["mean_cosine"] < 0.999
    assert figures["CPU"]["classes"]["style"]["largest_difference"] > 0.001


class _Flipped:
    """A session that is shown everything upside down."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def run(self, names: list[str], feed: dict[str, Any]) -> Any:
        return self._session.run(names, {name: each[:, :, ::-1] for name, each in feed.items()})


def test_faiss_answers_stay_inside_their_filters(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "POINTS", {"cpu": 2000})
    figures = dict(neighbours.faiss(bench))
    flat = [row for row in figures["rows"] if row["index"] == "flat"]
    assert {row["filter"] for row in flat} >= {"none", "years 10%", "artist 10%"}
    assert all(row["recall"] == 1 for row in flat)
    assert all(row["outside_filter"] == 0 for row in figures["rows"])


def test_an_index_that_ignores_its_filter_fails_the_section(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "POINTS", {"cpu": 2000})
    search = Index.search

    def ignore_rows(self: Index, *arguments: Any, rows: Any, **options: Any) -> Any:
        return search(self, *arguments, rows=None, **options)

    monkeypatch.setattr(Index, "search", ignore_rows)
    figures: dict[str, Any] = {}
    with pytest.raises(RuntimeError, match="rows outside their filter"):
        figures.update(neighbours.faiss(bench))
    assert any(row["outside_filter"] for row in figures["rows"])


def test_the_page_says_what_the_results_say() -> None:
    results = json.loads(gpu.find_results().read_text(encoding="utf-8"))
    written = gpu.PAGE.read_text(encoding="utf-8")
    assert written == make_page(results), "run: python benchmarks/gpu.py --page"


def test_only_a_session_on_cuda_makes_a_page_about_a_gpu() -> None:
    figures = {"providers": ["CPUExecutionProvider"], "gpus": [{"name": "NVIDIA H100"}]}
    results = {
        "device": "cuda", "model": DEFAULT_MODEL, "images": {"from": "the atelier", "count": 3},
        "budget_s": 480, "seconds": 5, "finished": False,
        "sections": {"machine": {"status": "failed", "error": "no driver", "figures": figures}},
    }  # fmt: skip
    assert make_page(results).startswith("# The GPU benchmark, which did not run on a GPU")
    figures["providers"] = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    page = make_page(results)
    assert page.startswith("# The main job on a GPU: NVIDIA H100\n")
    assert "**The run was cut off**" in page
    assert "**Failed**: no driver" in page


def test_batches_that_do_not_fit_are_left_out_and_the_page_names_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "BATCHES", (1, 2))
    figures = dict(model.model(replace(bench, seconds=0)))
    assert figures["batch 1"]["repeats"] == 1
    assert figures["left_out"] == (2,)
    results = {
        "device": "cpu", "model": DEFAULT_MODEL, "images": {"from": "the atelier", "count": 3},
        "budget_s": 480, "seconds": 5, "finished": True,
        "sections": {"model": {"status": "done", "figures": figures}},
    }  # fmt: skip
    assert "No time was left for batches of 2." in make_page(results)
