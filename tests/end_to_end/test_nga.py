"""The National Gallery of Art from end to end: tables, a local image server, and what is found."""

import csv
import io
import json
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from commands import Artextract, Ran, assert_one_sentence
from iiif_server import Faults, IiifServer
from kills import kill_after, seconds_of_storing
from nga_generator import write_tables
from pictures import make_picture

from artextract.cli.main import main
from artextract.store import Record, open_store
from ingest.journal import Journal

Rows = list[dict[str, str]]


def read_rows(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def run(*words: object) -> None:
    """Run a command line that must succeed."""
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    assert not left.value.code


def contents(store: Path) -> dict[str, Record]:
    with open_store(str(store)) as opened:
        return {record.id: record for record in opened.scroll(with_vectors=True)}


def assert_equal(found: dict[str, Record], expected: dict[str, Record]) -> None:
    assert found.keys() == expected.keys()
    for point_id, record in found.items():
        assert record.payload == expected[point_id].payload
        np.testing.assert_allclose(
            record.vectors["visual"], expected[point_id].vectors["visual"], atol=1e-6
        )


@pytest.fixture(scope="module")
def nga(shared: Path) -> Path:
    return shared / "data" / "nga"


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test reads or writes the user's own cache."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTEXTRACT_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def store(nga: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of all 1,500 paintings of the sample."""
    location = tmp_path_factory.mktemp("nga") / "store"
    with IiifServer(nga / "images") as server:
        run("ingest", "nga", "--tables", nga, "--iiif", server.url, "--store", location,
            "--aspects", "visual")  # fmt: skip
    return location


def ids_of(ran: Ran) -> set[str]:
    assert ran.code == 0, ran.err
    return {row["id"] for row in json.loads(ran.out)}


def test_all_paintings_are_in_and_a_second_run_asks_for_none(
    store: Path, nga: Path, artextract: Artextract
) -> None:
    objects = read_rows(nga / "objects.csv")
    records = contents(store)
    assert {record.payload["id"] for record in records.values()} == {
        f"nga:{row['objectid']}" for row in objects
    }
    assert len(objects) == len(records) == 1500
    with IiifServer(nga / "images", faults=Faults(always=["500"] * 9)) as server:
        ran = artextract(
            "ingest", "nga", "--tables", nga, "--iiif", server.url, "--store", store,
            "--aspects", "visual",
        )  # fmt: skip
    assert "embedded 0, updated 0, unchanged 1500, failed 0; 1500 artworks" in ran.out
    assert "1,500 objects with an open-access image  (0 left out)" in ran.out


def overlaps(row: dict[str, str], begin: int, end: int) -> bool:
    return bool(row["beginyear"]) and int(row["beginyear"]) <= end and begin <= int(row["endyear"])


def says(pattern: str) -> Callable[[dict[str, str]], bool]:
    return lambda row: re.search(pattern, row["attribution"]) is not None


# Queries of the command line, and the same queries of the objects' table in a few plain words. The
# years lie where no painting has but a century as its date.
FACTS: list[tuple[list[str], Callable[[dict[str, str]], bool]]] = [
    (["--artist", "George Catlin"], says(r"^George Catlin$")),
    (["--artist", "gilbert stuart"], says(r"Gilbert Stuart")),
    (["--artist", "Gilbert Stuart", "--qualifier", "by"], says(r"^Gilbert Stuart(,|$)")),
    (["--artist", "Gilbert Stuart", "--qualifier", "after"], says(r"after Gilbert Stuart$")),
    (["--artist", "Rembrandt van Rijn", "--qualifier", "by"], says(r"^Rembrandt van Rijn$")),
    (
        ["--artist", "Rembrandt van Rijn", "--qualifier", "near"],
        says(r"^(Follower of Rembrandt van Rijn|Rembrandt Workshop.*)$"),
    ),
    (
        [*"--qualifier near --years 1640:1660".split(), "--artist", "Rembrandt van Rijn"],
        lambda row: says(r"Follower of Rembrandt|Rembrandt Workshop")(row)
        and overlaps(row, 1640, 1660),
    ),
    (["--qualifier", "follower"], says(r"^Follower of ")),
    (["--qualifier", "Circle of"], says(r"^Circle of ")),
    (["--qualifier", "attributed to"], says(r"^Attributed to ")),
    (["--qualifier", "imitator"], says(r"^Imitator of ")),
    (["--qualifier", "studio"], says(r"[Ss]tudio of ")),
    (["--qualifier", "after"], says(r"^after |, after ")),
    (["--qualifier", "with workshop"], says(r" and (Workshop|Studio|Assistant)\b")),
    (["--qualifier", "anonymous"], says(r"\d\dth Century")),
    (["--years", "1440:1500"], lambda row: overlaps(row, 1440, 1500)),
    (["--years", "1520:1545"], lambda row: overlaps(row, 1520, 1545)),
    (
        ["--years", "1400:1500", "--within"],
        lambda row: overlaps(row, 1400, 1500)
        and int(row["beginyear"]) >= 1400
        and int(row["endyear"]) <= 1500,
    ),
    (["--medium", "copper"], lambda row: "copper" in row["medium"].lower()),
    (["--accession", "2006.128.31"], lambda row: row["accessionnum"] == "2006.128.31"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "is_meant"), FACTS, ids=[" ".join(words) for words, _ in FACTS])
def test_facts_are_those_of_the_tables(
    words: list[str],
    is_meant: Callable[[dict[str, str]], bool],
    store: Path,
    nga: Path,
    artextract: Artextract,
) -> None:
    rows = [row for row in read_rows(nga / "objects.csv") if is_meant(row)]
    assert rows
    ran = artextract("search", "--store", store, *words, "-k", 10000, "--format", "json")
    assert ids_of(ran) == {f"nga:{row['objectid']}" for row in rows}


@pytest.mark.parametrize("nationality", ["Dutch", "Flemish", "American"])
def test_nationalities_are_those_of_the_artists(
    nationality: str, store: Path, nga: Path, artextract: Artextract
) -> None:
    of_artist = {
        row["constituentid"]: row["nationality"] for row in read_rows(nga / "constituents.csv")
    }
    linked = {
        f"nga:{row['objectid']}"
        for row in read_rows(nga / "objects_constituents.csv")
        if of_artist[row["constituentid"]] == nationality
    }
    found = ids_of(
        artextract(
            "search", "--store", store, "--nationality", nationality, "-k", 10000,
            "--format", "json",
        )
    )  # fmt: skip
    assert linked <= found
    # The others are by artists whom only the attribution's text names.
    names = {
        row["forwarddisplayname"]
        for row in read_rows(nga / "constituents.csv")
        if row["nationality"] == nationality
    }
    texts = {f"nga:{row['objectid']}": row["attribution"] for row in read_rows(nga / "objects.csv")}
    for work in found - linked:
        plain = texts[work].replace("Rembrandt Workshop", "Rembrandt van Rijn").replace("-", " ")
        assert any(name.replace("-", " ") in plain for name in names), texts[work]


def test_a_work_and_an_artist_are_found_by_their_numbers(
    store: Path, artextract: Artextract
) -> None:
    for number in ("nga:96999", "96999", "2006.128.31", "Q20189519", "q20189519"):
        ran = artextract("search", number, "--store", store, "-k", 3, "--format", "json")
        assert ran.code == 0, ran.err
        assert "nga:96999" not in ids_of(ran)
    by_name = ids_of(
        artextract("search", "--store", store, "--artist", "Rembrandt van Rijn", "-k", 99,
                   "--format", "json")
    )  # fmt: skip
    for number in ("500011051", "Q5598", "1822"):
        words = ("search", "--store", store, "--artist", number, "-k", 99, "--format", "json")
        assert ids_of(artextract(*words)) == by_name
        near = ids_of(artextract(*words, "--qualifier", "near"))
        assert near < by_name
    assert_one_sentence(
        artextract("search", "500011051", "--store", store),
        "is an artist, not an artwork",
        "--artist 500011051",
    )


def test_metadata_of_one_painting(store: Path) -> None:
    record = next(r for r in contents(store).values() if r.payload["id"] == "nga:96999")
    expected = {
        "source": "nga",
        "title": "Miss Beatrice Townsend",
        "artist": "John Singer Sargent",
        "attribution": "John Singer Sargent",
        "qualifier": "by",
        "nationality": "American",
        "display_date": "1882",
        "year_begin": 1882,
        "year_end": 1882,
        "classification": "Painting",
        "medium": "oil on canvas",
        "height_cm": 79.4,
        "width_cm": 58.4,
        "accession": "2006.128.31",
        "credit_line": "Collection of Mr. and Mrs. Paul Mellon",
        "wikidata": "Q20189519",
        "department": "CAB",
        "open_access": True,
        "iiif": "https://api.nga.gov/iiif/ebb7aeb1-31fa-4791-ad72-3ea7baecf91f",
        "width": 273,
        "height": 384,
    }
    assert {key: record.payload.get(key) for key in expected} == expected
    assert record.payload["image_url"].startswith(expected["iiif"])
    assert record.payload["page_url"].endswith("96999.html")


def test_pages_show_the_pictures_of_the_cache(
    store: Path, tmp_path: Path, artextract: Artextract
) -> None:
    page = tmp_path / "near.html"
    ran = artextract(
        "search", "nga:96999", "--store", store, "--gallery", page, "--sheet", tmp_path / "near.png"
    )
    assert ran.code == 0, ran.err
    assert "replace them" not in ran.err
    with_pictures = page.stat().st_size
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "empty"))
        ran = artextract("search", "nga:96999", "--store", store, "--gallery", page)
    assert "their thumbnails replace them" in ran.err
    assert page.stat().st_size < 0.7 * with_pictures  # thumbnails


WORKS = 160
KILLS = 5
RATES = {"429": 0.05, "500": 0.05, "cut": 0.05, "stall": 0.05, "html": 0.1}


def test_a_misbehaving_server_costs_no_image(
    store: Path, nga: Path, tmp_path: Path, artextract: Artextract
) -> None:
    """Each image is in the collection or in the journal; trying again brings the rest."""
    location = tmp_path / "store"
    number = 500
    words = ("ingest", "nga", "--tables", nga, "--store", location, "--limit", number,
             "--timeout", 2, "--connections", 32, "--cache", tmp_path / "cache",
             "--aspects", "visual")  # fmt: skip
    with IiifServer(nga / "images", faults=Faults(rates=RATES, seed=3)) as server:
        ran = artextract(*words, "--iiif", server.url)
        assert ran.code == 0, ran.err
        failures = list(Journal(location / "failures.jsonl"))
        done = {record.payload["id"] for record in contents(location).values()}
        failed = {failure.key for failure in failures}
        assert done.isdisjoint(failed)
        assert len(done) + len(failed) == len(failures) + len(done) == number
        # About a tenth meets the fault that is not tried again in the same run.
        assert number / 20 < len(failed) < number / 5
        reasons = " ".join(failure.reason for failure in failures)
        assert "answered text/html, not an image" in reasons
        for _ in range(8):
            if not len(Journal(location / "failures.jsonl")):
                break
            artextract(*words, "--iiif", server.url, "--retry-failed")
        assert not len(Journal(location / "failures.jsonl"))
        came = Counter(
            received.path
            for received in server.received
            if received.kind == "ok" and "/full/" in received.path
        )
    found, all_ = contents(location), contents(store)
    assert_equal(found, {point_id: all_[point_id] for point_id in found})
    # Nothing was fetched twice that had come well the first time.
    assert len(came) == len(found) == number
    assert set(came.values()) == {1}


def test_killed_at_any_moment_a_second_run_makes_the_same_collection(
    nga: Path, tmp_path: Path, start_artextract: Callable[..., "subprocess.Popen[str]"]
) -> None:
    with IiifServer(nga / "images", latency=0.02) as server:
        words = ("ingest", "nga", "--tables", nga, "--iiif", server.url, "--limit", WORKS,
                 "--aspects", "visual")  # fmt: skip
        undisturbed = tmp_path / "undisturbed"
        whole = start_artextract(*words, "--store", undisturbed, "--cache", tmp_path / "first")
        duration = seconds_of_storing(whole, undisturbed)
        expected = contents(undisturbed)
        assert len(expected) == WORKS
        moments = random.Random(11)
        in_the_middle = 0
        for number in range(KILLS):
            store = tmp_path / f"store-{number}"
            more = ("--store", store, "--cache", tmp_path / f"cache-{number}")
            first = start_artextract(*words, *more)
            kill_after(first, store, moments.uniform(-0.1, 0.9) * duration)
            again = start_artextract(*words, *more)
            out, err = again.communicate()
            assert (again.returncode, err) == (0, ""), err
            in_the_middle += "unchanged 0," not in out and "embedded 0," not in out
            assert_equal(contents(store), expected)
    assert in_the_middle >= 2, "the kills hit too few runs in the middle to prove much"


def test_interrupted_while_the_server_is_silent_it_ends_at_once(
    nga: Path, tmp_path: Path, start_artextract: Callable[..., "subprocess.Popen[str]"]
) -> None:
    silence = 60.0
    faults = Faults(rates={"stall": 0.3}, stall_seconds=silence)
    with IiifServer(nga / "images", faults=faults) as server:
        run = start_artextract(
            "ingest", "nga", "--tables", nga, "--iiif", server.url, "--timeout", silence,
            "--store", tmp_path / "store", "--cache", tmp_path / "cache",
        )  # fmt: skip
        while server.answers["stall"] < 8:  # no connection is left that would bring a picture
            time.sleep(0.05)
        started = time.monotonic()
        run.send_signal(signal.SIGINT)
        _, err = run.communicate()
        assert time.monotonic() - started < silence / 3
    assert run.returncode == 130
    assert "Traceback" not in err
    assert "they are kept" in err


def make_small_gallery(folder: Path) -> dict[str, bytes]:
    """Write tables of 300 objects, and return pictures for all their images."""
    write_tables(folder, objects=300, images=250, constituents=60, seed=4)
    images = {}
    for number, row in enumerate(read_rows(folder / "published_images.csv")):
        buffer = io.BytesIO()
        make_picture(number, (80, 60)).save(buffer, "JPEG", quality=85)
        images[row["uuid"]] = buffer.getvalue()
    return images


def test_a_work_with_several_images_is_one_result(tmp_path: Path, artextract: Artextract) -> None:
    """Without the reference data, on tables that are made here."""
    images = make_small_gallery(tmp_path / "tables")
    store = tmp_path / "store"
    words = ("ingest", "nga", "--tables", tmp_path / "tables", "--classification", "all",
             "--all-rights", "--store", store, "--cache", tmp_path / "cache")  # fmt: skip
    with IiifServer(images) as server:
        dry = artextract(*words, "--iiif", server.url, "--dry-run")
        assert not server.requests
        one_each = artextract(*words, "--iiif", server.url)
        assert one_each.code == 0, one_each.err
        works = {record.payload["id"] for record in contents(store).values()}
        assert len(contents(store)) == len(works)
        assert f"would embed {len(works)}, update 0, leave 0 unchanged; 0 would fail" in dry.out
        more = artextract(*words, "--iiif", server.url, "--all-images")
        assert more.code == 0, more.err
    records = contents(store)
    assert len(records) == len(images)
    assert {record.payload["id"] for record in records.values()} == works
    assert f"{len(works)} artworks ({len(images)} images) in the collection" in more.out
    of_work = Counter(record.payload["id"] for record in records.values())
    several = next(work for work, count in of_work.items() if count > 2)
    views = Counter(r.payload["view"] for r in records.values() if r.payload["id"] == several)
    assert views["primary"] == 1
    assert views["alternate"] == of_work[several] - 1
    assert all("view" not in r.payload for r in records.values() if of_work[r.payload["id"]] == 1)
    found = json.loads(
        artextract("search", several, "--store", store, "-k", 10000, "--format", "json").out
    )
    assert {row["id"] for row in found} == works - {several}
    assert len(found) == len(works) - 1
    # A query that is the picture of an alternate view finds its work by that very image.
    alternate = next(
        r.payload for r in records.values()
        if r.payload["id"] == several and r.payload["view"] == "alternate"
    )  # fmt: skip
    picture = tmp_path / "alternate.jpg"
    picture.write_bytes(images[alternate["image"]])
    (first,) = json.loads(
        artextract("search", picture, "--store", store, "-k", 1, "--format", "json").out
    )
    assert (first["id"], first["score"]) == (several, pytest.approx(1, abs=1e-4))
    assert first["image"] == alternate["image_url"]
    # What the tables no longer have goes with --prune, and only on demand.
    pruned = artextract(*words, "--iiif", server.url, "--prune")
    assert pruned.code == 0, pruned.err
    assert f"Pruned {len(images) - len(works)} images" in pruned.out
    assert len(contents(store)) == len(works)
