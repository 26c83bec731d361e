"""A copy of the vectors of a collection in FAISS.

The copy belongs to one state of the collection; another state is refused. FAISS has no metadata, so
artists and years are kept as arrays, and a filter becomes a set of rows. If few rows pass, they are
compared one by one, because a search through an HNSW graph visits a fixed number of points, of
which hardly any pass (faiss issues 3186 and 4727).

An index on a GPU accepts a selector and ignores it (faiss issues 3114 and 3924). With such an
index, the rows that pass are always compared one by one, on the CPU.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
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

Device = Literal["cpu", "cuda"]

Kind = Literal["flat", "hnsw", "ivf-flat", "ivf-pq"]
KINDS: tuple[Kind, ...] = ("flat", "hnsw", "ivf-flat", "ivf-pq")
GPU_KINDS: tuple[Kind, ...] = ("flat", "ivf-flat", "ivf-pq")
"""The kinds that FAISS can copy to a GPU."""

GPU_LIMIT = 2048
"""Maximum limit and ``nprobe`` of a search on a GPU."""

EXACT_SHARE = 0.2
"""If a smaller share of the rows passes a filter, these are compared one by one."""

_STATE = "mirror.json"
_HNSW_LINKS = 32
_HNSW_CONSTRUCTION = 128
_PQ_BITS = 8
_PQ_DIMENSIONS = 8  # coded in one byte
_GPU_PARTS = (1, 2, 3, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 96)
_PER_CENTRE = 39  # vectors that FAISS needs to train one centre

LEAST_VECTORS: Mapping[Kind, int] = {
    "flat": 1,
    "hnsw": 1,
    "ivf-flat": _PER_CENTRE,
    "ivf-pq": _PER_CENTRE * 2**_PQ_BITS,
}
"""Number of vectors that training an index needs. An IVF has about 4 sqrt(n) lists, as FAISS
advises, or as many as there are vectors for."""

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorState:
    """The state of a collection that a mirror is a copy of."""

    model: str
    aspect: str
    dimension: int
    revision: str
    points: int

    @classmethod
    def of(cls, store: Store, aspect: str) -> "MirrorState":
        """Return the state of ``store`` now."""
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
                f"leave {kind} out of `indexes`, or set `device` to cpu"
            )
    if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() == 0:
        raise PackageError(
            "device 'cuda' needs faiss-gpu and an NVIDIA GPU, and this FAISS "
            f"({faiss.__version__}) sees none; pip uninstall faiss-cpu, pip install "
            "'artextract[bench-gpu]', or set `device` to cpu"
        )


def find_device(device: Literal["auto", "cpu", "cuda"]) -> Device:
    """Return ``device``; for "auto", "cuda" if FAISS sees a GPU, else "cpu"."""
    if device != "auto":
        return device
    return "cuda" if getattr(load_faiss(), "get_num_gpus", lambda: 0)() else "cpu"


def compares_one_by_one(share: float, device: Device) -> bool:
    """Return whether an index compares the rows that pass a filter one by one.

    Args:
        share: Share of the rows that pass.
        device: Device of the index; one on a GPU can't filter.
    """
    return device == "cuda" or share < EXACT_SHARE


def build_mirror(
    store: Store,
    folder: Path,
    *,
    aspect: str = "visual",
    on_points: Callable[[int], None] = lambda points: None,
) -> MirrorState:
    """Copy vectors, ids, artists and years of ``store`` to ``folder``, without indexes.

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
    """A mirror in ``folder``: vectors (n, d), float32, of length 1, and their indexes."""

    def __init__(self, folder: Path, state: MirrorState, *, threads: int = 1) -> None:
        """Open the mirror if it is a copy of ``state``.

        Args:
            folder: Folder of :func:`build_mirror`.
            state: The state of the collection now.
            threads: Threads of a search or a build.

        Raises:
            InputError: there is no mirror.
            StoreMismatchError: it is a copy of another state or collection.
        """
        try:
            kept = MirrorState(**json.loads((folder / _STATE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise InputError(
                f"there is no mirror in {folder}; make it with `artextract bench`"
            ) from None
        except (ValueError, TypeError) as error:
            raise InputError(f"{folder / _STATE} is damaged ({error}); delete {folder}") from error
        if kept != state:
            changed = [
                each for each in asdict(state) if getattr(kept, each) != getattr(state, each)
            ]
            raise StoreMismatchError(
                f"mirror {folder} is out of date: its {' and '.join(changed)} differ from the "
                "collection's; replace it with `rebuild`"
            )
        self.folder = folder
        self.faiss = load_faiss()
        self.faiss.omp_set_num_threads(threads)
        rows = np.load(folder / "rows.npz")
        self.ids: npt.NDArray[np.str_] = rows["ids"]
        self.years: npt.NDArray[np.float64] = rows["years"]
        named: dict[str, list[int]] = {}
        for row, text in enumerate(rows["artists"].tolist()):
            for name in json.loads(text):
                named.setdefault(name, []).append(row)
        self.artists: Mapping[str, Rows] = {name: np.array(each) for name, each in named.items()}
        """{folded name: its rows}."""
        mapped = np.load(folder / "vectors.npy", mmap_mode="r")
        self.vectors: Floats = mapped[: len(self.ids)]

    def rows_of(
        self,
        *,
        artists: Sequence[str] = (),
        begin: float | None = None,
        end: float | None = None,
    ) -> Rows:
        """Return the rows by one of ``artists`` (folded) whose years overlap ``begin`` to ``end``.

        As in :func:`artextract.store.filters.years`, an artwork with one open end matches as far as
        that end is unknown, and one without years matches no years.
        """
        keep = np.ones(len(self.ids), bool)
        if artists:
            keep[:] = False
            for name in artists:
                keep[self.artists.get(name, [])] = True
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
            PackageError: ``device`` is "cuda", and FAISS sees no GPU.
            InputError: FAISS has no such index on a GPU, or there are too few vectors.
        """
        faiss = self.faiss
        if device == "cpu":
            return Index(self, kind, faiss.read_index(str(self.build(kind))))
        check_gpu(faiss, (kind,))
        found = faiss.read_index(str(self.build(kind, device)))
        options = faiss.GpuClonerOptions()
        # With more than 48 parts, a float32 distance table exceeds the shared memory of a block.
        options.useFloat16 = kind == "ivf-pq"
        options.usePrecomputed = False  # for L2 only
        resources = faiss.StandardGpuResources()
        copied = faiss.index_cpu_to_gpu(resources, 0, found, options)
        return Index(self, kind, copied, resources=resources)

    def path(self, kind: Kind, device: Device = "cpu") -> Path:
        """Return the file of the index of ``kind``; IVF-PQ on a GPU may need another one."""
        parts = f"-{parts_of(self.vectors.shape[1], device)}" if kind == "ivf-pq" else ""
        return self.folder / f"{kind}{parts}.faiss"

    def build(self, kind: Kind, device: Device = "cpu") -> Path:
        """Build the index of ``kind`` for ``device`` unless its file exists; return the file.

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
        vectors, dimension = np.ascontiguousarray(self.vectors), self.vectors.shape[1]
        is_trained = kind.startswith("ivf")
        if is_trained and len(vectors) < LEAST_VECTORS[kind]:
            raise InputError(
                f"{kind} needs {LEAST_VECTORS[kind]} vectors for training, and there are "
                f"{len(vectors)}; leave it out of `indexes`"
            )
        lists = max(1, min(round(4 * len(vectors) ** 0.5), len(vectors) // _PER_CENTRE))
        described = {
            "flat": "Flat",
            "hnsw": f"HNSW{_HNSW_LINKS}",
            "ivf-flat": f"IVF{lists},Flat",
            "ivf-pq": f"IVF{lists},PQ{parts_of(dimension, device)}x{_PQ_BITS}np",
        }[kind]
        faiss = self.faiss
        index = faiss.index_factory(dimension, described, faiss.METRIC_INNER_PRODUCT)
        if kind == "hnsw":
            index.hnsw.efConstruction = _HNSW_CONSTRUCTION
        if is_trained:
            draw = np.random.default_rng(0).permutation(len(vectors))[: 64 * max(lists, 256)]
            index.train(vectors[np.sort(draw)])
        index.add(vectors)
        return index


class Index:
    """An index of a mirror, on the CPU or on a GPU. Threads may share it."""

    def __init__(self, mirror: Mirror, kind: Kind, index: Any, *, resources: Any = None) -> None:
        """Search ``index`` over the rows of ``mirror``.

        Args:
            mirror: The mirror.
            kind: The kind of index.
            index: The index of FAISS.
            resources: The GPU resources of FAISS, for an index on a GPU.
        """
        self._mirror = mirror
        self._faiss = mirror.faiss
        self._index = index
        self._resources = resources  # must live as long as the index
        self.kind = kind
        self.device: Device = "cpu" if resources is None else "cuda"
        # FAISS allows one search at a time on a GPU, since searches share temporary memory.
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
        """Return the rows nearest to ``query`` and their cosines, best first.

        Args:
            query: (d,), float32, of length 1.
            limit: Maximum number of rows.
            effort: ``efSearch`` of HNSW, ``nprobe`` of IVF.
            rows: Only these, sorted. Below ``EXACT_SHARE`` of all, and always with an index on a
                GPU, they are compared one by one.
            always_index: Search the index even then; not with an index on a GPU.

        Raises:
            InputError: ``limit`` or ``nprobe`` exceeds ``GPU_LIMIT`` on a GPU.
            ValueError: an index on a GPU is to filter by itself.
        """
        if rows is not None:
            if always_index and self.device == "cuda":
                raise ValueError("an index on a GPU ignores filters")
            share = len(rows) / max(1, len(self._mirror.ids))
            if not always_index and compares_one_by_one(share, self.device):
                scores = self._mirror.vectors[rows] @ query
                best = top_rows(scores, limit)
                return rows[best], scores[best]
        if self.device == "cuda" and max(limit, effort if self.kind != "flat" else 0) > GPU_LIMIT:
            raise InputError(
                f"limit {limit} and nprobe {effort}: FAISS on a GPU takes at most {GPU_LIMIT} of "
                "each; lower them, or set `device` to cpu"
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


def top_rows(scores: Floats, limit: int) -> Rows:
    """Return the positions of the ``limit`` best scores, best first, ties in their order."""
    best = np.arange(len(scores))
    if len(scores) > limit:
        best = np.argpartition(-scores, limit - 1)[:limit]
    return best[np.lexsort((best, -scores[best]))]


def parts_of(dimension: int, device: Device) -> int:
    """Return the number of equal parts of a vector that IVF-PQ codes as one byte each.

    A part has about eight dimensions, or more on a GPU, which supports few divisions.
    """
    most = max(1, dimension // _PQ_DIMENSIONS)
    choices = _GPU_PARTS if device == "cuda" else range(1, most + 1)
    return max(parts for parts in choices if parts <= most and dimension % parts == 0)


def _artists(record: Record) -> list[str]:
    named = record.payload.get("folded", {}).get("artist", [])
    return [named] if isinstance(named, str) else list(named)


def _years(record: Record) -> tuple[float, float]:
    payload = record.payload
    return payload.get("year_begin", np.nan), payload.get("year_end", np.nan)
