"""A copy of a collection's vectors in FAISS, to compare with: which is quicker, at which recall.

The copy is tied to the state of the collection that it was made of; a later state is refused. FAISS
knows no metadata, so artists and years are kept beside it as arrays, and a filter becomes a set of
rows. Where few rows pass, they are compared one by one: a search through an HNSW graph visits a
fixed number of points, of which hardly any pass then (faiss issues 3186 and 4727).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError, PackageError, StoreMismatchError
from artextract.files import write_atomically
from artextract.store import Record, Store
from artextract.wheels import check_faiss

__all__ = [
    "EXACT_SHARE",
    "KINDS",
    "LEAST_VECTORS",
    "Index",
    "Kind",
    "Mirror",
    "MirrorState",
    "build_mirror",
    "load_faiss",
]

Kind = Literal["flat", "hnsw", "ivf-flat", "ivf-pq"]
KINDS: tuple[Kind, ...] = ("flat", "hnsw", "ivf-flat", "ivf-pq")

EXACT_SHARE = 0.2
"""Where a smaller share of the rows passes a filter, these are compared one by one."""

_STATE = "mirror.json"
_HNSW_LINKS = 32
_HNSW_CONSTRUCTION = 128
_PQ_BITS = 8
_PQ_NUMBERS = 8  # of a vector, in one byte
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
        write_atomically(folder / _STATE, json.dumps(asdict(state), indent=1) + "\n")
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

    def index(self, kind: Kind, device: Literal["cpu", "cuda"] = "cpu") -> "Index":
        """Return the index of ``kind``, read from its file, or built and written to it.

        Raises:
            PackageError: a GPU is asked for and this FAISS, or this machine, has none.
            InputError: this kind has no form for a GPU, or there are too few vectors for it.
        """
        path = self.folder / f"{kind}.faiss"
        if not path.is_file():
            temporary = path.with_suffix(".new")
            self.faiss.write_index(self._build(kind), str(temporary))
            temporary.replace(path)
        found = self.faiss.read_index(str(path))
        if device == "cuda":
            found = self._to_gpu(found, kind)
        return Index(self, kind, found)

    def _build(self, kind: Kind) -> Any:
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
                parts = _parts_of(dimension)
                index = faiss.IndexIVFPQ(quantizer, dimension, lists, parts, _PQ_BITS, inner)
            draw = np.random.default_rng(0).permutation(len(vectors))[: 64 * max(lists, 256)]
            index.train(vectors[np.sort(draw)])
        index.add(vectors)
        return index

    def _to_gpu(self, index: Any, kind: Kind) -> Any:
        faiss = self.faiss
        if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() == 0:
            raise PackageError(
                "device 'cuda' needs faiss-gpu and an NVIDIA GPU, and this FAISS "
                f"({faiss.__version__}) sees none; pip uninstall faiss-cpu, pip install faiss-gpu, "
                "or use --device cpu"
            )
        if kind == "hnsw":
            raise InputError("FAISS has no HNSW on a GPU; leave hnsw out of --indexes")
        return faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)


class Index:
    """One index of a mirror."""

    def __init__(self, mirror: Mirror, kind: Kind, index: Any) -> None:
        """Search ``index`` over the rows of ``mirror``."""
        self._mirror = mirror
        self._faiss = mirror.faiss
        self._index = index
        self.kind = kind

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
            rows: Only these, sorted. Below ``EXACT_SHARE`` of all they are compared one by one.
            always_index: Search the index even then, to see what that costs in recall.
        """
        share = 1.0 if rows is None else len(rows) / max(1, len(self._mirror.ids))
        if rows is not None and share < EXACT_SHARE and not always_index:
            return _exact(self._mirror.vectors, query, rows, limit)
        selector = None if rows is None else self._selector(rows)
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


def _parts_of(dimension: int) -> int:
    """Return into how many equal parts a vector is cut, about eight numbers each."""
    return next(
        parts for parts in range(max(1, dimension // _PQ_NUMBERS), 0, -1) if dimension % parts == 0
    )


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
