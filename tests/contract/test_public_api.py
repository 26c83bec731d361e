"""The public API: a session as in a notebook, and answers equal to those of CLI and HTTP."""

import inspect
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import PIL.Image
import pytest
from commands import Artextract
from page_server import running

import artextract as public

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "v0.1"

WORKS = 16

REQUESTS: list[tuple[str | None, dict[str, Any]]] = [
    ("atelier:001", {"by": {"visual": 2, "palette": 1}}),
    ("atelier:001", {"other_artists": True, "years": (1700, 1905), "unlike": ["atelier:016"]}),
    (None, {"artist": "Odile Verrane", "years": "1890:", "within": True}),
    (
        None,
        {"key": ["low", "mid"], "faces": 0, "predicted_genre": "landscape", "min_confidence": 0.1},
    ),
    (None, {"not_key": "low", "not_genre": ["portrait", "seascape"], "years": "19th century"}),
]


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("public")
    with tarfile.open(FIXTURES / "store.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "store"


@pytest.fixture
def collection(location: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[public.Collection]:
    monkeypatch.chdir(FIXTURES)  # the collection's model is the file tiny.onnx
    with public.open(location) as opened:
        yield opened


def test_the_public_names() -> None:
    assert public.__all__ == [
        "Collection", "SearchFilters", "SearchRequest", "SearchResults", "errors", "open",
    ]  # fmt: skip
    assert all(getattr(public, name) is not None for name in public.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = public.nonsense


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import artextract, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "PIL", "search", "qdrant_edge", "polars"} & set(done.stdout.split())


def test_a_session_as_in_a_notebook(
    collection: public.Collection, tmp_path: Path, artextract: Artextract
) -> None:
    assert collection.name == "store"
    assert len(collection) == WORKS
    assert "visual" in collection.aspects
    artwork = collection.get("atelier:001").artwork
    assert artwork.artist

    results = collection.search(FIXTURES / "query.jpg", limit=5)
    assert isinstance(results, public.SearchResults)
    assert len(results) == 5
    assert results.matching == WORKS
    assert [each.rank for each in results] == [1, 2, 3, 4, 5]
    assert results[0].score == max(each.score or -1 for each in results)
    assert results[-1] is list(results)[-1]
    assert len(results[1:3]) == 2
    assert results[0].artwork.id in repr(results)

    painted = collection.search(artist=artwork.artist, years=(1500, None))
    assert 0 < len(painted) < WORKS
    assert {each.artwork.artist for each in painted} == {artwork.artist}
    counts = {each.value: each.count for each in collection.facets("artist")["artist"]}
    assert counts[artwork.artist] == collection.search(artist=[artwork.artist]).matching

    reasons = collection.explain("atelier:001", FIXTURES / "query.jpg")
    assert [each.aspect for each in reasons][:1] == ["visual"]
    reasons.to_html(tmp_path / "why.html")
    assert str(artwork.title) in (tmp_path / "why.html").read_text(encoding="utf-8")

    results.to_html(tmp_path / "similar.html")
    results.to_sheet(tmp_path / "similar.png")
    table = results.to_polars()
    assert table["id"].to_list() == [each.artwork.id for each in results]
    assert table["aspects.visual"].to_list() == table["score"].to_list()
    for name in ("a.csv", "a.jsonl", "a.parquet"):
        assert results.save(tmp_path / name).works == 5
    assert collection.export(tmp_path / "all.csv").works == WORKS
    assert collection.duplicates() == []


def test_queries_of_every_kind_find_the_same(collection: public.Collection) -> None:
    path = FIXTURES / "query.jpg"
    with PIL.Image.open(path) as image:
        examples: list[Any] = [
            path,
            str(path),
            path.read_bytes(),
            image.copy(),
            collection.encode(path),
        ]
    found = [collection.search(example, limit=4).to_rows() for example in examples]
    for rows in found[1:]:
        assert [row["id"] for row in rows] == [row["id"] for row in found[0]]
        assert [row["score"] for row in rows] == pytest.approx(
            [row["score"] for row in found[0]], abs=1e-4
        )


def test_a_request_can_be_made_first(collection: public.Collection) -> None:
    filters = public.SearchFilters(style=["Realism"], facts={"key": "low"})
    request = public.SearchRequest(like=["atelier:001"], filters=public.SearchFilters(), limit=3)
    assert (
        collection.search(request).to_rows() == collection.search("atelier:001", limit=3).to_rows()
    )
    assert filters.describe() == ["style Realism", "key low"]


def test_results_show_as_a_contact_sheet_in_a_notebook(collection: public.Collection) -> None:
    results = collection.search("atelier:001", limit=3)
    page = results._repr_html_()
    assert page.count('<img src="data:image/jpeg;base64,') == 3
    assert f"{results[0].score:.3f}" in page
    assert "3 of 15 artworks" in page


def test_the_signature_of_search_has_every_field(collection: public.Collection) -> None:
    names = set(inspect.signature(collection.search).parameters)
    assert {"query", "by", "artist", "years", "min_score", "facing", "colour", "limit"} <= names


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"artst": "Monet"}, "no search field 'artst'; closest: artist"),
        ({"within": True}, "`within` needs `years`"),
        ({"min_score": 0.5}, "`min_score` needs a query image"),
        ({"other_artists": True}, "`other_artists` needs a query image"),
        ({"unlike": "atelier:001"}, "`unlike` needs a query image"),
        ({"limit": 0}, "`limit` is 0; expected a whole number from 1 to 10000"),
        ({"by": "style=0"}, "`by` 'style=0' has weight '0'"),
        ({"years": "x"}, "years 'x' "),
        ({"facing": "up"}, "expected one of left, front"),
        ({"like": ""}, "a query is empty"),
        ({"query": "nobody"}, "no file 'nobody', and no artwork of that id"),
        ({"query": ["a.jpg", "b"]}, "['a.jpg', 'b'] (list); expected one image: a file"),
        ({"query": 5}, "a query is 5 (int); expected one image"),
        ({"limit": "5"}, "`limit` is '5'; expected a whole number from 1 to 10000"),
        ({"limit": True}, "`limit` is True; expected a whole number from 1 to 10000"),
        ({"min_score": "high"}, "`min_score` is 'high'; expected a number from -1 to 1"),
        ({"within": "yes"}, "`within` is 'yes'; expected True or False"),
        ({"text": 5}, "`text` is 5; expected text"),
        ({"years": (1870,)}, "`years` is (1870,); expected two years"),
        ({"by": 5}, "`by` is 5; expected an aspect"),
        ({"by": "palette"}, "`by` needs a query image"),
        ({"query": "atelier:001", "region": (0.1, 0.1)}, "`region` '0.1,0.1' is not understood"),
        ({"query": "atelier:001", "region": 0.5}, "`region` '0.5' is not understood"),
    ],
)
def test_errors_name_fields(
    collection: public.Collection, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(public.errors.ArtExtractError) as raised:
        collection.search(**fields)
    assert said in str(raised.value)
    assert "--" not in str(raised.value)


def test_python_values_stand_for_texts(collection: public.Collection) -> None:
    def found(*query: str, **fields: Any) -> list[dict[str, Any]]:
        return collection.search(*query, **fields).to_rows()

    part = found("atelier:001", region=(0.1, 0.1, 0.5, 0.6))
    assert part == found("atelier:001", region="0.1,0.1,0.5,0.6") != found("atelier:001")
    artwork = collection.get("atelier:001").artwork
    assert found(where={"artist": artwork.artist}) == found(where=f"artist={artwork.artist}")
    assert 0 < len(found(where={"year_begin": artwork.year_begin}, limit=100)) < WORKS


def test_misspelt_names_are_answered_with_the_closest(collection: public.Collection) -> None:
    with pytest.raises(public.errors.QueryError, match=r"'yeers'; closest: years"):
        public.SearchFilters(yeers=1)  # type: ignore[call-arg]
    with pytest.raises(public.errors.QueryError, match=r"'lik'; closest: like"):
        public.SearchRequest(lik=["a"])  # type: ignore[call-arg]
    with pytest.raises(public.errors.QueryError, match=r"`facing` goes into `facts`"):
        public.SearchFilters(facing="left")  # type: ignore[call-arg]
    with pytest.raises(public.errors.QueryError, match=r"`artist` goes into `filters`"):
        public.SearchRequest(artist="Monet")  # type: ignore[call-arg]
    with pytest.raises(public.errors.QueryError, match="`limit`"):
        collection.search(public.SearchRequest(), limit=3)
    for field, said in (("artst", "'artst' .*closest: artist"), (5, "no field 5 ")):
        with pytest.raises(public.errors.QueryError, match=said):
            collection.facets(field)  # type: ignore[arg-type]


def test_a_catalogs_own_column_is_not_counted(tmp_path: Path) -> None:
    PIL.Image.effect_noise((80, 60), 90).convert("RGB").save(tmp_path / "a.png")
    (tmp_path / "works.csv").write_text("id,image,room\n1,a.png,12\n")
    with public.open(tmp_path / "new", create=True) as collection:
        model = str(FIXTURES / "tiny.onnx")
        collection.ingest(tmp_path / "works.csv", model=model, aspects="visual")
        with pytest.raises(public.errors.QueryError, match="`room` is a column of the catalog's"):
            collection.facets("room")
        assert len(collection.search(where={"room": 12})) == 1


def test_a_location_that_is_none() -> None:
    with pytest.raises(public.errors.InputError, match="`location` is None; expected the folder"):
        public.open(None)  # type: ignore[arg-type]


def test_a_collection_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(public.errors.StoreError, match="there is no"):
        public.open(tmp_path / "nothing")


def test_a_new_collection_is_filled_from_a_catalog(tmp_path: Path) -> None:
    PIL.Image.effect_noise((80, 60), 90).convert("RGB").save(tmp_path / "a.png")
    PIL.Image.effect_noise((80, 60), 90).convert("RGB").save(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / "works.csv").write_text("id,image\n1,a.png\n2,b.png\n3,c.png\n")
    with public.open(tmp_path / "new", create=True) as collection:
        summary = collection.ingest(
            tmp_path / "works.csv", model=str(FIXTURES / "tiny.onnx"), aspects="composition"
        )
        assert summary.embedded == 3
        assert len(collection) == 3
        assert set(collection.aspects) == {"visual", "composition"}
        assert collection.duplicates() == [["1", "3"]]
        again = collection.ingest(tmp_path / "works.csv")  # with the collection's own model
        assert again.embedded == 0
        assert len(collection.search("1")) == 2


def test_a_collection_of_visual_alone_is_added_to(tmp_path: Path) -> None:
    for name in ("a", "b"):
        PIL.Image.effect_noise((80, 60), 90).convert("RGB").save(tmp_path / f"{name}.png")
    model = str(FIXTURES / "tiny.onnx")
    with public.open(tmp_path / "new", create=True) as collection:
        collection.ingest(tmp_path, model=model, aspects="visual", limit=1)
        assert collection.aspects == ["visual"]
        assert collection.ingest(tmp_path).embedded == 1


def to_words(query: str | None, fields: Mapping[str, Any]) -> list[str]:
    """Return the command line that asks the same."""
    words = [query] if query else []
    for name, value in to_parameters(fields):
        option = f"--{name.replace('_', '-')}"
        words += [option] if value == "true" else [option, value]
    return words


def to_parameters(fields: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the parameters of the address that asks the same."""
    pairs: list[tuple[str, Any]] = []
    for name, value in fields.items():
        if isinstance(value, dict):
            value = [f"{aspect}={weight}" for aspect, weight in value.items()]
        if isinstance(value, tuple):
            value = ":".join(map(str, value))
        values = value if isinstance(value, list) else [value]
        pairs += [(name, "true" if each is True else str(each)) for each in values]
    return pairs


@pytest.mark.parametrize(("query", "fields"), REQUESTS)
def test_python_command_line_and_http_answer_equally(
    query: str | None, fields: dict[str, Any], location: Path, artextract: Artextract,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    from search.web.app import make_app
    from search.web.settings import Settings

    monkeypatch.chdir(FIXTURES)
    ran = artextract(
        "search", *to_words(query, fields), "--store", location, "--format", "json", "--limit", 20
    )
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    with public.open(location) as collection:
        results = collection.search(query, **fields, limit=20)
        app = make_app(collection, Settings(uploads_folder=tmp_path))
        like: list[tuple[str, Any]] = [("like", query)] if query else []
        parameters = [*like, *to_parameters(fields), ("limit", "20")]
        with running(app) as address:
            page = httpx.get(f"{address}/api/v1/search", params=parameters).json()
    rows = results.to_rows()
    assert 0 < len(rows) < WORKS
    assert told == rows
    assert page["matching"] == results.matching
    for one, other in zip(rows, page["works"], strict=True):
        assert {**other, "image": one["image"]}.items() >= one.items()
