"""Configuration that depends on the device."""

from pathlib import Path

import pytest

from artextract.store.location import Location
from ingest.run import IngestConfig


@pytest.mark.parametrize(
    ("given", "device", "expected"),
    [(None, "cpu", 8), (None, "cuda", 64), (5, "cpu", 5), (5, "cuda", 5)],
)
def test_batches_are_larger_on_a_gpu(
    given: int | None, device: str, expected: int, tmp_path: Path
) -> None:
    config = IngestConfig(
        store=Location(str(tmp_path)), model="m", aspects="all", device="auto", batch_size=given
    )
    assert config.batch_of(device) == expected
