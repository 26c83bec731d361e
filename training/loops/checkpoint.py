"""Files that a training goes on from: whole or not there, and refused where they do not belong.

A checkpoint is a ``torch.save`` archive, read without running any code in it. It carries the
fingerprints of what it depends on (settings, classes, works), so that a run never goes on with
others than it began with. It is written beside its name, forced to the disk, and then renamed: a
training that is killed, or a disk that is full, leaves the checkpoint before it.
"""

import hashlib
import io
import json
import lzma
import os
import pickle
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from artextract.errors import ModelError

__all__ = ["Checkpoints", "fingerprint"]

_FORMAT = 1
_FOLDER = 0x10  # the mark of a folder among a ZIP entry's attributes

# What a fingerprint of this name is of, and what to do where it is another.
_KINDS = {
    "settings": "settings",
    "classes": "classes",
    "works": "works, labels or a split",
}

# What reading a damaged archive runs into, in zipfile, pickle and torch.
_DAMAGE = (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError,
           TypeError, AttributeError, NotImplementedError, OverflowError, OSError, zlib.error,
           lzma.LZMAError)  # fmt: skip


def fingerprint(value: object) -> str:
    """Return a short text that differs where ``value``, plain JSON, differs."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Checkpoints:
    """The checkpoints in one folder, all of one training."""

    def __init__(self, folder: Path, belongs: Mapping[str, str]) -> None:
        """Look at ``folder``, which is made when the first checkpoint is saved.

        Args:
            folder: Where they are.
            belongs: {"settings", "classes" or "works": fingerprint} of the training; a checkpoint
                of others is refused.
        """
        self.folder = folder
        self._belongs = dict(belongs)

    def path(self, name: str) -> Path:
        """Return the file of the checkpoint ``name``."""
        return self.folder / f"{name}.pt"

    def exists(self, name: str) -> bool:
        """Return whether there is such a checkpoint."""
        return self.path(name).is_file()

    def save(self, name: str, state: Mapping[str, Any]) -> None:
        """Write a checkpoint: tensors, numbers, texts, and lists and dicts of these.

        Raises:
            ModelError: it can't be written; the one of this name that was there still is.
        """
        buffer = io.BytesIO()  # in memory first: torch hides why writing to a file failed
        torch.save({"format": _FORMAT, "belongs": self._belongs, "state": dict(state)}, buffer)
        path = self.path(name)
        temporary = path.with_name(path.name + ".new")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(buffer.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            _sync_folder(self.folder)
        except OSError as error:
            with suppress(OSError):  # as read-only as the rest
                temporary.unlink(missing_ok=True)
            size = buffer.getbuffer().nbytes / (1 << 20)
            raise ModelError(
                f"checkpoint {path} of {size:.0f} MiB can't be written "
                f"({error.strerror or error}); earlier checkpoints are kept, so make room or mend "
                "the folder and run the same command with --resume"
            ) from error

    def load(self, name: str) -> dict[str, Any]:
        """Return what was saved as ``name``, its tensors on the CPU.

        Raises:
            ModelError: there is none, it is damaged, or it belongs to another training.
        """
        path = self.path(name)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise ModelError(
                f"there is no checkpoint {path}; train first, or give the folder of a training"
            ) from None
        except OSError as error:
            raise ModelError(
                f"checkpoint {path} can't be read ({error.strerror or error}); mend that, or train "
                "again into another folder"
            ) from error
        whole = _read(data, path)
        self._check(whole["belongs"], path)
        state: dict[str, Any] = whole["state"]
        return state

    def _check(self, found: Mapping[str, str], path: Path) -> None:
        for kind, expected in self._belongs.items():
            if found.get(kind) != expected:
                raise ModelError(
                    f"checkpoint {path} belongs to a training with other {_KINDS.get(kind, kind)} "
                    f"({found.get(kind)}, here {expected}); give those that it began with, or "
                    "train anew into another folder"
                )


def _read(data: bytes, path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            broken = archive.testzip()  # torch does not compare checksums
            if broken is not None:
                raise zipfile.BadZipFile(f"bad checksum of {broken}")
            for entry in archive.infolist():  # torch takes what is marked as a folder for empty
                if entry.compress_type != zipfile.ZIP_STORED or entry.external_attr & _FOLDER:
                    raise zipfile.BadZipFile(f"{entry.filename} is not plain data")
        whole = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except _DAMAGE as error:
        raise ModelError(
            f"checkpoint {path} is damaged ({type(error).__name__}, {len(data):,} bytes); "
            "restore it from a copy, or delete the run's folder and train again"
        ) from error
    if (
        not isinstance(whole, dict)
        or whole.get("format") != _FORMAT
        or not isinstance(whole.get("belongs"), dict)
        or not isinstance(whole.get("state"), dict)
    ):
        raise ModelError(
            f"{path} is no checkpoint of format {_FORMAT}; give the folder of a training that this "
            "version began, or train again"
        )
    return whole


def _sync_folder(folder: Path) -> None:
    """Force the renaming to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
