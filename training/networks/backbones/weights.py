"""Loading a file of weights into a backbone, with nothing left over on either side."""

import hashlib
import io
import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch

from artextract.errors import ModelError
from training.networks.backbones.base import Backbone

__all__ = ["RANDOM", "WeightsOrigin", "load_weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsOrigin:
    """Where a network's weights come from.

    ``text`` is one line, ``sha256`` that of the file (None where there is none), ``licence`` an
    SPDX id, or "NOASSERTION", SPDX's word for not known.
    """

    text: str
    sha256: str | None
    licence: str


RANDOM = WeightsOrigin(text="random, seed 0: for tests only", sha256=None, licence="CC0-1.0")


def load_weights(
    network: Backbone, file: Path, *, must_be_published: bool = False
) -> WeightsOrigin:
    """Load ``file`` into ``network`` and return where it comes from.

    The file is a state dict saved by ``torch.save``, its tensors named and shaped as in the
    published one. Each tensor of the network must be there, and each tensor there must have a place
    in the network or be the classifier's. A file is known to be the published one by its SHA-256.

    Raises:
        ModelError: the file is missing, is no state dict, or is that of another network; or it is
            not the published one though it ``must_be_published``.
    """
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"there is no weights file {file}; check the path") from None
    except OSError as error:
        raise ModelError(f"weights file {file} can't be read: {error.strerror or error}") from error
    sha256 = hashlib.sha256(data).hexdigest()
    is_published = sha256.startswith(network.published.sha256)
    if must_be_published and not is_published:
        raise ModelError(
            f"the published weights {file} are damaged (their SHA-256 begins with {sha256[:8]}, "
            f"not {network.published.sha256[:8]}); delete the file and fetch it again"
        )
    _fill(network, _read_state(data, file), file)
    if is_published:
        return WeightsOrigin(
            text=network.published.origin, sha256=sha256, licence=network.published.licence
        )
    return WeightsOrigin(text=f"local file {file.name}", sha256=sha256, licence="NOASSERTION")


def _read_state(data: bytes, file: Path) -> dict[str, torch.Tensor]:
    """Return the tensors in a file's bytes by name, without running any code that they hold."""
    try:
        with warnings.catch_warnings():
            # Files pickled with another protocol than torch's default of 2 load as well.
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except _UNPICKLING_ERRORS as error:
        raise ModelError(
            f"{file} is not a file of weights that torch.load can read safely "
            f"({type(error).__name__}); give a state dict saved by torch.save"
        ) from error
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()
    ):
        raise ModelError(
            f"{file} holds a {type(state).__name__} that is not a plain mapping of names to "
            "tensors; give a state dict, as torch.save(network.state_dict(), file) writes it"
        )
    return state


# What torch.load raises on bytes that are no state dict: a foreign or hostile pickle, a cut zip
# archive, an empty file, and what parsing arbitrary bytes as a pickle runs into.
_UNPICKLING_ERRORS = (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError,
                      IndexError, AttributeError, TypeError, AssertionError)  # fmt: skip


def _fill(network: Backbone, state: dict[str, torch.Tensor], file: Path) -> None:
    """Copy ``state`` (published names) into ``network``, every tensor to its place."""
    own = network.state_dict()
    wanted = {network.published_name(name): name for name in own}
    missing = [name for name in wanted if name not in state]
    surplus = [name for name in state if name not in wanted and name not in network.dropped]
    if missing:
        raise _wrong_network(
            network, file, f"{len(missing)} of {len(wanted)} tensors are missing: {missing[0]}, …"
        )
    if surplus:
        raise _wrong_network(
            network, file, f"{len(surplus)} tensors have no place in it: {surplus[0]}, …"
        )
    for published, name in wanted.items():
        if state[published].shape != own[name].shape:
            found, expected = tuple(state[published].shape), tuple(own[name].shape)
            raise _wrong_network(
                network, file, f"tensor {published} has the shape {found}, not {expected}"
            )
    network.load_state_dict({name: state[published] for published, name in wanted.items()})


def _wrong_network(network: Backbone, file: Path, reason: str) -> ModelError:
    return ModelError(
        f"{file} does not hold the weights of {network.arch} ({reason}); "
        "give a file in the form of its published weights, or choose another architecture"
    )
