"""From what was asked for (artist, years, style, words, ...) to a filter the store understands."""

from collections.abc import Sequence
from dataclasses import dataclass

from artextract.catalog.artwork import FACET_FIELDS, METADATA_FIELDS, TERM_FIELDS, make_hand
from artextract.catalog.attribution import NEAR, Qualifier
from artextract.catalog.names import closest, fold, words_of
from artextract.catalog.years import parse_year_filter
from artextract.errors import QueryError
from artextract.store import Store, filters
from artextract.store.filters import Condition, Filter
from search.names import PREDICTED, common_names, name_keys, similar_names

__all__ = ["Criteria", "is_looked_at", "make_filter"]


_SEEN_BY = {
    "faces": ("face", "scene"),
    "facing": ("face", "scene"),
    "bodies": ("pose", "scene"),
    "light": ("lighting",),
    "key": ("lighting",),
    "colour": ("palette",),
}
"""For which aspects (any of them) a picture is looked at for what."""

_MEASURED = frozenset({"width", "height", "image_sha256", "image_folder"})
"""Payload keys beside an artwork's fields that can be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What the works must be like; several artists (styles, genres, ...) mean any of them.

    An artist is a name, or one of his numbers (ULAN, Wikidata, the source's own). ``qualifiers``
    are the values of :class:`~artextract.catalog.attribution.Qualifier`, or "near" for all
    works by another hand near an artist; with artists they say how these must relate to the work.
    ``predicted`` has (attribute, names) of classes that a network predicted, whatever the catalog
    says, with at least the probability ``min_confidence``. ``text`` are words of the title,
    ``words`` those of the title or of an artist's name. ``seen`` has (what, values) of
    :func:`artextract.aspects.measure.terms_of`, what was measured of the pictures.
    """

    artists: Sequence[str] = ()
    qualifiers: Sequence[str] = ()
    nationalities: Sequence[str] = ()
    schools: Sequence[str] = ()
    styles: Sequence[str] = ()
    genres: Sequence[str] = ()
    accessions: Sequence[str] = ()
    years: str | None = None
    within: bool = False
    dated: bool = False
    medium: str | None = None
    where: Sequence[str] = ()
    text: str | None = None
    words: str | None = None
    predicted: Sequence[tuple[str, Sequence[str]]] = ()
    min_confidence: float | None = None
    seen: Sequence[tuple[str, Sequence[str]]] = ()

    def describe(self) -> list[str]:
        """Return the criteria in words, one each; empty where there are none."""
        lists = (
            ("", self.artists), ("", self.qualifiers), ("", self.nationalities),
            ("school ", self.schools), ("", self.styles), ("", self.genres),
            ("accession ", self.accessions),
        )  # fmt: skip
        said = [
            *(label + " or ".join(names) for label, names in lists if names),
            *self.where,
        ]
        if self.years:
            said.append(f"{'within ' if self.within else ''}years {self.years}")
        if self.dated:
            said.append("dated")
        if self.medium:
            said.append(f"medium has {self.medium!r}")
        if self.text:
            said.append(f"title has {self.text!r}")
        if self.words:
            said.append(f"title or artist has {self.words!r}")
        sure = "" if self.min_confidence is None else f", at least {self.min_confidence:.0%} sure"
        said += [
            f"predicted {attribute} {' or '.join(names)}{sure}"
            for attribute, names in self.predicted
        ]
        said += [f"{what} {' or '.join(values)}" for what, values in self.seen]
        return said


def make_filter(criteria: Criteria, store: Store, but: Sequence[Condition] = ()) -> Filter | None:
    """Return the filter for ``criteria``, leaving out what satisfies ``but``; None for no filter.

    Raises:
        QueryError: a name is not in the collection (the closest ones are named), or a criterion
            can't be understood.
        DateError: the years can't be understood.
    """
    conditions = _hands(criteria, store)
    but = list(but)
    for field, names in (
        ("nationality", criteria.nationalities),
        ("school", criteria.schools),
        ("style", criteria.styles),
        ("genre", criteria.genres),
        ("accession", criteria.accessions),
    ):
        if names:
            for name in names:
                _check_name(store, field, name)
            conditions.append(filters.named(field, names))
    if criteria.years is not None:
        conditions += filters.years(parse_year_filter(criteria.years), within=criteria.within)
    if criteria.dated:
        conditions.append(filters.has_years())
        but.append(filters.named("date_basis", ["artist's life"]))
    if criteria.medium is not None:
        conditions += filters.words("medium", _some_words("--medium", criteria.medium))
    if criteria.text is not None:
        conditions += filters.words("title", _some_words("--text", criteria.text))
    if criteria.words is not None:
        conditions.append(_words(store, _some_words("--words", criteria.words)))
    conditions += [_where(store, pair) for pair in criteria.where]
    conditions += _predicted(criteria, store)
    conditions += _seen(criteria, store)
    return filters.all_of(conditions, but)


def _words(store: Store, text: str) -> Condition:
    """Return the condition that the title has all words, or the name of an artist has them."""
    wanted = set(words_of(text))
    keys = [key for key in name_keys(store, "artist") if wanted <= set(words_of(key))]
    in_title: Condition = {"must": filters.words("title", text)}
    by_artist = [filters.any_of("folded.artist", keys)] if keys else []
    return {"should": [in_title, *by_artist]}


def _hands(criteria: Criteria, store: Store) -> list[Condition]:
    """Return the conditions of the artists and of how they relate to the work."""
    qualifiers = [value for name in criteria.qualifiers for value in _qualifiers(name)]
    by_name: list[str] = []
    by_number: list[str] = []
    for artist in criteria.artists:
        known = store.count(filters.all_of([filters.has_term("artist_ids", [fold(artist)])]))
        (by_number if known else by_name).append(artist)
    for artist in by_name:
        _check_name(store, "artist", artist)
    if qualifiers and criteria.artists:
        hands = [make_hand(artist, value) for artist in criteria.artists for value in qualifiers]
        return [filters.has_term("hand", hands)]
    if qualifiers:
        return [filters.named("qualifier", qualifiers)]
    either = []
    if by_name:
        either.append(filters.named("artist", by_name))
    if by_number:
        either.append(filters.has_term("artist_ids", [fold(number) for number in by_number]))
    return either if len(either) < 2 else [{"should": either}]


def _predicted(criteria: Criteria, store: Store) -> list[Condition]:
    """Return the conditions of what a network predicted."""
    if criteria.predicted and store.manifest.classifier is None:
        raise QueryError(
            "nothing was predicted of the works in this collection; ingest them with --classifier "
            "into another store"
        )
    conditions = []
    for attribute, names in criteria.predicted:
        for name in names:
            _check_name(store, f"{PREDICTED}{attribute}", name)
        conditions.append(filters.predicted(attribute, names))
        if criteria.min_confidence is not None:
            conditions.append(filters.predicted_surely(attribute, criteria.min_confidence))
    return conditions


def is_looked_at(store: Store, what: str) -> bool:
    """Return whether pictures in ``store`` were looked at for ``what`` of :class:`Criteria`."""
    return bool(set(_SEEN_BY[what]) & set(store.manifest.vectors))


def _seen(criteria: Criteria, store: Store) -> list[Condition]:
    """Return the conditions of what was measured of the pictures."""
    conditions = []
    for what, values in criteria.seen:
        if not is_looked_at(store, what):
            raise QueryError(
                f"pictures in this collection were not looked at for {what}; ingest them with "
                f"--aspects all, or {' or '.join(_SEEN_BY[what])}, into another store"
            )
        conditions.append(filters.any_of("seen", [f"{what}={value}" for value in values]))
    return conditions


def _qualifiers(name: str) -> list[str]:
    """Return the qualifiers that a word of ``--qualifier`` stands for.

    Raises:
        QueryError: it is no such word.
    """
    word = fold(name).removesuffix(" of").removesuffix(" to")
    if word == "near":
        return sorted(NEAR)
    if word not in set(Qualifier):
        raise QueryError(f"unknown qualifier {name!r}; known: {', '.join(Qualifier)}, near")
    return [word]


def _some_words(option: str, text: str) -> str:
    if not words_of(text):
        raise QueryError(f"{option} {text!r} has no word to look for; give one or more words")
    return text


def _check_name(store: Store, field: str, name: str) -> None:
    """Check that a work has ``name`` as its ``field``; else say which names come close."""
    if field.startswith(PREDICTED):
        has_name = filters.predicted(field.removeprefix(PREDICTED), [name])
    else:
        has_name = filters.named(field, [name])
    if store.count(filters.all_of([has_name])):
        return
    called = field.replace(".", " ")
    near = similar_names(store, field, name)
    if near:
        raise QueryError(f"no {called} {name!r}; closest: {', '.join(near)}")
    common = [known for known, _ in common_names(store, field, 5)]
    if not common:
        raise QueryError(
            f"no {called} {name!r}: no work in this collection has its {called} recorded"
        )
    raise QueryError(f"no {called} {name!r}, nor one spelt like it; frequent: {', '.join(common)}")


def _where(store: Store, pair: str) -> Condition:
    """Return the condition of a ``--where KEY=VALUE`` option."""
    key, separator, value = pair.partition("=")
    key = key.strip()
    if not separator or not key or not value:
        raise QueryError(
            f"--where {pair!r} is not understood; write KEY=VALUE (accession=1963.10.1)"
        )
    for path in _paths(key):
        if store.count(filters.all_of([], but=[filters.is_empty(path)])):
            loosely = path in FACET_FIELDS or path in TERM_FIELDS
            return filters.named(path, [value]) if loosely else filters.equals(path, value)
    known = _keys_in_use(store)
    near = closest(key, known)
    hint = f"closest: {', '.join(near)}" if near else f"known: {', '.join(known)}"
    raise QueryError(f"no work has a field {key!r}; {hint}")


def _paths(key: str) -> list[str]:
    """Return where in a payload ``key`` may be: a field, or a column of a catalog (in quotes)."""
    if key in METADATA_FIELDS or key in _MEASURED:
        return [key]
    column = key.removeprefix("extra.")
    return [] if '"' in column else [f'extra."{column}"']


def _keys_in_use(store: Store) -> list[str]:
    """Return the payload keys of the first works of the collection."""
    keys: set[str] = set()
    for number, record in enumerate(store.scroll(page_size=200)):
        if number >= 200:
            break
        keys |= set(record.payload) - {"extra", "folded", "thumbnail", "model", "predicted"}
        keys |= set(record.payload.get("extra", {}))
    return sorted(keys)
