"""The report of a run: its numbers, what it says where there are none, and the page."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import Artextract, assert_one_sentence
from pages import Page, assert_loads_nothing, screenshot
from runs import HOSTILE, make_run

from training.evaluation.baseline import make_baseline
from training.evaluation.bootstrap import bootstrap, paired_bootstrap
from training.evaluation.calibration import calibrate
from training.evaluation.embeddings import embed_run
from training.evaluation.metrics import score
from training.evaluation.predictions import Predictions, Run, load_predictions, save_predictions
from training.evaluation.report import save_report

APART = 44  # samples by half of the artists: too few to speak of calibration
ABLATIONS = {"note": "Each leaves <one> out.", "rows": [
    {"name": "whole", "macro_f1": {"style": 0.6125, "genre": 0.7}},
    {"name": "no recurrent part", "macro_f1": {"style": 0.5}},
]}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a baseline, ablations, config, and a training that kept artists apart."""
    made = make_run(tmp_path_factory.mktemp("report") / "run")
    val = made.load_predictions("val")
    apart = [row for row, id_ in enumerate(val.ids) if int(id_.split()[1]) % 13 < 7]
    assert len(apart) == APART
    save_predictions(
        made.predictions_file("artist_disjoint"),
        Predictions(
            ids=[val.ids[row] for row in apart],
            logits={name: values[apart] for name, values in val.logits.items()},
            labels={
                "style": val.labels["style"][apart],
                "genre": np.full(APART, -1, np.int64),  # nothing is known of genre there
            },
        ),
    )
    make_baseline(made, embed_run(made), ["val", "artist_disjoint"])
    (made.folder / "ablations.json").write_text(json.dumps(ABLATIONS), encoding="utf-8")
    (made.folder / "config.toml").write_text(
        'seed = 0  # <not> a "tag"\n[predict]\nkeep = "best"\n', encoding="utf-8"
    )
    return made


@pytest.fixture(scope="module")
def page(run: Run) -> Page:
    save_report(run, run.folder / "report")
    return Page(run.folder / "report" / "report.html")


def test_report_numbers_equal_the_metrics(run: Run, page: Page) -> None:
    data = json.loads((run.folder / "report" / "report.json").read_text(encoding="utf-8"))
    found = {(each["split"], each["attribute"]): each for each in data["judgements"]}
    assert list(found) == [("val", "style"), ("val", "genre"), ("artist_disjoint", "style")]
    val, baseline = run.load_predictions("val"), run.load_predictions("baseline_val")
    for attribute in ("style", "genre"):
        each, names = found["val", attribute], list(run.classes.names[attribute])
        logits, labels = val.logits[attribute], val.labels[attribute]
        scores, intervals = score(logits, labels, names), bootstrap(logits, labels)
        for name, value in scores.to_dict().items():
            assert each[name] == value
        assert each["intervals"]["macro_f1"] == {
            "low": intervals.macro_f1.low,
            "high": intervals.macro_f1.high,
        }
        assert each["calibration"]["error_after"] == calibrate(logits, labels).error_after
        # The first work's image is missing, so that the baseline has nothing to say of it.
        common = paired_bootstrap(logits[1:], baseline.logits[attribute], labels[1:])
        assert each["difference"]["macro_f1"] == common.macro_f1
        assert each["difference"]["n"] == common.n == (labels[1:] >= 0).sum()
        assert f"{scores.macro_f1:.3f}" in page.text
        assert f"{scores.accuracy:.3f}" in page.text
        sign = "+" if common.macro_f1 >= 0 else "\N{MINUS SIGN}"
        assert f"{sign}{abs(common.macro_f1):.3f}" in page.text
    assert found["artist_disjoint", "style"]["calibration"] is None
    assert f"Too few samples to measure ({APART}; 50 are needed)." in page.text
    assert data["left_out"]["style"] == {"Orphism": 1}


def test_page_notes_classes_without_samples_or_predictions(page: Page) -> None:
    assert "Never predicted: Realism ." in page.text
    assert "Without a sample, and so in no average: Rococo ." in page.text
    assert "for fewer than 2 training samples: Orphism (1)." in page.text
    assert page.text.count("never predicted") >= 2  # in the tables of both splits, too
    assert "artist-disjoint" in page.text


def test_page_is_self_contained(run: Run, page: Page) -> None:
    assert_loads_nothing(page)
    assert HOSTILE.replace("_", " ") in page.text
    assert "<script" not in page.source
    assert "<b>Ba" not in page.source
    assert not [attributes for attributes in page.all("b") if "style" not in attributes]
    assert "Artist <i>" in page.text
    assert "Each leaves <one> out." in page.text
    assert "no recurrent part" in page.text
    assert "0.613" in page.text or "0.612" in page.text
    assert 'seed = 0 # <not> a "tag"' in page.text
    assert "the epoch that scored best on the validation samples" in page.text
    assert "balanced logistic regression on frozen efficientnet-lite0 features" in page.text
    names = {path.name for path in (run.folder / "report").iterdir()}
    assert names == {
        "report.html", "report.json", "confusion-style.png", "confusion-genre.png",
        "confusion-style-artist_disjoint.png", "reliability-style.png", "reliability-genre.png",
    }  # fmt: skip


def test_most_confident_mistakes_come_first(page: Page) -> None:
    part = page.text.partition("Most confident mistakes")[2].partition("Best classes")[0]
    shown = [int(number) for number in re.findall(r", (\d+) %", part)]
    assert len(shown) == 8
    assert shown == sorted(shown, reverse=True)


def test_report_without_a_baseline(tmp_path: Path, artextract: Artextract) -> None:
    run = make_run(tmp_path / "run")
    ran = artextract("report", run.folder)
    assert ran.code == 0, ran
    assert "baseline" not in ran.out
    page = Page(run.folder / "report" / "report.html")
    assert "There is no baseline" in page.text
    assert_loads_nothing(page)
    assert page.text.count("image not found") <= 2


def test_option_baseline_fits_a_baseline(tmp_path: Path, artextract: Artextract) -> None:
    run = make_run(tmp_path / "run", 60)
    ran = artextract("report", run.folder, "--baseline", "--out", tmp_path / "deep" / "out")
    assert ran.code == 0, ran
    assert ran.out.count("; baseline 0.") == 2
    assert (tmp_path / "deep" / "out" / "report.html").is_file()
    assert not (run.folder / "report").exists()
    # A later training with other labels must not be compared with it.
    val = run.load_predictions("val")
    labels = {name: np.roll(values, 1) for name, values in val.labels.items()}
    save_predictions(
        run.predictions_file("val"), Predictions(ids=val.ids, logits=val.logits, labels=labels)
    )
    assert_one_sentence(
        artextract("report", run.folder), "older training", "fit the baseline again"
    )


def test_missing_or_damaged_files_raise(tmp_path: Path, artextract: Artextract) -> None:
    assert_one_sentence(artextract("report", tmp_path / "no"), "there is no folder")
    assert_one_sentence(artextract("report", tmp_path), "has no classes.json")
    run = make_run(tmp_path / "run", 60)
    (run.folder / "ablations.json").write_text("[1]")
    assert_one_sentence(artextract("report", run.folder), "ablations.json", "another form")
    (run.folder / "ablations.json").write_text("{")
    assert_one_sentence(artextract("report", run.folder), "ablations.json", "JSON")
    (run.folder / "ablations.json").unlink()
    (tmp_path / "file").write_text("")
    assert_one_sentence(
        artextract("report", run.folder, "--out", tmp_path / "file" / "x"), "can't be written"
    )
    path = run.predictions_file("val")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert_one_sentence(artextract("report", run.folder), "val.npz", "can't be read")
    path.unlink()
    assert_one_sentence(artextract("report", run.folder), "no predictions", "val.npz")
    (run.folder / "works.parquet").write_bytes(b"PAR1")
    assert_one_sentence(artextract("report", run.folder), "works.parquet", "can't be read")


def test_predictions_of_other_classes_raise(tmp_path: Path, artextract: Artextract) -> None:
    run = make_run(tmp_path / "run", 60)
    val = run.load_predictions("val")
    save_predictions(
        run.predictions_file("val"),
        Predictions(
            ids=val.ids,
            logits={"style": val.logits["style"][:, :-1]},
            labels={"style": val.labels["style"]},
        ),
    )
    assert_one_sentence(artextract("report", run.folder), "belongs to another training")


def test_predictions_round_trip(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", 60)
    val = run.load_predictions("val")
    assert val.embedding is not None
    save_predictions(tmp_path / "new" / "a.npz", val)
    again = load_predictions(tmp_path / "new" / "a.npz", run.classes)
    assert again.ids == val.ids
    assert (again.logits["style"] == val.logits["style"]).all()
    assert (again.labels["genre"] == val.labels["genre"]).all()
    assert again.embedding is not None
    assert again.rows_of(["nobody", val.ids[3]]).tolist() == [-1, 3]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.npz"]


def test_report_does_not_import_torch(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", 60)
    code = (
        "import sys\n"
        "from training.cli.report import report\n"
        "heavy = {'numpy', 'sklearn', 'matplotlib', 'polars'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "report.main(sys.argv[1:], standalone_mode=False)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(run.folder), "--baseline"], check=True, capture_output=True
    )
    assert (run.folder / "report" / "report.html").is_file()


@pytest.mark.parametrize("width", [1440, 500])
def test_in_a_browser(run: Run, page: Page, width: int, tmp_path: Path) -> None:
    """Nothing reaches into the margins: the page is no wider than its window."""
    shown = screenshot(run.folder / "report" / "report.html", width, 7000, tmp_path)
    assert shown.shape == (7000, width, 3)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 1000
    from_paper = np.abs(shown.astype(int) - (0xFA, 0xF9, 0xF6)).max(axis=2)
    assert from_paper[:, 30:-30].max() > 150
    assert from_paper[:, -10:].max() < 40
    assert from_paper[:, :10].max() < 40
