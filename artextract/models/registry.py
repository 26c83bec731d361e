"""The models that come with the package, and how a model is named.

A model is named by a word ("efficientnet-lite0") or by the path of an ONNX file.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

from artextract.errors import ModelError
from artextract.models.exported import EXPORTABLE, find_exported

__all__ = [
    "DEFAULT_MODEL", "DETECTORS", "PACKAGED", "ModelFile", "find_detector", "find_model",
    "noted_sha256",
]  # fmt: skip

DEFAULT_MODEL = "wikiart-lite0"

PACKAGED = {
    "wikiart-lite0": "wikiart_lite0.onnx",
    "efficientnet-lite0": "efficientnet_lite0.onnx",
}
"""Model names and the files in this folder; origin and licence of each stand in NOTICE."""

DETECTORS = {
    "faces": "blazeface_full_range.onnx",
    "face-mesh": "face_mesh.onnx",
    "bodies": "movenet_multipose.onnx",
}
"""What each network that finds something is called, and its file in this folder."""


@dataclass(frozen=True)
class ModelFile:
    """A model file and the name by which people know it."""

    name: str
    path: Path

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file, as 64 hex digits."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def find_model(name: str) -> ModelFile:
    """Return the model file for a model's name or the path of an ONNX file.

    One that does not come with the package is exported on first use.

    Raises:
        ModelError: there is no such model and no such file, or it can't be exported here.
        CacheError: it can't be kept.
    """
    if name in PACKAGED:
        return ModelFile(name, Path(str(resources.files("artextract.models") / PACKAGED[name])))
    path = Path(name)
    if path.suffix == ".onnx":
        if path.is_file():
            return ModelFile(path.stem, path.resolve())
        raise ModelError(f"there is no model file {name}; check the path")
    if name in EXPORTABLE:
        return ModelFile(name, find_exported(name))
    raise ModelError(
        f"unknown model {name!r}; known: {', '.join([*PACKAGED, *EXPORTABLE])}, "
        "or the path of an .onnx file"
    )


def find_detector(name: str) -> Path:
    """Return the file of one of ``DETECTORS``."""
    return Path(str(resources.files("artextract.models") / DETECTORS[name]))


def noted_sha256(name: str) -> str:
    """Return the SHA-256 that NOTICE gives for the file of a packaged model, 64 hex digits.

    Raises:
        ModelError: NOTICE does not name it.
    """
    notice = (resources.files("artextract.models") / "NOTICE").read_text(encoding="utf-8")
    file = re.escape((PACKAGED | DETECTORS)[name])
    found = re.search(
        rf"^{file}\n-+\n(?:.+\n)*?File +sha256 ([0-9a-f]{{64}})", notice, re.MULTILINE
    )
    if found is None:
        raise ModelError(
            f"NOTICE has no checksum of {(PACKAGED | DETECTORS)[name]}; install artextract again "
            "with pip install --force-reinstall --no-deps artextract"
        )
    return found[1]
