"""What every section is given, and what several of them use: images, sessions, timing."""

import contextlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError, ModelError
from artextract.images.opening import IMAGE_SUFFIXES, open_image, read_image_file
from artextract.models.registry import find_model
from artextract.models.session import OnnxModel, cuda_provider
from benchmarks import atelier

if TYPE_CHECKING:
    import onnxruntime

SHARED = Path(os.environ.get("ARTEXTRACT_SHARED", Path(__file__).resolve().parents[3] / "shared"))
MOST_REPEATS = 200

Device = Literal["cpu", "cuda"]
Floats = npt.NDArray[np.float32]
Figures = Iterator[tuple[str, Any]]
"""What a section yields: figures by name, each written as soon as it is measured."""


class Skipped(Exception):
    """A section can't run on this machine, and the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a section measures with.

    ``seconds`` is the time that the section may take; ``started`` is when it began.
    """

    device: Device
    model: str
    images: tuple[Path, ...]
    images_from: str
    scratch: Path
    cores: int
    seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        """Return the seconds that are left to the section."""
        return max(0.0, self.seconds - (time.monotonic() - self.started))

    def fits(self, items: int, per_second: float) -> bool:
        """Return whether ``items`` items are done in the time left at ``per_second``."""
        return items <= per_second * self.left()

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices to compare: the CPU, and the GPU where it is requested."""
        return ("cpu",) if self.device == "cpu" else ("cpu", "cuda")

    @property
    def batch_size(self) -> int:
        """Images in one batch of an ingest on the device."""
        return 8 if self.device == "cpu" else 64

    @property
    def runners(self) -> int:
        """Batches that an ingest runs at once on the device."""
        return self.cores if self.device == "cpu" else 1


def count_cores() -> int:
    """Return the number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0))


def find_images(folder: Path | None, scratch: Path) -> tuple[list[Path], str]:
    """Return the images to measure on and a description of them.

    Raises:
        InputError: ``folder`` holds no image.
    """
    if folder is not None:
        found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
        if not found:
            raise InputError(
                f"--images {folder} holds no image; give a folder with "
                f"{', '.join(sorted(IMAGE_SUFFIXES))} files"
            )
        return found, f"the folder {folder.name}"
    paintings = sorted((SHARED / "data" / "nga" / "images").glob("*.jpg"))
    if paintings:
        return paintings, "paintings of the National Gallery of Art, longest side 384 px"
    atelier.save_gallery(scratch / "atelier")
    painted = sorted((scratch / "atelier" / "paintings").glob("*.jpg"))
    return painted, "the atelier, painted by code, longest side 480 px"


def load_cpu_model(bench: Bench) -> OnnxModel:
    """Return the embedder as it is shipped, on the CPU."""
    return OnnxModel(find_model(bench.model).path, "cpu", bench.cores)


def load_tensors(bench: Bench, model: OnnxModel, count: int) -> Floats:
    """Return ``count`` prepared images, (count, 3, size, size), each one different if possible.

    Where there are fewer images, they follow flipped left to right, and after that again.
    """

    def prepare(path: Path) -> Floats:
        return model.card.preprocess(open_image(read_image_file(path), path.name))

    with ThreadPoolExecutor(bench.cores) as pool:
        rows = np.stack(list(pool.map(prepare, bench.images[:count])))
    if len(rows) < count:
        rows = np.concatenate([rows, rows[:, :, :, ::-1]])
    return np.ascontiguousarray(np.stack(list(islice(cycle(rows), count))), np.float32)


def open_session(
    model: Path | bytes,
    device: Device,
    threads: int,
    *,
    options: dict[str, str] | None = None,
    profile: Path | None = None,
) -> "onnxruntime.InferenceSession":
    """Return a session that really runs on ``device``.

    Args:
        model: A model file, or its bytes.
        device: Where to run.
        threads: CPU threads of one run.
        options: CUDA provider options that differ from those the package runs with.
        profile: The beginning of the path of a profile to write.

    Raises:
        ModelError: another provider took its place.
    """
    import onnxruntime

    chosen = onnxruntime.SessionOptions()
    chosen.intra_op_num_threads = threads
    chosen.log_severity_level = 3
    if profile is not None:
        chosen.enable_profiling = True
        chosen.profile_file_prefix = str(profile)
    provider: Any = "CPUExecutionProvider"
    if device == "cuda":
        preload_cuda()
        name, shipped = cuda_provider()
        provider = (name, {**shipped, **(options or {})})
    source = model if isinstance(model, bytes) else str(model)
    session = onnxruntime.InferenceSession(source, chosen, providers=[provider], enable_fallback=0)
    requested = provider if isinstance(provider, str) else provider[0]
    if session.get_providers()[0] != requested:
        raise ModelError(
            f"{requested} was requested, and ONNX Runtime took {session.get_providers()[0]}; check "
            "the driver and that 'artextract[gpu]' is installed, or use --device cpu"
        )
    return session


def preload_cuda() -> None:
    """Load the CUDA and cuDNN libraries of pip's packages; its messages go to stderr."""
    import onnxruntime

    with contextlib.redirect_stdout(sys.stderr):
        onnxruntime.preload_dlls()


def seconds_of(action: Callable[[], object]) -> float:
    """Return how long ``action`` takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def measure_rate(
    action: Callable[[], object], items: int, seconds: float, *, least: int = 1
) -> dict[str, Any]:
    """Return the items/s of ``action``: the median of as many repeats as fit, after a warm-up.

    Args:
        action: Treats ``items`` items.
        items: Their number.
        seconds: The time for all repeats.
        least: Repeats that are made even where they take longer.
    """
    action()
    deadline = time.perf_counter() + seconds
    times: list[float] = []
    while len(times) < least or (time.perf_counter() < deadline and len(times) < MOST_REPEATS):
        times.append(seconds_of(action))
    return {
        "per_second": items / statistics.median(times),
        "slowest": items / max(times),
        "fastest": items / min(times),
        "repeats": len(times),
    }
