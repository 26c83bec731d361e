"""What each part of an ingest costs an image, in CPU time of one thread.

    python -m benchmarks.image_cost

Needs the paintings of $ARTEXTRACT_SHARED. Takes the first 300 of the NGA sample through every step
but the embedder, with all aspects, and writes as many points to an embedded store; medians of 3.
CPU time and not wall time, so that other work on the machine counts for less. The time of decoding
is also given as a ratio to that of Pillow alone, without checks and colour profiles: both take
turns, image by image.
"""

import io
import statistics
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import PIL.Image

from artextract.aspects import ASPECTS
from artextract.aspects.features import Detectors, ImageFeatures
from artextract.encoding.loading import Models, load_models
from artextract.images.opening import content_hash, make_thumbnail, open_sized, read_image_file
from artextract.models.registry import DEFAULT_MODEL
from artextract.store import Point, create_store
from benchmarks.common import SHARED, make_parser, save_figures

COUNT, REPEATS, BATCH_SIZE = 300, 3, 64


class Clock:
    """Adds up the CPU time of this thread by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add what runs within to part ``name``."""
        begun = time.thread_time()
        yield
        self.seconds[name] += time.thread_time() - begun


def take(paths: list[Path], models: Models, detectors: Detectors) -> dict[str, float]:
    """Return CPU seconds by part of taking images through all steps up to the model's input."""
    (preprocess,) = models.encoder.preprocesses
    tensor = np.empty((3, preprocess.size, preprocess.size), np.float32)
    clock = Clock()
    for path in paths:
        with clock.part("read and hash"):
            data = read_image_file(path)
            content_hash(data)
        with clock.part("decode"):
            image, _ = open_sized(data, path.name, models.encoder.decode_at_least)
        with clock.part("thumbnail"):
            make_thumbnail(image)
        with clock.part("resize for the model"):
            pixels = preprocess.resize_pixels(image)
        features = ImageFeatures(image, detectors)
        with clock.part("detect people (MoveNet)"):
            features.people  # noqa: B018 (reading it computes it)
        with clock.part("detect faces (BlazeFace, face mesh)"):
            features.faces  # noqa: B018
        with clock.part("64 x 64 L*a*b*"):
            features.lab  # noqa: B018
        for part in ("composition", "lighting", "palette", "face and pose"):
            with clock.part(part):
                for name in part.split(" and "):
                    ASPECTS[name].vector(features)
                    ASPECTS[name].facts(features)
        with clock.part("normalise"):
            preprocess.normalize(pixels, tensor)
    return dict(clock.seconds)


def compare_decoding(paths: list[Path], at_least: int) -> float:
    """Return the CPU time of :func:`open_sized` divided by that of Pillow alone."""

    def plain(data: bytes) -> PIL.Image.Image:
        with PIL.Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            image.draft(image.mode, (at_least, at_least))
            image.load()
            image.getexif()
            return image if image.mode == "RGB" else image.convert("RGB")

    files = [(path.name, read_image_file(path)) for path in paths]
    ratios = []
    for _ in range(REPEATS):
        clock = Clock()
        for name, data in files:
            with clock.part("plain"):
                plain(data)
            with clock.part("ours"):
                open_sized(data, name, at_least)
        ratios.append(clock.seconds["ours"] / clock.seconds["plain"])
    return statistics.median(ratios)


def write(models: Models, payload: dict[str, object]) -> float:
    """Return CPU seconds of writing as many points, with all aspects, to an embedded store."""
    random = np.random.default_rng(0)
    points = [
        Point(
            str(uuid.UUID(int=number)),
            {
                name: random.normal(size=size).tolist()
                for name, size in models.encoder.vectors.items()
            },
            {"id": str(number), **payload},
        )
        for number in range(COUNT)
    ]
    with (
        tempfile.TemporaryDirectory() as scratch,
        create_store(
            str(Path(scratch) / "store"),
            models.identity,
            vectors=models.encoder.vectors,
            classifier=models.classifier,
            measured=models.measured,
        ) as store,
    ):
        begun = time.thread_time()
        for at in range(0, COUNT, BATCH_SIZE):
            store.upsert(points[at : at + BATCH_SIZE])
        return time.thread_time() - begun


def main() -> None:
    make_parser(__doc__).parse_args()
    models = load_models(DEFAULT_MODEL, device="cpu")
    paths = list(islice(sorted((SHARED / "data/nga/images").glob("*.jpg")), COUNT))
    image = open_sized(read_image_file(paths[0]), "first")[0]
    payload = {"thumbnail": make_thumbnail(image), **models.encoder.encode(image).payload}
    detectors = Detectors()
    take(paths[:10], models, detectors)  # loads the detectors
    rounds = []
    for _ in range(REPEATS):
        rounds.append({**take(paths, models, detectors), "write": write(models, payload)})
    milliseconds = {
        part: round(statistics.median(each[part] for each in rounds) / COUNT * 1000, 3)
        for part in rounds[0]
    }
    prepare = sum(ms for part, ms in milliseconds.items() if part not in ("normalise", "write"))
    figures = {
        "images": COUNT,
        "repeats": REPEATS,
        "cpu_ms_an_image": milliseconds,
        "decode_to_pillow_alone": round(compare_decoding(paths, models.encoder.decode_at_least), 3),
        "prepare_ms": round(prepare, 2),
        "prepared_images_per_second_and_core": round(1000 / prepare, 1),
    }
    print(save_figures("image_cost", figures), end="")


if __name__ == "__main__":
    main()
