"""The report of a training: one page to read, with its numbers and pictures beside it."""

import base64
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from artextract import __version__
from artextract.errors import ImageError, InputError
from artextract.files import atomic_write
from artextract.images.opening import jpeg_data_uri, open_image, read_image_file
from training.evaluation.judging import LEAST_FOR_CALIBRATION, SPLITS, Judgement, judge_run, to_json
from training.evaluation.metrics import NEVER_PREDICTED, NO_WORK
from training.evaluation.plots import confusion_png, readable, reliability_png
from training.evaluation.predictions import Run

__all__ = ["environment", "picture_uri", "save_report"]

_SIDE = 260  # longest side of a picture on the page, in pixels
_ERRORS = 8  # confident errors shown for an attribute
_MOST_CLASSES, _OF_CLASS = 3, 4  # best and worst classes, and works of each


def save_report(run: Run, folder: Path) -> list[Judgement]:
    """Judge a run and write ``report.html``, ``report.json`` and PNG pictures into ``folder``.

    The page holds everything, and loads nothing.

    Raises:
        InputError: predictions are missing or can't be used, or a file can't be written.
    """
    judgements = judge_run(run)
    data = to_json(run, judgements)
    pictures: dict[str, bytes] = {}
    sections = [_section(run, one, pictures) for one in judgements]
    settings = _settings(run)
    page = environment().get_template("report.html").render(
        name=run.folder.resolve().name,
        headline=[_headline(one) for one in judgements],
        splits=SPLITS,
        sections=sections,
        baseline=data["baseline"],
        ablations=_ablations(data["ablations"], run),
        works=len(run.works),
        counts=_split_counts(run),
        settings=settings,
        chosen_by_val=_keeps_best(settings),
        version=__version__,
    )  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in pictures.items():
            atomic_write(folder / name, content)
        text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
        atomic_write(folder / "report.json", text + "\n")
        atomic_write(folder / "report.html", page)
    except OSError as error:
        raise InputError(
            f"the report can't be written to {folder} ({error.strerror or error}); give another "
            "folder with --out"
        ) from error
    return judgements


def environment() -> jinja2.Environment:
    """Return the templates' environment: everything escaped, nothing undefined."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("training.evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["readable"] = readable
    made.filters["percent"] = lambda value: f"{value * 100:.0f}\N{NO-BREAK SPACE}%"
    made.filters["three"] = lambda value: f"{value:.3f}"
    made.filters["signed"] = lambda value: f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")
    return made


def picture_uri(path: Path, side: int = _SIDE) -> str | None:
    """Return a small JPEG of a picture as a data URI; None where it can't be opened."""
    try:
        image = open_image(read_image_file(path), str(path), at_least=side)
    except ImageError:
        return None
    image.thumbnail((side, side))
    return jpeg_data_uri(image, quality=80)


def _headline(one: Judgement) -> dict[str, Any]:
    return {
        "split": one.split,
        "attribute": one.attribute,
        "scores": one.scores,
        "intervals": one.intervals,
        "baseline": one.baseline,
        "baseline_intervals": one.baseline_intervals,
        "difference": one.difference,
        "judged": one.judged,
        "classes": len(one.names),
        "anchor": _anchor(one),
    }


def _section(run: Run, one: Judgement, pictures: dict[str, bytes]) -> dict[str, Any]:
    """Return what the template needs of one judgement, and add its PNG files to ``pictures``."""
    stem = _anchor(one)
    confusion = f"confusion-{stem}.png"
    pictures[confusion] = confusion_png(one.scores.confusion, one.names)
    reliability = None
    if one.calibration is not None:
        reliability = f"reliability-{stem}.png"
        pictures[reliability] = reliability_png(one.calibration)
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
    judged = [row["score"] for row in rows if row["score"].works]
    shown = min(_MOST_CLASSES, len(judged) // 2)
    return {
        **_headline(one),
        "rows": rows,
        "never": [row.name for row in one.scores.classes if row.note == NEVER_PREDICTED],
        "unjudged": [row.name for row in one.scores.classes if row.note == NO_WORK],
        "left_out": run.classes.left_out.get(one.attribute, {}),
        "least": run.classes.least.get(one.attribute, 1),
        "confusion": _png_uri(pictures[confusion]),
        # Drawn for 160 dots an inch, shown at the 96 of a page.
        "confusion_width": round(_png_width(pictures[confusion]) * 96 / 160),
        "reliability": _png_uri(pictures[reliability]) if reliability else None,
        "calibration": one.calibration,
        "least_for_calibration": LEAST_FOR_CALIBRATION,
        "pairs": one.pairs,
        "errors": _errors(run, one),
        "galleries": [
            ("Told best", [_examples(run, one, row.name, True) for row in judged[:shown]]),
            (
                "Told worst",
                [_examples(run, one, row.name, False) for row in judged[::-1][:shown]],
            ),
        ]
        if shown
        else [],
    }


def _errors(run: Run, one: Judgement) -> list[dict[str, Any]]:
    """Return the most confident mistakes."""
    predicted = one.probabilities.argmax(axis=1)
    confidence = one.probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != one.labels)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return [_work(run, one, int(row)) for row in order[:_ERRORS]]


def _examples(run: Run, one: Judgement, name: str, best: bool) -> dict[str, Any]:
    """Return works of a class: those told with most confidence, or those missed with most."""
    members = np.flatnonzero(one.labels == one.names.index(name))
    predicted = one.probabilities[members].argmax(axis=1)
    confidence = one.probabilities[members].max(axis=1)
    right = predicted == one.labels[members]
    # The kind that is wanted first, each by confidence.
    order = np.lexsort((-confidence, right != best))
    return {
        "name": name,
        "score": one.scores.classes[one.names.index(name)],
        "works": [_work(run, one, int(row)) for row in members[order[:_OF_CLASS]]],
    }


def _work(run: Run, one: Judgement, row: int) -> dict[str, Any]:
    probabilities = one.probabilities[row]
    id_ = one.ids[row]
    work = run.works.get(id_)
    return {
        "id": id_,
        "title": Path(id_).name,
        "artist": work.artist if work else None,
        "picture": picture_uri(work.image) if work else None,
        "label": one.names[one.labels[row]],
        "predicted": one.names[int(probabilities.argmax())],
        "confidence": float(probabilities.max()),
        "own": float(probabilities[one.labels[row]]),
        "right": bool(probabilities.argmax() == one.labels[row]),
    }


def _anchor(one: Judgement) -> str:
    return one.attribute if one.split == "val" else f"{one.attribute}-{one.split}"


def _png_uri(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def _png_width(content: bytes) -> int:
    return int.from_bytes(content[16:20], "big")  # of the IHDR chunk, which is always the first


def _split_counts(run: Run) -> dict[str, int]:
    """Return how many works each split has, in the order of names."""
    counts: dict[str, int] = {}
    for work in run.works.values():
        counts[work.split or "no split"] = counts.get(work.split or "no split", 0) + 1
    return dict(sorted(counts.items()))


def _settings(run: Run) -> str | None:
    path = run.folder / "config.toml"
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _keeps_best(settings: str | None) -> bool:
    """Return whether the epoch that was kept is the one that did best on the works judged here."""
    try:
        predict = tomllib.loads(settings or "").get("predict", {})
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
            '{"note": "...", "rows": [{"name": "...", "macro_f1": {"style": 0.5}}]}; mend or '
            "remove it"
        )
    attributes = [name for name in run.classes.names if any(name in r["macro_f1"] for r in rows)]
    return {"note": str(found.get("note", "")), "attributes": attributes, "rows": rows}
