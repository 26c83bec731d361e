"""The results of each epoch, as a line of JSON and for TensorBoard."""

import json
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from artextract.errors import ModelError
from artextract.files import atomic_write, explain_os_errors


class Recorder:
    """Writes ``metrics.jsonl`` and the folder ``tensorboard`` of a run."""

    def __init__(self, run: Path) -> None:
        """Continue the files in the folder ``run``, which must exist."""
        self.path = run / "metrics.jsonl"
        self._folder = run / "tensorboard"
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows written so far, the oldest first."""
        if not self.path.is_file():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def forget_after(self, stage: str, epoch: int) -> None:
        """Drop rows of ``stage`` later than ``epoch``, and those of stages after it.

        A run that was killed may have written rows newer than its checkpoint. TensorBoard's files,
        which can only grow, are written anew.

        Raises:
            ModelError: the file can't be written.
        """
        rows: list[dict[str, Any]] = []
        for row in self.rows():
            if row["stage"] == stage and row["epoch"] > epoch:
                break
            if row["stage"] != stage and any(each["stage"] == stage for each in rows):
                break
            rows.append(row)
        self._write(rows)
        self._close()
        with _writing(self._folder):
            if self._folder.is_dir():
                shutil.rmtree(self._folder)
            for row in rows:
                self._show(row)

    def add(self, row: Mapping[str, Any]) -> None:
        """Write the results of an epoch: ``stage``, ``epoch``, and numbers by name.

        Raises:
            ModelError: they can't be written.
        """
        self._write([*self.rows(), dict(row)])
        with _writing(self._folder):
            self._show(row)

    def _show(self, row: Mapping[str, Any]) -> None:
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self._folder))
        for name, value in row.items():
            if name not in ("stage", "epoch"):
                self._writer.add_scalar(f"{row['stage']}/{name}", value, row["epoch"])
        self._writer.flush()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _write(self, rows: list[dict[str, Any]]) -> None:
        with _writing(self.path):
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            atomic_write(self.path, text)


def _writing(path: Path) -> AbstractContextManager[None]:
    advice = "make room or change its permissions, and resume the training"
    return explain_os_errors(f"{path} can't be written", advice, ModelError)
