"""Style, genre and artist: packaged classifiers beside a logistic regression on frozen features.

    python -m benchmarks.classification [--model wikiart-lite0 --model my-classifier.onnx]

Evaluated are the validation works of both WikiArt samples of $ARTEXTRACT_SHARED/data. The logistic
regression (balanced, C by cross-validation) learns from their training works. Macro-F1 and accuracy
have 95 % bootstrap intervals. A model chooses among the classes of a task that it knows: it gets
those wrong that it has not learnt. Raw figures go to benchmarks/results/classification.json.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.images.opening import open_image, read_image_file
from artextract.models.registry import find_model
from artextract.models.session import OnnxModel
from benchmarks.common import SHARED, make_parser, save_figures
from benchmarks.packaged_models import batches
from benchmarks.wikiart_samples import read_samples
from training.evaluation.baseline import choose_strength, fit_and_predict
from training.evaluation.bootstrap import bootstrap, paired_bootstrap
from training.evaluation.metrics import score

FEATURES = "efficientnet-lite0"
BASELINE = f"logistic regression on {FEATURES}"
OLD = "wikiart-lite0"
"""The model whose classes make up a task of their own."""

LEAST_LOGIT = -30.0

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Classes of an attribute; works with another label are left out."""

    name: str
    attribute: str
    classes: tuple[str, ...]


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--model", action="append", help="name or file; repeatable")
    names = parser.parse_args().model or [OLD]
    rows = list(read_samples())
    files = [SHARED / "data" / row["file"] for row in rows]
    train = np.array([row["split"] == "train" for row in rows])
    val_files = [file for file, learnt in zip(files, train, strict=True) if not learnt]
    classifiers = {name: OnnxModel(find_model(name).path, device="cpu") for name in names}
    probabilities = {name: predict(model, val_files) for name, model in classifiers.items()}
    old = OnnxModel(find_model(OLD).path, device="cpu").card.classes
    features = embed(OnnxModel(find_model(FEATURES).path, device="cpu"), files)
    table = []
    for task in make_tasks(rows, train, old):
        labels = encode(task, rows)
        known = labels[~train] >= 0
        logits = {
            name: select(task, classifiers[name], found)
            for name, found in probabilities.items()
            if task.attribute in found
        }
        x, y = features[train & (labels >= 0)], labels[train & (labels >= 0)]
        logits[BASELINE] = fit_and_predict(
            x, y, features[~train], len(task.classes), choose_strength(x, y)
        )
        for name, found in logits.items():
            table.append(measure(task, name, found, logits[BASELINE], labels[~train]))
            line = table[-1]
            low, high = line["macro_f1_interval"]
            print(
                f"{task.name}, {name}: macro-F1 {line['macro_f1']:.3f} [{low:.3f}, {high:.3f}], "
                f"accuracy {line['accuracy']:.3f}, n = {known.sum()}",
                flush=True,
            )
    save_figures("classification", table)


def make_tasks(
    rows: list[dict[str, str]], train: npt.NDArray[np.bool_], old: Mapping[str, Sequence[str]]
) -> list[Task]:
    """Return the tasks; classes that no training work has are in none."""
    learnt = [row for row, used in zip(rows, train, strict=True) if used]
    found = {
        name: Counter(row[name] for row in learnt if row[name])
        for name in ("style", "genre", "artist")
    }
    every = Counter(row["artist"] for row in rows)
    artists = tuple(sorted(name for name in found["artist"] if every[name] >= 40))
    return [
        Task(name=f"style, {len(old['style'])} classes", attribute="style",
             classes=tuple(old["style"])),
        Task(name="style, all", attribute="style", classes=tuple(sorted(found["style"]))),
        Task(name="genre", attribute="genre", classes=tuple(old["genre"])),
        Task(name="artist, 40 works or more", attribute="artist", classes=artists),
    ]  # fmt: skip


def encode(task: Task, rows: list[dict[str, str]]) -> npt.NDArray[np.int64]:
    """Return each row's class of the task, (n,); -1 for another one or none."""
    number = {name: index for index, name in enumerate(task.classes)}
    return np.array([number.get(row[task.attribute], -1) for row in rows])


def predict(model: OnnxModel, files: list[Path]) -> dict[str, Array]:
    """Return the probabilities of each attribute, {attribute: (files, classes)}."""
    found = [model.run(batch).probabilities for batch in read_batches(model, files)]
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def embed(model: OnnxModel, files: list[Path]) -> Array:
    """Return the visual vectors (files, dimension), rows of length 1."""
    return np.concatenate(
        [model.run(batch).vectors["visual"] for batch in read_batches(model, files)]
    )


def read_batches(model: OnnxModel, files: list[Path]) -> Any:
    """Iterate over batches of the model's input."""
    preprocess = model.card.preprocess

    def prepare(path: Path) -> Array:
        return preprocess(open_image(read_image_file(path), str(path)))

    with ThreadPoolExecutor(2) as pool:
        yield from batches(pool.map(prepare, files))


def select(task: Task, model: OnnxModel, probabilities: dict[str, Array]) -> Array:
    """Return logits of the task's classes, (n, classes)."""
    names = model.card.classes[task.attribute]
    found = probabilities[task.attribute]
    logits = np.full((len(found), len(task.classes)), LEAST_LOGIT, np.float32)
    for column, name in enumerate(task.classes):
        if name in names:
            logits[:, column] = np.log(found[:, names.index(name)].clip(min=1e-12))
    return logits


def measure(
    task: Task, model: str, logits: Array, baseline: Array, labels: npt.NDArray[np.int64]
) -> dict[str, Any]:
    """Return the figures of a model at a task."""
    whole = score(logits, labels, list(task.classes))
    intervals = bootstrap(logits, labels)
    line: dict[str, Any] = {
        "task": task.name,
        "model": model,
        "n": whole.n,
        "classes": len(task.classes),
        "macro_f1": whole.macro_f1,
        "macro_f1_interval": (intervals.macro_f1.low, intervals.macro_f1.high),
        "accuracy": whole.accuracy,
        "accuracy_interval": (intervals.accuracy.low, intervals.accuracy.high),
    }
    if model != BASELINE:
        gain = paired_bootstrap(logits, baseline, labels)
        line["gain"] = gain.macro_f1
        line["gain_interval"] = (gain.macro_f1_interval.low, gain.macro_f1_interval.high)
    return line


if __name__ == "__main__":
    main()
