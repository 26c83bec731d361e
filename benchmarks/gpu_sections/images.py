"""Decoding images, and finding faces and people in them."""

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle

import PIL.Image

from artextract.detectors.faces import Face, FaceDetector
from artextract.detectors.people import Person, PersonDetector
from artextract.images.opening import make_thumbnail, open_image, open_sized, read_image_file
from benchmarks.gpu_sections.bench import (
    Bench,
    Figures,
    load_cpu_model,
    measure_rate,
    seconds_of,
)

DECODED = 256
DETECTED = 64


def decode(bench: Bench) -> Figures:
    """Yield images/s of decoding, resizing and making a thumbnail, by threads; files in memory."""
    preprocess = load_cpu_model(bench).card.preprocess
    files = [(path.name, read_image_file(path)) for path in bench.images[:DECODED]]
    yield "images", len(files)
    yield "mean_kilobytes", statistics.mean(len(data) for _, data in files) / 1000

    def prepare(file: tuple[str, bytes]) -> tuple[float, float, float]:
        begun = time.perf_counter()
        image, _ = open_sized(file[1], file[0], preprocess.decode_at_least)
        decoded = time.perf_counter()
        preprocess.resize_pixels(image)
        resized = time.perf_counter()
        make_thumbnail(image)
        return decoded - begun, resized - decoded, time.perf_counter() - resized

    parts = zip(*map(prepare, files), strict=True)
    names = ("decode", "resize", "thumbnail")
    yield "ms", {n: 1000 * statistics.mean(p) for n, p in zip(names, parts, strict=True)}
    counts = _thread_counts(bench.cores)
    for number, threads in enumerate(counts):
        with ThreadPoolExecutor(threads) as pool:
            yield (
                f"threads {threads}",
                measure_rate(
                    lambda pool=pool: list(pool.map(prepare, files)),  # type: ignore[misc]
                    len(files),
                    0.7 * bench.left() / (len(counts) - number),
                ),
            )


def _thread_counts(cores: int) -> list[int]:
    """Return 1, 2, 4, ... and the number of cores."""
    doubled = [1 << power for power in range(cores.bit_length()) if 1 << power < cores]
    return [*doubled, cores]


def detectors(bench: Bench) -> Figures:
    """Yield ms an image of finding faces and people, on each device.

    "first" is the first time that an image is seen, when a GPU meets its shape; "again" the median
    of later times. "per_second" is that of as many threads as cores, each with an image of its own.
    """
    images = [open_image(read_image_file(path), path.name) for path in bench.images[:DETECTED]]
    yield "images", len(images)
    for number, device in enumerate(bench.devices):
        seconds = bench.left() / (len(bench.devices) - number) / 4
        faces, people = FaceDetector(device, 1), PersonDetector(device, 1)
        yield f"{device}, people", _time_detector(bench, people.detect, images, seconds)
        known = {id(image): people.detect(image) for image in images}
        find_faces = partial(_find_faces, faces, known)
        yield f"{device}, faces", _time_detector(bench, find_faces, images, seconds)
        found = {
            "people": sum(map(len, known.values())),
            "faces": sum(len(find_faces(image)) for image in images),
        }
        yield f"{device}, found", found


def _find_faces(
    faces: FaceDetector, people: dict[int, list[Person]], image: PIL.Image.Image
) -> list[Face]:
    """Return the faces in ``image``; ``people`` are those found in each, by the image's ``id``."""
    return faces.detect(image, people[id(image)])


def _time_detector(
    bench: Bench,
    find: Callable[[PIL.Image.Image], object],
    images: Sequence[PIL.Image.Image],
    seconds: float,
) -> dict[str, float]:
    first = [seconds_of(partial(find, image)) for image in images]
    again: list[float] = []
    deadline = time.perf_counter() + seconds / 2
    for image in cycle(images):
        again.append(seconds_of(partial(find, image)))
        if len(again) >= len(images) and time.perf_counter() > deadline:
            break
    with ThreadPoolExecutor(bench.cores) as pool:
        together = measure_rate(lambda: list(pool.map(find, images)), len(images), seconds / 2)
    return {
        "first_ms": 1000 * statistics.mean(first),
        "again_ms": 1000 * statistics.median(again),
        "per_second": together["per_second"],
    }
