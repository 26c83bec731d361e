"""Checkpoints: complete or absent, and refused by another training.

A checkpoint is a ``torch.save`` archive, read without running code in it. It carries the
fingerprints of what it depends on (configuration, classes, samples), so that a run is only resumed
with those that it began with. When a training is killed or a disk is full, the checkpoint before it
stays.
"""

import hashlib
import io
import json
import lzma
import pickle
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from artextract.errors import ModelError
from artextract.files import explain_os_errors, replacing

_FORMAT = 1
_FOLDER = 0x10  # the mark of a folder among a ZIP entry's attributes

# Names of fingerprints in the file, and what differs where they do.
_KINDS = {
    "settings": "another configuration",
    "classes": "other classes",
    "works": "other samples, labels or another split",
}

# What reading a damaged archive raises in zipfile, pickle and torch.
_DAMAGE = (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError,
           TypeError, AttributeError, NotImplementedError, OverflowError, OSError, zlib.error,
           lzma.LZMAError)  # fmt: skip


def fingerprint(value: object) -> str:
    """Return a short hash of ``value``, plain JSON."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Checkpoints:
    """The checkpoints of one training in one folder."""

    def __init__(self, folder: Path, fingerprints: Mapping[str, str]) -> None:
        """Name the folder, which is made when the first checkpoint is saved.

        ``fingerprints`` is {"settings", "classes" or "works": hash}; checkpoints with others are
        refused.
        """
        self.folder = folder
        self._fingerprints = dict(fingerprints)

    def path(self, name: str) -> Path:
        """Return the file of the checkpoint ``name``."""
        return self.folder / f"{name}.pt"

    def exists(self, name: str) -> bool:
        """Return whether there is such a checkpoint."""
        return self.path(name).is_file()

    def save(self, name: str, state: Mapping[str, Any]) -> None:
        """Write a checkpoint: tensors, numbers, texts, and lists and dicts of these.

        Raises:
            ModelError: it can't be written; an older one of this name stays.
        """
        buffer = io.BytesIO()  # in memory first: torch hides why writing to a file failed
        data = {"format": _FORMAT, "belongs": self._fingerprints, "state": dict(state)}
        torch.save(data, buffer)
        path, size = self.path(name), buffer.getbuffer().nbytes / (1 << 20)
        with explain_os_errors(
            f"checkpoint {path} of {size:.0f} MiB can't be written",
            "earlier checkpoints are kept, so make room or change the folder's permissions, and "
            "resume the training",
            ModelError,
        ):
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_bytes(buffer.getbuffer())

    def load(self, name: str) -> dict[str, Any]:
        """Return the state that was saved as ``name``, its tensors on the CPU.

        Raises:
            ModelError: there is none, it is damaged, or another training's.
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
                f"checkpoint {path} can't be read ({error.strerror or error}); change its "
                "permissions, or train again into another folder"
            ) from error
        whole = _read(data, path)
        for kind, expected in self._fingerprints.items():
            found = whole["belongs"].get(kind)
            if found != expected:
                raise ModelError(
                    f"checkpoint {path} belongs to a training with {_KINDS.get(kind, kind)} "
                    f"({found}, here {expected}); use those that it began with, or train into "
                    "another folder"
                )
        state: dict[str, Any] = whole["state"]
        return state


def _read(data: bytes, path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            broken = archive.testzip()  # torch does not compare checksums
            if broken is not None:
                raise zipfile.BadZipFile(f"bad checksum of {broken}")
            for entry in archive.infolist():  # torch reads an entry marked as a folder as empty
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
            f"{path} is no checkpoint of format {_FORMAT}; give the folder of a training by this "
            "version, or train again"
        )
    return whole
