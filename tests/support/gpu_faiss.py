"""A stand-in for FAISS on a GPU: CPU indexes with the limits that FAISS 1.15 has on a GPU.

They ignore selectors, take k and nprobe up to 2,048, need their resources alive, and fail when two
threads search at once. Copying checks what ``GpuIndexIVFPQ`` checks.
"""

import importlib
import threading
import time
import weakref
from typing import Any

faiss: Any = importlib.import_module("faiss")

__all__ = ["PARTS", "install"]

_PQ_BYTES = {1, 2, 3, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 96}
_SHARED_MEMORY = 48 << 10


class StandardGpuResources:
    """Holds nothing."""


class GpuClonerOptions:
    """FAISS's own defaults."""

    def __init__(self) -> None:
        self.useFloat16 = False
        self.usePrecomputed = False


class GpuIndex:
    """Searches a CPU index without its selector."""

    def __init__(self, resources: StandardGpuResources, index: Any) -> None:
        self._resources = weakref.ref(resources)
        self._index = index
        self._searching = threading.Lock()

    def search(self, queries: Any, k: int, *, params: Any = None) -> Any:
        assert self._resources() is not None, "the GPU's resources were freed"
        assert k <= 2048
        chosen = None
        if params is not None:
            assert isinstance(self._index, faiss.IndexIVF)
            assert isinstance(params, faiss.SearchParametersIVF)
            assert params.nprobe <= 2048
            chosen = faiss.SearchParametersIVF(nprobe=params.nprobe)
        assert self._searching.acquire(blocking=False), "two threads search one GPU index"
        try:
            time.sleep(0.0005)  # lets another thread in, if it may
            return self._index.search(queries, k, params=chosen)
        finally:
            self._searching.release()


def index_cpu_to_gpu(
    resources: StandardGpuResources, device: int, index: Any, options: GpuClonerOptions
) -> GpuIndex:
    assert device == 0
    assert isinstance(index, faiss.IndexFlat | faiss.IndexIVFFlat | faiss.IndexIVFPQ)
    if isinstance(index, faiss.IndexIVFPQ):
        assert index.pq.M in _PQ_BYTES
        assert (2 if options.useFloat16 else 4) * index.pq.M * index.pq.ksub <= _SHARED_MEMORY
    else:
        assert not options.useFloat16, "vectors would be rounded"
    assert not options.usePrecomputed
    return GpuIndex(resources, index)


PARTS: dict[str, Any] = {
    "StandardGpuResources": StandardGpuResources,
    "GpuClonerOptions": GpuClonerOptions,
    "index_cpu_to_gpu": index_cpu_to_gpu,
    "get_num_gpus": lambda: 1,
}
"""{name in the module ``faiss``: what stands there on a machine with a GPU}."""


def install() -> None:
    """Put the stand-in into ``faiss`` for the rest of this process."""
    for name, part in PARTS.items():
        setattr(faiss, name, part)
