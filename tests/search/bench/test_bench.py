"""The benchmark from end to end, and its parts against plain loops."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import Artextract, assert_one_sentence
from qdrant_server import serve_qdrant

from artextract.errors import InputError
from artextract.store import Point, create_store, open_store
from artextract.store.location import Location
from search.bench.check import ResultCheck, save_passing
from search.bench.engines import Setting, open_faiss, open_qdrant
from search.bench.faiss_mirror import Mirror, MirrorState, build_mirror
from search.bench.figures import Figures, Line, make_figures, recall
from search.bench.measure import Task, measure
from search.bench.plan import SHARES, Plan, make_plan
from search.bench.report import save_report, to_markdown
from search.bench.synthetic import make_queries, make_store

pytest.importorskip("faiss")
import gpu_faiss

POINTS, DIMENSION = 2000, 16


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    folder = tmp_path_factory.mktemp("made-up")
    with make_store(str(folder / "store"), POINTS, DIMENSION) as store:
        state = build_mirror(store, folder / "mirror")
    return Mirror(folder / "mirror", state)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole benchmark by the command line."""
    from artextract.cli.main import main

    out = tmp_path_factory.mktemp("bench") / "out"
    with pytest.raises(SystemExit) as left:
        main(["bench", "--synthetic", str(POINTS), "--dim", str(DIMENSION), "--out", str(out),
              "--queries", "30", "--ef", "8,64", "--indexes", "flat,hnsw,ivf-flat",
              "--clients", "2"])  # fmt: skip
    assert not left.value.code
    return out


def test_made_up_vectors_lie_in_clusters(mirror: Mirror) -> None:
    np.testing.assert_allclose(np.linalg.norm(mirror.vectors, axis=1), 1, atol=1e-5)
    scores = mirror.vectors[:200] @ mirror.vectors.T
    np.fill_diagonal(scores, -1)
    assert 0.4 < np.median(scores.max(axis=1)) < 0.95
    assert abs(np.median(scores)) < 0.3
    works = sorted((len(rows) for rows in mirror.artists.values()), reverse=True)
    assert works[0] > POINTS / 10
    assert sum(works) == POINTS


def test_a_made_up_collection_is_the_same_each_time_and_is_finished(tmp_path: Path) -> None:
    whole, cut = str(tmp_path / "whole"), str(tmp_path / "cut")
    make_store(whole, 3000, 8).close()

    class Stop(Exception):
        pass

    def stop(points: int) -> None:
        if points:
            raise Stop

    with pytest.raises(Stop):
        make_store(cut, 3000, 8, on_points=stop)
    with make_store(cut, 3000, 8) as one, open_store(whole) as other:
        expected = {r.id: (dict(r.payload), r.vectors) for r in other.scroll(with_vectors=True)}
        found = {r.id: (dict(r.payload), r.vectors) for r in one.scroll(with_vectors=True)}
    assert len(found) == 3000
    assert found == expected
    queries = make_queries(5, 3000, 8)
    np.testing.assert_array_equal(queries, make_queries(5, 3000, 8))


def test_the_plan_is_true(mirror: Mirror) -> None:
    plan = make_plan(mirror, None, count=25, limit=7)
    assert set(plan.restrictions) == {
        "none", *(f"{kind} {share:.0%}" for kind in ("artist", "years") for share in SHARES)
    }  # fmt: skip
    for name, variants in plan.restrictions.items():
        for variant in variants:
            rows = variant.rows(mirror)
            passing = list(range(POINTS)) if rows is None else rows.tolist()
            assert variant.share == pytest.approx(len(passing) / POINTS)
            if name != "none":
                aimed = float(name.split()[1].rstrip("%")) / 100
                assert 0.5 * aimed <= variant.share <= 2 * aimed + 0.02
        for number in range(25):
            rows = plan.restriction(name, number).rows(mirror)
            passing = list(range(POINTS)) if rows is None else rows.tolist()
            own = int(plan.left_out[number])
            scores = {
                row: float(plan.queries[number] @ mirror.vectors[row])
                for row in passing
                if row != own
            }
            expected = sorted(scores, key=lambda row: -scores[row])[:7]
            told = [row for row in plan.truth[name][number].tolist() if row >= 0]
            assert len(told) == len(expected)
            for row, best in zip(told, expected, strict=True):
                assert scores[row] == pytest.approx(scores[best], abs=1e-6)


def test_a_plan_is_kept(mirror: Mirror, tmp_path: Path) -> None:
    plan = make_plan(mirror, make_queries(6, POINTS, DIMENSION), count=6, limit=3)
    plan.save(tmp_path)
    kept = Plan.load(tmp_path)
    np.testing.assert_array_equal(kept.queries, plan.queries)
    assert kept.restrictions == plan.restrictions
    assert kept.left_out.tolist() == [-1] * 6
    assert kept.truth.keys() == plan.truth.keys()
    for name, rows in plan.truth.items():
        np.testing.assert_array_equal(kept.truth[name], rows)


def test_recall_by_hand() -> None:
    truth = np.array([[1, 2, 3], [4, 5, -1], [-1, -1, -1]])
    left_out = np.array([9, -1, 0])
    assert recall([[9, 1, 2, 3], [4, 5], []], truth, left_out) == 1
    assert recall([[9, 1, 7, 3], [5, 8, 4], [0]], truth, left_out) == pytest.approx(7 / 12)
    assert recall([[1, 2, 7, 3], [], []], truth, left_out) == pytest.approx(1 / 3)


def test_the_whole_benchmark(bench: Path) -> None:
    figures = make_figures(bench)
    assert set(figures.engines) == {"qdrant", "faiss flat", "faiss hnsw", "faiss ivf-flat"}
    for filter_ in ("none", "artist 1%", "artist 10%", "artist 50%", "years 10%"):
        for engine in ("qdrant", "faiss flat"):
            best = figures.best(engine, filter_, 0.99)
            assert best is not None, (engine, filter_)
            assert best.queries == 30
            assert 0 < best.p50 <= best.p95 <= best.p99
    inside = [line for line in figures.lines if line.variant == "filtered inside"]
    assert {line.engine for line in inside} == {"faiss hnsw", "faiss ivf-flat"}
    assert min(line.recall for line in inside) < 0.9
    for facts in figures.engines.values():
        assert facts["open_seconds"] > 0
        assert facts["disk_bytes"] > 0
        assert facts["memory_bytes"]["own"] > 0
    raw = json.loads((bench / "raw" / "qdrant.json").read_text())
    assert len(raw["runs"][0]["answers"]) == len(raw["runs"][0]["milliseconds"]) == 30
    for name in ("report.md", "report.html", "recall-latency.png", "figures.json"):
        assert (bench / name).stat().st_size > 1000
    page = (bench / "report.html").read_text()
    assert "<table>" in page
    assert "artextract bench" not in page or "<pre>" in page


def measure_flat(bench: Path) -> None:
    with open_store(str(bench / "store")) as store:
        state = MirrorState.of(store, "visual")
    open_engine = partial(open_faiss, bench / "mirror", state, "flat", "cpu", 1)
    measure(Task(name="faiss flat", out=str(bench), settings=(Setting(0),), open=open_engine,
                 threads=1, clients=2))  # fmt: skip


def measure_qdrant(bench: Path) -> None:
    open_engine = partial(open_qdrant, Location(str(bench / "store")), "visual")
    measure(Task(name="qdrant", out=str(bench), settings=(Setting(16),), open=open_engine,
                 threads=1, clients=2))  # fmt: skip


@pytest.mark.parametrize("run", [measure_flat, measure_qdrant])
def test_a_row_outside_the_filter_stops_the_run(
    run: Callable[[Path], None], bench: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(bench, out)
    run(out)  # nothing is wrong yet
    with np.load(out / "passing.npz") as masks:
        passing = dict(masks)
    passing["artist 10%"][:] = False
    np.savez(out / "passing.npz", **passing)
    said = r"(qdrant|faiss flat) returned (row \d+|point [-0-9a-f]{36}) .*'artist 10%'.* not pass"
    with pytest.raises(InputError, match=said):
        run(out)


def test_answers_are_checked_against_their_own_filter(mirror: Mirror, tmp_path: Path) -> None:
    plan = make_plan(mirror, None, count=8, limit=3)
    save_passing(plan, mirror, tmp_path)
    check = ResultCheck(tmp_path, plan)
    for name in plan.restrictions:
        rows = [plan.restriction(name, query).rows(mirror) for query in range(8)]
        answers = [range(POINTS) if each is None else each.tolist() for each in rows]
        check.check("an engine", name, answers)
        check.check("an engine", name, [mirror.ids[list(each)].tolist() for each in answers])
        if name != "none":
            outside = next(row for row in range(POINTS) if row not in answers[5])
            wrong: list[list[int | str]] = [[] for _ in range(8)]
            for bad in (outside, str(mirror.ids[outside])):
                wrong[5] = [answers[5][0], bad]
                with pytest.raises(InputError, match=rf"an engine .* {bad} for query 5 .*'{name}'"):
                    check.check("an engine", name, wrong)
        for unknown in (POINTS, -1, "no-such-point"):
            with pytest.raises(InputError, match=str(unknown)):
                check.check("an engine", name, [[unknown]])


def test_a_benchmark_on_a_gpu_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_artextract: Callable[..., Any]
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import gpu_faiss\ngpu_faiss.install()\n")
    support = Path(gpu_faiss.__file__).parent
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(support), before]))
    out = tmp_path / "out"
    ran = start_artextract("bench", "--synthetic", POINTS, "--dim", DIMENSION, "--out", out,
                           "--queries", 30, "--ef", "8,64", "--clients", 3,
                           "--device", "cuda")  # fmt: skip
    _, err = ran.communicate()
    assert ran.returncode == 0, err
    assert err.startswith("FAISS hnsw is left out: FAISS has no hnsw on a GPU.\n")
    figures = make_figures(out)
    assert set(figures.engines) == {"qdrant", "faiss flat", "faiss ivf-flat"}
    assert {name: each["device"] for name, each in figures.engines.items()} == {
        "qdrant": "cpu", "faiss flat": "cuda", "faiss ivf-flat": "cuda"
    }  # fmt: skip
    filtered = [line for line in figures.lines
                if line.engine.startswith("faiss") and line.filter != "none"]  # fmt: skip
    assert len(filtered) == 2 * 6
    assert {line.recall for line in filtered} == {1}
    assert {(line.setting, line.variant) for line in filtered} == {("one by one", "")}
    assert "the clients take turns" in (out / "report.md").read_text()


def test_the_report_is_made_again_without_measuring(bench: Path, artextract: Artextract) -> None:
    before = (bench / "report.md").read_text()
    (bench / "report.md").unlink()
    ran = artextract("bench", "--out", bench, "--report-only", "--beside", bench)
    assert ran.code == 0
    after = (bench / "report.md").read_text()
    assert before.split("![")[0].strip() in after
    assert "Growth" in after
    assert (bench / "latency-size.png").stat().st_size > 1000


def test_a_second_run_takes_mirror_and_collection_as_they_are(
    bench: Path, artextract: Artextract
) -> None:
    built = (bench / "mirror" / "hnsw.faiss").stat().st_mtime_ns
    words = ["bench", "--synthetic", POINTS, "--dim", DIMENSION, "--out", bench, "--queries", 5,
             "--ef", "16", "--indexes", "hnsw"]  # fmt: skip
    assert artextract(*words).code == 0
    assert (bench / "mirror" / "hnsw.faiss").stat().st_mtime_ns == built
    with open_store(str(bench / "store")) as store:
        store.delete([next(store.scroll()).id])
    with open_store(str(bench / "store")) as store:
        assert store.count() == POINTS - 1
    ran = artextract("bench", "--store", bench / "store", "--out", bench, "--queries", 5)
    assert_one_sentence(ran, "out of date", "--rebuild")
    words = ["bench", "--store", bench / "store", "--out", bench, "--queries", 5, "--rebuild",
             "--ef", "16", "--indexes", "flat"]  # fmt: skip
    ran = artextract(*words)
    assert ran.code == 0, ran
    assert "1,999 vectors" in ran.out


def test_a_server_is_filled_and_measured(tmp_path: Path, artextract: Artextract) -> None:
    port = find_two_ports()
    with serve_qdrant(port=port, grpc_port=port + 1) as server:
        words = ["bench", "--store", f"{server.url}/made-up", "--out", tmp_path, "--queries", 4,
                 "--ef", "16", "--indexes", "flat", "--dim", 8]  # fmt: skip
        assert_one_sentence(artextract(*words), "no collection 'made-up'")
        ran = artextract(*words, "--synthetic", 1000)
        assert ran.code == 0, ran
        assert f"Searching {server.url}/made-up by gRPC." in ran.err
        for fact in ("Qdrant 1.", f"at {server.url} by gRPC", "quantisation int8"):
            assert fact in ran.out
        assert make_figures(tmp_path).best("qdrant", "years 10%", 0.99) is not None
        with make_store(f"{server.url}/made-up", 1000, 8) as store:
            assert store.count() == 1000
    assert not (tmp_path / "store").exists()


def find_two_ports() -> int:
    """Return the first of two adjacent ports that are free."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            with suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port


@pytest.mark.parametrize("where", ["folder", "server"])
def test_a_collection_of_anything_else_is_not_filled(
    tmp_path: Path, where: str, artextract: Artextract
) -> None:
    with serve_qdrant() as server:
        location = f"{server.url}/mine" if where == "server" else str(tmp_path / "mine")
        make_store(location, 1000, 8).close()
        with open_store(location) as store:
            before = store.manifest.revision
        for words in (["--synthetic", 2000, "--dim", 8], ["--synthetic", 1000, "--dim", 16],
                      ["--synthetic", 1000, "--dim", 8, "--seed", 1]):  # fmt: skip
            ran = artextract("bench", "--store", location, "--out", tmp_path / "out", *words)
            assert_one_sentence(ran, "does not hold these", "synthetic-8", "name a new collection")
        with open_store(location) as store:
            assert store.manifest.revision == before
            assert store.count() == 1000


def test_the_collection_of_the_environment_is_not_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, artextract: Artextract
) -> None:
    monkeypatch.setenv("ARTEXTRACT_STORE", str(tmp_path / "paintings"))
    words = ["--synthetic", 1000, "--dim", 8, "--by", "style"]  # so that nothing is measured
    ran = artextract("bench", *words, "--out", tmp_path / "out")
    assert_one_sentence(ran, "no vectors of 'style'")
    assert not (tmp_path / "paintings").exists()
    assert (tmp_path / "out" / "store").is_dir()


@pytest.mark.parametrize("stored", [999, 1250, 1500])
def test_a_filling_that_was_cut_off_goes_on(stored: int, tmp_path: Path) -> None:
    with make_store(str(tmp_path / "whole"), 1500, 8) as whole:
        points = [Point(each.id, each.vectors, each.payload)
                  for each in whole.scroll(with_vectors=True)]  # fmt: skip
        model = whole.manifest.model
    points.sort(key=lambda point: int(point.payload["id"].partition(":")[2]))
    with create_store(str(tmp_path / "part"), model) as part:
        part.upsert(points[:stored])
        revision = part.manifest.revision
    with make_store(str(tmp_path / "part"), 1500, 8) as part:
        assert sorted(each.id for each in part.scroll()) == sorted(each.id for each in points)
        assert (part.manifest.revision == revision) == (stored == 1500)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--indexes", "tree"], 2, "'tree' is unknown"),
        (["--ef", "many"], 2, "'many' is not a list"),
        (["--ef", "0"], 2, "'0' is not a list"),
        (["--store", "nowhere"], 1, "there is no store"),
        (["--report-only"], 1, "holds no results"),
        (["--synthetic", "1000", "--dim", "8", "--by", "style", "--queries", "2"], 1, "'style'"),
        (
            ["--synthetic", "1000", "--dim", "8", "--device", "cuda", "--indexes", "flat"],
            1,
            "bench-gpu",
        ),
        (["--synthetic", "1000", "--device", "cuda", "--indexes", "flat,hnsw"], 1, "no hnsw"),
        (["--synthetic", "1000", "--device", "cuda", "--ef", "64,4096"], 1, "at most 2,048"),
    ],
)
def test_bad_input(
    words: list[str], code: int, said: str, tmp_path: Path, artextract: Artextract
) -> None:
    ran = artextract("bench", "--out", tmp_path / "out", *words)
    assert ran.code == code, ran
    assert said in ran.err
    assert "Traceback" not in ran.err
    if "cuda" in words:
        assert not (tmp_path / "out").exists(), "something was built before the refusal"


def make_line(engine: str, setting: str, recall_: float, p50: float) -> Line:
    return Line(engine=engine, setting=setting, variant="", filter="none", share=1.0, queries=9,
                recall=recall_, p50=p50, p95=p50, p99=p50, single=9, concurrent=9)  # fmt: skip


def test_the_best_setting_is_the_quickest_that_is_good_enough(tmp_path: Path) -> None:
    lines = (
        make_line("qdrant", "ef 16", 0.95, 0.1),
        make_line("qdrant", "ef 64", 0.991, 0.4),
        make_line("qdrant", "ef 256", 1.0, 0.9),
        make_line("faiss ivf-pq", "ef 16", 0.5, 0.1),
        make_line("faiss ivf-pq", "ef 64", 0.7, 0.2),
    )
    memory = {"own": 1 << 20, "mapped": 0}
    engines = {
        name: {"memory_bytes": memory, "open_seconds": 0.1, "first_query_ms": 1.0}
        for name in ("qdrant", "faiss ivf-pq")
    }
    facts = {"points": 9, "dimension": 3, "collection": "x", "queries": 9, "limit": 1,
             "threads": 1, "clients": 1, "machine": "m", "command": "c"}  # fmt: skip
    figures = Figures(lines, engines, facts)
    best = figures.best("qdrant", "none", 0.99)
    assert best is not None
    assert best.setting == "ef 64"
    assert figures.best("faiss ivf-pq", "none", 0.99) is None
    text = to_markdown(figures)
    assert "| qdrant | ef 64 | 0.991 |" in text
    assert "| faiss ivf-pq | ef 64 | 0.700 |" in text
    assert "ef 256" not in text
    assert len(save_report(tmp_path, figures)) == 3


def test_a_quantised_collection_is_measured_with_and_without_looking_up(
    tmp_path: Path, artextract: Artextract
) -> None:
    words = ["bench", "--synthetic", 1000, "--dim", 16, "--out", tmp_path / "out", "--queries", 9,
             "--ef", "64", "--indexes", "flat", "--quantization", "int8"]  # fmt: skip
    ran = artextract(*words)
    assert ran.code == 0, ran
    assert "quantisation int8" in ran.out
    settings = {
        line.setting for line in make_figures(tmp_path / "out").lines if line.engine == "qdrant"
    }
    rescored = {"ef 64, not rescored", "ef 64, rescored 1x", "ef 64, rescored 3x"}
    assert settings == {"default", *rescored}
    ran = artextract("bench", "--out", tmp_path / "out", "--quantization", "int8")
    assert ran.code == 2
    assert "needs --synthetic" in ran.err
