"""The ingest job with a real, very small network, against a plain loop over the pictures."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import PIL.Image
import pytest
from commands import Artextract, assert_one_sentence
from onnx import TensorProto, helper
from pictures import make_folder, make_picture
from pytest_httpserver import HTTPServer

from artextract.catalog.artwork import Artwork
from artextract.catalog.notes import Note
from artextract.encoding.encoder import ImageEncoder
from artextract.encoding.networks import Networks
from artextract.errors import StoreError, StoreFullError, UnavailableError
from artextract.images.opening import open_image
from artextract.images.preprocess import Preprocess
from artextract.models.card import CARD_KEY, ModelCard
from artextract.models.session import OnnxModel
from artextract.store import ModelIdentity, Record, Store, create_store, open_store
from artextract.store.upgrade import upgrade
from ingest.journal import JOURNAL_NAME, Journal
from ingest.pipeline import Summary, check_source, ingest
from ingest.sources.catalog import CatalogSource
from ingest.sources.folder import FolderSource
from ingest.sources.iiif import ImageServer
from ingest.sources.item import Failure, Item, Source

PREPROCESS = Preprocess(
    size=8, resize=None, interpolation="bilinear", mean=(0.0,) * 3, std=(2.0,) * 3
)
WEIGHTS = np.array([[1, 0, 2, -1, 0.5], [0, 1, -1, 1, 0.25], [-1, 0.5, 0, 1, -2]], np.float32)


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of the channels' means and a matrix; black gives zero."""
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["embedding"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 5])],
        [onnx.numpy_helper.from_array(WEIGHTS, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    card = ModelCard(
        name="tiny", kind="embedder", architecture="tiny", input="image", embedding="embedding",
        dimension=5, preprocess=PREPROCESS, weights="none", weights_sha256=None, licence="CC0-1.0",
        opset=18, created_by="a test",
    )  # fmt: skip
    helper.set_model_props(model, {CARD_KEY: card.to_json()})
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    onnx.save(model, str(path))
    return path


@pytest.fixture(scope="session")
def model(model_file: Path) -> OnnxModel:
    return OnnxModel(model_file, device="cpu", threads=1)


@pytest.fixture(scope="session")
def identity(model_file: Path) -> ModelIdentity:
    return ModelIdentity("tiny", hashlib.sha256(model_file.read_bytes()).hexdigest(), 5)


@pytest.fixture
def store(tmp_path: Path, identity: ModelIdentity) -> Iterator[Store]:
    with create_store(str(tmp_path / "store"), identity) as opened:
        yield opened


class Bench:
    """Ingests sources into one store."""

    def __init__(self, store: Store, model: OnnxModel) -> None:
        self.store = store
        self.model = model
        self.folder = Path(store.location)
        self.journal = self.folder / JOURNAL_NAME

    def run(self, source: Source, **options: Any) -> Summary:
        given = {"batch_size": 4, "threads": 2, "runners": 2, **options}
        with Journal(self.journal) as journal:
            return ingest(
                source, self.store, ImageEncoder(Networks(self.model), ["visual"]), journal, **given
            )

    def contents(self) -> dict[str, Record]:
        """The points by their works' ids."""
        return {r.payload["id"]: r for r in self.store.scroll(with_vectors=True)}

    def failed(self) -> dict[str, str]:
        return {failure.key: failure.reason for failure in Journal(self.journal)}


@pytest.fixture
def bench(store: Store, model: OnnxModel) -> Bench:
    return Bench(store, model)


def counts(summary: Summary) -> tuple[int, int, int, int]:
    """Embedded, updated, unchanged, failed."""
    found = (summary.embedded, summary.updated, summary.unchanged, len(summary.failures))
    assert summary.total == sum(found)
    return found


def expected_vector(path: Path) -> list[float]:
    """One picture, without batches: squeezed, the mean of each channel, the matrix, length 1."""
    image = open_image(path.read_bytes(), path.name, at_least=16)
    pixels = np.asarray(image.resize((8, 8), PIL.Image.Resampling.BILINEAR), np.float64) / 2
    row = [
        sum(pixels[..., channel].mean() * float(WEIGHTS[channel, column]) for channel in range(3))
        for column in range(5)
    ]
    length = sum(value**2 for value in row) ** 0.5
    return [value / length for value in row]


def check_vectors(bench: Bench, folder: Path, names: list[str]) -> None:
    found = bench.contents()
    assert sorted(found) == sorted(names)
    for name in names:
        assert found[name].vectors["visual"] == pytest.approx(
            expected_vector(folder / name), abs=1e-5
        ), name


def names_of(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def write_catalog(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "works.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Ten pictures, one of them large enough to be decoded at an eighth."""
    paths = make_folder(tmp_path / "pictures", 10)
    make_picture(99, (400, 300)).save(paths[4], quality=90)
    return paths


@pytest.mark.parametrize(
    ("batch_size", "threads", "runners"),
    [(1, 1, 1), (1, 3, 2), (3, 1, 2), (3, 2, 1), (7, 2, 2), (7, 4, 3), (64, 2, 2), (10, 1, 1)],
)
def test_embeddings_are_those_of_each_picture_alone(
    batch_size: int, threads: int, runners: int, pictures: list[Path], bench: Bench
) -> None:
    folder = pictures[0].parent
    summary = bench.run(
        FolderSource(folder), batch_size=batch_size, threads=threads, runners=runners
    )
    assert counts(summary) == (10, 0, 0, 0)
    check_vectors(bench, folder, names_of(pictures))
    for path in pictures:
        payload = bench.contents()[path.name].payload
        with PIL.Image.open(path) as image:
            assert (payload["width"], payload["height"]) == image.size
        assert payload["image_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert payload["thumbnail"].startswith("data:image/jpeg;base64,")
        assert payload["model"] == {"name": "tiny", "sha256": bench.store.manifest.model.sha256}
        assert payload["image_folder"] == str(folder.resolve())
        assert payload["image"] == path.name
    assert not bench.journal.exists()


def test_a_second_run_does_nothing(pictures: list[Path], bench: Bench) -> None:
    source = FolderSource(pictures[0].parent)
    bench.run(source)
    before = bench.contents()
    assert counts(bench.run(source)) == (0, 0, 10, 0)
    assert bench.contents() == before


def test_a_changed_picture_is_embedded_again(pictures: list[Path], bench: Bench) -> None:
    folder = pictures[0].parent
    bench.run(FolderSource(folder))
    before = bench.contents()
    make_picture(500, (50, 80)).save(pictures[3])
    assert counts(bench.run(FolderSource(folder))) == (1, 0, 9, 0)
    check_vectors(bench, folder, names_of(pictures))
    after = bench.contents()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"003.jpg"}
    assert (after["003.jpg"].payload["width"], after["003.jpg"].payload["height"]) == (50, 80)


def test_changed_metadata_are_replaced_and_nothing_else(pictures: list[Path], bench: Bench) -> None:
    folder = pictures[0].parent
    rows: list[dict[str, Any]] = [
        {"id": f"w{n}", "file": path.name, "title": f"Work {n}", "artist": "Monet", "colour": "red"}
        for n, path in enumerate(pictures)
    ]
    bench.run(CatalogSource(write_catalog(folder, rows), folder))
    before = bench.contents()
    rows[2] = {"id": "w2", "file": rows[2]["file"], "title": "Néw", "year": 1880}
    assert counts(bench.run(CatalogSource(write_catalog(folder, rows), folder))) == (0, 1, 9, 0)
    after = bench.contents()
    assert {name for name in after if after[name] != before[name]} == {"w2"}
    old, new = before["w2"], after["w2"]
    assert new.vectors == old.vectors
    for key in ("thumbnail", "image_sha256", "width", "height", "model", "image_folder", "image"):
        assert new.payload[key] == old.payload[key]
    assert Artwork.from_payload(new.payload) == Artwork(
        id="w2", image=rows[2]["file"], title="Néw", source="works", display_date="1880",
        year_begin=1880, year_end=1880,
    )  # fmt: skip
    assert new.payload["folded"] == {"title": ["new"]}
    assert "artist" not in new.payload
    assert "extra" not in new.payload
    assert counts(bench.run(CatalogSource(write_catalog(folder, rows), folder))) == (0, 0, 10, 0)


def test_a_folder_that_was_moved_updates_where_the_pictures_are(
    pictures: list[Path], bench: Bench
) -> None:
    folder = pictures[0].parent
    bench.run(FolderSource(folder))
    moved = folder.rename(folder.with_name("moved"))
    assert counts(bench.run(FolderSource(moved))) == (0, 10, 0, 0)
    assert {r.payload["image_folder"] for r in bench.contents().values()} == {str(moved.resolve())}


@pytest.mark.parametrize("batch_size", [1, 3, 10, 64])
def test_pictures_that_fail_do_so_alone(
    batch_size: int, pictures: list[Path], bench: Bench
) -> None:
    folder = pictures[0].parent
    pictures[1].write_bytes(b"no picture")
    pictures[4].write_bytes(pictures[5].read_bytes()[:700])
    # The network gives zero for black: no direction.
    PIL.Image.new("RGB", (40, 40)).save(pictures[6].with_suffix(".png"))
    PIL.Image.new("RGB", (40, 40)).save(pictures[9])
    summary = bench.run(FolderSource(folder), batch_size=batch_size)
    assert counts(summary) == (7, 0, 0, 4)
    bad = {"001.jpg", "004.jpg", "006.png", "009.jpg"}
    assert {failure.key for failure in summary.failures} == bad
    reasons = bench.failed()
    assert set(reasons) == bad
    assert "is not a JPEG" in reasons["001.jpg"]
    assert "is damaged or truncated" in reasons["004.jpg"]
    for name in ("006.png", "009.jpg"):
        assert "an embedding that is zero or not finite" in reasons[name]
    check_vectors(bench, folder, [name for name in names_of(pictures) if name not in bad])


def test_only_what_failed(pictures: list[Path], bench: Bench) -> None:
    folder = pictures[0].parent
    whole = {number: pictures[number].read_bytes() for number in (0, 5, 9)}
    for number in whole:
        pictures[number].write_bytes(b"broken")
    source = FolderSource(folder)
    assert counts(bench.run(source)) == (7, 0, 0, 3)
    assert counts(bench.run(source, only_failed=True)) == (0, 0, 0, 3)
    pictures[5].write_bytes(whole[5])
    pictures[1].write_bytes(whole[0])  # changed, but it has not failed
    assert counts(bench.run(source, only_failed=True, limit=1)) == (0, 0, 0, 1)
    assert counts(bench.run(source, only_failed=True)) == (1, 0, 0, 2)
    assert set(bench.failed()) == {"000.jpg", "009.jpg"}
    for number in (0, 9):
        pictures[number].write_bytes(whole[number])
    assert counts(bench.run(source, only_failed=True)) == (2, 0, 0, 0)
    assert not bench.journal.exists()
    assert counts(bench.run(source, only_failed=True)) == (0, 0, 0, 0)
    assert counts(bench.run(source)) == (1, 0, 9, 0)
    check_vectors(bench, folder, names_of(pictures))


def test_a_picture_that_breaks_later_keeps_its_old_point(
    pictures: list[Path], bench: Bench
) -> None:
    source = FolderSource(pictures[0].parent)
    bench.run(source)
    before = bench.contents()
    pictures[2].write_bytes(b"broken")
    assert counts(bench.run(source)) == (0, 0, 9, 1)
    assert bench.contents() == before
    assert set(bench.failed()) == {"002.jpg"}


@pytest.mark.parametrize("limit", [1, 3, 4, 9, 10, 1000])
def test_limit(limit: int, pictures: list[Path], bench: Bench) -> None:
    source = FolderSource(pictures[0].parent)
    expected = min(limit, 10)
    assert counts(bench.run(source, limit=limit)) == (expected, 0, 0, 0)
    assert sorted(bench.contents()) == names_of(pictures)[:expected]
    assert counts(bench.run(source, limit=limit)) == (0, 0, expected, 0)


def test_on_work_is_called_for_each_work(pictures: list[Path], bench: Bench) -> None:
    source = FolderSource(pictures[0].parent)
    caller = threading.get_ident()

    def seen_by(**options: Any) -> list[int]:
        seen: list[int] = []

        def on_artwork(summary: Summary) -> None:
            assert threading.get_ident() == caller
            seen.append(summary.total)

        summary = bench.run(source, on_artwork=on_artwork, **options)
        assert seen[-1:] == ([summary.total] if summary.total else [])
        return seen

    pictures[7].write_bytes(b"broken")
    assert seen_by(limit=6) == list(range(1, 7))
    assert seen_by() == list(range(1, 11))  # known, new and failed
    assert seen_by() == list(range(1, 11))
    assert seen_by(only_failed=True) == [1]


class Counting:
    """A source of one picture under many ids, which counts how far it has been read."""

    name = "counting"

    def __init__(self, picture: Path, works: int) -> None:
        self.picture = picture
        self.works = works
        self.taken = 0
        self.opened = 0
        self.done = 0
        self.furthest_taken = 0
        self.furthest_opened = 0
        self.lock = threading.Lock()

    def count(self) -> int:
        return self.works

    def __iter__(self) -> Iterator[Item | Failure]:
        for number in range(self.works):
            self.taken += 1
            self.furthest_taken = max(self.furthest_taken, self.taken - self.done)
            artwork = Artwork(id=f"w{number}", image=self.picture.name)
            yield CountedItem(artwork, self.picture.parent, source=self)

    def on_artwork(self, summary: Summary) -> None:
        self.done = summary.total


class CountedItem(Item):
    def __init__(self, artwork: Artwork, folder: Path, source: Counting) -> None:
        super().__init__(artwork, folder)
        object.__setattr__(self, "source", source)

    def read(self) -> bytes:
        source: Counting = self.source
        with source.lock:
            source.opened += 1
            source.furthest_opened = max(source.furthest_opened, source.opened - source.done)
        return super().read()

    source: Counting


class VersionedSource:
    """Images of a museum's server, each with its address and date as its version."""

    name = "museum"

    def __init__(self, pictures: list[Path], date: str = "2024-03-01") -> None:
        self.pictures = pictures
        self.date = date
        self.reads = 0

    def count(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[Item | Failure]:
        for number, path in enumerate(self.pictures):
            artwork = Artwork(id=f"w{number}", image=path.name, artist="Paul Cézanne")
            yield VersionedItem(artwork, path.parent, source=self)


class VersionedItem(Item):
    def __init__(self, artwork: Artwork, folder: Path, source: VersionedSource) -> None:
        super().__init__(artwork, folder)
        object.__setattr__(self, "source", source)

    @property
    def version(self) -> str:
        return f"https://museum.example/{self.artwork.image} {self.source.date}"

    def read(self) -> bytes:
        self.source.reads += 1
        return super().read()

    source: VersionedSource


def test_images_of_a_version_that_is_stored_are_not_read_again(
    pictures: list[Path], bench: Bench, model: OnnxModel, identity: ModelIdentity
) -> None:
    first = VersionedSource(pictures[:4])
    assert counts(bench.run(first)) == (4, 0, 0, 0)
    stored = bench.contents()["w1"].payload["image_version"]
    assert re.fullmatch("[0-9a-f]{64}", stored)
    again = VersionedSource(pictures[:4])
    assert counts(bench.run(again)) == (0, 0, 4, 0)
    assert (first.reads, again.reads) == (4, 0)
    # As the release before stored them: the text itself, and fewer keys.
    old = {}
    for record in bench.contents().values():
        folded = {key: each for key, each in record.payload["folded"].items() if key != "counted"}
        payload = {key: each for key, each in record.payload.items() if key != "artists"}
        version = f"https://museum.example/{payload['image']} 2024-03-01"
        old[record.id] = {**payload, "folded": folded, "image_version": version}
    bench.store.overwrite_payloads(old)
    bench.store.set_format(2)
    encoder = ImageEncoder(Networks(model), ["visual"])
    dry = check_source(again, bench.store, identity, encoder, threads=2)
    assert counts(dry) == (0, 0, 4, 0)
    upgrade(bench.store)
    assert counts(bench.run(again)) == (0, 0, 4, 0)
    assert again.reads == 0
    newer = VersionedSource(pictures[:4], "2025-01-01")
    assert counts(bench.run(newer)) == (4, 0, 0, 0)


def most_ahead(batch_size: int, threads: int, runners: int) -> int:
    return (runners + 1) * batch_size + threads + batch_size + (runners + 2) * batch_size


@pytest.mark.parametrize(
    ("batch_size", "threads", "runners"), [(1, 1, 1), (4, 2, 2), (16, 2, 1), (5, 4, 3)]
)
def test_it_does_not_run_ahead(
    batch_size: int, threads: int, runners: int, tmp_path: Path, bench: Bench
) -> None:
    """Pictures that are read and not yet stored are few, however many works there are.

    At most: the works that are being prepared, `(runners + 1) * batch_size + threads`; the batch
    that is being filled; `runners` batches in the model, one that waits for it, and one that is
    being written. The source itself is taken a look-up of 256 works further.
    """
    (picture,) = make_folder(tmp_path / "one", 1)
    source = Counting(picture, 1200)
    summary = bench.run(
        source,
        batch_size=batch_size,
        threads=threads,
        runners=runners,
        on_artwork=source.on_artwork,
    )
    assert counts(summary) == (1200, 0, 0, 0)
    assert bench.store.count() == 1200
    window = most_ahead(batch_size, threads, runners)
    assert source.furthest_opened <= window
    assert source.furthest_taken <= window + 256
    again = Counting(picture, 1200)
    assert counts(bench.run(again, on_artwork=again.on_artwork, batch_size=1)) == (0, 0, 1200, 0)
    assert again.furthest_opened <= 20


def test_what_is_stored_when_a_run_is_interrupted_is_kept(
    pictures: list[Path], bench: Bench
) -> None:
    source = FolderSource(pictures[0].parent)

    def interrupt(summary: Summary) -> None:
        if summary.total == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.run(source, on_artwork=interrupt, batch_size=2, runners=1)
    kept = len(bench.contents())
    assert 5 <= kept <= 10
    assert counts(bench.run(source)) == (10 - kept, 0, kept, 0)
    check_vectors(bench, pictures[0].parent, names_of(pictures))


def test_interrupted_it_waits_for_no_image(pictures: list[Path], bench: Bench) -> None:
    going_on, over, read = threading.Event(), threading.Event(), threading.Event()

    class Slow(Item):
        def read(self) -> bytes:
            if self.key == "009.jpg":
                going_on.set()
                over.wait(20)
                read.set()
            return super().read()

    class WithASlowOne(FolderSource):
        def __iter__(self) -> Iterator[Item | Failure]:
            for item in super().__iter__():
                assert isinstance(item, Item)
                yield Slow(item.artwork, item.folder)

    def interrupt(summary: Summary) -> None:
        if summary.embedded == 8:
            assert going_on.wait(20)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.run(WithASlowOne(pictures[0].parent), on_artwork=interrupt, batch_size=2)
    assert not read.is_set()
    kept = set(bench.contents())
    over.set()
    assert len(kept) >= 8
    assert "009.jpg" not in kept
    assert counts(bench.run(FolderSource(pictures[0].parent))) == (10 - len(kept), 0, len(kept), 0)


class Writes:
    """Stands before ``upsert`` and ``overwrite_payloads``, and notes what has returned."""

    def __init__(
        self,
        store: Store,
        monkeypatch: pytest.MonkeyPatch,
        before: Callable[[int], None] = lambda number: None,
    ) -> None:
        """``before`` is called with the number of the write, from 0."""
        self.begun = 0
        self.threads: set[int] = set()
        self.acknowledged: set[str] = set()
        upsert, overwrite = store.upsert, store.overwrite_payloads

        def write(ids: list[str], call: Callable[[], None]) -> None:
            self.threads.add(threading.get_ident())
            self.begun += 1
            before(self.begun - 1)
            call()
            self.acknowledged |= set(ids)

        monkeypatch.setattr(
            store, "upsert",
            lambda points: write([p.payload["id"] for p in points], lambda: upsert(points)),
        )  # fmt: skip
        monkeypatch.setattr(
            store, "overwrite_payloads",
            lambda new: write([each["id"] for each in new.values()], lambda: overwrite(new)),
        )  # fmt: skip


def test_works_are_reported_after_their_write_returned(
    pictures: list[Path], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pictures[0].parent
    rows = [{"id": f"w{n}", "file": path.name} for n, path in enumerate(pictures)]
    source = CatalogSource(write_catalog(folder, rows[:6]), folder)
    bench.run(source)
    for row in rows[:3]:
        row["title"] = "New"
    writes = Writes(bench.store, monkeypatch)

    def on_artwork(summary: Summary) -> None:
        assert threading.get_ident() not in writes.threads
        assert summary.embedded + summary.updated <= len(writes.acknowledged)

    source = CatalogSource(write_catalog(folder, rows), folder)
    assert counts(bench.run(source, batch_size=2, on_artwork=on_artwork)) == (4, 3, 3, 0)
    assert writes.acknowledged == {f"w{n}" for n in (0, 1, 2, 6, 7, 8, 9)}
    assert {r.payload.get("title") for r in bench.contents().values()} == {"New", None}


@pytest.mark.parametrize(("batch_size", "threads", "runners"), [(4, 2, 1), (3, 2, 2)])
def test_a_slow_write_holds_up_neither_reading_nor_memory(
    batch_size: int,
    threads: int,
    runners: int,
    tmp_path: Path,
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the first write is held up, works are read and embedded as far ahead as is allowed."""
    (picture,) = make_folder(tmp_path / "one", 1)
    source = Counting(picture, 200)
    most = most_ahead(batch_size, threads, runners)
    # Written, embedded or waiting for it, and prepared: all but the batch that can't be submitted.
    least = (runners + 2) * batch_size + (runners + 1) * batch_size
    opened_meanwhile = []

    def hold(number: int) -> None:
        if number == 0:
            deadline = time.monotonic() + 30
            while source.opened < least and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.2)  # for more than is allowed
            opened_meanwhile.append(source.opened)

    Writes(bench.store, monkeypatch, hold)
    options = {"batch_size": batch_size, "threads": threads, "runners": runners}
    assert counts(bench.run(source, on_artwork=source.on_artwork, **options)) == (200, 0, 0, 0)
    assert least <= opened_meanwhile[0] <= most


@pytest.mark.parametrize("error", [StoreFullError("no room"), UnavailableError("no answer")])
@pytest.mark.parametrize("failing", [0, 2])
def test_a_write_that_fails_ends_the_run_and_keeps_what_was_acknowledged(
    failing: int,
    error: StoreError,
    pictures: list[Path],
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = pictures[0].parent
    whole = {path: path.read_bytes() for path in pictures[:9]}
    for path in whole:
        path.write_bytes(b"broken")
    source = FolderSource(folder)
    assert counts(bench.run(source)) == (1, 0, 0, 9)
    for path, data in whole.items():
        path.write_bytes(data)

    def fail(number: int) -> None:
        if number == failing:
            raise error

    with monkeypatch.context() as broken:
        writes = Writes(bench.store, broken, fail)
        with pytest.raises(type(error), match=str(error)):
            bench.run(source, batch_size=2)
    assert writes.begun == failing + 1
    assert len(writes.acknowledged) == 2 * failing
    assert set(bench.contents()) == {"009.jpg"} | writes.acknowledged
    assert set(bench.failed()) == {path.name for path in whole} - writes.acknowledged
    assert counts(bench.run(source, only_failed=True)) == (9 - 2 * failing, 0, 0, 0)
    check_vectors(bench, folder, names_of(pictures))


def test_an_update_that_fails_ends_the_run(
    pictures: list[Path], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pictures[0].parent
    rows: list[dict[str, Any]] = [{"file": path.name} for path in pictures]
    bench.run(CatalogSource(write_catalog(folder, rows), folder))
    for row in rows:
        row["title"] = "New"
    source = CatalogSource(write_catalog(folder, rows), folder)

    def fail(number: int) -> None:
        if number == 4:
            raise UnavailableError("no answer")

    with monkeypatch.context() as broken:
        Writes(bench.store, broken, fail)
        with pytest.raises(UnavailableError, match="no answer"):
            bench.run(source)
    assert [r.payload.get("title") for r in bench.contents().values()].count("New") == 4
    assert counts(bench.run(source)) == (0, 6, 4, 0)


def test_interrupted_it_waits_for_the_write_that_is_going_on(
    pictures: list[Path], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pictures[0].parent
    new = pictures[2:6]  # two batches, fewer than may be unwritten
    for path in pictures[6:]:
        path.unlink()
    for path in new:
        path.write_bytes(b"broken")
    bench.run(FolderSource(folder))
    for number, path in enumerate(new, 2):
        make_picture(number).save(path)
    writing, interrupted = threading.Event(), threading.Event()

    def before(number: int) -> None:
        writing.set()
        interrupted.wait(30)
        time.sleep(0.2)

    def interrupt(summary: Summary) -> None:  # called for the two that are known
        assert writing.wait(30)
        interrupted.set()
        raise KeyboardInterrupt

    class KnownLast(FolderSource):
        def __iter__(self) -> Iterator[Item | Failure | Note]:
            yield from reversed(list(super().__iter__()))

    with monkeypatch.context() as held:
        writes = Writes(bench.store, held, before)
        with pytest.raises(KeyboardInterrupt):
            bench.run(KnownLast(folder), on_artwork=interrupt, batch_size=2, runners=1)
        assert writes.begun == 1
        assert len(writes.acknowledged) == 2
        time.sleep(0.2)
        assert writes.begun == 1  # nothing is written once the run has ended
    assert set(bench.contents()) == {"000.jpg", "001.jpg"} | writes.acknowledged
    assert set(bench.failed()) == {path.name for path in new} - writes.acknowledged
    bench.run(FolderSource(folder))
    check_vectors(bench, folder, names_of(pictures[:6]))


def test_rows_of_no_use_are_failures_among_the_others(pictures: list[Path], bench: Bench) -> None:
    folder = pictures[0].parent
    rows: list[dict[str, Any]] = [{"file": path.name} for path in pictures[:4]]
    rows[1:1] = [{"title": "none"}, {"file": "../a.jpg"}, {"file": "000.jpg"}]
    source = CatalogSource(write_catalog(folder, rows), folder)
    assert counts(bench.run(source, batch_size=2)) == (4, 0, 0, 3)
    assert list(bench.failed()) == [f"works.jsonl row {n}" for n in (2, 3, 4)]
    assert counts(bench.run(source, only_failed=True)) == (0, 0, 0, 3)


VALUES = [
    "text", "", " ", "\u0000", "é", 0, -1, 2**53 + 1, 2**63 - 1, 0.1, -0.0, 1e308, 5e-324, True,
    False, [1, 2], {"a": 1},
]  # fmt: skip


def test_values_of_all_kinds_are_kept_and_unchanged_the_next_time(
    pictures: list[Path], bench: Bench
) -> None:
    folder = pictures[0].parent
    row = {"file": "000.jpg", **{f"column.{n}": value for n, value in enumerate(VALUES)}}
    source = CatalogSource(write_catalog(folder, [row]), folder)
    assert counts(bench.run(source)) == (1, 0, 0, 0)
    (item,) = [each for each in source if isinstance(each, Item)]
    expected = dict(item.artwork.extra)
    for name, value in expected.items():
        if isinstance(value, bool):  # kept as text
            expected[name] = "true" if value else "false"
    assert bench.contents()["000.jpg"].payload["extra"] == expected
    assert counts(bench.run(source)) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    "text",
    ["Infinity", "-1e999", r'"\ud800"', str(2**70)],
)
def test_a_value_that_the_store_can_not_hold_stops_no_run(
    text: str, pictures: list[Path], bench: Bench
) -> None:
    folder = pictures[0].parent
    path = folder / "works.jsonl"
    path.write_text(f'{{"file": "000.jpg"}}\n{{"file": "001.jpg", "size": {text}}}\n')
    source = CatalogSource(path, folder)
    summary = bench.run(source)
    assert summary.total == 2
    assert "000.jpg" in bench.contents()
    again = bench.run(source)
    assert (again.embedded, again.updated) == (0, 0)


def test_pictures_from_a_server(
    pictures: list[Path], bench: Bench, httpserver: HTTPServer, tmp_path: Path
) -> None:
    for path in pictures[:3]:
        httpserver.expect_request(f"/{path.name}").respond_with_data(
            path.read_bytes(), content_type="image/jpeg"
        )
    httpserver.expect_request("/page").respond_with_data("<html>", content_type="text/html")
    names = ["000.jpg", "001.jpg", "page", "missing.jpg", "002.jpg"]
    rows = [{"id": name, "image_url": httpserver.url_for(f"/{name}")} for name in names]
    path = write_catalog(tmp_path, rows)

    def run(**options: object) -> Summary:
        server = ImageServer(attempts=1, obey_robots=False, **options)  # type: ignore[arg-type]
        with server:
            return bench.run(CatalogSource(path, tmp_path, server=server))

    refused = run()
    assert counts(refused) == (0, 0, 0, 5)
    assert all("not on the public internet" in reason for reason in bench.failed().values())
    assert httpserver.log == []

    assert counts(run(allow_private=True)) == (3, 0, 0, 2)
    assert "answered text/html, not an image" in bench.failed()["page"]
    assert "answered 500" in bench.failed()["missing.jpg"]
    check_vectors(bench, pictures[0].parent, ["000.jpg", "001.jpg", "002.jpg"])
    for record in bench.contents().values():
        assert "image_folder" not in record.payload
        assert record.payload["image"] == httpserver.url_for(f"/{record.payload['id']}")
    assert counts(run(allow_private=True)) == (0, 0, 3, 2)


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and folder below, with its time of change and content."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def dry(
    bench: Bench, source: Source, *, empty: bool = False, limit: int | None = None
) -> tuple[int, int, int, int]:
    seen: list[int] = []
    found = check_source(
        source, None if empty else bench.store, bench.store.manifest.model,
        ImageEncoder(Networks(bench.model), ["visual"]), threads=2, limit=limit,
        on_artwork=lambda summary: seen.append(summary.total),
    )  # fmt: skip
    assert seen == list(range(1, found.total + 1))
    return counts(found)


def test_no_more_files_are_read_at_once_than_are_decoded(
    pictures: list[Path], bench: Bench
) -> None:
    reading, most, lock = 0, 0, threading.Lock()

    class Counted(Item):
        def read(self) -> bytes:
            nonlocal reading, most
            with lock:
                reading += 1
                most = max(most, reading)
            time.sleep(0.02)
            with lock:
                reading -= 1
            return super().read()

    class Source(FolderSource):
        def __iter__(self) -> Iterator[Item | Failure | Note]:
            for each in super().__iter__():
                assert isinstance(each, Item)
                yield Counted(each.artwork, each.folder)

    assert counts(bench.run(Source(pictures[0].parent), readers=8)) == (10, 0, 0, 0)
    assert most <= 2


def test_an_interrupted_dry_run_does_not_wait_for_servers(
    pictures: list[Path], bench: Bench
) -> None:
    stopped = threading.Event()

    class Waiting(Item):
        def read(self) -> bytes:
            assert stopped.wait(30)
            return super().read()

    class Source(FolderSource):
        def __iter__(self) -> Iterator[Item | Failure | Note]:
            first, *others = super().__iter__()
            yield first
            for each in others:
                assert isinstance(each, Item)
                yield Waiting(each.artwork, each.folder)

    def interrupt(summary: Summary) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_source(
            Source(pictures[0].parent), None, bench.store.manifest.model,
            ImageEncoder(Networks(bench.model), ["visual"]), threads=2, on_artwork=interrupt,
            on_stop=stopped.set,
        )  # fmt: skip
    assert stopped.is_set()


def test_a_dry_run_says_what_the_run_will_do(pictures: list[Path], bench: Bench) -> None:
    folder = pictures[0].parent
    rows: list[dict[str, Any]] = [{"id": f"w{n}", "file": p.name} for n, p in enumerate(pictures)]
    bench.run(CatalogSource(write_catalog(folder, rows[:7]), folder))
    rows[0]["title"] = "New"
    rows[1]["colour"] = "red"
    make_picture(600).save(pictures[2])
    make_picture(601).save(pictures[3])
    rows[3]["title"] = "New too"
    pictures[8].write_bytes(b"broken")
    rows.insert(5, {"title": "no image"})
    source = CatalogSource(write_catalog(folder, rows), folder)
    before, files = bench.contents(), tree(bench.folder)
    for limit in (1, 4, 6, 9, None):
        predicted = dry(bench, source, limit=limit)
        if limit is None:
            assert predicted == (4, 2, 3, 2)
        assert sum(predicted) == (limit or 11)
    assert dry(bench, source, empty=True) == (9, 0, 0, 2)
    assert bench.contents() == before
    assert tree(bench.folder) == files
    assert not bench.journal.exists()
    assert counts(bench.run(source)) == (4, 2, 3, 2)
    assert dry(bench, source) == (0, 0, 9, 2)


def test_a_dry_run_of_the_command(
    pictures: list[Path],
    tmp_path: Path,
    model_file: Path,
    artextract: Artextract,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = pictures[0].parent
    pictures[3].write_bytes(b"broken")
    words = ("ingest", "folder", folder, "--model", model_file, "--store", "shop")
    before = tree(tmp_path)
    ran = artextract(*words, "--dry-run")
    assert ran.code == 0
    assert "would embed 9, update 0, leave 0 unchanged; 1 would fail." in ran.out
    assert "003.jpg is not a JPEG" in ran.err
    limited = artextract(*words, "--dry-run", "--limit", 3)
    assert "would embed 3, update 0, leave 0 unchanged; 0 would fail." in limited.out
    assert tree(tmp_path) == before

    assert "embedded 9, updated 0, unchanged 0, failed 1;" in artextract(*words).out
    make_picture(700).save(pictures[0])
    manifest, failures = (tmp_path / "shop" / name for name in ("manifest.json", JOURNAL_NAME))
    kept = (manifest.read_bytes(), failures.read_bytes())
    with open_store("shop") as store:
        points = list(store.scroll(with_vectors=True))
    ran = artextract(*words, "--dry-run")
    assert "would embed 1, update 0, leave 8 unchanged; 1 would fail." in ran.out
    assert (manifest.read_bytes(), failures.read_bytes()) == kept
    with open_store("shop") as store:
        assert list(store.scroll(with_vectors=True)) == points
    assert "embedded 1, updated 0, unchanged 8, failed 1;" in artextract(*words).out


def test_a_dry_run_against_another_models_store_is_refused(
    pictures: list[Path], tmp_path: Path, model_file: Path, artextract: Artextract
) -> None:
    location = tmp_path / "shop"
    create_store(str(location), ModelIdentity("other", "cd" * 32, 5)).close()
    words = ("ingest", "folder", pictures[0].parent, "--model", model_file, "--store", location)
    for more in ((), ("--dry-run",)):
        assert_one_sentence(artextract(*words, *more), "made with model other (cdcdcdcdcdcd)")
    with open_store(str(location), wait_seconds=0) as store:
        assert store.count() == 0


def test_a_dry_run_of_what_failed(
    pictures: list[Path], tmp_path: Path, model_file: Path, artextract: Artextract
) -> None:
    pictures[3].write_bytes(b"broken")
    words = (
        "ingest", "folder", pictures[0].parent, "--model", model_file, "--store", tmp_path / "shop",
    )  # fmt: skip
    artextract(*words)
    make_picture(3).save(pictures[3])
    ran = artextract(*words, "--retry-failed", "--dry-run")
    assert "would embed 1, update 0, leave 0 unchanged; 0 would fail." in ran.out


def test_an_item_is_told_by_its_artwork() -> None:
    item = Item(Artwork(id="a", image="b.jpg"), None)
    assert item.key == "a"
    other = replace(item, artwork=Artwork(id="a", image="c.jpg"))
    assert item.artwork.point_id != other.artwork.point_id


PAGE = "https://art.museum.example"


def thumbnails(bench: Bench) -> dict[str, str | None]:
    """The addresses of thumbnails by artwork; each is that of its own point."""
    found = bench.contents()
    for record in found.values():
        url = record.payload.get("thumbnail_url")
        assert url is None or url.endswith(f"/thumbnails/{record.id}.jpg")
    return {key: each.payload.get("thumbnail_url") for key, each in found.items()}


def page_of(url: str | None) -> str | None:
    return None if url is None else url.partition("/thumbnails/")[0]


def test_artworks_without_an_image_on_the_web_get_their_thumbnails_address(
    tmp_path: Path, bench: Bench
) -> None:
    make_folder(tmp_path / "scans", 3)
    catalog = tmp_path / "catalog.csv"
    catalog.write_text(
        "image,image_url\n000.jpg,\n001.jpg,https://museum.example/1.jpg\n"
        "002.jpg,https://museum.example/iiif/2\n"
    )
    bench.run(CatalogSource(catalog, tmp_path / "scans"), page_url=PAGE)
    pages = {key: page_of(url) for key, url in thumbnails(bench).items()}
    assert pages == {"000.jpg": PAGE, "001.jpg": None, "002.jpg": PAGE}


def test_the_address_is_that_of_the_last_run(tmp_path: Path, bench: Bench) -> None:
    make_folder(tmp_path, 2)
    source = FolderSource(tmp_path)
    before: dict[str, Any] = {}
    for page, expected in [
        (None, (2, 0, 0, 0)), (None, (0, 0, 2, 0)), (PAGE, (0, 2, 0, 0)), (PAGE, (0, 0, 2, 0)),
        ("https://moved.example/art", (0, 2, 0, 0)), (None, (0, 2, 0, 0)),
    ]:  # fmt: skip
        assert counts(bench.run(source, page_url=page)) == expected
        assert {page_of(url) for url in thumbnails(bench).values()} == {page}
        records = bench.contents()
        others = {key: {**each.payload, "thumbnail_url": None} for key, each in records.items()}
        assert others == (before or others)
        before = others


def test_a_dry_run_counts_changed_addresses(
    tmp_path: Path, bench: Bench, identity: ModelIdentity
) -> None:
    make_folder(tmp_path, 2)
    source = FolderSource(tmp_path)
    bench.run(source, page_url=PAGE)
    encoder = ImageEncoder(Networks(bench.model), ["visual"])
    for page, updated in [(PAGE, 0), ("https://moved.example", 2), (None, 2)]:
        dry = check_source(source, bench.store, identity, encoder, threads=2, page_url=page)
        assert (dry.updated, dry.unchanged) == (updated, 2 - updated)


def test_the_commands_option_and_variable(
    tmp_path: Path, model_file: Path, artextract: Artextract, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder(tmp_path / "scans", 1)
    words = ("ingest", "folder", tmp_path / "scans", "--store", tmp_path / "store", "--model",
             model_file)  # fmt: skip

    def stored() -> str | None:
        with open_store(str(tmp_path / "store")) as opened:
            (record,) = opened.scroll()
        return page_of(record.payload.get("thumbnail_url"))

    assert artextract(*words, "--page-url", f"{PAGE}/").code == 0
    assert stored() == PAGE
    monkeypatch.setenv("ARTEXTRACT_PAGE_URL", "http://localhost:8000")
    assert artextract(*words).code == 0
    assert stored() == "http://localhost:8000"
    monkeypatch.setenv("ARTEXTRACT_PAGE_URL", "")
    assert artextract(*words).code == 0
    assert stored() is None
    ran = artextract(*words, "--page-url", "art.museum.example")
    assert_one_sentence(ran, "--page-url 'art.museum.example' is not the address of a page")
