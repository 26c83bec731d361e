"""The networks of a run, loaded by their names, and what a collection notes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from artextract.aspects import ASPECTS, MEASURED, MEASURED_VERSION
from artextract.aspects.view import DetectorDevice
from artextract.encoding.encoder import Eyes
from artextract.encoding.networks import Networks
from artextract.errors import ModelError, QueryError, StoreMismatchError
from artextract.models.registry import PACKAGED, ModelFile, ModelIdentity, find_model
from artextract.models.session import Device, OnnxModel
from artextract.store.manifest import Manifest

__all__ = ["Models", "load_eyes", "load_models"]


@dataclass(frozen=True, slots=True)
class Models:
    """The networks of a run, and which embedder and classifier they are.

    ``device`` is the one that runs embedder and classifier, "cpu" or "cuda"; the detectors' is
    ``eyes.detector_device``.
    """

    eyes: Eyes
    identity: ModelIdentity
    classifier: ModelIdentity | None
    device: str

    @property
    def measured(self) -> int | None:
        """The version of the rules by which images are measured; None where none are."""
        return MEASURED_VERSION if set(MEASURED) & set(self.eyes.vectors) else None


def load_models(
    model: str,
    *,
    classifier: str = "auto",
    aspects: Sequence[str] | None = None,
    device: Device = "auto",
    detector_device: DetectorDevice = "cpu",
    threads: int = 1,
) -> Models:
    """Load embedder and classifier; a file that is both is loaded once.

    Args:
        model: The embedder, as :func:`artextract.models.registry.find_model` knows it.
        classifier: The same of what tells classes; "auto" takes the embedder where it does, "none"
            nothing.
        aspects: Which vectors to make beside "visual"; None makes all that can be made.
        device: Where embedder and classifier run.
        detector_device: Where the detectors of heads and bodies run. They take one image at a
            time, in shapes that vary; "cuda" is there for benchmarks.
        threads: CPU threads of one run of a network.

    Raises:
        ModelError: one of them can't be found or loaded, or does not give what is asked of it.
        QueryError: there is no aspect of such a name.
    """
    for name in aspects or ():
        if name not in ASPECTS:
            raise QueryError(f"unknown aspect {name!r}; known: {', '.join(ASPECTS)}, all")
    file = find_model(model)
    embedder = OnnxModel(file.path, device, threads)
    teller, told_by = None, None
    if classifier == "auto":
        if embedder.card.classes:
            teller, told_by = embedder, _identity(file, embedder)
    elif classifier != "none":
        own = find_model(classifier)
        same = own.sha256 == file.sha256
        teller = embedder if same else OnnxModel(own.path, device, threads)
        told_by = _identity(own, teller)
        if not teller.card.classes:
            raise ModelError(
                f"{own.path.name} tells no classes; give --classifier a file that `artextract "
                "export classifier` wrote, or none"
            )
    told = None if aspects is None else [name for name in aspects if name not in MEASURED]
    networks = Networks(embedder, teller, told)
    if aspects is None:
        aspects = [name for name in MEASURED if name != "scene" or "genre" in networks.classes]
    eyes = Eyes(networks, aspects, detector_device=detector_device, threads=threads)
    return Models(eyes, _identity(file, embedder), told_by, embedder.device)


def load_eyes(
    manifest: Manifest,
    aspects: Sequence[str],
    *,
    model: str | None = None,
    device: Device = "auto",
) -> Eyes:
    """Load what looks at pictures as those of a collection were looked at, for ``aspects`` alone.

    Args:
        manifest: The collection's.
        aspects: Which of its vectors are wanted.
        model: A file, where a model of the collection has been moved.
        device: Where the collection's models run; the detectors run on the CPU.

    Raises:
        StoreMismatchError: a model has another checksum than the collection's, or pictures were
            measured by another release's rules.
        ModelError: a model can't be found or loaded.
    """
    measured = [name for name in aspects if name in MEASURED]
    if measured and manifest.measured != MEASURED_VERSION:
        raise StoreMismatchError(
            f"the collection's pictures were measured by version {manifest.measured} of the rules, "
            f"and this release has version {MEASURED_VERSION}; ingest them into a new store, or "
            "search --by visual"
        )
    made_with: list[ModelIdentity] = []
    if "visual" in aspects:
        made_with.append(manifest.model)
    if {"style", "scene"} & set(aspects):
        made_with.append(manifest.classifier or manifest.model)
    loaded = {each.sha256: _load(each, model, device) for each in made_with}
    if not loaded:
        return Eyes(None, measured)
    first, last = loaded[made_with[0].sha256], loaded[made_with[-1].sha256]
    told = [name for name in aspects if name not in MEASURED and name != "visual"]
    networks = Networks(first, last if last.card.classes else None, told)
    return Eyes(networks, measured)


def _load(made_with: ModelIdentity, moved_to: str | None, device: Device) -> OnnxModel:
    """Return a collection's model, from its own place or from the one it was moved to."""
    if moved_to is None and made_with.file and not Path(made_with.file).exists():
        raise ModelError(
            f"the collection's model {made_with} is no longer at {made_with.file}; say "
            "where it is with --model"
        )
    own = made_with.file or made_with.name
    file = find_model(moved_to or own)
    if file.sha256 != made_with.sha256 and moved_to is not None and own in PACKAGED:
        file = find_model(own)  # it is another of the collection's models that was moved
    if file.sha256 != made_with.sha256:
        raise StoreMismatchError(
            f"the collection was made with {made_with}, and {file.path.name} has another "
            f"checksum ({file.sha256[:12]}); name the right file with --model"
        )
    return OnnxModel(file.path, device)


def _identity(file: ModelFile, model: OnnxModel) -> ModelIdentity:
    return ModelIdentity(
        name=model.card.name,
        sha256=file.sha256,
        dimension=model.card.dimension,
        file=None if file.name in PACKAGED else str(file.path),
    )
