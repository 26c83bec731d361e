"""A copy of a collection's vectors in FAISS, to compare with: which is quicker, at which recall.

The copy is tied to the state of the collection that it was made of; a later state is refused. FAISS
knows no metadata, so artists and years are kept beside it as arrays, and a filter becomes a set of
rows. Where few rows pass, they are compared one by one: a search through an HNSW graph visits a
fixed number of points, of which hardly any pass then (faiss issues 3186 and 4727).

On a GPU, FAISS accepts a selector and ignores it (faiss issues 3114 and 3924). With an index on a
GPU, the rows that pass a filter are therefore always compared one by one, on the CPU.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError, PackageError, StoreMismatchError
from artextract.files import atomic_write
from artextract.packages import check_faiss
from artextract.store import Record, Store

__all__ = [
    "EXACT_SHARE",
    "GPU_KINDS",
    "GPU_LIMIT",
    "KINDS",
    "LEAST_VECTORS",
    "Device",
    "Index",
    "Kind",
    "Mirror",
    "MirrorState",
    "build_mirror",
    "check_gpu",
    "compares_one_by_one",
    "load_faiss",
    "parts_of",
]

Device = Literal["cpu", "cuda"]

Kind = Literal["flat", "hnsw", "ivf-flat", "ivf-pq"]
KINDS: tuple[Kind, ...] = ("flat", "hnsw", "ivf-flat", "ivf-pq")
GPU_KINDS: tuple[Kind, ...] = ("flat", "ivf-flat", "ivf-pq")
"""The kinds that FAISS can copy to a GPU."""

GPU_LIMIT = 2048
"""The largest limit and ``nprobe`` of a search on a GPU."""

EXACT_SHARE = 0.2
"""Where a smaller share of the rows passes a filter, these are compared one by one."""

_STATE = "mirror.json"
_HNSW_LINKS = 32
_HNSW_CONSTRUCTION = 128
_PQ_BITS = 8
_PQ_NUMBERS = 8  # of a vector, in one byte
_GPU_PARTS = (1, 2, 3, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 96)
_A_CENTRE = 39  # vectors that FAISS wants to learn one centre from

LEAST_VECTORS: Mapping[Kind, int] = {
    "flat": 1,
    "hnsw": 1,
    "ivf-flat": _A_CENTRE,
    "ivf-pq": _A_CENTRE * 2**_PQ_BITS,
}
"""How many vectors an index needs to learn from. An IVF has about 4 sqrt(n) lists, FAISS's own
advice, as far as there are vectors for them."""

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorState:
    """Which state of which collection a mirror is a copy of."""

    model: str
    aspect: str
    dimension: int
    revision: str
    points: int

    @classmethod
    def of(cls, store: Store, aspect: str) -> "MirrorState":
        """Return the present state of ``store``."""
        return cls(
            model=store.manifest.model.sha256,
            aspect=aspect,
            dimension=store.manifest.vectors[aspect],
            revision=store.manifest.revision,
            points=store.count(),
        )


def load_faiss() -> Any:
    """Return the module ``faiss``.

    Raises:
        PackageError: it is not installed, more than one of its wheels is, or importing it fails.
    """
    check_faiss()
    try:
        import faiss
    except ImportError as error:
        raise PackageError(
            f"FAISS is installed and can't be imported: {error}; install 'artextract[bench]' or, "
            "for an NVIDIA GPU, 'artextract[bench-gpu]' again"
        ) from error
    return faiss


def check_gpu(faiss: Any, kinds: Sequence[Kind]) -> None:
    """Check that this FAISS sees a GPU and can copy indexes of ``kinds`` to it.

    Raises:
        InputError: FAISS has one of the kinds on the CPU only.
        PackageError: FAISS is built without CUDA, or there is no GPU or driver.
    """
    for kind in kinds:
        if kind not in GPU_KINDS:
            raise InputError(
                f"FAISS has no {kind} on a GPU, only {', '.join(GPU_KINDS)}; "
                f"leave {kind} out of --indexes, or use --device cpu"
            )
    if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() == 0:
        raise PackageError(
            "device 'cuda' needs faiss-gpu and an NVIDIA GPU, and this FAISS "
            f"({faiss.__version__}) sees none; pip uninstall faiss-cpu, pip install "
            "'artextract[bench-gpu]', or use --device cpu"
        )


def compares_one_by_one(share: float, device: Device) -> bool:
    """Return whether an index compares the rows that pass a filter one by one.

    Args:
        share: Of all rows, how many pass.
        device: Where the index is; one on a GPU can't filter.
    """
    return device == "cuda" or share < EXACT_SHARE


def build_mirror(
    store: Store,
    folder: Path,
    *,
    aspect: str = "visual",
    on_points: Callable[[int], None] = lambda points: None,
) -> MirrorState:
    """Copy vectors, ids, artists and years of ``store`` into ``folder``; indexes come later.

    Points without a vector of ``aspect`` are left out.

    Raises:
        InputError: the folder can't be written.
    """
    state = MirrorState.of(store, aspect)
    ids: list[str] = []
    artists: list[list[str]] = []
    years: list[tuple[float, float]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in (*folder.glob("*.faiss"), *folder.glob("*.json")):
            old.unlink()
        vectors = np.lib.format.open_memmap(
            folder / "vectors.npy", "w+", np.float32, (state.points, state.dimension)
        )
        keys = ("folded", "year_begin", "year_end")
        for record in store.scroll(keys=keys, with_vectors=True):
            vector = record.vectors.get(aspect)
            if vector is None:
                continue
            vectors[len(ids)] = vector
            ids.append(record.id)
            artists.append(_artists(record))
            years.append(_years(record))
            on_points(1)
        vectors.flush()
        np.savez(
            folder / "rows.npz",
            ids=np.array(ids),
            years=np.array(years, np.float64).reshape(-1, 2),
            artists=np.array([json.dumps(names) for names in artists]),
        )
        atomic_write(folder / _STATE, json.dumps(asdict(state), indent=1) + "\n")
    except OSError as error:
        raise InputError(f"mirror {folder} can't be written: {error.strerror or error}") from error
    return state


class Mirror:
    """A mirror in ``folder``: vectors (n, d), float32, of length 1, and what FAISS made of them."""

    def __init__(self, folder: Path, state: MirrorState, *, threads: int = 1) -> None:
        """Open the mirror if it is a copy of ``state``.

        Args:
            folder: Where :func:`build_mirror` wrote it.
            state: Of the collection, now.
            threads: Threads of one search or one building.

        Raises:
            InputError: there is no mirror.
            StoreMismatchError: it is a copy of another state or collection.
        """
        try:
            kept = MirrorState(**json.loads((folder / _STATE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise InputError(
                f"there is no mirror in {folder}; it is made by `artextract bench`"
            ) from None
        except (ValueError, TypeError) as error:
            raise InputError(f"{folder / _STATE} is damaged ({error}); delete {folder}") from error
        if kept != state:
            what = [name for name in asdict(state) if getattr(kept, name) != getattr(state, name)]
            raise StoreMismatchError(
                f"mirror {folder} is out of date: its {' and '.join(what)} differ from the "
                "collection's; make it anew with --rebuild"
            )
        self.folder = folder
        self.faiss = load_faiss()
        self.faiss.omp_set_num_threads(threads)
        rows = np.load(folder / "rows.npz")
        self.ids: npt.NDArray[np.str_] = rows["ids"]
        self.years: npt.NDArray[np.float64] = rows["years"]
        self._artists: dict[str, Rows] = _positions(rows["artists"])
        mapped = np.load(folder / "vectors.npy", mmap_mode="r")
        self.vectors: Floats = mapped[: len(self.ids)]

    @property
    def artists(self) -> Mapping[str, Rows]:
        """{folded name: its rows}."""
        return self._artists

    def rows_of(
        self,
        *,
        artists: Sequence[str] = (),
        begin: float | None = None,
        end: float | None = None,
    ) -> Rows:
        """Return the rows by one of ``artists`` (folded) whose years overlap ``begin`` to ``end``.

        As in :func:`artextract.store.filters.years`, an open end reaches as far as it is asked for,
        and a work without years never matches; both are asked for only where they are given.
        """
        keep = np.ones(len(self.ids), bool)
        if artists:
            keep[:] = False
            for name in artists:
                keep[self._artists.get(name, [])] = True
        first, last = self.years.T
        known = ~(np.isnan(first) & np.isnan(last))
        if end is not None:
            keep &= known & ~(first > end)
        if begin is not None:
            keep &= known & ~(last < begin)
        return np.flatnonzero(keep)

    def index(self, kind: Kind, device: Device = "cpu") -> "Index":
        """Return the index of ``kind`` on ``device``, read from its file, or built first.

        Raises:
            PackageError: a GPU is asked for and this FAISS, or this machine, has none.
            InputError: FAISS has no such index on a GPU, or there are too few vectors for it.
        """
        faiss = self.faiss
        if device == "cpu":
            return Index(self, kind, faiss.read_index(str(self.build(kind))))
        check_gpu(faiss, (kind,))
        found = faiss.read_index(str(self.build(kind, device)))
        options = faiss.GpuClonerOptions()
        # With more than 48 parts, a table of float32 distances exceeds a block's shared memory.
        options.useFloat16 = kind == "ivf-pq"
        options.usePrecomputed = False  # for L2 only
        resources = faiss.StandardGpuResources()
        copied = faiss.index_cpu_to_gpu(resources, 0, found, options)
        return Index(self, kind, copied, resources=resources)

    def path(self, kind: Kind, device: Device = "cpu") -> Path:
        """Return where the index of ``kind`` is kept; a GPU may need another division in parts."""
        parts = f"-{parts_of(self.vectors.shape[1], device)}" if kind == "ivf-pq" else ""
        return self.folder / f"{kind}{parts}.faiss"

    def build(self, kind: Kind, device: Device = "cpu") -> Path:
        """Build the index of ``kind`` for ``device``, unless its file is there; return the file.

        Raises:
            InputError: there are too few vectors for it.
        """
        path = self.path(kind, device)
        if not path.is_file():
            temporary = path.with_suffix(".new")
            self.faiss.write_index(self._build(kind, device), str(temporary))
            temporary.replace(path)
        return path

    def _build(self, kind: Kind, device: Device) -> Any:
        faiss, dimension = self.faiss, self.vectors.shape[1]
        vectors = np.ascontiguousarray(self.vectors)
        inner = faiss.METRIC_INNER_PRODUCT
        if kind == "flat":
            index: Any = faiss.IndexFlatIP(dimension)
        elif kind == "hnsw":
            index = faiss.IndexHNSWFlat(dimension, _HNSW_LINKS, inner)
            index.hnsw.efConstruction = _HNSW_CONSTRUCTION
        else:
            if len(vectors) < LEAST_VECTORS[kind]:
                raise InputError(
                    f"{kind} needs {LEAST_VECTORS[kind]} vectors to learn from, and there are "
                    f"{len(vectors)}; leave it out of --indexes"
                )
            lists = max(1, min(round(4 * len(vectors) ** 0.5), len(vectors) // _A_CENTRE))
            quantizer = faiss.IndexFlatIP(dimension)
            if kind == "ivf-flat":
                index = faiss.IndexIVFFlat(quantizer, dimension, lists, inner)
            else:
                parts = parts_of(dimension, device)
                index = faiss.IndexIVFPQ(quantizer, dimension, lists, parts, _PQ_BITS, inner)
            draw = np.random.default_rng(0).permutation(len(vectors))[: 64 * max(lists, 256)]
            index.train(vectors[np.sort(draw)])
        index.add(vectors)
        return index


class Index:
    """One index of a mirror, on the CPU or on a GPU. Threads may share it."""

    def __init__(self, mirror: Mirror, kind: Kind, index: Any, *, resources: Any = None) -> None:
        """Search ``index`` over the rows of ``mirror``.

        Args:
            mirror: What the index was built from.
            kind: Which kind of index it is.
            index: FAISS's own index.
            resources: FAISS's resources of a GPU, where the index is on one.
        """
        self._mirror = mirror
        self._faiss = mirror.faiss
        self._index = index
        self._resources = resources  # must live as long as the index
        self.kind = kind
        self.device: Device = "cpu" if resources is None else "cuda"
        # FAISS allows one search at a time in a GPU index: they share temporary memory.
        self._turn: AbstractContextManager[Any] = (
            nullcontext() if resources is None else threading.Lock()
        )

    def search(
        self,
        query: Floats,
        limit: int,
        *,
        effort: int = 64,
        rows: Rows | None = None,
        always_index: bool = False,
    ) -> tuple[Rows, Floats]:
        """Return the rows most like ``query`` and their cosines, best first; fewer where few pass.

        Args:
            query: (d,), float32, of length 1.
            limit: Most rows.
            effort: ``efSearch`` of HNSW, ``nprobe`` of IVF.
            rows: Only these, sorted. Below ``EXACT_SHARE`` of all, and always with an index on a
                GPU, they are compared one by one.
            always_index: Search the index even then, to see what that costs in recall; not with an
                index on a GPU.

        Raises:
            InputError: ``limit`` or ``nprobe`` is more than a GPU can do.
            ValueError: an index on a GPU is to filter by itself.
        """
        if rows is not None:
            if always_index and self.device == "cuda":
                raise ValueError("an index on a GPU ignores filters: it can't be asked to filter")
            share = len(rows) / max(1, len(self._mirror.ids))
            if not always_index and compares_one_by_one(share, self.device):
                return _exact(self._mirror.vectors, query, rows, limit)
        if self.device == "cuda" and max(limit, effort if self.kind != "flat" else 0) > GPU_LIMIT:
            raise InputError(
                f"limit {limit} and nprobe {effort}: FAISS on a GPU takes at most {GPU_LIMIT} of "
                "each; lower them, or use --device cpu"
            )
        selector = None if rows is None else self._selector(rows)
        with self._turn:
            scores, found = self._index.search(
                query[None], limit, params=self._params(effort, selector)
            )
        kept = found[0] >= 0
        return found[0][kept].astype(np.int64), scores[0][kept]

    def _selector(self, rows: Rows) -> Any:
        bits = np.zeros(len(self._mirror.ids), np.uint8)
        bits[rows] = 1
        return self._faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))

    def _params(self, effort: int, selector: Any) -> Any:
        chosen = {} if selector is None else {"sel": selector}
        if self.kind == "hnsw":
            return self._faiss.SearchParametersHNSW(efSearch=effort, **chosen)
        if self.kind == "flat":
            return self._faiss.SearchParameters(**chosen) if chosen else None
        make = self._faiss.SearchParametersIVF
        if self.kind == "ivf-pq":
            make = self._faiss.IVFPQSearchParameters
        return make(nprobe=effort, **chosen)


def _exact(vectors: Floats, query: Floats, rows: Rows, limit: int) -> tuple[Rows, Floats]:
    scores = vectors[rows] @ query
    if len(rows) > limit:
        best = np.argpartition(-scores, limit - 1)[:limit]
    else:
        best = np.arange(len(rows))
    best = best[np.lexsort((rows[best], -scores[best]))]
    return rows[best], scores[best]


def parts_of(dimension: int, device: Device) -> int:
    """Return into how many equal parts IVF-PQ divides a vector; each part becomes one byte.

    A part has about eight numbers, or more on a GPU, which supports few divisions.
    """
    most = max(1, dimension // _PQ_NUMBERS)
    choices = _GPU_PARTS if device == "cuda" else range(1, most + 1)
    return max(parts for parts in choices if parts <= most and dimension % parts == 0)


def _artists(record: Record) -> list[str]:
    named = record.payload.get("folded", {}).get("artist", [])
    return [named] if isinstance(named, str) else list(named)


def _years(record: Record) -> tuple[float, float]:
    payload = record.payload
    return payload.get("year_begin", np.nan), payload.get("year_end", np.nan)


def _positions(texts: npt.NDArray[np.str_]) -> dict[str, Rows]:
    """Return {name: its rows} of lists of names as JSON."""
    found: dict[str, list[int]] = {}
    for row, name in _named(texts):
        found.setdefault(name, []).append(row)
    return {name: np.array(rows, np.int64) for name, rows in found.items()}


def _named(texts: npt.NDArray[np.str_]) -> Iterator[tuple[int, str]]:
    for row, text in enumerate(texts.tolist()):
        for name in json.loads(text):
            yield row, name
