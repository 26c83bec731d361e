"""The networks of a run, loaded by their names, and what a collection notes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from artextract.errors import ModelError
from artextract.inference import Device, OnnxModel
from artextract.location import Location
from artextract.models import PACKAGED, ModelFile, find_model
from artextract.store import ModelIdentity, Store, create_store
from ingest.networks import Networks

__all__ = ["Models", "load_models"]


@dataclass(frozen=True, slots=True)
class Models:
    """The networks; the identities of embedder and classifier; the device that really runs them."""

    networks: Networks
    identity: ModelIdentity
    classifier: ModelIdentity | None
    device: str

    def create_store(
        self, location: Location | str, layout: Mapping[str, Any] | None = None
    ) -> Store:
        """Open the collection for what these networks say, making it where there is none.

        Raises:
            StoreError: see :func:`artextract.store.create_store`.
        """
        return create_store(
            location,
            self.identity,
            vectors=self.networks.vectors,
            classifier=self.classifier,
            layout=layout,
        )


def load_models(
    model: str,
    *,
    classifier: str = "auto",
    aspects: Sequence[str] | None = None,
    device: Device = "auto",
    threads: int = 1,
) -> Models:
    """Load embedder and classifier; a file that is both is loaded once.

    Args:
        model: The embedder, as :func:`artextract.models.find_model` knows it.
        classifier: The same of what tells classes; "auto" takes the embedder where it does, "none"
            nothing.
        aspects: Which vectors to make; None makes all.
        device: Where to run.
        threads: CPU threads of one run of a network.

    Raises:
        ModelError: one of them can't be found or loaded, or does not give what is asked of it.
    """
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
    networks = Networks(embedder, teller, aspects)
    return Models(networks, _identity(file, embedder), told_by, embedder.device)


def _identity(file: ModelFile, model: OnnxModel) -> ModelIdentity:
    return ModelIdentity(
        name=model.card.name,
        sha256=file.sha256,
        dimension=model.card.dimension,
        file=None if file.name in PACKAGED else str(file.path),
    )
