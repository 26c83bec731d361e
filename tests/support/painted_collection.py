"""A small collection of painted works."""

from pathlib import Path

import pytest

from artextract.cli.main import main
from benchmarks import atelier


def make_painted_collection(folder: Path, works: int) -> Path:
    """Paint works into ``folder``, ingest them into its folder ``store``, and return ``folder``."""
    atelier.save_gallery(folder, atelier.make_works(works))
    words = ["ingest", "catalog", folder / "catalog.csv", "--store", folder / "store",
             "--aspects", "visual"]  # fmt: skip
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    assert left.value.code == 0
    return folder
