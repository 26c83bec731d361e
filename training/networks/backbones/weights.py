"""Loading a file of weights into a backbone, with no tensor missing and none left over."""

import hashlib
import io
import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch

from artextract.errors import ModelError
from training.networks.backbones.base import Backbone


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsOrigin:
    """Where a network's weights come from.

    ``text`` is one line, ``sha256`` that of the file, if there is one, and ``licence`` an SPDX id,
    or SPDX's "NOASSERTION" where it is unknown.
    """

    text: str
    sha256: str | None
    licence: str


RANDOM = WeightsOrigin(text="random, seed 0: for tests only", sha256=None, licence="CC0-1.0")


def load_weights(
    network: Backbone, file: Path, *, must_be_published: bool = False
) -> WeightsOrigin:
    """Load ``file`` into ``network`` and return where it comes from.

    The file is a state dict saved by ``torch.save``, with the names and shapes of the published
    one. Every tensor of the network must be in it, and no other but the classifier's. The published
    file is recognised by its SHA-256.

    Raises:
        ModelError: the file is missing, is no state dict, or is another network's; or it
            ``must_be_published`` and is not.
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
    """Return the tensors in a file's bytes by name, without running code in it."""
    try:
        with warnings.catch_warnings():
            # Other pickle protocols than torch's default of 2 load as well.
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
    """Copy ``state`` (published names) into ``network``."""
    own = network.state_dict()
    expected = {network.published_name(name): name for name in own}
    missing = [name for name in expected if name not in state]
    surplus = [name for name in state if name not in expected and name not in network.dropped]
    if missing:
        raise _wrong_network(
            network, file, f"{len(missing)} of {len(expected)} tensors are missing: {missing[0]}, …"
        )
    if surplus:
        raise _wrong_network(
            network, file, f"{len(surplus)} tensors are not part of it: {surplus[0]}, …"
        )
    for published, name in expected.items():
        if state[published].shape != own[name].shape:
            found, shape = tuple(state[published].shape), tuple(own[name].shape)
            raise _wrong_network(
                network, file, f"tensor {published} has the shape {found}, not {shape}"
            )
    network.load_state_dict({name: state[published] for published, name in expected.items()})


def _wrong_network(network: Backbone, file: Path, reason: str) -> ModelError:
    return ModelError(
        f"{file} does not hold the weights of {network.arch} ({reason}); "
        "give a file in the form of its published weights, or choose another architecture"
    )
