"""A training from the command line to its report, and what can go wrong."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from commands import Artextract, Ran, assert_one_sentence
from tiny_network import GENRES, STYLES, paint_textures

from artextract.catalog.years import UNKNOWN_YEARS, YearRange
from training.evaluation.predictions import open_run

TRAIN, ALL = 80, 120
SMALL = (
    "size=64",
    "attributes=style,genre",
    "min_works.genre=2",
    "stage_one.epochs=4",
    "stage_one.batch=16",
    "stage_two.epochs=1",
    "stage_two.batch=16",
    "stage_two.precision=fp32",
    "augment.side=0",
    "augment.area=0.8",
)
"""Settings with which a training takes seconds."""


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``works.csv`` and images of four textures in two colours; two are broken."""
    folder = tmp_path_factory.mktemp("gallery")
    pixels, labels = paint_textures(ALL)
    with (folder / "works.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "artist", "style", "genre", "split", "year"])
        for number, (image, (style, genre)) in enumerate(zip(pixels, labels, strict=True)):
            name = f"{number:03}.jpg"
            PIL.Image.fromarray(image).resize((80, 72)).save(folder / name, quality=92)
            table.writerow(
                [
                    name,
                    f"Painter {number % 10}",
                    STYLES[style],
                    GENRES[genre] if genre >= 0 else "",
                    "train" if number < TRAIN else "val",
                    1700 + number,
                ]
            )
        table.writerow(["missing.jpg", "Painter 1", "rows", "red", "train", ""])
        table.writerow(["cut.jpg", "Painter 1", "rows", "red", "train", ""])
        table.writerow(["120.jpg", "Painter 1", "spirals", "red", "val", ""])
    (folder / "cut.jpg").write_bytes((folder / "000.jpg").read_bytes()[:700])
    (folder / "120.jpg").write_bytes((folder / "000.jpg").read_bytes())
    return folder


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache that all trainings here share, so that features are made once."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTEXTRACT_CACHE", str(folder))
        yield folder


def words(gallery: Path, out: Path, *more: object, config: tuple[str, ...] = SMALL) -> list[str]:
    """Return the command line of a small training."""
    changes = [word for context in config for word in ("--set", context)]
    line = ["train", "catalog", gallery / "works.csv", "--split-column", "split", "--out", out]
    return [str(word) for word in (*line, *changes, *more)]


@pytest.fixture(scope="module")
def trained(gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """The folder of a training in a process of its own, and what it said."""
    run = tmp_path_factory.mktemp("trained") / "run"
    ran = run_alone(*words(gallery, run, "--folds", "3"))
    assert ran.code == 0, ran.err
    return run, ran


def run_alone(*arguments: str) -> Ran:
    """Run a command line in its own process: libraries of other tests change torch's digits."""
    done = subprocess.run(
        [sys.executable, "-m", "artextract", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def weights(run: Path) -> dict[str, object]:
    """Return the tensors of the network that a training decided for."""
    from training.loops.network import load_network

    network, _, _ = load_network(run)
    return dict(network.state_dict())


def test_a_training_writes_its_folder_and_says_how_good_it_is(trained: tuple[Path, Ran]) -> None:
    run, ran = trained
    assert "missing.jpg" in ran.err
    assert "1 of 122 images can't be opened" in ran.err
    assert "cut.jpg" in ran.err
    assert "no training sample has them: spirals" in ran.err
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [(row["stage"], row["epoch"]) for row in rows] == [
        *(("stage one", epoch) for epoch in (1, 2, 3, 4)),
        ("stage two", 1),
    ]
    assert list((run / "tensorboard").iterdir())
    samples = open_run(run).samples
    assert samples["007.jpg"].years == YearRange(1707, 1707)
    assert samples["120.jpg"].years == UNKNOWN_YEARS
    assert "size = 64  # --set" in (run / "config.toml").read_text()
    with np.load(run / "predictions" / "val.npz") as said:
        predicted = said["logits.style"].argmax(axis=1)
        known = said["labels.style"] >= 0
        assert known.sum() == ALL - TRAIN  # the spiral was not learnt
        # A constant is right for a quarter.
        assert (predicted == said["labels.style"])[known].mean() > 0.7
    with np.load(run / "predictions" / "oof.npz") as said:
        assert len(said["ids"]) == ALL + 1
        known = said["labels.style"] >= 0
        assert (said["logits.style"].argmax(axis=1) == said["labels.style"])[known].mean() > 0.7
    assert "style" in ran.out
    assert "macro-F1" in ran.out


def test_report_and_outliers_are_made_of_a_training(
    trained: tuple[Path, Ran], artextract: Artextract, tmp_path: Path
) -> None:
    run, _ = trained
    ran = artextract("report", run, "--baseline", "--out", tmp_path / "report")
    assert ran.code == 0, ran
    assert "style: macro-F1" in ran.out
    assert "baseline" in ran.out
    page = (tmp_path / "report" / "report.html").read_text()
    assert "spirals" in page
    told = json.loads((tmp_path / "report" / "report.json").read_text())
    assert {one["attribute"] for one in told["judgements"]} == {"style", "genre"}
    ran = artextract("outliers", run, "--out", tmp_path / "outliers")
    assert ran.code == 0, ran
    with (tmp_path / "outliers" / "outliers.csv").open() as file:
        ranked = list(csv.DictReader(file))
    assert sum(row["attribute"] == "style" for row in ranked) == ALL


def test_a_finished_training_is_not_trained_again(
    trained: tuple[Path, Ran], gallery: Path, artextract: Artextract
) -> None:
    run, _ = trained
    before = weights(run)
    ran = artextract(*words(gallery, run, "--resume"))
    assert ran.code == 0, ran
    assert "epoch" not in ran.err
    after = weights(run)
    assert all(bool((before[name] == after[name]).all()) for name in before)  # type: ignore[attr-defined]


def test_control_c_and_resume_give_the_weights_of_an_undisturbed_training(
    trained: tuple[Path, Ran],
    gallery: Path,
    tmp_path: Path,
    start_artextract: Callable[..., "subprocess.Popen[str]"],
) -> None:
    run = tmp_path / "run"
    process = start_artextract(*words(gallery, run))
    metrics = run / "metrics.jsonl"
    while not (metrics.is_file() and len(metrics.read_text().splitlines()) >= 2):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not (run / "predictions").exists()
    ran = run_alone(*words(gallery, run, "--resume", config=()))
    assert ran.code == 0, ran
    undisturbed, resumed = weights(trained[0]), weights(run)
    for name, value in undisturbed.items():
        assert bool((value == resumed[name]).all()), name  # type: ignore[attr-defined]


def test_two_processes_train_together(gallery: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, *launcher, "-m", "artextract", *words(gallery, run, "--device", "cpu")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("macro-F1") == 1  # one of them speaks
    with np.load(run / "predictions" / "val.npz") as said:
        known = said["labels.style"] >= 0
        assert len(said["ids"]) == ALL - TRAIN + 1
        assert (said["logits.style"].argmax(axis=1) == said["labels.style"])[known].mean() > 0.7


def change_rows(gallery: Path, folder: Path, **columns: Callable[[str], str]) -> Path:
    """Write the catalog with columns changed into ``folder``; return the file."""
    with (gallery / "works.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for name, change in columns.items():
            row[name] = change(row[name])
    target = folder / "works.csv"
    with target.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    return target


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"split": lambda word: word.replace("train", "trian")}, ("trian", "train")),
        ({"split": lambda _: "train"}, ("no sample in val",)),
        ({"genre": lambda _: ""}, ("genre",)),
        ({"file": lambda name: "nowhere/" + name}, ("image",)),
    ],
    ids=["split typo", "nothing to evaluate by", "no label at all", "no image"],
)
def test_a_catalog_that_can_not_be_learnt_from(
    columns: dict[str, Callable[[str], str]],
    expected: tuple[str, ...],
    gallery: Path,
    tmp_path: Path,
    artextract: Artextract,
) -> None:
    file = change_rows(gallery, tmp_path, **columns)
    line = words(gallery, tmp_path / "run", "--images", gallery)
    line[2] = str(file)
    assert_one_sentence(artextract(*line), *expected)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (("--set", "stage_two.epoch=3"), ("stage_two.epoch", "epochs, batch")),
        (("--set", "seed=many"), ("seed", "many", "valid integer")),
        (("--set", "model.backbone=resnet5"), ("resnet5", "resnet50")),
        (("--set", "model.middle=99"), ("model.middle", "99")),
        (("--set", "stage_two.frozen=99"), ("stage_two.frozen", "99")),
        (("--set", "attributes=style,colour"), ("colour",)),
        (("--set", "min_works.style=1000"), ("style", "1000", "most")),
        (("--config", "nowhere.toml"), ("nowhere.toml",)),
        (("--split-column", "spilt"), ("spilt", "split")),
        (("--images", "nowhere"), ("nowhere",)),
        (("--beside", "nowhere"), ("nowhere",)),
        (("--device", "cuda"), ("cuda", "device cpu")),
    ],
)
def test_settings_that_can_not_be(
    more: tuple[str, ...],
    expected: tuple[str, ...],
    gallery: Path,
    tmp_path: Path,
    artextract: Artextract,
) -> None:
    if "cuda" in more and pytest.importorskip("torch").cuda.is_available():
        pytest.skip("here is a GPU")
    assert_one_sentence(artextract(*words(gallery, tmp_path / "run", *more)), *expected)


def test_a_folder_with_something_else_in_it_is_left_alone(
    gallery: Path, tmp_path: Path, artextract: Artextract
) -> None:
    (tmp_path / "thesis.txt").write_text("twenty years of work")
    assert_one_sentence(
        artextract(*words(gallery, tmp_path)), "thesis.txt", "resume", "another folder"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("damage", ["truncated", "empty", "text"])
def test_a_corrupt_checkpoint_is_refused_and_nothing_is_lost(
    damage: str,
    trained: tuple[Path, Ran],
    gallery: Path,
    tmp_path: Path,
    artextract: Artextract,
) -> None:
    run = shutil.copytree(trained[0], tmp_path / "run")
    last, best = run / "checkpoints" / "last.pt", run / "checkpoints" / "best.pt"
    whole, others = last.read_bytes(), best.read_bytes()
    last.write_bytes(
        {"truncated": whole[: len(whole) // 2], "empty": b"", "text": b"epoch 3"}[damage]
    )
    assert_one_sentence(artextract(*words(gallery, run, "--resume")), "last.pt", "damaged")
    assert best.read_bytes() == others
    last.write_bytes(whole)
    assert artextract(*words(gallery, run, "--resume")).code == 0


def test_a_training_goes_on_with_its_own_settings_and_works_alone(
    trained: tuple[Path, Ran], gallery: Path, tmp_path: Path, artextract: Artextract
) -> None:
    run = shutil.copytree(trained[0], tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (run / "checkpoints").iterdir()}
    line = words(gallery, run, "--resume", "--set", "seed=1")
    assert_one_sentence(artextract(*line), "seed is 1, not 0")
    fewer = change_rows(gallery, tmp_path, split=lambda word: word)
    lines = fewer.read_text().splitlines()
    fewer.write_text("\n".join([*lines[:5], *lines[9:]]) + "\n")
    line = words(gallery, run, "--resume", "--images", gallery)
    line[2] = str(fewer)
    assert_one_sentence(artextract(*line), "last.pt", "other samples")
    config = (run / "config.toml").read_text()
    (run / "config.toml").write_text(config.replace("hidden = 128", "hidden = 64"))
    line = words(gallery, run, "--resume", config=())
    assert_one_sentence(artextract(*line), "last.pt", "another configuration")
    for name, content in before.items():
        assert (run / "checkpoints" / name).read_bytes() == content


def test_a_full_disk_leaves_the_checkpoints_before(
    trained: tuple[Path, Ran],
    gallery: Path,
    mount: Callable[..., Path],
) -> None:
    saved = sum(path.stat().st_size for path in (trained[0] / "checkpoints").iterdir())
    point = mount(f"size={saved * 6 // 10 // 1024}k")
    run = point / "run"
    ran = run_alone(*words(gallery, run))
    assert_one_sentence(ran, "can't be written", "No space left on device", "resume the training")
    names = {path.name for path in (run / "checkpoints").iterdir()}
    assert not any(name.endswith(".new") for name in names)
    from training.loops.checkpoint import Checkpoints

    for name in names:
        Checkpoints(run / "checkpoints", {}).load(Path(name).stem)
    subprocess.run(["mount", "-o", "remount,size=1g", str(point)], check=True)
    assert run_alone(*words(gallery, run, "--resume", config=())).code == 0
    undisturbed, resumed = weights(trained[0]), weights(run)
    for name, value in undisturbed.items():
        assert bool((value == resumed[name]).all()), name  # type: ignore[attr-defined]
