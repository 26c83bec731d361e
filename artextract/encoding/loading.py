"""Load models by name, and the encoder that made a collection."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from artextract.aspects import ASPECTS, measurement_version
from artextract.aspects.features import DetectorDevice
from artextract.encoding.encoder import ImageEncoder
from artextract.encoding.networks import Networks
from artextract.errors import ModelError, StoreMismatchError
from artextract.models.registry import PACKAGED, ModelFile, ModelIdentity, find_model
from artextract.models.session import Device, OnnxModel


@dataclass(frozen=True, slots=True)
class Models:
    """The models of a run.

    Attributes:
        encoder: Encodes images with them.
        identity: The embedder.
        classifier: The classifier, if there is one.
        device: Where embedder and classifier run, "cpu" or "cuda"; the detectors run on
            ``encoder.detector_device``.
    """

    encoder: ImageEncoder
    identity: ModelIdentity
    classifier: ModelIdentity | None
    device: str

    @property
    def measured(self) -> int | None:
        """The version of the rules by which images are measured; None where none are."""
        return measurement_version(self.encoder.vectors)


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
        model: The embedder, by a name or path for
            :func:`artextract.models.registry.find_model`.
        classifier: The classifier, likewise; "auto" takes the embedder where it predicts classes,
            "none" no classifier.
        aspects: The aspects to compute beside "visual"; None for all that can be computed.
        device: Where embedder and classifier run.
        detector_device: Where the detectors of faces and people run. They take one image at a
            time, in shapes that vary; "cuda" is there for benchmarks.
        threads: CPU threads of one run of a network.

    Raises:
        ModelError: a model can't be found or loaded, or does not give what an aspect needs.
        QueryError: there is no such aspect.
    """
    file = find_model(model)
    embedder = OnnxModel(file.path, device, threads)
    predictor, predicted_by = None, None
    if classifier == "auto":
        if embedder.card.classes:
            predictor, predicted_by = embedder, _identity(file, embedder)
    elif classifier != "none":
        own = find_model(classifier)
        same = own.sha256 == file.sha256
        predictor = embedder if same else OnnxModel(own.path, device, threads)
        predicted_by = _identity(own, predictor)
        if not predictor.card.classes:
            raise ModelError(
                f"{own.path.name} predicts no classes; give as `classifier` a file that "
                "`artextract export classifier` wrote, or none"
            )
    encoder = ImageEncoder(
        Networks(embedder, predictor),
        None if aspects is None else ["visual", *aspects],
        detector_device=detector_device,
        threads=threads,
    )
    return Models(encoder, _identity(file, embedder), predicted_by, embedder.device)


class Provenance(Protocol):
    """The part of a collection's manifest that says which models and rules encoded its images."""

    @property
    def model(self) -> ModelIdentity:
        """The embedder."""

    @property
    def classifier(self) -> ModelIdentity | None:
        """The classifier, where it is another model."""

    @property
    def measured(self) -> int | None:
        """Version of the rules by which aspects were measured."""


def load_encoder(
    manifest: Provenance,
    aspects: Sequence[str],
    *,
    model: str | None = None,
    device: Device = "auto",
) -> ImageEncoder:
    """Load the encoder that a collection was made with, for ``aspects`` alone.

    Args:
        manifest: That of the collection.
        aspects: The vectors to compute; those of aspects that are not registered here are left out.
        model: The path of a model of the collection that has been moved.
        device: Where the collection's models run; the detectors run on the CPU.

    Raises:
        StoreMismatchError: a model has another checksum than the collection's, or the collection
            was measured by another version of the rules.
        ModelError: a model can't be found or loaded.
    """
    chosen = [name for name in ASPECTS if name in aspects]
    version = measurement_version(chosen)
    if version is not None and manifest.measured != version:
        raise StoreMismatchError(
            f"the collection's images were measured by version {manifest.measured} of the rules, "
            f"and this release has version {version}; ingest them into a new store, or search by "
            "visual"
        )
    needs = {need for name in chosen for need in ASPECTS[name].needs}
    made_with: list[ModelIdentity] = []
    if "embedder" in needs:
        made_with.append(manifest.model)
    if "classifier" in needs:
        made_with.append(manifest.classifier or manifest.model)
    loaded = {each.sha256: _load(each, model, device) for each in made_with}
    if not loaded:
        return ImageEncoder(None, chosen)
    first, last = loaded[made_with[0].sha256], loaded[made_with[-1].sha256]
    return ImageEncoder(Networks(first, last if last.card.classes else None), chosen)


def _load(made_with: ModelIdentity, moved_to: str | None, device: Device) -> OnnxModel:
    """Return a collection's model, from its own place or from the one it was moved to."""
    if moved_to is None and made_with.file and not Path(made_with.file).exists():
        raise ModelError(
            f"the collection's model {made_with} is no longer at {made_with.file}; give its "
            "path as `model`"
        )
    own = made_with.file or made_with.name
    file = find_model(moved_to or own)
    if file.sha256 != made_with.sha256 and moved_to is not None and own in PACKAGED:
        file = find_model(own)  # it is another of the collection's models that was moved
    if file.sha256 != made_with.sha256:
        raise StoreMismatchError(
            f"the collection was made with {made_with}, and {file.path.name} has another "
            f"checksum ({file.sha256[:12]}); give the path of the right file as `model`"
        )
    return OnnxModel(file.path, device)


def _identity(file: ModelFile, model: OnnxModel) -> ModelIdentity:
    return ModelIdentity(
        name=model.card.name,
        sha256=file.sha256,
        dimension=model.card.dimension,
        file=None if file.name in PACKAGED else str(file.path),
    )
