"""Which styles can be trusted for artists that a classifier doesn't know, with and without years.

    python -m benchmarks.trusted_styles ../shared/data/wikiart ../shared/data/wikiart2

Each folder has images and ``labels.csv`` (file, artist, style, year, split), of which the rows
"train" are taken. A logistic regression on 256 principal components of the vectors of
``efficientnet-lite0`` predicts the style of each artwork without having seen its artist, in five
folds of artists. For each way to be confident, the most confident tenth and fifth of the artworks
of known years have a share that is right. That goes to benchmarks/results/trusted_styles.json, with
what :func:`training.evaluation.trust.choose_trust` trusts.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA

from artextract.catalog.predictions import is_painted_in
from artextract.catalog.years import UNKNOWN_YEARS
from artextract.images.opening import open_image, read_image_file
from artextract.models.registry import find_model
from artextract.models.session import OnnxModel
from benchmarks.common import save_figures
from training.data.classes import collect_classes
from training.data.labelled_catalog import read_labelled_catalog
from training.data.samples import Sample
from training.evaluation.baseline import fit_and_predict
from training.evaluation.metrics import softmax
from training.evaluation.trust import Evidence, choose_trust, lower_bound

FEWEST = 20  # training samples of a class
FOLDS = 5
BATCH = 16
SHARES = (0.1, 0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    samples = [
        sample
        for folder in parser.parse_args().folders
        for sample in read_labelled_catalog(
            folder / "labels.csv", folder, ("style",), "split"
        ).samples
        if sample.split == "train" and sample.artist
    ]
    evidence = predict(samples)
    trust = choose_trust(evidence)
    dated = evidence.part(evidence.dated)
    result = {
        "works": len(samples),
        "artists": len(np.unique(evidence.artists)),
        "classes": evidence.logits.shape[1],
        "works_of_known_years": len(dated.labels),
        "ways": compare(dated, trust.temperature),
        "trust": {
            **trust.to_card(),
            "trusted_from": trust.any.lowest,
            "trusted_from_dated": trust.dated and trust.dated.lowest,
        },
    }
    print(save_figures("trusted_styles", result), end="")


def predict(samples: list[Sample]) -> Evidence:
    """Return predictions of each sample by a classifier that has not seen its artist."""
    ids = {sample.id for sample in samples}
    classes = collect_classes(samples, ids, ("style",), {"style": FEWEST})
    names, labels = classes.names["style"], classes.encode(samples)[:, 0]
    rows = PCA(256, whiten=True, random_state=0).fit_transform(embed(samples))
    _, artists = np.unique([str(sample.artist) for sample in samples], return_inverse=True)
    fold = np.random.default_rng(0).permutation(artists.max() + 1)[artists] % FOLDS
    logits = np.empty((len(samples), len(names)), np.float32)
    for held_out in range(FOLDS):
        train = (fold != held_out) & (labels >= 0)
        logits[fold == held_out] = fit_and_predict(
            rows[train], labels[train], rows[fold == held_out], len(names), 0.01, balanced=False
        )
    return Evidence(
        logits=logits,
        labels=labels,
        artists=artists,
        possible=np.array([[is_painted_in(name, one.years) for name in names] for one in samples]),
        dated=np.array([one.years != UNKNOWN_YEARS for one in samples]),
    )


def embed(samples: list[Sample]) -> npt.NDArray[np.float32]:
    """Return the vectors of the samples' images, of length 1."""
    model = OnnxModel(find_model("efficientnet-lite0").path, device="cpu", threads=1)
    found = []
    for start in range(0, len(samples), BATCH):
        images = [
            open_image(read_image_file(one.image), str(one.image))
            for one in samples[start : start + BATCH]
        ]
        found.append(model.embed(np.stack([model.card.preprocess(image) for image in images])))
    return np.concatenate(found)


def compare(evidence: Evidence, temperature: float) -> dict[str, Any]:
    """Return the share right of the most confident, by several ways to use the years."""
    own = softmax(evidence.logits, temperature)
    restricted = own * evidence.possible
    restricted /= np.maximum(restricted.sum(axis=1, keepdims=True), 1e-9)
    top = own.argmax(axis=1)
    is_possible = evidence.possible[np.arange(len(top)), top]
    order = np.argsort(-restricted, axis=1)
    pairs = np.take_along_axis(restricted, order[:, :2], axis=1).sum(axis=1)
    is_top = top == evidence.labels
    ways = {
        "image alone": (own.max(axis=1), is_top),
        "impossible styles left out afterwards": (own.max(axis=1) * is_possible, is_top),
        "share among possible styles, the image's own style": (
            evidence.confidence(temperature), is_top,
        ),
        "most probable possible style": (
            restricted.max(axis=1), order[:, 0] == evidence.labels,
        ),
        "one of the two most probable possible styles": (
            pairs, (order[:, :2] == evidence.labels[:, None]).any(axis=1),
        ),
    }  # fmt: skip
    return {
        way: {
            f"most confident {share:.0%}": describe(confidence, right, evidence.artists, share)
            for share in SHARES
        }
        for way, (confidence, right) in ways.items()
    }


def describe(
    confidence: npt.NDArray[np.float64],
    right: npt.NDArray[np.bool_],
    artists: npt.NDArray[np.int64],
    share: float,
) -> dict[str, float]:
    """Return the lowest confidence of a share of the artworks, and how many of them are right."""
    lowest = float(np.quantile(confidence, 1 - share))
    rows = confidence >= lowest
    return {
        "from": round(lowest, 3),
        "works": int(rows.sum()),
        "right": round(float(right[rows].mean()), 3),
        "lower_bound": round(lower_bound(right[rows], artists[rows]), 3),
    }


if __name__ == "__main__":
    main()
