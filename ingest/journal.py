"""The journal of failures: what could not be ingested, and why.

A file of JSON lines in the collection's folder. A run appends a line for each event, so that a
crash loses none; its end rewrites the file with the failures that remain.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Self

from artextract.errors import StoreError
from artextract.files import atomic_write
from ingest.sources.item import Failure

JOURNAL_NAME = "failures.jsonl"


class Journal:
    """The failures that remain, in the order in which they happened."""

    def __init__(self, path: Path) -> None:
        """Read the journal at ``path``, if there is one."""
        self.path = path
        self._failures: dict[str, Failure] = {}
        for entry in _read_entries(path):
            if entry.get("resolved"):
                self._failures.pop(entry["key"], None)
            else:
                key = entry["key"]
                self._failures[key] = Failure(key, entry["image"], entry["reason"])

    def __len__(self) -> int:
        return len(self._failures)

    def __contains__(self, key: str) -> bool:
        return key in self._failures

    def __iter__(self) -> Iterator[Failure]:
        return iter(list(self._failures.values()))

    def record(self, failure: Failure) -> None:
        """Add a failure, or replace an earlier one of the same artwork."""
        self._failures[failure.key] = failure
        self._append(asdict(failure))

    def resolve(self, key: str) -> None:
        """Remove the failure of an artwork that has now succeeded, if there is one."""
        if self._failures.pop(key, None):
            self._append({"key": key, "resolved": True})

    def _append(self, entry: dict[str, object]) -> None:
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        except OSError as error:
            raise StoreError(f"{self.path} can't be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Rewrite the file with the failures that remain; delete it if there is none."""
        if not self._failures:
            self.path.unlink(missing_ok=True)
            return
        lines = (json.dumps(asdict(failure), ensure_ascii=False) for failure in self)
        try:
            atomic_write(self.path, "\n".join(lines) + "\n")
        except OSError as error:
            raise StoreError(f"{self.path} can't be written: {error.strerror}") from error


def _read_entries(path: Path) -> Iterator[dict[str, str]]:
    """Iterate over the entries of a journal; cut off an incomplete last line, left by a crash."""
    if not path.exists():
        return
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        os.truncate(path, len(whole))
    for line in whole.decode("utf-8").split("\n")[:-1]:
        yield json.loads(line)
