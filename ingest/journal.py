"""The journal: what could not be ingested and why, and notes on what was left unknown or aside.

A file of JSON lines in the collection's folder. A run appends a line for each failure, so that a
crash loses none; its end rewrites the file with the failures that remain, and the notes on each
source, which its next complete run replaces.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from artextract.catalog.notes import NoteCount
from artextract.errors import StoreError
from artextract.files import atomic_write
from artextract.store.location import Location
from ingest.sources.item import Failure

JOURNAL_NAME = "failures.jsonl"


def journal_path(store: Location) -> Path:
    """Return the journal of a collection: in its folder, or for a server in the user's state."""
    if not store.is_server:
        return store.folder / JOURNAL_NAME
    from platformdirs import user_state_path

    url, collection = store.address
    name = re.sub(r"[^\w.-]+", "-", f"{url.partition('://')[2]}-{collection}")
    return user_state_path("artextract") / name / JOURNAL_NAME


class Journal:
    """The failures that remain, in the order in which they happened, and notes.

    ``notes`` are {name of a source: its notes}.
    """

    def __init__(self, path: Path) -> None:
        """Read the journal at ``path``, if there is one."""
        self.path = path
        self.notes: dict[str, list[NoteCount]] = {}
        self._failures: dict[str, Failure] = {}
        self._whole, entries = _read_entries(path)
        for entry in entries:
            if "note" in entry:
                notes = self.notes.setdefault(entry["source"], [])
                notes.append(NoteCount(entry["note"], entry["count"], tuple(entry["examples"])))
            elif entry.get("resolved"):
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

    def note(self, source: str, notes: Iterable[NoteCount]) -> None:
        """Replace the notes on a source; they are written when the journal is left."""
        self.notes[source] = list(notes)

    def _append(self, entry: dict[str, object]) -> None:
        try:
            if self._whole is not None:  # Cut off a last line that a crash left incomplete.
                os.truncate(self.path, self._whole)
                self._whole = None
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        except OSError as error:
            raise StoreError(f"{self.path} can't be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Rewrite the file with failures that remain, and notes; delete it if there are none."""
        entries = [asdict(failure) for failure in self] + [
            {"note": each.kind, "source": source, "count": each.count, "examples": each.examples}
            for source, notes in self.notes.items()
            for each in notes
        ]
        if not entries:
            self.path.unlink(missing_ok=True)
            return
        lines = (json.dumps(entry, ensure_ascii=False) for entry in entries)
        try:
            atomic_write(self.path, "\n".join(lines) + "\n")
        except OSError as error:
            raise StoreError(f"{self.path} can't be written: {error.strerror}") from error


def _read_entries(path: Path) -> tuple[int | None, list[dict[str, Any]]]:
    """Return the entries of a journal without an incomplete last line, left by a crash.

    The first value is the size in bytes without that line; None if all lines are complete.
    """
    if not path.exists():
        return None, []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    lines = whole.decode("utf-8").split("\n")[:-1]
    return None if len(whole) == len(data) else len(whole), [json.loads(line) for line in lines]
