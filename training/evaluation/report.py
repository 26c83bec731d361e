"""The report of a training: a page, with its numbers and plots beside it."""

import base64
import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from artextract import __version__
from artextract.catalog.styles import display_name
from artextract.errors import ImageError, InputError
from artextract.files import atomic_write, explain_os_errors
from artextract.images.opening import jpeg_data_uri, open_image, read_image_file
from artextract.templates import environment
from training.evaluation.evaluate import (
    MIN_FOR_CALIBRATION,
    SPLITS,
    Evaluation,
    evaluate_run,
    to_json,
)
from training.evaluation.metrics import NEVER_PREDICTED, NO_SAMPLE
from training.evaluation.plots import confusion_png, reliability_png
from training.evaluation.predictions import Run

_SIDE = 260  # longest side of an image on the page, in pixels
_ERRORS = 8  # confident errors shown for an attribute
_MOST_CLASSES, _OF_CLASS = 3, 4  # best and worst classes, and samples of each


def save_report(run: Run, folder: Path) -> list[Evaluation]:
    """Evaluate a run and write ``report.html``, ``report.json`` and PNG plots into ``folder``.

    The page is self-contained.

    Raises:
        InputError: predictions are missing or can't be used, or a file can't be written.
    """
    evaluations = evaluate_run(run)
    data = to_json(run, evaluations)
    plots: dict[str, bytes] = {}
    sections = [_section(run, one, plots) for one in evaluations]
    counts = Counter(sample.split or "no split" for sample in run.samples.values())
    file = run.folder / "config.toml"
    config = file.read_text(encoding="utf-8") if file.is_file() else None
    page = page_environment().get_template("report.html").render(
        name=run.folder.resolve().name,
        headline=evaluations,
        splits=SPLITS,
        sections=sections,
        baseline=data["baseline"],
        ablations=_ablations(data["ablations"], run),
        samples=len(run.samples),
        counts=dict(sorted(counts.items())),
        config=config,
        chosen_by_val=_keeps_best(config),
        version=__version__,
    )  # fmt: skip
    with explain_os_errors(f"the report can't be written to {folder}", "give another folder"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in plots.items():
            atomic_write(folder / name, content)
        text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
        atomic_write(folder / "report.json", text + "\n")
        atomic_write(folder / "report.html", page)
    return evaluations


def page_environment() -> jinja2.Environment:
    """Return the environment of the report and the page of outliers, with their filters."""
    made = environment("training.evaluation")
    made.filters["display_name"] = display_name
    made.filters["percent"] = lambda value: f"{value * 100:.0f}\N{NO-BREAK SPACE}%"
    made.filters["three"] = lambda value: f"{value:.3f}"
    made.filters["signed"] = lambda value: f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")
    return made


def image_uri(path: Path, side: int = _SIDE) -> str | None:
    """Return a small JPEG of an image as a data URI; None where it can't be opened."""
    try:
        image = open_image(read_image_file(path), str(path), at_least=side)
    except ImageError:
        return None
    image.thumbnail((side, side))
    return jpeg_data_uri(image, quality=80)


def _section(run: Run, one: Evaluation, plots: dict[str, bytes]) -> dict[str, Any]:
    """Return one evaluation for the template, and add its PNG files to ``plots``."""
    stem = one.anchor
    confusion = f"confusion-{stem}.png"
    plots[confusion] = confusion_png(one.scores.confusion, one.names)
    # Of the IHDR chunk, which is always the first.
    width = int.from_bytes(plots[confusion][16:20], "big")
    reliability = None
    if one.calibration is not None:
        reliability = f"reliability-{stem}.png"
        plots[reliability] = reliability_png(one.calibration)
    rows: list[dict[str, Any]] = [
        {
            "score": row,
            "interval": interval,
            "baseline": one.baseline.classes[number] if one.baseline else None,
        }
        for number, (row, interval) in enumerate(
            zip(one.scores.classes, one.intervals.class_f1, strict=True)
        )
    ]
    rows.sort(key=lambda row: (row["score"].f1 is None, -(row["score"].f1 or 0)))
    present = [row["score"] for row in rows if row["score"].works]
    shown = min(_MOST_CLASSES, len(present) // 2)
    return {
        "one": one,
        "rows": rows,
        "never": [row.name for row in one.scores.classes if row.note == NEVER_PREDICTED],
        "without_samples": [row.name for row in one.scores.classes if row.note == NO_SAMPLE],
        "left_out": run.classes.by_attribute[one.attribute].left_out,
        "least": run.classes.by_attribute[one.attribute].least,
        "confusion": _png_uri(plots[confusion]),
        # Drawn for 160 dots an inch, shown at the 96 of a page.
        "confusion_width": round(width * 96 / 160),
        "reliability": _png_uri(plots[reliability]) if reliability else None,
        "least_for_calibration": MIN_FOR_CALIBRATION,
        "errors": _errors(run, one),
        "galleries": [
            ("Best classes", [_examples(run, one, row.name, True) for row in present[:shown]]),
            (
                "Worst classes",
                [_examples(run, one, row.name, False) for row in present[::-1][:shown]],
            ),
        ]
        if shown
        else [],
    }


def _errors(run: Run, one: Evaluation) -> list[dict[str, Any]]:
    predicted = one.probabilities.argmax(axis=1)
    confidence = one.probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != one.labels)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return [_sample(run, one, int(row)) for row in order[:_ERRORS]]


def _examples(run: Run, one: Evaluation, name: str, best: bool) -> dict[str, Any]:
    """Return samples of a class: the most confident right or wrong predictions."""
    members = np.flatnonzero(one.labels == one.names.index(name))
    predicted = one.probabilities[members].argmax(axis=1)
    confidence = one.probabilities[members].max(axis=1)
    right = predicted == one.labels[members]
    # Right or wrong ones first, each by confidence.
    order = np.lexsort((-confidence, right != best))
    return {
        "name": name,
        "score": one.scores.classes[one.names.index(name)],
        "samples": [_sample(run, one, int(row)) for row in members[order[:_OF_CLASS]]],
    }


def _sample(run: Run, one: Evaluation, row: int) -> dict[str, Any]:
    probabilities = one.probabilities[row]
    id_ = one.ids[row]
    sample = run.samples.get(id_)
    return {
        "id": id_,
        "title": Path(id_).name,
        "artist": sample.artist if sample else None,
        "image": image_uri(sample.image) if sample else None,
        "label": one.names[one.labels[row]],
        "predicted": one.names[int(probabilities.argmax())],
        "confidence": float(probabilities.max()),
        "own": float(probabilities[one.labels[row]]),
        "right": bool(probabilities.argmax() == one.labels[row]),
    }


def _png_uri(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def _keeps_best(config: str | None) -> bool:
    """Return whether the weights are those of the best epoch on the validation split."""
    try:
        predict = tomllib.loads(config or "").get("predict", {})
    except tomllib.TOMLDecodeError:
        return False
    return isinstance(predict, dict) and predict.get("keep") == "best"


def _ablations(found: Any, run: Run) -> dict[str, Any] | None:
    """Return ``ablations.json`` as a table: ``{"note": text, "rows": [{"name", "macro_f1"}]}``.

    A row may have ``intervals``, {attribute: [low, high]}.

    Raises:
        InputError: it has another form.
    """
    if found is None:
        return None
    rows = found.get("rows") if isinstance(found, Mapping) else None
    if not isinstance(rows, Sequence) or not all(
        isinstance(row, Mapping)
        and isinstance(row.get("name"), str)
        and isinstance(row.get("macro_f1"), Mapping)
        for row in rows
    ):
        raise InputError(
            f"{run.folder / 'ablations.json'} has another form than "
            '{"note": "...", "rows": [{"name": "...", "macro_f1": {"style": 0.5}}]}; correct or '
            "remove it"
        )
    attributes = [name for name in run.classes.names if any(name in r["macro_f1"] for r in rows)]
    return {"note": str(found.get("note", "")), "attributes": attributes, "rows": rows}
