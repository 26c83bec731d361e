"""The sections in their order, each with its share of the time."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from benchmarks.gpu_sections.bench import Bench, Figures


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its module in this folder, its function there, and its share of the whole time.

    The module is imported when the section runs, so that a package that only one section needs may
    be missing for the others.
    """

    module: str
    function: str
    share: float

    def run(self, bench: Bench) -> Figures:
        """Run it."""
        found: Callable[[Bench], Figures] = getattr(
            import_module(f"benchmarks.gpu_sections.{self.module}"), self.function
        )
        return found(bench)


SECTIONS = {
    "machine": Section("machine", "machine", 0.03),
    "graph": Section("machine", "graph", 0.05),
    "parity": Section("model", "parity", 0.10),
    "model": Section("model", "model", 0.15),
    "uint8": Section("model", "uint8", 0.08),
    "start": Section("model", "start", 0.10),
    "ingest": Section("job", "ingest", 0.20),
    "detectors": Section("images", "detectors", 0.07),
    "decode": Section("images", "decode", 0.06),
    "faiss": Section("neighbours", "faiss", 0.16),
}
