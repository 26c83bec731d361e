"""The whole ingest against its model alone."""

import dataclasses
import shutil
import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from artextract.aspects.features import ImageFeatures
from artextract.encoding.loading import Models, load_models
from artextract.store import create_store
from benchmarks.gpu_sections.bench import (
    Bench,
    Figures,
    Floats,
    load_cpu_model,
    load_tensors,
    measure_rate,
)
from benchmarks.main_job import make_folder
from ingest.journal import Journal
from ingest.pipeline import Summary
from ingest.pipeline import ingest as run_ingest
from ingest.sources.folder import FolderSource

MOST_INGESTED = 20_000  # in a round
ROUNDS = 3

ASPECTS: dict[str, Sequence[str] | None] = {"visual alone": (), "all aspects": None}


def ingest(bench: Bench) -> Figures:
    """Yield images/s of the whole job into an embedded store, against its model alone.

    The number of images is what a pilot run says fits into the time. Job and model take turns.
    """
    yield "batch_size", bench.batch_size
    yield "runners", bench.runners
    yield "rounds", ROUNDS
    alone = load_models(bench.model, aspects=(), device=bench.device)
    loaded = {
        name: load_models(bench.model, aspects=aspects, device=bench.device)
        for name, aspects in ASPECTS.items()
    }
    pilot = 4 * bench.batch_size * bench.runners
    for number, (name, models) in enumerate(loaded.items()):
        rate = pilot / _run_job(bench, models, pilot).seconds
        seconds = 0.8 * bench.left() / (len(loaded) - number) / ROUNDS
        count = max(pilot, min(MOST_INGESTED, int(rate * 0.8 * seconds)))
        turns = [
            (_model_alone(bench, alone, 0.2 * seconds), _run_job(bench, models, count))
            for _ in range(ROUNDS)
        ]
        rates = [(model_rate, job.embedded / job.seconds) for model_rate, job in turns]
        parts = [_seconds_by_part(job) for _, job in turns]
        yield (
            name,
            {
                "device": models.device,
                "images": sum(job.embedded for _, job in turns),
                "model_alone": statistics.median(model_rate for model_rate, _ in rates),
                "per_second": statistics.median(job_rate for _, job_rate in rates),
                "ratio": statistics.median(job_rate / model_rate for model_rate, job_rate in rates),
                "seconds": {part: sum(each[part] for each in parts) for part in parts[0]},
            },
        )


def _model_alone(bench: Bench, models: Models, seconds: float) -> float:
    """Return images/s of the networks on prepared tensors, batches and runners as in the job."""
    size = bench.batch_size
    tensors = load_tensors(bench, load_cpu_model(bench), size * bench.runners)
    batches = [tensors[at : at + size] for at in range(0, len(tensors), size)]

    def look(batch: Floats) -> object:
        return models.encoder.encode_batch([batch], [ImageFeatures() for _ in batch])

    with ThreadPoolExecutor(bench.runners) as pool:
        rate = measure_rate(lambda: list(pool.map(look, batches)), len(tensors), seconds)
    return float(rate["per_second"])


def _run_job(bench: Bench, models: Models, count: int) -> Summary:
    """Ingest ``count`` images into a new store, and return the summary."""
    folder = make_folder(bench.scratch / "job", list(bench.images), count)
    location = bench.scratch / "store"
    with (
        create_store(
            str(location),
            models.identity,
            vectors=models.encoder.vectors,
            classifier=models.classifier,
            measured=models.measured,
        ) as store,
        Journal(location / "failures.jsonl") as journal,
    ):
        summary = run_ingest(
            FolderSource(folder), store, models.encoder, journal,
            batch_size=bench.batch_size, threads=bench.cores, runners=bench.runners,
        )  # fmt: skip
    shutil.rmtree(location)
    shutil.rmtree(folder)
    if summary.failures:
        raise RuntimeError(f"{len(summary.failures)} failed, the first: {summary.failures[0]}")
    return summary


def _seconds_by_part(summary: Summary) -> dict[str, float]:
    """Return {part: seconds of all threads together}, and the run's own as "whole"."""
    parts = {
        field.name.removesuffix("_seconds"): getattr(summary, field.name)
        for field in dataclasses.fields(summary)
        if field.name.endswith("_seconds")
    }
    return {"whole": summary.seconds, **parts}
