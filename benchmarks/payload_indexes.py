"""Compare ways to store artists and titles in the payload: time and meaning of filters.

Embedded engine, synthetic artworks. Prints p50 in milliseconds of a search (10 nearest) and of a
count, for the same filter in two forms; and how many words of titles in several scripts each form
finds without their accents.

python benchmarks/payload_indexes.py --artworks 20000
"""

import argparse
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as edge

from artextract.catalog.artwork import Artwork
from artextract.catalog.names import fold, words_of
from artextract.store import schema

ARTISTS, WORDS, DIMENSIONS = 3000, 4000, 32
QUALIFIERS = ("by", "after", "workshop", "follower", "attributed")
NESTED_KEYS = ("artists[].name", "artists[].qualifier")
TITLES = [
    ("Straße in Zürich", "strasse"), ("Nymphéas", "nympheas"), ("Œuvre", "oeuvre"),
    ("Łódź", "lodz"), ("Hammershøi", "hammershoi"), ("Zażółć gęślą", "zazolc"),
    ("Thưởng Nguyễn", "nguyen"), ("İstanbul", "istanbul"), ("Ελένη Παπαδάκη", "ελενη"),
    ("Άγιος", "αγιος"), ("Йод и ёлка", "иод"), ("ёлка", "елка"), ("الفنّ", "الفن"),
    ("Self-Portrait", "portrait"), ("東京の夜", "東京の夜"), ("Ukiyo_e", "ukiyo"),
]  # fmt: skip


def make_shard(folder: Path, artworks: list[Artwork]) -> edge.EdgeShard:
    """Return a shard with the payload's own indexes, nested ones and a full-text one."""
    config = edge.EdgeConfig(
        vectors={"visual": edge.EdgeVectorParams(size=DIMENSIONS, distance=edge.Distance.Cosine)},
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=1000),
    )
    shard = edge.EdgeShard.create(str(folder), config)
    keywords = [key.name for key in schema.indexed("everywhere") if key.index == "keyword"]
    indexes: dict[str, Any] = dict.fromkeys(keywords, edge.PayloadSchemaType.Keyword)
    indexes |= dict.fromkeys(NESTED_KEYS, edge.KeywordIndexParams(nested="artists"))
    indexes["title"] = edge.TextIndexParams(
        tokenizer=edge.TokenizerType.Word, lowercase=True, ascii_folding=True
    )
    for key, kind in indexes.items():
        shard.update(edge.UpdateOperation.create_field_index(key, kind))
    vectors = np.random.default_rng(2).normal(size=(len(artworks), DIMENSIONS))
    for first in range(0, len(artworks), 1000):
        rows = [
            edge.Point(
                id=str(uuid.UUID(int=first + number)),
                vector={"visual": vectors[first + number].tolist()},
                payload=artwork.to_payload(),
            )
            for number, artwork in enumerate(artworks[first : first + 1000])
        ]
        shard.update(edge.UpdateOperation.upsert_points(rows))
    shard.optimize()
    return shard


def make_artworks(count: int) -> list[Artwork]:
    """Return artworks whose artists and words are as frequent as 1 / rank."""
    random = np.random.default_rng(1)
    of_artist, of_word = (1 / np.arange(1, size + 1) for size in (ARTISTS, WORDS))
    artworks = []
    for number in range(count):
        hands = 2 if number % 7 == 0 else 1
        artists = random.choice(ARTISTS, hands, replace=False, p=of_artist / of_artist.sum())
        qualifiers = random.choice(QUALIFIERS, hands, p=(0.7, 0.1, 0.1, 0.05, 0.05))
        title = random.choice(WORDS, 5, p=of_word / of_word.sum())
        artworks.append(
            Artwork(
                id=str(number),
                image="i",
                artist="; ".join(name_artist(each) for each in artists),
                qualifier="; ".join(qualifiers),
                title=" ".join(name_word(each) for each in title),
                nationality=f"Nation {number % 60}",
                accession=f"1937.{number}",
            )
        )
    return artworks


def name_artist(number: int) -> str:
    """Return the name of the artist of this rank."""
    return f"Painter {number} van Zéland"


def name_word(number: int) -> str:
    """Return the word of this rank."""
    return f"wörd{number}"


def has(key: str, match: Any) -> Any:
    """Return the engine's condition on a key."""
    return edge.FieldCondition(key=key, match=match)


def by_term(artist: int, qualifier: str) -> edge.Filter:
    """Return the filter for an artist's part in an artwork, as one term."""
    term = f"hand={fold(name_artist(artist))}, {qualifier}"
    return edge.Filter(must=[has("folded.terms", edge.MatchAny([term]))])


def by_object(artist: int, qualifier: str) -> edge.Filter:
    """Return the same filter on a list of objects."""
    parts = [
        has("name", edge.MatchValue(name_artist(artist))),
        has("qualifier", edge.MatchValue(qualifier)),
    ]
    return edge.Filter(must=[edge.NestedCondition("artists", edge.Filter(must=parts))])


def by_words(text: str) -> edge.Filter:
    """Return the filter for words of the title, as keywords."""
    return edge.Filter(must=[has("folded.title", edge.MatchValue(each)) for each in words_of(text)])


def by_text(text: str) -> edge.Filter:
    """Return the same filter on the full-text index."""
    return edge.Filter(must=[has("title", edge.MatchText(text))])


def count(shard: edge.EdgeShard, filter_: edge.Filter) -> int:
    """Return how many points satisfy a filter."""
    return int(shard.count(edge.CountRequest(exact=True, filter=filter_)))


def p50(call: Callable[[], object], times: int = 30) -> float:
    """Return the median time of a call in milliseconds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return 1000 * statistics.median(taken)


def compare(shard: edge.EdgeShard, label: str, forms: list[edge.Filter]) -> None:
    """Print the times of one filter in two forms, measured in turn."""
    query = np.random.default_rng(3).normal(size=DIMENSIONS).tolist()

    def search(filter_: edge.Filter) -> None:
        shard.query(
            edge.QueryRequest(
                limit=10,
                query=edge.Query.Nearest(query, using="visual"),
                filter=filter_,
                params=edge.SearchParams(hnsw_ef=128),
            )
        )

    found = {count(shard, each) for each in forms}
    times = []
    for call in (search, lambda filter_: count(shard, filter_)):
        rounds = [[p50(lambda: call(each)) for each in forms] for _ in range(2)]  # noqa: B023
        times.append([min(each) for each in zip(*rounds, strict=True)])
    shown = "  ".join(
        f"{what} {one:.3f} {other:.3f} ({other / one:.2f} times)"
        for what, (one, other) in zip(("search", "count"), times, strict=True)
    )
    print(f"{label}: {found} artworks  {shown}")


def compare_meaning(folder: Path) -> None:
    """Print which words of titles are found without their accents."""
    shard = make_shard(folder, [Artwork(id=title, image="i", title=title) for title, _ in TITLES])
    for label, form in (("keywords", by_words), ("full text", by_text)):
        missed = [
            word
            for number, (_, word) in enumerate(TITLES)
            if not count(
                shard,
                edge.Filter(must=[form(word), edge.HasIdCondition({str(uuid.UUID(int=number))})]),
            )
        ]
        print(f"{label}: {len(TITLES) - len(missed)} of {len(TITLES)}, without {missed}")
    shard.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--artworks", type=int, default=20_000)
    artworks = make_artworks(parser.parse_args().artworks)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("meaning", "times"):
            (Path(folder) / name).mkdir()
        compare_meaning(Path(folder) / "meaning")
        shard = make_shard(Path(folder) / "times", artworks)
        for artist, qualifier in ((0, "by"), (0, "after"), (5, "by"), (60, "by"), (900, "by")):
            label = f"artist {artist}, {qualifier}: term, object"
            compare(shard, label, [by_term(artist, qualifier), by_object(artist, qualifier)])
        for words in ((0,), (5,), (60,), (900,), (0, 3)):
            text = " ".join(map(name_word, words))
            compare(shard, f"title {text}: keywords, text", [by_words(text), by_text(text)])
        for key in ("folded.terms", "folded.counted"):
            request = edge.FacetRequest(key=key, limit=100_000, exact=True)
            taken = p50(lambda: shard.facet(request), 5)  # noqa: B023
            print(f"values of {key}: {len(shard.facet(request).hits)}, {taken:.1f} ms")
        shard.close()


if __name__ == "__main__":
    main()
