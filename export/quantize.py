"""From a model file in float32 to one whose convolutions run in int8, and what that loses.

Static quantisation in QDQ form: ranges of activations come from calibration pictures, weights have
a scale for each channel. Layers lose very differently, the first ones of EfficientNet most; so each
is first quantised alone, and those that lose most are left in float32, one more at a time, until
the calibration pictures keep the cosine that is aimed at. That is measured each time: one layer
left in float32 between two others can make it worse.

Weights take all 8 bits where the processor adds their products in 32 bits, else 7: on an x86
processor without VNNI, sums of two products of 8 bits overflow 16 (``reduce_range`` in ONNX
Runtime's documentation of quantisation).
"""

import io
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from artextract.errors import ImageError, InputError, ModelError
from artextract.images.preprocess import Preprocess
from artextract.models.card import CARD_KEY
from artextract.models.processor import sums_int8_exactly
from artextract.models.registry import ModelFile
from artextract.models.session import OnnxModel
from export.calibration_images import open_pictures
from export.quantization_loss import Loss, measure_loss
from export.write import save_model

__all__ = ["LEAST_PICTURES", "METHODS", "Method", "quantize"]

Method = Literal["minmax", "entropy", "percentile"]
METHODS: tuple[Method, ...] = ("minmax", "entropy", "percentile")

AIM = 0.99
"""The mean cosine that layers are left in float32 for."""

LEAST_COSINE = 0.98
LEAST_OVERLAP = 0.90
"""Below these a file is not written unless it is forced."""

LEAST_PICTURES = 64
_CALIBRATION = 128
_JUDGED = 1000
_ALONE = 32  # pictures by which a layer is judged alone
_BATCH = 8
_LAYERS = ("Conv", "Gemm", "MatMul")
_AFTER = ("Clip", "Relu")

Pictures = npt.NDArray[np.float32]
Vectors = dict[str, npt.NDArray[np.float32]]


def quantize(
    file: ModelFile,
    images: Sequence[Path],
    out: Path,
    *,
    methods: Sequence[Method] = ("minmax",),
    weight_bits: Literal[7, 8] | None = None,
    labels: Mapping[Path, Mapping[str, str]] | None = None,
    force: bool = False,
    seed: int = 0,
    on_step: Callable[[str], None] = lambda text: None,
) -> Loss:
    """Write ``file`` with int8 convolutions to ``out``, and return what that loses and gains.

    Args:
        file: The model in float32.
        images: Pictures; 128 of them, drawn at random, calibrate, and up to 1,000 others judge.
        out: The file to be written; it is replaced.
        methods: How ranges are found; of several the one that keeps the calibration pictures'
            cosine best.
        weight_bits: Bits that weights use; None takes what is exact on this processor.
        labels: What is known of pictures, {file: {"style": its style, ...}}. Pictures without any
            calibrate first, those with some judge first, and their metrics are compared.
        force: Write it even if it loses too much.
        seed: Of the drawing.
        on_step: Told what is going on.

    Raises:
        InputError: there are too few pictures, or ``out`` can't be written.
        ModelError: the model is quantised already, or loses too much.
    """
    model = OnnxModel(file.path, "cpu", threads=1)
    card = model.card
    if card.precision != "fp32":
        raise ModelError(f"{file.path} is {card.precision} already; give a model in float32")
    bits = weight_bits or (8 if sums_int8_exactly() else 7)
    calibration, judged, judges = _draw(images, card.preprocess, seed, labels or {})
    expected = _look(model, calibration)
    with tempfile.TemporaryDirectory() as folder:
        maker = _Maker(file.path, Path(folder), card.input, calibration, bits)
        on_step(f"Judging {len(maker.layers)} layers, each alone in int8.")
        left = _choose(expected, maker)
        made: dict[Method, Path] = {}
        for method in methods:
            on_step(f"Calibrating by {method}, {len(left)} of {len(maker.layers)} layers in float.")
            made[method] = maker.make(method, maker.layers_but(left))
        method = max(methods, key=lambda each: maker.cosine(made[each], expected))
        path = made[method]
        on_step(f"Comparing on {len(judged)} other pictures.")
        loss = measure_loss(file.path, path, judged, _columns(judges, labels or {}))
        if not force and not (loss.mean_cosine >= LEAST_COSINE and loss.overlap >= LEAST_OVERLAP):
            raise ModelError(
                f"in int8 {card.name} keeps a mean cosine of {loss.mean_cosine:.3f} (at least "
                f"{LEAST_COSINE} expected) and {loss.overlap:.0%} of the ten nearest (at least "
                f"{LEAST_OVERLAP:.0%}), so nothing was written; write it anyway with --force"
            )
        quantized = replace(
            card,
            name=f"{card.name}-int8",
            precision="int8",
            quantization={
                "from_sha256": file.sha256,
                "method": method,
                "weight_bits": bits,
                "calibration_pictures": len(calibration),
                "layers": len(maker.layers),
                "layers_in_float": len(left),
                **loss.to_card(),
            },
        )
        save_model(onnx.load(path), quantized, out)
    return loss


class _Maker:
    """Quantises chosen layers of one model, with one set of calibration pictures."""

    def __init__(
        self, path: Path, folder: Path, input_: str, pictures: Pictures, weight_bits: int
    ) -> None:
        self._weight_bits = weight_bits
        self._folder = folder
        self._input = input_
        self._pictures = pictures
        self._prepared = folder / "prepared.onnx"
        with _quiet():
            # ONNX's own inference of shapes is enough; the symbolic one fails on recurrent heads.
            quant_pre_process(str(path), str(self._prepared), skip_symbolic_shape=True)
        graph = onnx.load(self._prepared)
        self._card = next(each.value for each in graph.metadata_props if each.key == CARD_KEY)
        nodes = graph.graph.node
        self.layers = [
            [node.name]
            + [each.name for each in nodes
               if each.op_type in _AFTER and each.input[0] == node.output[0]]
            for node in nodes
            if node.op_type in _LAYERS
        ]  # fmt: skip
        """Each layer's nodes: with its output cut off, it is only worth quantising together."""

    def layers_but(self, left: Sequence[int]) -> list[str] | None:
        """Return the nodes to be quantised; None for all."""
        if not left:
            return None
        kept = set(left)
        return [name for at, names in enumerate(self.layers) if at not in kept for name in names]

    def make(self, method: Method, nodes: list[str] | None, *, pictures: int | None = None) -> Path:
        """Return a model file in which ``nodes`` are quantised; it is replaced by the next."""
        path = self._folder / f"{method}.onnx"
        with _quiet():
            quantize_static(
                str(self._prepared),
                str(path),
                _Reader(self._input, self._pictures[:pictures]),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=self._weight_bits == 7,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=getattr(CalibrationMethod, _NAMES[method]),
                nodes_to_quantize=nodes,
                op_types_to_quantize=[*_LAYERS, *_AFTER, "Add", "ReduceMean", "GlobalAveragePool"],
            )
        graph = onnx.load(path)
        del graph.metadata_props[:]
        graph.metadata_props.add(key=CARD_KEY, value=self._card)
        onnx.save(graph, path)
        return path

    def cosine(self, path: Path, expected: Vectors, *, pictures: int | None = None) -> float:
        """Return the mean cosine of a file's vectors to those expected of calibration pictures.

        It is that of the aspect that differs most, on the first ``pictures``; None takes all.
        """
        found = _look(OnnxModel(path, "cpu", threads=1), self._pictures[:pictures])
        return min(
            float((expected[name][:pictures] * rows).sum(axis=1).mean())
            for name, rows in found.items()
        )


_NAMES = {"minmax": "MinMax", "entropy": "Entropy", "percentile": "Percentile"}


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Gives calibration pictures a few at a time."""

    def __init__(self, input_: str, pictures: Pictures) -> None:
        starts = range(0, len(pictures), _BATCH)
        self._batches: Iterator[dict[str, Pictures]] = iter(
            [{input_: pictures[start : start + _BATCH]} for start in starts]
        )

    def get_next(self) -> dict[str, Pictures] | None:
        """Return the next feed, None after the last."""
        return next(self._batches, None)


def _choose(expected: Vectors, maker: _Maker) -> list[int]:
    """Return the numbers of the layers to be left in float32."""
    losses = []
    for names in maker.layers:
        path = maker.make("minmax", names, pictures=_ALONE)
        losses.append(1 - maker.cosine(path, expected, pictures=_ALONE))
    order = [int(at) for at in np.argsort(losses)[::-1]]
    for count in range(len(order)):
        left = sorted(order[:count])
        if maker.cosine(maker.make("minmax", maker.layers_but(left)), expected) >= AIM:
            return left
    return sorted(order)


def _look(model: OnnxModel, pictures: Pictures) -> Vectors:
    """Return a model's vectors of ``pictures``, a few at a time."""
    starts = range(0, len(pictures), _BATCH)
    parts = [model.run(pictures[start : start + _BATCH]).vectors for start in starts]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _draw(
    images: Sequence[Path], preprocess: Preprocess, seed: int, labels: Mapping[Path, object]
) -> tuple[Pictures, Pictures, list[Path]]:
    """Return calibration pictures, others that judge, and the files of these.

    Those that can't be opened are passed over.

    Raises:
        InputError: there are too few.
    """
    order = [images[at] for at in np.random.default_rng(seed).permutation(len(images))]
    order.sort(key=lambda file: file in labels)  # stable: those without labels come first
    calibration = _open(order, _CALIBRATION, preprocess)
    taken = {file for file, _ in calibration}
    rest = [file for file in order if file not in taken]
    rest.sort(key=lambda file: file not in labels)
    judged = _open(rest, _JUDGED, preprocess)
    found = [*calibration, *judged]
    if len(found) < LEAST_PICTURES:
        raise InputError(
            f"{len(found)} pictures can be opened, and {LEAST_PICTURES} are needed to calibrate "
            "and to judge; give a folder with more pictures"
        )
    if len(judged) < len(calibration):  # few pictures: one half calibrates
        calibration, judged = found[: len(found) // 2], found[len(found) // 2 :]
    return (
        np.stack([tensor for _, tensor in calibration]),
        np.stack([tensor for _, tensor in judged]),
        [file for file, _ in judged],
    )


def _open(
    files: Sequence[Path], most: int, preprocess: Preprocess
) -> list[tuple[Path, npt.NDArray[np.float32]]]:
    """Return the first ``most`` of the pictures that can be opened, prepared."""
    found: list[tuple[Path, npt.NDArray[np.float32]]] = []
    for file in files:
        try:
            (picture,) = open_pictures([file])
        except ImageError:
            continue
        found.append((file, preprocess(picture)))
        if len(found) == most:
            break
    return found


def _columns(
    files: Sequence[Path], labels: Mapping[Path, Mapping[str, str]]
) -> dict[str, list[str | None]]:
    """Return what is known of ``files`` as {attribute: one value each}."""
    names = sorted({name for known in labels.values() for name in known})
    return {name: [labels.get(file, {}).get(name) for file in files] for name in names}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantiser's notes off the terminal: they are for its authors."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
