"""Find model files by a name ("efficientnet-lite0") or by the path of an ONNX file."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from artextract.errors import ModelError
from artextract.files import file_sha256
from artextract.images.cache import default_cache_folder

DEFAULT_MODEL = "wikiart-lite0"

PACKAGED = {
    "wikiart-lite0": "wikiart_lite0.onnx",
    "efficientnet-lite0": "efficientnet_lite0.onnx",
}
"""{model name: file in this folder}; NOTICE has the origin and licence of each."""

EXPORTABLE = ("resnet50",)
"""Models that are not packaged: `artextract export embedder` writes them from published weights."""

DETECTORS = {
    "faces": "blazeface_full_range.onnx",
    "face-mesh": "face_mesh.onnx",
    "bodies": "movenet_multipose.onnx",
}
"""{detector name: file in this folder}."""


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """A model that made a collection; two are the same model if their checksums are equal."""

    name: str
    sha256: str
    dimension: int
    file: str | None = None
    """Path of the model file; None for a packaged model."""

    def __str__(self) -> str:
        return f"{self.name} ({self.sha256[:12]})"


@dataclass(frozen=True)
class ModelFile:
    """A model file and the name by which people know it."""

    name: str
    path: Path

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file, as 64 hex digits."""
        return file_sha256(self.path)


def find_model(name: str) -> ModelFile:
    """Return the model file for a model's name or the path of an ONNX file.

    Raises:
        ModelError: there is no such model or file, or a model of ``EXPORTABLE`` has not been
            exported yet.
    """
    if name in PACKAGED:
        return ModelFile(name, _packaged(PACKAGED[name]))
    path = Path(name)
    if path.suffix == ".onnx":
        if path.is_file():
            return ModelFile(path.stem, path.resolve())
        raise ModelError(f"there is no model file {name}; check the path")
    if name in EXPORTABLE:
        if (path := exported_path(name)).is_file():
            return ModelFile(name, path)
        raise ModelError(
            f"model {name!r} does not come with the package; write it with `artextract export "
            f"embedder --arch {name} --out {name}.onnx` and give the path of that file"
        )
    raise ModelError(
        f"unknown model {name!r}; known: {', '.join([*PACKAGED, *EXPORTABLE])}, "
        "or the path of an .onnx file"
    )


def find_detector(name: str) -> Path:
    """Return the file of one of ``DETECTORS``."""
    return _packaged(DETECTORS[name])


def exported_path(name: str) -> Path:
    """Return where the cache keeps the file of a model of ``EXPORTABLE``; it may not exist."""
    return default_cache_folder() / "models" / f"{name}.onnx"


def _packaged(file: str) -> Path:
    return Path(__file__).with_name(file)


def noted_sha256(name: str) -> str:
    """Return the SHA-256 in NOTICE of the file of a packaged model, as 64 hex digits.

    Raises:
        ModelError: NOTICE does not list it.
    """
    notice = _packaged("NOTICE").read_text(encoding="utf-8")
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
