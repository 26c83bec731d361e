"""Turn a joined row of the National Gallery of Art's tables into an artwork."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from artextract.catalog.artwork import UNKNOWN, Artwork, join_values
from artextract.catalog.attribution import Attribution, Qualifier, find_qualifier, parse_attribution
from artextract.catalog.dates import parse_display_date
from artextract.catalog.names import fold
from artextract.catalog.years import UNKNOWN_YEARS, YearRange
from artextract.errors import DateError
from ingest.sources.iiif import image_request

SOURCE = "nga"

ARTISTS_LIFE = "artist's life"

_PAGE = "https://www.nga.gov/collection/art-object-page.{}.html"
_UNDATED = frozenset({"", "n.d.", "nd", "undated", "unknown", "date unknown", "unknown date"})

# "overall: 79.4 x 58.4 cm (31 1/4 x 23 in.)", "overall (oval): 30 x 24.5 cm", "diameter: 51 cm".
_NUMBER = r"(?<![\d.,])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_SIZE = re.compile(
    rf"(?P<what>[a-z][^:\n;]*:)?\s*{_NUMBER}\s*(?:(?:cm\s*)?[x\u00d7]\s*{_NUMBER})?(?:\s*[x\u00d7]\s*{_NUMBER})?\s*(?:cm|centimeters)\b",
    re.IGNORECASE,
)  # fmt: skip


class Constituents:
    """The artists in the rows of the table ``constituents``, by name."""

    def __init__(self, rows: Iterable[Mapping[str, str | None]]) -> None:
        self._by_name: dict[str, Mapping[str, str | None]] = {}
        self._by_first_words: dict[str, list[Mapping[str, str | None]]] = {}
        for row in rows:
            name = row["forwarddisplayname"]
            if not name:
                continue
            self._by_name.setdefault(fold(name), row)
            # "Rembrandt Workshop" means "Rembrandt van Rijn", which has no comma, and not "Peale,
            # Rembrandt".
            inverted = (row.get("preferreddisplayname") or name).partition(",")
            words = fold(inverted[0]).split()
            if not inverted[1] and len(words) > 1 and not find_qualifier(name):
                self._by_first_words.setdefault(words[0], []).append(row)

    def __contains__(self, name: str) -> bool:
        """Return whether ``name`` is the full name of an artist, not of a workshop or follower."""
        return fold(name) in self._by_name and not find_qualifier(name)

    def find(self, name: str) -> Mapping[str, str | None] | None:
        """Return the artist called ``name``, or the only one whose first word it is."""
        key = fold(name)
        if row := self._by_name.get(key):
            return row
        begun = self._by_first_words.get(key, [])
        return begun[0] if len(begun) == 1 else None


def make_artwork(row: Mapping[str, Any], known: Constituents, side: int) -> Artwork:
    """Return the artwork of one image.

    Args:
        row: A row of :class:`~ingest.sources.nga_tables.Artworks`.
        known: All artists of the tables.
        side: Longest side of the requested image, in pixels.
    """
    hands = _hands(row, known)
    artists = [known_artist for _, known_artist in hands]
    years, basis = _years(row, artists)
    height, width = parse_dimensions(row["dimensions"] or "")
    objectid, accession = row["objectid"], row["accessionnum"]
    service = row["iiifurl"].rstrip("/")
    extra = {
        "keyword": join_values(row["keywords"] or ()),
        "place_executed": join_values(row["places"] or ()),
        "former_attribution": join_values(row["former_attributions"] or ()),
        "subclassification": row["subclassification"],
    }
    return Artwork(
        id=f"{SOURCE}:{objectid}",
        image=row["uuid"],
        view=_view(row),
        source=SOURCE,
        title=row["title"],
        artist=_aligned(hand.artist for hand, _ in hands),
        artist_id=_aligned(artist.get("constituentid") for artist in artists),
        ulan=_aligned(artist.get("ulanid") for artist in artists),
        artist_wikidata=_aligned(artist.get("wikidataid") for artist in artists),
        nationality=join_values(n for artist in artists if (n := artist.get("nationality"))),
        attribution=row["attribution"],
        qualifier=_aligned(hand.qualifier for hand, _ in hands),
        display_date=row["displaydate"],
        year_begin=years.begin,
        year_end=years.end,
        date_basis=basis,
        classification=row["classification"],
        medium=row["medium"],
        dimensions=row["dimensions"],
        height_cm=height,
        width_cm=width,
        style=join_values(row["styles"] or ()),
        school=join_values(row["schools"] or ()),
        theme=join_values(row["themes"] or ()),
        technique=join_values(row["techniques"] or ()),
        department=row["departmentabbr"],
        accession=accession,
        credit_line=row["creditline"],
        wikidata=row["wikidataid"],
        alt_text=row["assistivetext"],
        page_url=_PAGE.format(objectid),
        image_url=image_request(service, request_side(row, side)),
        iiif=service,
        open_access=row["openaccess"],
        extra={name: value for name, value in extra.items() if value is not None},
    )


def request_side(row: Mapping[str, Any], side: int) -> int:
    """Return ``side`` or less: the longest side that the server allows, in pixels."""
    sides = (row["width"], row["height"])
    full = max(sides) if None not in sides else None
    return min(limit for limit in (side, row["maxpixels"], full) if limit)


def _view(row: Mapping[str, Any]) -> str | None:
    """Return the view of an image if its artwork has several; exactly one is "primary".

    The tables may call none of an artwork's images primary, or more than one.
    """
    if row["images"] == 1:
        return None
    return "primary" if row["is_first"] else "alternate"


def _aligned(values: Iterable[str | None]) -> str | None:
    """Return the text of a field with one value for each artist; None if all are unknown."""
    texts = [value or UNKNOWN for value in values]
    return "; ".join(texts) if set(texts) - {UNKNOWN} else None


def _hands(
    row: Mapping[str, Any], known: Constituents
) -> list[tuple[Attribution, Mapping[str, str | None]]]:
    """Return the artists of an artwork, each with a row of the tables or an empty mapping.

    The constituents come first, in display order. A prefix, suffix or role gives the qualifier; if
    these are empty, the attribution's text does. Artists that only the text names follow.
    """
    named = parse_attribution(row["attribution"] or "", known.__contains__)
    hands: dict[str, tuple[Attribution, Mapping[str, str | None]]] = {}

    def add(artist: str, qualifier: Qualifier, about: Mapping[str, str | None]) -> None:
        hands.setdefault(fold(artist), (Attribution(artist, qualifier), about))

    def resolve(hand: Attribution, text: str) -> tuple[str, Mapping[str, str | None]]:
        about = known.find(hand.artist)
        if about is not None:
            return about["forwarddisplayname"] or hand.artist, about
        # "Prior-Hamblin School" has no known master: it is the name of the school.
        school = f"{hand.artist} School"
        is_school = hand.qualifier is Qualifier.SCHOOL and fold(school) in fold(text)
        return (school if is_school else hand.artist), {}

    by_text: dict[str, tuple[str, Qualifier, Mapping[str, str | None]]] = {}
    for hand in named:
        artist, about = resolve(hand, row["attribution"])
        by_text.setdefault(fold(artist), (artist, hand.qualifier, about))
    for constituent in row["constituents"] or ():
        name = constituent["forwarddisplayname"]
        phrase = " ".join(constituent[key] or "" for key in ("prefix", "suffix"))
        explicit = find_qualifier(phrase) or _of_role(constituent["role"])
        # A workshop that is a constituent stands for its master.
        for hand in parse_attribution(name, known.__contains__):
            artist, about = resolve(hand, name)
            key = fold(artist)
            text = by_text.get(key)
            own = None if hand.qualifier is Qualifier.BY else hand.qualifier
            alone = named[0].qualifier if len(named) == 1 == len(row["constituents"]) else None
            qualifier = explicit or own or (text[1] if text else alone) or Qualifier.BY
            add(artist, qualifier, about or constituent)
    if not hands or len(named) > len(hands):
        for artist, qualifier, about in by_text.values():
            add(artist, qualifier, about)
    return list(hands.values())


def _of_role(role: str | None) -> Qualifier | None:
    """Return the qualifier in a role: the "artist after" is the one who was copied."""
    return find_qualifier(role) if role and fold(role) not in {"artist", "painter"} else None


def _years(
    row: Mapping[str, Any], artists: list[Mapping[str, str | None]]
) -> tuple[YearRange, str | None]:
    """Return an artwork's years for filters, and their basis if it is not the artwork itself.

    The tables' years are for indexing: for an undated artwork they may be those of the artist's
    birth and death.
    """
    shown = row["displaydate"] or ""
    begin, end = _year(row["beginyear"]), _year(row["endyear"])
    undated = shown.strip().casefold() in _UNDATED
    if begin is not None and end is not None and begin > end:
        begin = end = None
    if begin is None and end is None:
        try:
            return (parse_display_date(shown) or UNKNOWN_YEARS), None
        except DateError:
            return UNKNOWN_YEARS, None
    lives = {(_year(artist.get("beginyear")), _year(artist.get("endyear"))) for artist in artists}
    return YearRange(begin, end), (ARTISTS_LIFE if undated and (begin, end) in lives else None)


def _year(text: str | None) -> int | None:
    """Return a year; None for 0 and for other text."""
    try:
        return int(float(text or 0)) or None
    except (ValueError, OverflowError):  # no number, or an infinite one
        return None


def parse_dimensions(text: str) -> tuple[float | None, float | None]:
    """Return (height, width) of an artwork in cm from the tables' text; both are a diameter.

    Of several sizes ("overall: ..., framed: ...") it is the overall one, else the first that is not
    a frame's.
    """
    sizes = [
        match
        for match in _SIZE.finditer(text)
        if not re.search(r"(?<!un)frame", match["what"] or "", re.IGNORECASE)
    ]
    if not sizes:
        return None, None
    size = next((s for s in sizes if (s["what"] or "").lower().startswith("overall")), sizes[0])
    height, width = (float(side.replace(",", "")) if side else None for side in size.group(2, 3))
    if width is None and "diameter" in (size["what"] or "").lower():
        width = height
    return height, width
