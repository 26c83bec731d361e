"""What a training has measured: a line of JSON an epoch, and the same for TensorBoard."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from artextract.errors import ModelError
from artextract.files import atomic_write

__all__ = ["Recorder"]


class Recorder:
    """Writes ``metrics.jsonl`` and the folder ``tensorboard`` of a run."""

    def __init__(self, run: Path) -> None:
        """Go on with what is there; ``run`` must exist."""
        self.path = run / "metrics.jsonl"
        self._folder = run / "tensorboard"
        self._writer: Any = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, however it came to that."""
        if self._writer is not None:
            self._writer.close()

    def rows(self) -> list[dict[str, Any]]:
        """Return what has been written, the oldest first."""
        if not self.path.is_file():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def forget_after(self, stage: str, epoch: int) -> None:
        """Drop rows of ``stage`` later than ``epoch``, and those of stages after it.

        A run that was killed may have written rows that its checkpoint does not know; it will
        write them again. TensorBoard's files, which can only grow, are made anew.

        Raises:
            ModelError: the file can't be written.
        """
        kept: list[dict[str, Any]] = []
        for row in self.rows():
            if row["stage"] == stage and row["epoch"] > epoch:
                break
            if row["stage"] != stage and any(each["stage"] == stage for each in kept):
                break
            kept.append(row)
        self._write(kept)
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        try:
            if self._folder.is_dir():
                shutil.rmtree(self._folder)
            for row in kept:
                self._show(row)
        except OSError as error:
            raise self._unwritable(self._folder, error) from error

    def add(self, row: Mapping[str, Any]) -> None:
        """Write what an epoch gave: ``stage``, ``epoch``, and numbers by name.

        Raises:
            ModelError: it can't be written.
        """
        self._write([*self.rows(), dict(row)])
        try:
            self._show(row)
        except OSError as error:
            raise self._unwritable(self._folder, error) from error

    def _show(self, row: Mapping[str, Any]) -> None:
        """Write a row for TensorBoard."""
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self._folder))
        for name, value in row.items():
            if name not in ("stage", "epoch"):
                self._writer.add_scalar(f"{row['stage']}/{name}", value, row["epoch"])
        self._writer.flush()

    def _write(self, rows: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        try:
            atomic_write(self.path, text)
        except OSError as error:
            raise self._unwritable(self.path, error) from error

    @staticmethod
    def _unwritable(path: Path, error: OSError) -> ModelError:
        return ModelError(
            f"{path} can't be written ({error.strerror or error}); make room or mend the folder, "
            "and run the same command with --resume"
        )
