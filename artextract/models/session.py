"""Run model files with ONNX Runtime, on the device that was requested and on no other."""

import contextlib
import ctypes
import io
import logging
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from artextract.errors import ModelError
from artextract.models.card import CARD_KEY, ModelCard
from artextract.models.processor import sums_int8_exactly
from artextract.packages import check_onnxruntime

if TYPE_CHECKING:
    import onnxruntime

_log = logging.getLogger(__name__)

Device = Literal["auto", "cpu", "cuda"]

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}

_MINIMUM_DRIVER = 580
"""NVIDIA driver that CUDA 13 needs (CUDA 13.0 release notes, table 2)."""

_FATAL, _WARNING = 4, 2
"""ONNX Runtime's log severities. Its errors also come as exceptions."""


def cuda_provider(*, tf32: bool = False) -> tuple[str, dict[str, str]]:
    """Return the CUDA execution provider with the options that this package runs it with.

    cuDNN's algorithms are chosen by its heuristics: the exhaustive search, ONNX Runtime's default,
    times every algorithm again for each new input shape. The memory arena grows by what is
    requested instead of doubling.

    Args:
        tf32: Let matrix products round their inputs to TensorFloat-32 (10 bits of mantissa). Off by
            default, so that vectors made on a GPU agree with those made on a CPU.
    """
    return _PROVIDERS["cuda"], {
        "cudnn_conv_algo_search": "HEURISTIC",
        "arena_extend_strategy": "kSameAsRequested",
        "use_tf32": "1" if tf32 else "0",
    }


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs of a model for n images.

    ``vectors`` is {aspect: (n, d)}, float32, rows of length 1; ``probabilities`` is
    {attribute: (n, number of classes)}, float32, rows that add up to 1.
    """

    vectors: dict[str, npt.NDArray[np.float32]]
    probabilities: dict[str, npt.NDArray[np.float32]]


class Network:
    """A network with one input.

    ``device`` is the device that it runs on, "cpu" or "cuda".
    """

    def __init__(
        self,
        path: Path,
        device: Device = "auto",
        threads: int | None = None,
        *,
        tf32: bool = False,
    ) -> None:
        """Load ``path`` on ``device`` ("auto": CUDA where this ONNX Runtime offers it, else CPU).

        Args:
            path: An ONNX file.
            device: Where to run. A GPU that was requested, or that ONNX Runtime offers, and that
                can't be used is an error: ONNX Runtime alone would continue on the CPU.
            threads: CPU threads of one run; None takes one for each core.
            tf32: See :func:`cuda_provider`.

        Raises:
            PackageError: no ONNX Runtime wheel is installed, or both are.
            ModelError: the file is missing or damaged, or the device can't be used.
        """
        check_onnxruntime()
        import onnxruntime

        if not path.is_file():
            raise ModelError(f"there is no model file {path}; check the path")
        available = onnxruntime.get_available_providers()
        if device == "auto":
            device = "cuda" if _PROVIDERS["cuda"] in available else "cpu"
        provider = _PROVIDERS[device]
        if provider not in available:
            raise ModelError(
                f"device {device!r} needs ONNX Runtime's {provider}, and this installation offers "
                f"only {', '.join(available)}; install 'artextract[gpu]' or use `device` cpu"
            )
        self.path = path
        self.device = device
        self.threads = threads or os.cpu_count() or 1
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = _FATAL
        self.session = (
            _open_on_cuda(path, options, tf32=tf32)
            if device == "cuda"
            else _open_session(path, options, provider)
        )

    def run(
        self, tensor: npt.NDArray[Any], outputs: Sequence[str] | None = None
    ) -> list[npt.NDArray[np.float32]]:
        """Return ``outputs``, by default all, of the network for ``tensor``.

        Raises:
            ModelError: the network failed.
        """
        name = self.session.get_inputs()[0].name
        try:
            found: list[npt.NDArray[np.float32]] = self.session.run(outputs, {name: tensor})
        except Exception as error:
            if not _is_from_onnxruntime(error):
                raise
            raise ModelError(
                f"{self.path} failed on {self.session.get_providers()[0]} with {name} "
                f"{tensor.shape} ({_reason(error)}); use a smaller batch or another device"
            ) from error
        return found


class OnnxModel:
    """A loaded model file with a card.

    ``device`` is the device that it runs on, "cpu" or "cuda".
    """

    def __init__(
        self,
        path: Path,
        device: Device = "auto",
        threads: int | None = None,
        *,
        tf32: bool = False,
    ) -> None:
        """Load ``path``; arguments and errors are those of :class:`Network`.

        Raises:
            ModelError: the file has no card, too.
        """
        self._network = Network(path, device, threads, tf32=tf32)
        self._session = self._network.session
        self.path, self.device, self.threads = path, self._network.device, self._network.threads
        card = self._session.get_modelmeta().custom_metadata_map.get(CARD_KEY)
        if card is None:
            raise ModelError(
                f"{path} has no model card, so its preprocessing is unknown; "
                "use a file written by `artextract export`"
            )
        self.card = ModelCard.from_json(card, str(path))
        self._check_card()
        if self.device == "cpu" and self.card.weight_bits == 8 and not sums_int8_exactly():
            _log.warning(
                "%s has 8-bit weights and this processor adds their products in 16 bits, so its "
                "vectors may be off; quantise it again with 7 weight bits.", path,
            )  # fmt: skip
        if self.device == "cuda" and self.card.weight_bits < 32:
            _log.warning(
                "%s has %d-bit weights, which are meant for CPUs: ONNX Runtime's CUDA provider "
                "converts them back to floating point in each run; use the float32 model on a GPU.",
                path, self.card.weight_bits,
            )  # fmt: skip

    def _check_card(self) -> None:
        """Check that the card describes the network in the file."""
        inputs = [node.name for node in self._session.get_inputs()]
        outputs = self._shapes
        card = self.card
        widths = {name: (shape or [0])[-1] for name, shape in outputs.items()}
        expected = {card.embedding: card.dimension}
        expected |= {card.probability_of(name): len(each) for name, each in card.classes.items()}
        missing = [output for output in card.aspects.values() if output not in outputs]
        wrong = [name for name, width in expected.items() if widths.get(name) != width]
        if [card.input] != inputs or missing or wrong:
            named = ", ".join(f"{name!r} of {width} dimensions" for name, width in expected.items())
            raise ModelError(
                f"the model card of {self.path} describes input {card.input!r} and outputs "
                f"{named}; the network has inputs {inputs} and outputs {outputs}; export the model "
                "again"
            )

    @property
    def inputs(self) -> list[str]:
        """The network's inputs as text: "image (n, 3, 224, 224), float"."""
        return [_describe(node) for node in self._session.get_inputs()]

    @property
    def outputs(self) -> list[str]:
        """The network's outputs as text."""
        return [_describe(node) for node in self._session.get_outputs()]

    @property
    def dimensions(self) -> dict[str, int]:
        """{aspect: dimensions of its vectors}."""
        return {aspect: self._shapes[output][-1] for aspect, output in self.card.aspects.items()}

    @property
    def _shapes(self) -> dict[str, list[Any]]:
        return {node.name: node.shape for node in self._session.get_outputs()}

    def embed(self, batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the embeddings of a batch of preprocessed images.

        Args:
            batch: (n, 3, size, size), float32, as the card's preprocessing returns it.

        Returns:
            (n, dimension), float32, each row of length 1.

        Raises:
            ModelError: the network failed (out of memory, for one), or a row is not finite or
                zero, so that it has no direction.
        """
        (rows,) = self._run([self.card.embedding], batch)
        return self._to_unit(rows)

    def run(self, batch: npt.NDArray[np.float32]) -> Outputs:
        """Return all outputs of the model for a batch of preprocessed images.

        Args:
            batch: As in :meth:`embed`.

        Raises:
            ModelError: as in :meth:`embed`, or a probability is not finite.
        """
        card = self.card
        names = [*card.aspects.values(), *map(card.probability_of, card.classes)]
        found = dict(zip(names, self._run(names, batch), strict=True))
        probabilities = {name: found[card.probability_of(name)] for name in card.classes}
        for name, rows in probabilities.items():
            if not np.isfinite(rows).all():
                raise ModelError(
                    f"{self.path} gave a probability of {name} that is not finite for one of "
                    f"{len(batch)} images; export the model again"
                )
        return Outputs(
            {aspect: self._to_unit(found[output]) for aspect, output in card.aspects.items()},
            probabilities,
        )

    def _run(
        self, outputs: Sequence[str], batch: npt.NDArray[np.float32]
    ) -> list[npt.NDArray[np.float32]]:
        padded = _pad_to_power_of_two(batch) if self.device == "cuda" else batch
        return [rows[: len(batch)] for rows in self._network.run(padded, outputs)]

    def _to_unit(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return a copy of ``rows`` brought to length 1."""
        embeddings: npt.NDArray[np.float32] = np.array(rows, np.float32)
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        if not np.all(np.isfinite(lengths)) or np.any(lengths == 0):
            raise ModelError(
                f"{self.path} gave an embedding that is zero or not finite for one of "
                f"{len(rows)} images; export the model again"
            )
        embeddings /= lengths
        return embeddings


def _pad_to_power_of_two(batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return ``batch`` with zero rows added: each new shape costs a GPU a choice of algorithms."""
    missing = (1 << (len(batch) - 1).bit_length()) - len(batch)
    return np.pad(batch, [(0, missing), (0, 0), (0, 0), (0, 0)]) if missing else batch


def _describe(node: "onnxruntime.NodeArg") -> str:
    kind = node.type.removeprefix("tensor(").removesuffix(")")
    return f"{node.name} ({', '.join(map(str, node.shape))}), {kind}"


def _open_session(
    path: Path, options: "onnxruntime.SessionOptions", provider: str | tuple[str, dict[str, str]]
) -> "onnxruntime.InferenceSession":
    """Return a session on ``path``, without ONNX Runtime's own retry on another provider."""
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=[provider], enable_fallback=0
        )
    except Exception as error:
        if not _is_from_onnxruntime(error):
            raise
        name = provider if isinstance(provider, str) else provider[0]
        advice = "" if name == _PROVIDERS["cpu"] else f"; {_ADVICE}"
        raise ModelError(f"{path} can't be loaded on {name} ({_reason(error)}){advice}") from error


_ADVICE = (
    f"check with nvidia-smi that there is a GPU with a driver of version {_MINIMUM_DRIVER} or "
    "later, or use `device` cpu"
)


def _open_on_cuda(
    path: Path, options: "onnxruntime.SessionOptions", *, tf32: bool
) -> "onnxruntime.InferenceSession":
    """Return a session on ``path`` that runs on CUDA; the error says why that is not possible."""
    import onnxruntime

    with _quiet():
        # The provider library has no search path to the CUDA libraries that pip installs.
        onnxruntime.preload_dlls()
        session = _open_session(path, options, cuda_provider(tf32=tf32))
    taken = session.get_providers()[0]
    if taken == _PROVIDERS["cuda"]:
        return session
    reason = _why_cuda_does_not_load()
    if reason is None:
        reason, advice = f"ONNX Runtime took {taken} instead", _ADVICE
    elif "libcuda.so" in reason or "nvcuda" in reason:
        advice = (
            f"install an NVIDIA driver of version {_MINIMUM_DRIVER} or later, or use `device` cpu"
        )
    else:
        advice = (
            "install the libraries that it needs with pip install 'artextract[gpu]', or use "
            "`device` cpu"
        )
    raise ModelError(f"ONNX Runtime's CUDAExecutionProvider can't be loaded ({reason}); {advice}")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what ONNX Runtime prints while it loads CUDA off stdout and stderr; log it instead."""
    import onnxruntime

    printed = io.StringIO()
    onnxruntime.set_default_logger_severity(_FATAL)
    try:
        with contextlib.redirect_stdout(printed):
            yield
    finally:
        onnxruntime.set_default_logger_severity(_WARNING)
        for line in printed.getvalue().splitlines():
            _log.debug("ONNX Runtime: %s", line)


def _why_cuda_does_not_load() -> str | None:
    """Return the dynamic linker's reason why the provider library can't be loaded; None if it can.

    ONNX Runtime writes this reason to its log alone and continues on the CPU. To be called after
    it has tried: the library must not be loaded before ONNX Runtime has prepared its host.
    """
    import onnxruntime

    folder = Path(onnxruntime.__file__).parent / "capi"
    windows = os.name == "nt"
    name = "onnxruntime_providers_{}.dll" if windows else "libonnxruntime_providers_{}.so"
    try:
        ctypes.CDLL(str(folder / name.format("shared")), mode=ctypes.RTLD_GLOBAL)
        ctypes.CDLL(str(folder / name.format("cuda")))
    except OSError as error:
        return str(error)
    return None


def _is_from_onnxruntime(error: Exception) -> bool:
    """Tell whether ``error`` is one of ONNX Runtime's, which share no public base class.

    Failures of a provider come as a built-in RuntimeError.
    """
    return isinstance(error, RuntimeError) or type(error).__module__.startswith("onnxruntime")


def _reason(error: Exception) -> str:
    """Return the informative part of an ONNX Runtime error's text.

    A provider's failure lists C++ signatures before it: "... CUDA failure 100: no CUDA-capable
    device is detected ; GPU=0 ; hostname=... ; file=...".
    """
    text = " ".join(str(error).split())
    if failure := re.search(r"\b(CUDA|CUDNN|CUBLAS|CUFFT)\w* (failure|error) [^;]*", text):
        return failure[0].strip()
    return text.removesuffix(".")[:400] or type(error).__name__
