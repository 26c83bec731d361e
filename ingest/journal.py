"""The journal of failures: what could not be ingested, and why.

A file of JSON lines beside the collection. During a run, lines are added as things happen, so that
a crash loses none; at its end the file is rewritten with what still stands.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from artextract.errors import StoreError
from artextract.files import atomic_write
from ingest.sources.item import Failure

__all__ = ["JOURNAL_NAME", "Journal"]

JOURNAL_NAME = "failures.jsonl"


class Journal:
    """The failures that stand: {key: failure}, in the order in which they were met."""

    def __init__(self, path: Path) -> None:
        """Read the journal at ``path``, if there is one."""
        self.path = path
        self._standing: dict[str, Failure] = {}
        for entry in _read_entries(path):
            if entry.get("resolved"):
                self._standing.pop(entry["key"], None)
            else:
                self._standing[entry["key"]] = Failure(
                    entry["key"], entry["image"], entry["reason"]
                )

    def __len__(self) -> int:
        """Return how many failures stand."""
        return len(self._standing)

    def __contains__(self, key: str) -> bool:
        """Return whether the work called ``key`` has failed."""
        return key in self._standing

    def __iter__(self) -> Iterator[Failure]:
        """Iterate over the failures that stand."""
        return iter(list(self._standing.values()))

    def record(self, failure: Failure) -> None:
        """Add a failure, or put it in place of an earlier one of the same work."""
        self._standing[failure.key] = failure
        self._append({"key": failure.key, "image": failure.image, "reason": failure.reason})

    def resolve(self, key: str) -> None:
        """Strike the failure of a work that has now succeeded, if there is one."""
        if self._standing.pop(key, None):
            self._append({"key": key, "resolved": True})

    def _append(self, entry: dict[str, object]) -> None:
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        except OSError as error:
            raise StoreError(f"{self.path} can't be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        """Return the journal."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Rewrite the file with the failures that stand; without any there is no file."""
        if not self._standing:
            self.path.unlink(missing_ok=True)
            return
        lines = (
            json.dumps({"key": f.key, "image": f.image, "reason": f.reason}, ensure_ascii=False)
            for f in self
        )
        try:
            atomic_write(self.path, "\n".join(lines) + "\n")
        except OSError as error:
            raise StoreError(f"{self.path} can't be written: {error.strerror}") from error


def _read_entries(path: Path) -> Iterator[dict[str, str]]:
    """Iterate over a journal's lines; a last line that a crash cut off is taken away."""
    if not path.exists():
        return
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        os.truncate(path, len(whole))
    for line in whole.decode("utf-8").split("\n")[:-1]:
        yield json.loads(line)
