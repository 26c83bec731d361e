"""What a collection holds, counted, against plain loops over its works."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artextract.catalog.artwork import UNKNOWN, Artwork, split_values
from artextract.catalog.names import fold
from artextract.store import ModelIdentity, Point, Store, create_store
from search.facets import FACETS, Bin, count_facets
from search.names import common_names, similar_names

ROUND = {1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000}


def put(store: Store, works: list[Artwork]) -> None:
    points = [Point(work.point_id, {"visual": [1.0] * 8}, work.to_payload()) for work in works]
    store.upsert(points)


def make_works(seed: int, count: int = 120) -> list[Artwork]:
    """Works of several artists, schools and images, with names in several spellings."""
    choice = random.Random(seed)
    names = ["Claude Monet", "claude_monet", "Édouard Manet", "EDOUARD MANET", "Titian", "-"]
    works = []
    for at in range(count):
        artists = choice.sample(names, choice.choice([0, 1, 1, 2, 3]))
        begin = choice.choice([None, choice.randrange(-300, 2000)])
        end = choice.choice([None, (begin or 1500) + choice.randrange(0, 90)])
        facts = {
            "title": f"Work {at}",
            "artist": "; ".join(artists) or None,
            "qualifier": "; ".join(choice.choice(["by", "after"]) for _ in artists) or None,
            "nationality": choice.choice([None, "French", "Italian; French"]),
            "school": choice.choice([None, "Venetian; Italian", "venetian", "Dutch"]),
            "style": choice.choice([None, "Baroque"]),
            "classification": "Painting",
            "year_begin": begin,
            "year_end": end,
        }
        images = choice.choice([1, 1, 1, 3])
        for image in range(images):
            view = None if images == 1 else "alternate" if image else "primary"
            works.append(Artwork(id=f"w{at}", image=f"{image}.jpg", view=view, **facts))  # type: ignore[arg-type]
    return works


def count_names(works: list[Artwork], field: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for work in works:
        if work.view != "alternate" and (value := getattr(work, field)) is not None:
            counts.update({fold(name) for name in split_values(value) if name != UNKNOWN})
    return counts


@pytest.fixture(scope="module", params=[1, 2])
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, list[Artwork]]]:
    location = tmp_path_factory.mktemp("facets") / "store"
    works = make_works(request.param)
    with create_store(str(location), ModelIdentity("small", "0" * 64, 8)) as opened:
        put(opened, works)
        yield opened, works


def test_names_against_a_plain_loop(case: tuple[Store, list[Artwork]]) -> None:
    store, works = case
    facets = count_facets(store, 1000)
    expected = {field: counts for field in FACETS if (counts := count_names(works, field))}
    assert "genre" not in expected
    assert {
        field: {fold(name): count for name, count in names}
        for field, names in facets.names.items()
    } == expected  # fmt: skip
    for field, names in facets.names.items():
        sizes = [count for _, count in names]
        assert sizes == sorted(sizes, reverse=True)
        written = {part for work in works for part in split_values(getattr(work, field) or UNKNOWN)}
        assert {name for name, _ in names} <= written - {UNKNOWN}


def test_no_more_names_than_asked_for(case: tuple[Store, list[Artwork]]) -> None:
    store, _ = case
    most = count_facets(store, 1000).names
    for limit in (1, 2):
        assert count_facets(store, limit).names == {
            field: names[:limit] for field, names in most.items()
        }
        assert common_names(store, "school", limit) == most["school"][:limit]


def test_misspelt_names_of_terms(case: tuple[Store, list[Artwork]]) -> None:
    store, _ = case
    assert fold(similar_names(store, "school", "Venitian")[0]) == "venetian"
    assert similar_names(store, "nationality", "Frensh") == ["French"]
    assert similar_names(store, "genre", "portrait") == []


def middle_of(work: Artwork) -> int | None:
    years = [year for year in (work.year_begin, work.year_end) if year is not None]
    return sum(years) // len(years) if years else None


def check_bins(bins: list[Bin], middles: list[int]) -> None:
    """Each year is counted once, in bins of one round width and without a gap."""
    assert [span.works for span in bins] == [
        sum(span.begin <= year <= span.end for year in middles) for span in bins
    ]
    assert sum(span.works for span in bins) == len(middles)
    if not middles:
        assert bins == []
        return
    assert len({span.end - span.begin + 1 for span in bins}) == 1
    width = bins[0].end - bins[0].begin + 1
    assert width in ROUND
    assert all(span.begin % width == 0 for span in bins)
    assert all(a.end + 1 == b.begin for a, b in itertools.pairwise(bins))
    assert bins[0].works
    assert bins[-1].works
    assert len(bins) <= 20
    # No narrower bins would have fitted.
    finer = [w for w in ROUND if w < width]
    assert not finer or max(middles) // max(finer) - min(middles) // max(finer) >= 14


def test_years_against_a_plain_loop(case: tuple[Store, list[Artwork]]) -> None:
    store, works = case
    facets = count_facets(store, 5)
    one_each = [middle_of(work) for work in works if work.view != "alternate"]
    check_bins(facets.years, [year for year in one_each if year is not None])
    assert facets.undated == one_each.count(None) > 0
    assert sum(span.works for span in facets.years) + facets.undated == store.count_works()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    location = tmp_path_factory.mktemp("scratch") / "store"
    with create_store(str(location), ModelIdentity("small", "0" * 64, 8)) as opened:
        yield opened


SPANS = st.one_of(
    st.tuples(st.integers(-9999, 9999), st.integers(0, 300)),
    st.tuples(st.integers(1860, 1900), st.integers(0, 3)),
)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(SPANS, max_size=12))
def test_any_years(scratch: Store, spans: list[tuple[int, int]]) -> None:
    scratch.delete([record.id for record in scratch.scroll()])
    works = [
        Artwork(id=str(at), image="a", year_begin=begin, year_end=begin + length)
        for at, (begin, length) in enumerate(spans)
    ]
    put(scratch, works)
    facets = count_facets(scratch, 5)
    check_bins(facets.years, [(2 * begin + length) // 2 for begin, length in spans])
    assert facets.undated == 0


def test_one_year_is_one_bin(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "store"), ModelIdentity("small", "0" * 64, 8)) as store:
        assert count_facets(store, 5).years == []
        put(store, [Artwork(id=str(at), image="a", year_begin=-44) for at in range(3)])
        assert count_facets(store, 5).years == [Bin(-44, -44, 3)]
        put(store, [Artwork(id="x", image="a")])
        facets = count_facets(store, 5)
        assert (facets.names, facets.undated) == ({}, 1)


def test_a_name_is_written_as_in_most_artworks(tmp_path: Path) -> None:
    names = ["MONET", "monet", "Monet", "Monet", "mónet", "Monet; MANET", "Manet", "Manet"]
    with create_store(str(tmp_path / "store"), ModelIdentity("small", "0" * 64, 8)) as store:
        put(store, [Artwork(id=f"w{at}", image="a", artist=name) for at, name in enumerate(names)])
        assert common_names(store, "artist", 5) == [("Monet", 6), ("Manet", 3)]
