"""The figures of the main job, each a ratio against a baseline measured in the same run.

    python -m benchmarks.main_job   (or make bench)

Images: $ARTEXTRACT_SHARED/data/wikiart if it exists, else the atelier's. Raw figures go to
benchmarks/results/main_job-MODEL.json.
"""

import argparse
import contextlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from artextract.aspects.features import ImageFeatures
from artextract.encoding.loading import Models, load_models
from artextract.images.opening import open_image
from artextract.models.registry import DEFAULT_MODEL
from artextract.store import open_store
from benchmarks import atelier
from benchmarks.common import SHARED, ingest_new, save_figures
from ingest.sources.folder import FolderSource

BATCH_SIZE = 8


def find_images(scratch: Path) -> tuple[list[Path], str]:
    """Return the files to measure on, and a description."""
    wikiart = SHARED / "data" / "wikiart" / "images"
    if wikiart.is_dir():
        return sorted(wikiart.glob("*/*.jpg")), "WikiArt sample, longest side 224 px"
    atelier.save_gallery(scratch / "atelier")
    return sorted((scratch / "atelier").glob("paintings/*.jpg")), "atelier, longest side 480 px"


def make_folder(folder: Path, images: list[Path], count: int) -> Path:
    """Return a folder with ``count`` links to images, some repeated if there are fewer."""
    folder.mkdir()
    for number, path in enumerate(islice(cycle(images), count)):
        (folder / f"{number:05}{path.suffix}").symlink_to(path)
    return folder


def measure_ingest(
    scratch: Path, images: list[Path], model_name: str, count: int, repeats: int
) -> dict[str, float]:
    """Return images/s of the ingest job and of its model alone on preloaded tensors, in turns.

    "wide" is the job with one batch at a time on all cores, which it does not do (see
    docs/decisions/0004-parallel-batches.md). The model alone runs with all threads on one batch,
    and with a batch on each core; the faster counts.
    """
    folder = make_folder(scratch / "ingest", images, count)
    cores = os.cpu_count() or 1
    models = load_models(model_name, aspects=(), device="cpu")
    wide_models = load_models(model_name, aspects=(), device="cpu", threads=cores)
    (preprocess,) = models.encoder.preprocesses
    tensors = np.stack(
        [preprocess(open_image(p.read_bytes(), p.name)) for p in islice(cycle(images), 256)]
    )
    starts = [first % len(tensors) for first in range(0, count, BATCH_SIZE)]

    def model_alone(models: Models, at_once: int) -> float:
        def encode(at: int) -> None:
            batch = tensors[at : at + BATCH_SIZE]
            models.encoder.encode_batch([batch], [ImageFeatures() for _ in batch])

        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(encode, starts[:at_once]))
            started = time.perf_counter()
            list(pool.map(encode, starts))
            return count / (time.perf_counter() - started)

    def whole_job(models: Models, at_once: int) -> float:
        location = scratch / "ingest-store"
        summary = ingest_new(
            FolderSource(folder), models, location, batch_size=BATCH_SIZE, runners=at_once
        )
        shutil.rmtree(location)
        assert summary.embedded == count
        return count / summary.seconds

    rounds = [
        (
            max(model_alone(models, cores), model_alone(wide_models, 1)),
            whole_job(models, cores),
            whole_job(wide_models, 1),
        )
        for _ in range(repeats)
    ]
    return {
        "model_images_per_second": statistics.median(r[0] for r in rounds),
        "ingest_images_per_second": statistics.median(r[1] for r in rounds),
        "ingest_by_model": statistics.median(r[1] / r[0] for r in rounds),
        "wide_images_per_second": statistics.median(r[2] for r in rounds),
        "wide_by_model": statistics.median(r[2] / r[0] for r in rounds),
    }


def measure_eager_resnet50(images: list[Path], count: int) -> float:
    """Return images/s of a plain loop: PIL, torchvision's transforms, eager ResNet-50, one by one.

    The weights are random: they do not change the time.
    """
    import PIL.Image
    import torch
    from torchvision.models import ResNet50_Weights, resnet50

    network = resnet50(weights=None)
    network.fc = torch.nn.Identity()
    network.eval()
    transform = ResNet50_Weights.IMAGENET1K_V2.transforms()
    with torch.no_grad():
        network(torch.zeros(1, 3, 224, 224))
        started = time.perf_counter()
        for path in islice(cycle(images), count):
            with PIL.Image.open(path) as image:
                network(transform(image.convert("RGB"))[None])
        return count / (time.perf_counter() - started)


def seconds_of(command: list[str]) -> float:
    """Return the wall time of a command."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def compare_commands(command: list[str], baseline: list[str], repeats: int) -> dict[str, float]:
    """Return the median milliseconds of two commands, run in turns, and their ratio."""
    seconds_of(command), seconds_of(baseline)
    turns = [(seconds_of(command), seconds_of(baseline)) for _ in range(repeats)]
    mine = statistics.median(turn[0] for turn in turns)
    other = statistics.median(turn[1] for turn in turns)
    return {"ms": mine * 1000, "baseline_ms": other * 1000, "ratio": mine / other}


def peak_memory(command: list[str]) -> tuple[float, float]:
    """Return the peak resident memory of a command in MiB, with and without mapped files.

    The system takes back the pages of mapped files (the collection) when it needs them. Without
    them it is RssAnon of /proc, read 50 times a second.
    """
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    own = 0.0
    while (waited := os.wait4(process.pid, os.WNOHANG))[0] == 0:
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            anonymous = [line for line in status.splitlines() if line.startswith("RssAnon")]
            own = max([own, *(int(line.split()[1]) / 1024 for line in anonymous)])
        time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(waited[1])
    assert process.returncode == 0
    return waited[2].ru_maxrss / 1024, own


def measure_memory(scratch: Path, images: list[Path]) -> dict[str, float]:
    """Return the peak memory in MiB of ingesting 300 and 3,000 images, and the ratios."""
    peaks = {}
    for count in (300, 3000):
        folder = make_folder(scratch / f"memory-{count}", images, count)
        store = scratch / f"memory-store-{count}"
        peaks[count] = peak_memory(
            [*ARTEXTRACT, "ingest", "folder", str(folder), "--store", str(store)]
        )
    return {
        "mib_300": peaks[300][0],
        "mib_3000": peaks[3000][0],
        "ratio": peaks[3000][0] / peaks[300][0],
        "own_mib_300": peaks[300][1],
        "own_mib_3000": peaks[3000][1],
        "own_ratio": peaks[3000][1] / peaks[300][1],
    }


ARTEXTRACT = [str(Path(sys.executable).with_name("artextract"))]


def make_table(figures: dict[str, dict[str, float]], count: int) -> Iterator[str]:
    """Iterate over the lines of the report, a Markdown table."""
    job, cold, help_, memory = (figures[k] for k in ("ingest", "search", "help", "memory"))
    click = figures["click"]
    speed = f"{job['ingest_images_per_second']:.0f}"
    rows = [
        (
            "ingest ÷ the model alone on preloaded tensors",
            f"{job['ingest_by_model']:.2f}",
            "≥ 0.9",
            f"{speed} ÷ {job['model_images_per_second']:.0f} images/s, n = {count}",
        ),
        (
            "the same with one batch at a time on all cores (not what it does)",
            f"{job['wide_by_model']:.2f}",
            "",
            f"{job['wide_images_per_second']:.0f} ÷ {job['model_images_per_second']:.0f} images/s",
        ),
        (
            "ingest ÷ a plain loop of eager PyTorch ResNet-50 with PIL",
            f"{job['ingest_by_eager']:.1f}",
            "≥ 5",
            f"{speed} ÷ {job['eager_images_per_second']:.1f} images/s",
        ),
        (
            'cold `artextract search <id>` ÷ `python -c "import numpy, qdrant_edge"`',
            f"{cold['ratio']:.2f}",
            "≤ 2",
            f"{cold['ms']:.0f} ÷ {cold['baseline_ms']:.0f} ms, 960 artworks",
        ),
        (
            "`artextract --help` ÷ `python -c pass`",
            f"{help_['ratio']:.2f}",
            "≤ 4",
            f"{help_['ms']:.0f} ÷ {help_['baseline_ms']:.0f} ms",
        ),
        (
            '`python -c "import click"` ÷ `python -c pass`',
            f"{click['ratio']:.2f}",
            "",
            f"{click['ms']:.0f} ÷ {click['baseline_ms']:.0f} ms",
        ),
        (
            "peak memory of ingesting 3,000 ÷ 300 images",
            f"{memory['ratio']:.2f}",
            "≤ 1.1",
            f"{memory['mib_3000']:.0f} ÷ {memory['mib_300']:.0f} MiB",
        ),
        (
            "the same without pages of mapped files",
            f"{memory['own_ratio']:.2f}",
            "",
            f"{memory['own_mib_3000']:.0f} ÷ {memory['own_mib_300']:.0f} MiB",
        ),
    ]
    yield "| ratio | measured | aim | from |"
    yield "|---|---|---|---|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=960, help="images of one ingest round")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of ingest; 5x of commands")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="the embedder of the ingest rounds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        images, what = find_images(scratch)
        figures = measure(scratch, images, options.model, options.images, options.repeats)
    machine = {
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": sys.version.split()[0],
    }
    save_figures(
        f"main_job-{Path(options.model).stem}", {"pictures": what, "machine": machine, **figures}
    )
    print(
        f"{what}; {options.model}; {os.cpu_count()} CPUs; batches of {BATCH_SIZE}; "
        f"medians of {options.repeats}"
    )
    print("\n".join(make_table(figures, options.images)))


def measure(
    scratch: Path, images: list[Path], model_name: str, count: int, repeats: int
) -> dict[str, dict[str, float]]:
    """Return all figures by name."""
    print("... commands", file=sys.stderr)
    store = scratch / "search-store"
    folder = make_folder(scratch / "search", images, 960)
    subprocess.run([*ARTEXTRACT, "ingest", "folder", str(folder), "--store", str(store)],
                   check=True, capture_output=True)  # fmt: skip
    with open_store(str(store)) as opened:
        artwork = next(opened.scroll(keys=["id"])).payload["id"]
    python = sys.executable
    search = compare_commands(
        [*ARTEXTRACT, "search", artwork, "--store", str(store)],
        [python, "-c", "import numpy, qdrant_edge"],
        5 * repeats,
    )
    nothing = [python, "-c", "pass"]
    help_ = compare_commands([*ARTEXTRACT, "--help"], nothing, 5 * repeats)
    click = compare_commands([python, "-c", "import click"], nothing, 5 * repeats)
    print("... memory", file=sys.stderr)
    memory = measure_memory(scratch, images)
    print("... ingest", file=sys.stderr)
    job = measure_ingest(scratch, images, model_name, count, repeats)
    print("... eager PyTorch", file=sys.stderr)
    job["eager_images_per_second"] = measure_eager_resnet50(images, 100)
    job["ingest_by_eager"] = job["ingest_images_per_second"] / job["eager_images_per_second"]
    return {"ingest": job, "search": search, "help": help_, "click": click, "memory": memory}


if __name__ == "__main__":
    main()
