"""Writing a model file so that a file of its name is always a whole and checked one."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from artextract.errors import InputError
from artextract.models.card import CARD_KEY, ModelCard
from export.parity import Parity

__all__ = ["Exported", "save_model", "write_checked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A model file that was written: its size in bytes, SHA-256, card, and parity."""

    path: Path
    size: int
    sha256: str
    card: ModelCard
    parity: Parity


def write_checked(
    graph: onnx.ModelProto, card: ModelCard, out: Path, check: Callable[[Path], Parity]
) -> Exported:
    """Write ``graph`` with ``card`` to ``out``, if it passes ``check``, and return its facts.

    The graph is written beside ``out``, checked there, and moved into place with the figures of the
    check in its card. Whatever fails, no half-written file stays and a file that was there before
    is as it was.

    Raises:
        ModelError: raised by ``check``.
        InputError: the file can't be written.
    """
    with _beside(out) as temporary:
        _write(temporary, _with_card(graph, card))
        parity = check(temporary)
        card = replace(card, parity=parity.to_card())
        data = _with_card(graph, card)
        _write(temporary, data)
        os.replace(temporary, out)
    return Exported(
        path=out,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        card=card,
        parity=parity,
    )


def save_model(graph: onnx.ModelProto, card: ModelCard, out: Path) -> None:
    """Write ``graph`` with ``card`` to ``out``, whole or not at all.

    Raises:
        InputError: the file can't be written.
    """
    with _beside(out) as temporary:
        _write(temporary, _with_card(graph, card))
        os.replace(temporary, out)


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """Give the name of a file beside ``out``, which is gone afterwards.

    Raises:
        InputError: writing failed.
    """
    # One name for each process; the suffix lets ONNX Runtime know the format.
    temporary = out.with_name(f".{out.stem}.{os.getpid()}.tmp.onnx")
    try:
        yield temporary
    except OSError as error:
        raise InputError(
            f"{out} can't be written ({error.strerror or error}); free some space or choose "
            "another folder"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _with_card(graph: onnx.ModelProto, card: ModelCard) -> bytes:
    """Return the bytes of ``graph`` with ``card`` as its only property."""
    del graph.metadata_props[:]
    graph.metadata_props.add(key=CARD_KEY, value=card.to_json())
    data: bytes = graph.SerializeToString(deterministic=True)
    return data


def _write(file: Path, data: bytes) -> None:
    """Write ``data`` to ``file`` and have it on the disk before returning."""
    with file.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
