"""Parity: whether an ONNX file computes the same as the network it was exported from.

Both compute the same images, in batches of several sizes. The file is run twice: by ONNX Runtime
directly, for the differences of the raw outputs, and by artextract.models.session, as in ingest and
search, for the cosines.

The limits: float32 has a relative rounding error of about 6e-8, and 50 layers of it, summed in
another order, come to 1e-6 of the largest output (EfficientNet-Lite0; float32 and float64 differ as
much in torch itself). The smallest fault that was tried, one layer's weights in half precision,
gives 6e-4; padding on the wrong side gives 6e-1 and a cosine of 0.87. The limit of 1e-4 is a
hundred times above rounding and below each of them. The limit of the cosine, 0.99999, is for what
search uses, whatever the scale. Probabilities may differ by 1e-4, and the most probable class must
be the same for each image.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import PIL.Image
import torch

from artextract.errors import ModelError
from artextract.images.preprocess import Preprocess
from artextract.models.card import ModelCard
from artextract.models.session import OnnxModel

BATCH_SIZES = (1, 3, 16)
LOWEST_COSINE = 0.99999
LARGEST_RELATIVE_DIFFERENCE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """The worst differences between an ONNX file and its network over all batches.

    Attributes:
        pictures: The number of different images.
        max_abs_difference: Of the raw embeddings.
        max_relative_difference: The same over the largest number of a batch.
        lowest_cosine: Between the two embeddings of an image.
        max_probability_difference: Of the probabilities; None without classes.
    """

    pictures: int
    max_abs_difference: float
    max_relative_difference: float
    lowest_cosine: float
    max_probability_difference: float | None = None

    def to_card(self) -> dict[str, float]:
        """Return the figures for a model card, rounded to one digit of a difference.

        So the same export writes the same bytes on machines whose rounding differs a little.
        """
        figures = {name: value for name, value in asdict(self).items() if value is not None}
        for name in figures:
            if name.startswith("max_"):
                figures[name] = float(f"{figures[name]:.0e}")
        figures["lowest_cosine"] = round(self.lowest_cosine, 6)
        return figures


def check_parity(
    network: torch.nn.Module,
    file: Path,
    images: Sequence[PIL.Image.Image],
    preprocess: Preprocess,
) -> Parity:
    """Compare the ONNX ``file`` with ``network`` on the CPU.

    Args:
        network: From images (n, 3, size, size) to raw embeddings (n, dimension), or to all outputs
            of the card as :func:`outputs_of` has them; in evaluation mode.
        file: The exported file, its model card inside.
        images: RGB images; they are repeated to fill a batch.
        preprocess: From an image to the network's input.

    Raises:
        ModelError: the file can't be run, or a figure is beyond its limit or not finite.
    """
    # One thread each: ONNX Runtime's threads spin while they wait, and would keep torch waiting.
    model = OnnxModel(file, device="cpu", threads=1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    raw = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    card = model.card
    names = outputs_of(card)
    attributes = {card.probability_of(name): name for name in card.classes}
    prepared = [preprocess(image) for image in images]
    difference, relative, cosine, probability = 0.0, 0.0, 1.0, 0.0
    for size in BATCH_SIZES:
        batch = np.stack([prepared[i % len(prepared)] for i in range(size)])  # (n, 3, h, w)
        expected = dict(zip(names, _run(network, batch), strict=True))  # {output: (n, ...)}
        found = dict(zip(names, raw.run(names, {card.input: batch}), strict=True))
        units = model.run(batch).vectors
        # np.maximum and np.minimum keep a NaN, which max() and min() may lose
        for name in names:
            _check_shapes(card.name, name, found[name], expected[name])
            largest = np.abs(found[name] - expected[name]).max()
            if name in attributes:
                _check_same_classes(card.name, attributes[name], found[name], expected[name])
                probability = float(np.maximum(probability, largest))
                continue
            difference = float(np.maximum(difference, largest))
            scale = np.abs(expected[name]).max()
            relative = float(np.maximum(relative, largest / scale if scale else np.nan))
        for aspect, name in card.aspects.items():
            cosine = float(np.minimum(cosine, _cosines(expected[name], units[aspect]).min()))
    parity = Parity(
        pictures=len(images),
        max_abs_difference=difference,
        max_relative_difference=relative,
        lowest_cosine=cosine,
        max_probability_difference=probability if card.classes else None,
    )
    # "not within" rather than "beyond", so that a NaN fails
    if not (
        parity.lowest_cosine >= LOWEST_COSINE
        and parity.max_relative_difference <= LARGEST_RELATIVE_DIFFERENCE
        and probability <= LARGEST_RELATIVE_DIFFERENCE
    ):
        differ = f", of probabilities {probability:.1e}" if card.classes else ""
        raise ModelError(
            f"the exported {card.name} does not compute what its network computes: "
            f"lowest cosine {parity.lowest_cosine:.6f} (at least {LOWEST_COSINE} expected), "
            f"largest relative difference {parity.max_relative_difference:.1e}{differ} "
            f"(at most {LARGEST_RELATIVE_DIFFERENCE:.0e}); nothing was written: install the "
            "versions that pip install 'artextract[train]' installs and export again"
        )
    return parity


def outputs_of(card: ModelCard) -> list[str]:
    """Return the outputs of the card's file in the order of the network's.

    They are the embedding, other vectors sorted by output, then the probabilities of each attribute
    sorted by name.
    """
    others = sorted(set(card.aspects.values()) - {card.embedding})
    return [card.embedding, *others, *(card.probability_of(name) for name in sorted(card.classes))]


def _check_shapes(
    model: str,
    output: str,
    found: npt.NDArray[np.float32],
    expected: npt.NDArray[np.float64],
) -> None:
    if found.shape != expected.shape:
        raise ModelError(
            f"the exported {model} gives {output} of the shape {found.shape} for {len(expected)} "
            f"images, its network {expected.shape}; nothing was written"
        )


def _run(network: torch.nn.Module, batch: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float64]]:
    with torch.inference_mode():
        outputs = network(torch.from_numpy(batch))
    several = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
    return [each.numpy().astype(np.float64) for each in several]


def _check_same_classes(
    name: str,
    attribute: str,
    found: npt.NDArray[np.float32],
    expected: npt.NDArray[np.float64],
) -> None:
    """Check that each image's most probable class is the same, both (n, classes)."""
    # Where two classes are equally probable but for rounding, either may come first.
    rows = np.arange(len(found))
    short = expected.max(axis=1) - expected[rows, found.argmax(axis=1)]
    if not (short <= LARGEST_RELATIVE_DIFFERENCE).all():
        raise ModelError(
            f"the exported {name} predicts another {attribute} than its network for "
            f"{int((~(short <= LARGEST_RELATIVE_DIFFERENCE)).sum())} of {len(found)} images; "
            "nothing was written: install the versions that pip install 'artextract[train]' "
            "installs and export again"
        )


def _cosines(
    expected: npt.NDArray[np.float64], unit_rows: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Return the cosine of each row of ``expected`` with that of ``unit_rows``, at most 1."""
    lengths = np.linalg.norm(expected, axis=1)
    dots = np.einsum("nd,nd->n", expected, unit_rows.astype(np.float64))
    cosines: npt.NDArray[np.float64] = np.minimum(dots / lengths, 1.0)
    return cosines
