"""Filters mean the same in the embedded engine, in Qdrant's own client, and in a plain loop."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models

from artextract.catalog.artwork import Artwork
from artextract.catalog.years import YearRange
from artextract.store import ModelIdentity, Point, Store, create_store, filters

IDS = [str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))) for number in range(12)]

# Spellings that a reader takes as the same.
ARTISTS = {
    "manet": ["Édouard Manet", "edouard manet", "EDOUARD_MANET", "E\u0301douard  Manet"],
    "monet": ["Claude Monet", "claude monet", "CLAUDE_monet"],
    "koebke": ["Christen Købke", "christen KOBKE"],
    "lojacono": ["Łojacono", "lojacono"],
}
WORDS = {
    "lily": ["Lily", "LILY", "lily"],
    "nympheas": ["Nymphéas", "nympheas", "NYMPHÉAS"],
    "sea": ["sea", "Sea"],
    "strasse": ["Straße", "STRASSE"],
}
FAR = 50  # years generated lie well within -FAR to FAR; an open end reaches to it

Predicate = Callable[[str, "Work"], bool]
Criterion = tuple[list[filters.Condition], Predicate]
Weight = str | int | float | bool | None


class Work:
    """One generated work: what it means, and the payload that says so."""

    def __init__(
        self,
        artist: tuple[str, str] | None,
        title: list[tuple[str, str]] | None,
        span: tuple[int | None, int | None],
        weight: Weight,
    ) -> None:
        self.artist = artist[0] if artist else None
        self.words = {name for name, _ in title or []}
        self.span = span
        self.weight = weight
        self.payload = Artwork(
            id="any",
            image="any",
            artist=artist[1] if artist else None,
            title=", ".join(spelling for _, spelling in title) if title else None,
            year_begin=span[0],
            year_end=span[1],
            extra={} if weight is None else {"weight": weight},
        ).to_payload()


def spelt(groups: dict[str, list[str]]) -> st.SearchStrategy[tuple[str, str]]:
    return st.sampled_from([(name, text) for name, texts in groups.items() for text in texts])


YEAR_OR_OPEN = st.none() | st.integers(-20, 20)
SPANS = st.tuples(YEAR_OR_OPEN, YEAR_OR_OPEN).filter(
    lambda span: span[0] is None or span[1] is None or span[0] <= span[1]
)
WEIGHTS: list[Weight] = [
    None, 0, 1, 2, -3, 1000, 0.0, 0.5, 1.0, -3.0, 0.1, 1e300, "", "0", "1", "1.0", "0.5", "-3",
    "x", "X", "1e3", "nan", "inf", "true", "True", "FALSE", True, False,
]  # fmt: skip
NUMBERS_AND_WORDS = [
    "0", "1", "1.0", "0.5", "-3", "0.1", "1e3", "1e300", "x", "X", "", "nan", "inf", "-inf", "-0",
]  # fmt: skip
TRUTHS = ["true", "True", "false", "FALSE"]

WORKS = st.builds(
    Work,
    st.none() | spelt(ARTISTS),
    st.none() | st.lists(spelt(WORDS), min_size=1, max_size=3),
    SPANS,
    st.sampled_from(WEIGHTS),
)


def years_of(span: tuple[int | None, int | None], far: int = FAR) -> set[int]:
    begin, end = span
    return set(range(-far if begin is None else begin, (far if end is None else end) + 1))


def stands_for(value: Weight, text: str) -> bool:
    """Whether ``text`` is ``value``, or the number or truth value that it is."""
    if value is None or isinstance(value, str):
        is_truth_value = text.lower() in {"true", "false"}  # kept as text, in lower case
        return value == text or (is_truth_value and value == text.lower())
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    try:
        return Fraction(text) == Fraction(str(value))
    except ValueError:
        return False


def by_artist(picked: list[tuple[str, str]]) -> Criterion:
    expected = {name for name, _ in picked}
    return [filters.named("artist", [text for _, text in picked])], (
        lambda _, work: work.artist in expected
    )


def by_words(picked: list[tuple[str, str]]) -> Criterion:
    expected = {name for name, _ in picked}
    text = " ".join(text for _, text in picked)
    return filters.words("title", text), lambda _, work: expected <= work.words


def by_years(span: tuple[int | None, int | None], within: bool) -> Criterion:
    def holds(_: str, work: Work) -> bool:
        if work.span == (None, None):
            return False
        # The requested span reaches further than a work's open end.
        expected, own = years_of(span, FAR + 1), years_of(work.span)
        return own <= expected if within else bool(own & expected)

    return filters.years(YearRange(*span), within=within), holds


def by_exclusion(span: tuple[int | None, int | None]) -> Criterion:
    """The same works as those of overlapping years, by leaving out all others."""
    beyond = filters.beyond_years(YearRange(*span))
    return [{"must_not": beyond}], by_years(span, within=False)[1]


def by_weight(text: str) -> Criterion:
    return [filters.equals("extra.weight", text)], lambda _, work: stands_for(work.weight, text)


def by_letter(texts: list[str]) -> Criterion:
    return [filters.any_of("extra.weight", texts)], (
        lambda _, work: isinstance(work.weight, str) and work.weight in texts
    )


def by_id(ids: set[str]) -> Criterion:
    return [filters.is_one_of(ids)], lambda point_id, _: point_id in ids


CRITERIA = st.one_of(
    st.builds(by_artist, st.lists(spelt(ARTISTS), max_size=3)),
    st.builds(by_words, st.lists(spelt(WORDS), min_size=1, max_size=2)),
    st.builds(by_years, SPANS.filter(lambda span: span != (None, None)), st.booleans()),
    st.builds(by_exclusion, SPANS.filter(lambda span: span != (None, None))),
    st.builds(by_weight, st.sampled_from(NUMBERS_AND_WORDS)),
    st.builds(by_letter, st.lists(st.sampled_from(["", "0", "x", "True"]), min_size=1)),
    st.builds(by_id, st.sets(st.sampled_from(IDS), max_size=4)),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("filters") / "store"
    with create_store(str(folder), ModelIdentity("tiny", "ab" * 32, 2)) as opened:
        yield opened


@pytest.fixture(scope="module")
def client() -> Iterator[QdrantClient]:
    made = QdrantClient(":memory:")
    params = models.VectorParams(size=2, distance=models.Distance.COSINE)
    made.create_collection("works", vectors_config={"visual": params})
    yield made
    made.close()


def put(works: dict[str, Work], store: Store, client: QdrantClient | None = None) -> None:
    vector = {"visual": [1.0, 1.0]}
    store.upsert([Point(point_id, vector, work.payload) for point_id, work in works.items()])
    if client is not None:
        client.upsert(
            "works",
            [
                models.PointStruct(id=point_id, vector={"visual": [1.0, 1.0]}, payload=work.payload)
                for point_id, work in works.items()
            ],
        )


def in_store(store: Store, filter_: filters.Filter | None) -> list[str]:
    return [record.id for record in store.scroll(filter_)]


def in_client(client: QdrantClient, filter_: filters.Filter | None) -> list[str]:
    valid = models.Filter.model_validate(filter_) if filter_ else None
    found, _ = client.scroll("works", valid, limit=100)
    return sorted(str(record.id) for record in found)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(WORKS, min_size=len(IDS), max_size=len(IDS)),
    st.lists(CRITERIA, max_size=3),
    st.lists(CRITERIA, max_size=2),
)
def test_three_answers_are_one(
    store: Store,
    client: QdrantClient,
    drawn: list[Work],
    must: list[Criterion],
    must_not: list[Criterion],
) -> None:
    works = dict(zip(IDS, drawn, strict=True))
    put(works, store, client)
    conditions = [condition for criterion, _ in must for condition in criterion]
    # A criterion of several conditions is refused as a whole.
    but = [whole for criterion, _ in must_not if (whole := filters.all_of(criterion)) is not None]
    filter_ = filters.all_of(conditions, but)
    expected = []
    for point_id in sorted(works):
        accepted = all(holds(point_id, works[point_id]) for _, holds in must)
        if accepted and not any(holds(point_id, works[point_id]) for _, holds in must_not):
            expected.append(point_id)
    assert in_store(store, filter_) == expected
    assert in_client(client, filter_) == expected
    assert store.count(filter_) == len(expected)
    hits = store.search([1.0, 0.0], limit=len(IDS), filter_=filter_)
    assert [hit.id for hit in hits] == expected


@pytest.mark.parametrize("text", NUMBERS_AND_WORDS)
def test_equals_over_all_kinds_of_values(text: str, store: Store, client: QdrantClient) -> None:
    check_equals(text, store, client)


@pytest.mark.parametrize("text", TRUTHS)
def test_equals_with_a_truth_value(text: str, store: Store, client: QdrantClient) -> None:
    check_equals(text, store, client)


def check_equals(text: str, store: Store, client: QdrantClient) -> None:
    filter_ = filters.all_of([filters.equals("extra.weight", text)])
    matched = 0
    for weights in in_parts(WEIGHTS, len(IDS)):
        works = {
            point_id: Work(None, None, (None, None), weight)
            for point_id, weight in itertools.zip_longest(IDS, weights)
        }
        put(works, store, client)
        expected = sorted(i for i, work in works.items() if stands_for(work.weight, text))
        matched += len(expected)
        assert in_store(store, filter_) == expected
        assert in_client(client, filter_) == expected
    assert matched >= (text not in {"-inf", "-0"})


def in_parts(values: list[Weight], size: int) -> Iterator[list[Weight]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


MAKERS: list[filters.Filter | None] = [
    filters.all_of([filters.named("artist", ["Édouard Manet", "Monet"])]),
    filters.all_of([filters.named("artist", [])]),
    filters.all_of([filters.any_of("id", ["a", "b"])]),
    filters.all_of([], but=[filters.is_one_of(IDS)]),
    filters.all_of(filters.words("title", "Water Lilies")),
    *(filters.all_of([filters.equals("extra.a", text)]) for text in [*NUMBERS_AND_WORDS, *TRUTHS]),
    *(
        filters.all_of(filters.years(YearRange(begin, end), within=within))
        for begin, end in [(1870, 1890), (None, 1890), (1870, None), (-5, -5)]
        for within in (False, True)
    ),
    *(
        filters.all_of([], but=filters.beyond_years(YearRange(begin, end)))
        for begin, end in [(1870, 1890), (None, 1890), (1870, None)]
    ),
    filters.all_of([filters.has_years()]),
    filters.all_of([], but=[filters.has_years()]),
    filters.all_of([filters.has_term("school", ["dutch", "flemish"])]),
    filters.all_of([filters.has_term("school", [])]),
    filters.all_of([filters.named("school", ["D\u00fctch", "dutch"])]),
    filters.all_of(
        [*filters.years(YearRange(1, 2)), filters.equals("a", "true")],
        but=[filters.named("artist", ["Monet"]), filters.is_one_of(IDS[:2])],
    ),
]


@pytest.mark.parametrize("filter_", MAKERS)
def test_every_maker_gives_what_qdrant_accepts(filter_: filters.Filter | None) -> None:
    assert filter_ is not None
    found = models.Filter.model_validate(filter_)
    # Nothing is lost on the way: what was understood says the same as what was written.
    assert found.model_dump(mode="json", exclude_none=True) == filter_


def test_no_conditions_make_no_filter() -> None:
    assert filters.all_of([]) is None
    assert filters.all_of([], but=[]) is None


def test_the_parts_of_a_filter_are_its_own() -> None:
    conditions = [filters.any_of("id", ["a"])]
    filter_ = filters.all_of(conditions)
    conditions.append(filters.any_of("id", ["b"]))
    assert filter_ == {"must": [filters.any_of("id", ["a"])]}


@pytest.mark.parametrize(
    ("span", "expected", "overlaps", "within"),
    [
        ((1880, 1885), (1870, 1890), True, True),
        ((1880, 1895), (1870, 1890), True, False),
        ((1891, 1895), (1870, 1890), False, False),
        ((1890, 1890), (1870, 1890), True, True),
        ((1870, 1870), (1870, 1890), True, True),
        ((1869, 1869), (1870, 1890), False, False),
        ((1860, 1900), (1870, 1890), True, False),
        ((None, 1762), (1870, 1890), False, False),  # before 1762
        ((None, 1762), (1700, 1720), True, False),
        ((None, 1762), (None, 1800), True, True),
        ((1762, None), (1700, 1761), False, False),  # after 1762
        ((1762, None), (1800, 1810), True, False),
        ((1762, None), (1700, None), True, True),
        ((None, None), (1870, None), False, False),
        ((None, None), (None, 1890), False, False),
    ],
)
def test_years_by_hand(
    span: tuple[int | None, int | None],
    expected: tuple[int | None, int | None],
    overlaps: bool,
    within: bool,
    store: Store,
) -> None:
    put({point_id: Work(None, None, span, None) for point_id in IDS}, store)
    requested = YearRange(*expected)
    found = [
        store.count(filters.all_of(filters.years(requested, within=inside)))
        for inside in (False, True)
    ]
    assert found == [len(IDS) * overlaps, len(IDS) * within]
    kept = filters.all_of([], but=filters.beyond_years(requested))
    assert store.count(kept) == len(IDS) * overlaps


@pytest.mark.parametrize(
    "filter_",
    [
        {"min_should": {"conditions": [], "min_count": 1}},
        {"must": [{"key": "a", "values_count": {"gt": 1}}]},
        {"must": [{"key": "a", "match": {"text": "a"}}]},
        {"should": [{"key": "a", "match": {"except": ["a"]}}]},
        {"must_not": [{"key": "a", "range": {"gte": 1, "step": 2}}]},
        {"must": [{"must": [{"key": "a", "geo_radius": {}}]}]},
    ],
)
def test_what_is_not_translated_is_refused(filter_: filters.Filter, store: Store) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: store.count(filter_),
        lambda: list(store.scroll(filter_)),
        lambda: store.search([1.0, 0.0], limit=1, filter_=filter_),
        lambda: store.facet("folded.artist", filter_=filter_),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="is not translated"):
            call()


@pytest.mark.parametrize(
    ("span", "known"),
    [((1880, 1885), True), ((1880, None), True), ((None, 1885), True), ((0, 0), True),
     ((0, None), True), ((-5, -1), True), ((None, None), False)],
)  # fmt: skip
def test_whether_years_are_known(
    span: tuple[int | None, int | None], known: bool, store: Store, client: QdrantClient
) -> None:
    works = {point_id: Work(None, None, span, None) for point_id in IDS[:4]}
    works |= {point_id: Work(None, None, (None, None), None) for point_id in IDS[4:]}
    put(works, store, client)
    expected = sorted(IDS[:4]) if known else []
    filter_ = filters.all_of([filters.has_years()])
    assert in_store(store, filter_) == in_client(client, filter_) == expected
    without = filters.all_of([], but=[filters.has_years()])
    others = sorted(set(IDS) - set(expected))
    assert in_store(store, without) == in_client(client, without) == others


def with_terms(**fields: Any) -> Work:
    work = Work(None, None, (None, None), None)
    work.payload = Artwork(id="any", image="any", **fields).to_payload()
    return work


TERMS: list[dict[str, Any]] = [
    {"school": "Dutch"}, {"school": "D\u00fctch; Flemish"}, {"nationality": "Dutch"},
    {"school": "Dutch Golden Age"}, {"theme": "school=dutch"}, {"open_access": True},
    {"open_access": False}, {"view": "alternate"}, {"school": "-"}, {"school": "a; -; b"},
    {"accession": "1937.1.1", "wikidata": "Q1"}, {},
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "keys", "expected"),
    [
        ("school", ["dutch"], [0, 1]),
        ("school", ["flemish"], [1]),
        ("school", ["dutch", "dutch golden age"], [0, 1, 3]),
        ("school", ["Dutch"], []),  # keys are folded ones
        ("school", [], []),
        ("school", ["-"], []),
        ("school", ["b"], [9]),
        ("nationality", ["dutch"], [2]),
        ("theme", ["school=dutch"], [4]),
        ("theme", ["dutch"], []),
        ("open_access", ["true"], [5]),
        ("open_access", ["false"], [6]),
        ("view", ["primary", "alternate"], [7]),
        ("accession", ["1937.1.1"], [10]),
        ("work_ids", ["1937.1.1"], [10]),
        ("work_ids", ["q1"], [10]),
        ("artist_ids", ["q1"], []),
        ("no such", ["dutch"], []),
    ],
)
def test_terms(
    field: str, keys: list[str], expected: list[int], store: Store, client: QdrantClient
) -> None:
    works = {point_id: with_terms(**fields) for point_id, fields in zip(IDS, TERMS, strict=True)}
    put(works, store, client)
    filter_ = filters.all_of([filters.has_term(field, keys)])
    ids = sorted(IDS[at] for at in expected)
    assert in_store(store, filter_) == in_client(client, filter_) == ids
    without = filters.all_of([], but=[filters.has_term(field, keys)])
    assert in_store(store, without) == sorted(set(IDS) - set(ids))


def test_names_of_terms_are_matched_as_people_write_them(store: Store) -> None:
    put({at: with_terms(**fields) for at, fields in zip(IDS, TERMS, strict=True)}, store)
    for names in (["D\u00dcTCH"], ["dutch"], ["  Dutch "], ["Dutch", "d_utch"]):
        filter_ = filters.all_of([filters.named("school", names)])
        assert in_store(store, filter_) == sorted(IDS[:2])
