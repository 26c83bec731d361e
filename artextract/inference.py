"""Running a model file with ONNX Runtime, on the device that was asked for."""

import logging
import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from artextract.errors import ModelError, PackageError
from artextract.modelcard import CARD_KEY, ModelCard
from artextract.processor import sums_int8_exactly

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["DEVICES", "Device", "Network", "OnnxModel", "Seen", "check_onnxruntime"]

_log = logging.getLogger(__name__)

Device = Literal["auto", "cpu", "cuda"]
DEVICES: tuple[Device, ...] = ("auto", "cpu", "cuda")

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model says of n pictures.

    ``vectors`` is {aspect: (n, d)}, float32, rows of length 1; ``probabilities`` is
    {attribute: (n, number of classes)}, float32, rows that add up to 1.
    """

    vectors: dict[str, npt.NDArray[np.float32]]
    probabilities: dict[str, npt.NDArray[np.float32]]


def check_onnxruntime() -> None:
    """Check that exactly one of the two ONNX Runtime wheels is installed.

    Both share one import name: with both, which of them is imported depends on the order in which
    they were installed (onnxruntime issue 26996).

    Raises:
        PackageError: none of them is installed, or both are.
    """
    found = []
    for wheel in ("onnxruntime", "onnxruntime-gpu"):
        try:
            metadata.distribution(wheel)
        except metadata.PackageNotFoundError:
            continue
        found.append(wheel)
    if not found:
        raise PackageError(
            "ONNX Runtime is not installed; install one of its wheels with "
            "pip install 'artextract[cpu]' or, for an NVIDIA GPU, pip install 'artextract[gpu]'"
        )
    if len(found) == 2:
        raise PackageError(
            "both onnxruntime and onnxruntime-gpu are installed, and they overwrite each other; "
            "run pip uninstall -y onnxruntime onnxruntime-gpu, then install 'artextract[cpu]' "
            "or 'artextract[gpu]'"
        )


class OnnxModel:
    """A model file, loaded and ready to embed.

    ``device`` is the device that really runs ("cpu" or "cuda"), never the word "auto".
    """

    def __init__(self, path: Path, device: Device = "auto", threads: int | None = None) -> None:
        """Load ``path`` on ``device`` ("auto": CUDA where this ONNX Runtime offers it, else CPU).

        Args:
            path: An ONNX file with a model card.
            device: Where to run. A GPU that was asked for, or offered, and can't be used is an
                error: ONNX Runtime itself would go on on the CPU without a word.
            threads: CPU threads of one run; None takes one for each core.

        Raises:
            PackageError: no ONNX Runtime wheel is installed, or both are.
            ModelError: the file is missing, damaged or without a card, or the device can't be used.
        """
        self.path = path
        self.threads = threads or os.cpu_count() or 1
        self._session, self.device = _load(path, device, self.threads)
        card = self._session.get_modelmeta().custom_metadata_map.get(CARD_KEY)
        if card is None:
            raise ModelError(
                f"{path} has no model card, so how to prepare pictures for it is unknown; "
                "use a file written by `artextract export`"
            )
        self.card = ModelCard.from_json(card, str(path))
        self._check_card()
        if self.device == "cpu" and self.card.weight_bits == 8 and not sums_int8_exactly():
            _log.warning(
                "%s has 8-bit weights and this processor adds their products in 16 bits, so its "
                "vectors may be off; quantise it again with --weight-bits 7.", path,
            )  # fmt: skip

    def _check_card(self) -> None:
        """Check that the card speaks of the network in the file."""
        inputs = [node.name for node in self._session.get_inputs()]
        outputs = {node.name: node.shape for node in self._session.get_outputs()}
        card = self.card
        widths = {name: (shape or [0])[-1] for name, shape in outputs.items()}
        expected = {card.embedding: card.dimension}
        expected |= {card.probability_of(name): len(each) for name, each in card.classes.items()}
        missing = [output for output in card.aspects.values() if output not in outputs]
        wrong = [name for name, width in expected.items() if widths.get(name) != width]
        if [card.input] != inputs or missing or wrong:
            named = ", ".join(f"{name!r} of {width} numbers" for name, width in expected.items())
            raise ModelError(
                f"the model card of {self.path} speaks of input {card.input!r} and outputs "
                f"{named}; the network has inputs {inputs} and outputs {outputs}; export the model "
                "again"
            )

    @property
    def inputs(self) -> list[str]:
        """The network's inputs for people: "image (n, 3, 224, 224), float"."""
        return [_describe(node) for node in self._session.get_inputs()]

    @property
    def outputs(self) -> list[str]:
        """The network's outputs for people."""
        return [_describe(node) for node in self._session.get_outputs()]

    @property
    def dimensions(self) -> dict[str, int]:
        """{aspect: numbers of its vectors}."""
        shapes = {node.name: node.shape for node in self._session.get_outputs()}
        return {aspect: shapes[output][-1] for aspect, output in self.card.aspects.items()}

    def embed(self, batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the embeddings of a batch of prepared pictures.

        Args:
            batch: (n, 3, size, size), float32, as the card's preprocessing makes it.

        Returns:
            (n, dimension), float32, each row of length 1.

        Raises:
            ModelError: a row is not finite or zero, so that it has no direction.
        """
        (rows,) = self._session.run([self.card.embedding], {self.card.input: batch})
        return self._to_unit(rows)

    def look(self, batch: npt.NDArray[np.float32]) -> Seen:
        """Return all that the model says of a batch of prepared pictures, in one pass.

        Args:
            batch: As in :meth:`embed`.

        Raises:
            ModelError: a vector has no direction, or a probability is not finite.
        """
        card = self.card
        names = [*card.aspects.values(), *map(card.probability_of, card.classes)]
        found = dict(zip(names, self._session.run(names, {card.input: batch}), strict=True))
        probabilities = {name: found[card.probability_of(name)] for name in card.classes}
        for name, rows in probabilities.items():
            if not np.isfinite(rows).all():
                raise ModelError(
                    f"{self.path} gave a probability of {name} that is not finite for one of "
                    f"{len(batch)} pictures; export the model again"
                )
        return Seen(
            {aspect: self._to_unit(found[output]) for aspect, output in card.aspects.items()},
            probabilities,
        )

    def _to_unit(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return a copy of ``rows`` brought to length 1."""
        embeddings: npt.NDArray[np.float32] = np.array(rows, np.float32)
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        if not np.all(np.isfinite(lengths)) or np.any(lengths == 0):
            raise ModelError(
                f"{self.path} gave an embedding that is zero or not finite for one of "
                f"{len(rows)} pictures; export the model again"
            )
        embeddings /= lengths
        return embeddings


class Network:
    """A network without a card, for a fixed task, of one input and one picture at a time.

    ``device`` is the device that really runs.
    """

    def __init__(self, path: Path, device: Device = "auto", threads: int | None = None) -> None:
        """Load ``path``; arguments and errors as of :class:`OnnxModel`."""
        self._session, self.device = _load(path, device, threads or os.cpu_count() or 1)
        (node,) = self._session.get_inputs()
        self._input = node.name

    def run(self, tensor: npt.NDArray[Any]) -> list[npt.NDArray[np.float32]]:
        """Return all outputs of the network for ``tensor``."""
        outputs: list[npt.NDArray[np.float32]] = self._session.run(None, {self._input: tensor})
        return outputs


def _load(
    path: Path, device: Device, threads: int
) -> "tuple[onnxruntime.InferenceSession, Device]":
    """Return a session on ``path``, and the device that really runs it."""
    check_onnxruntime()
    import onnxruntime

    if not path.is_file():
        raise ModelError(f"there is no model file {path}; check the path")
    available = onnxruntime.get_available_providers()
    wanted = device if device != "auto" else (
        "cuda" if _PROVIDERS["cuda"] in available else "cpu"
    )  # fmt: skip
    provider = _PROVIDERS[wanted]
    if provider not in available:
        raise ModelError(
            f"device {wanted!r} needs ONNX Runtime's {provider}, and this installation offers "
            f"only {', '.join(available)}; install 'artextract[gpu]' or use --device cpu"
        )
    return _open_session(onnxruntime, path, provider, threads), wanted


def _describe(node: "onnxruntime.NodeArg") -> str:
    kind = node.type.removeprefix("tensor(").removesuffix(")")
    return f"{node.name} ({', '.join(map(str, node.shape))}), {kind}"


def _open_session(
    onnxruntime: "onnxruntime", path: Path, provider: str, threads: int
) -> "onnxruntime.InferenceSession":
    """Return a session on ``path`` that really runs on ``provider``."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors; they also come as exceptions
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:  # ONNX Runtime's exceptions share no public base class
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        reason = str(error).splitlines()[0]
        raise ModelError(f"{path} can't be loaded on {provider}: {reason}") from error
    if session.get_providers()[0] != provider:
        raise ModelError(
            f"{provider} was asked for, but ONNX Runtime took {session.get_providers()[0]} instead "
            "(its CUDA or cuDNN libraries did not load); install 'artextract[gpu]' and a matching "
            "driver, or use --device cpu"
        )
    return session
