"""A small gallery in which every kind of metadata occurs, as points of a collection."""

from collections.abc import Iterator

import numpy as np

from artextract.catalog.artwork import VIEWS, Artwork
from artextract.catalog.names import fold
from artextract.store import Manifest, ModelIdentity, Point

__all__ = ["ARTISTS", "MANIFEST", "make_gallery"]

MODEL = ModelIdentity("tiny", "ab" * 32, 8)
MANIFEST = Manifest(model=MODEL, classifier=MODEL, vectors={"visual": 8, "style": 5})
ARTISTS = ["Claude Monet", "Édouard Manet", "Rembrandt van Rijn", "Artemisia Gentileschi",
           "Thomas Sully; Gilbert Stuart", "Anonymous"]  # fmt: skip
_STYLES = ["Impressionism", "Realism", "Baroque", None]
_GENRES = ["landscape", "portrait", None]
_QUALIFIERS = ["by", "attributed", "circle", "after", None]
_TITLES = ["Water Lilies", "Nymphéas at Dusk", "The Old Bridge", "River and Bridge", "Straße", None]
_MEDIA = ["oil on canvas", "oil on panel", "tempera", None]
_COLUMNS: list[dict[str, str | float | bool | None]] = [
    {}, {"split": "val"}, {"split": "train", "room": 7}, {"room": 7.5, "On view": True},
]  # fmt: skip


def make_gallery(works: int = 90) -> list[Point]:
    """Points of ``works`` works, every fifth with two images, some with the very same vectors."""
    rng = np.random.default_rng(7)
    pool = rng.normal(size=(works // 3, 13))
    points = []
    for number in range(works):
        for view in _views(number):
            row = pool[number % len(pool)] if number % 4 == 0 else rng.normal(size=13)
            artwork = _make_artwork(number, view)
            points.append(
                Point(
                    artwork.point_id,
                    {"visual": row[:8].tolist(), "style": row[8:].tolist()},
                    {
                        **artwork.to_payload(),
                        **_predict(number),
                        "width": 100 + number,
                        "height": 90,
                        "image_sha256": f"{number:064d}",
                        "thumbnail": "data:image/jpeg;base64,AAAA",
                        "model": {"name": MODEL.name, "sha256": MODEL.sha256},
                    },
                )
            )
    return points


def _views(number: int) -> Iterator[str | None]:
    if number % 5:
        yield None
    else:
        yield from VIEWS


def _make_artwork(number: int, view: str | None) -> Artwork:
    begin = 1500 + 7 * number
    spans = [(begin, begin + 3), (begin, begin), (None, begin), (begin, None), (None, None)]
    years = spans[number % 5]
    qualifier = _QUALIFIERS[number % 5]
    artist = ARTISTS[number % 6]
    if "; " in artist and qualifier:
        qualifier = f"{qualifier}; by"
    return Artwork(
        id=f"test:{number}",
        image=f"{number}{view or ''}.jpg",
        view=view,
        source="test",
        title=_TITLES[number % 6],
        artist=artist,
        artist_id=str(100 + number % 6),
        nationality=["French", "Dutch", "Italian; Dutch", None][number % 4],
        qualifier=qualifier,
        year_begin=years[0],
        year_end=years[1],
        date_basis="artist's life" if number % 9 == 0 else None,
        classification="Painting" if number % 7 else "Drawing",
        medium=_MEDIA[number % 4],
        style=_STYLES[number % 4],
        genre=_GENRES[number % 3],
        school=["Dutch", None][number % 2],
        accession=f"1937.1.{number}",
        wikidata=f"Q{number}" if number % 2 else None,
        open_access=bool(number % 2),
        page_url=f"https://museum.example/{number}",
        extra=_COLUMNS[number % 4],
    )


def _predict(number: int) -> dict[str, object]:
    name = ["Impressionism", "Northern Renaissance", "Rococo"][number % 3]
    trusted = number % 10 > 2
    terms = [f"style={fold(name)}", *([f"trusted.style={fold(name)}"] if trusted else [])]
    style = {
        "name": name,
        "probability": round((number % 10) / 10 + 0.05, 4),
        "probabilities": [0.1, 0.9],
        "trusted": trusted,
    }
    return {"predicted": {"style": style, "terms": terms}}
