"""Paths and steps of several benchmarks."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from artextract.encoding.loading import Models
from artextract.store import create_store
from ingest.journal import Journal
from ingest.pipeline import Summary, ingest
from ingest.sources.item import Source

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SHARED = Path(os.environ.get("ARTEXTRACT_SHARED", ROOT.parent / "shared"))


def ingest_new(
    source: Source,
    models: Models,
    location: Path,
    *,
    batch_size: int = 8,
    runners: int | None = None,
    readers: int = 0,
) -> Summary:
    """Ingest ``source`` into a new collection, with a batch on each core unless ``runners``."""
    cores = os.cpu_count() or 1
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
        return ingest(
            source,
            store,
            models.encoder,
            journal,
            batch_size=batch_size,
            threads=cores,
            runners=runners or cores,
            readers=readers,
        )


def make_parser(text: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help is the docstring ``text`` of a benchmark, as it is written."""
    return argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def save_figures(name: str, figures: Any) -> str:
    """Write figures to ``results/NAME.json``; return the text."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(figures, indent=1) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")
    return text
