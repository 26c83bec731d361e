"""Writing model files atomically, and only after they were checked."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from artextract.files import explain_os_errors, replacing
from artextract.models.card import CARD_KEY, ModelCard
from export.parity import Parity


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A model file: its size in bytes, SHA-256, card, and parity with the network."""

    path: Path
    size: int
    sha256: str
    card: ModelCard
    parity: Parity


def write_checked(
    graph: onnx.ModelProto, card: ModelCard, out: Path, check: Callable[[Path], Parity]
) -> Exported:
    """Write ``graph`` with ``card`` to ``out`` if it passes ``check``.

    The card gets the check's figures. When anything fails, ``out`` stays as it was.

    Raises:
        ModelError: raised by ``check``.
        InputError: the file can't be written.
    """
    with _writing(out) as temporary:
        temporary.write_bytes(_with_card(graph, card))
        parity = check(temporary)
        card = replace(card, parity=parity.to_card())
        data = _with_card(graph, card)
        temporary.write_bytes(data)
    return Exported(
        path=out,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        card=card,
        parity=parity,
    )


def save_model(graph: onnx.ModelProto, card: ModelCard, out: Path) -> None:
    """Write ``graph`` with ``card`` to ``out`` with :func:`~artextract.files.replacing`.

    Raises:
        InputError: the file can't be written.
    """
    with _writing(out) as temporary:
        temporary.write_bytes(_with_card(graph, card))


@contextmanager
def _writing(out: Path) -> Iterator[Path]:
    advice = "free some space or choose another folder"
    with explain_os_errors(f"{out} can't be written", advice), replacing(out) as temporary:
        yield temporary


def _with_card(graph: onnx.ModelProto, card: ModelCard) -> bytes:
    """Return the bytes of ``graph`` with ``card`` as its only metadata."""
    del graph.metadata_props[:]
    graph.metadata_props.add(key=CARD_KEY, value=card.to_json())
    data: bytes = graph.SerializeToString(deterministic=True)
    return data
