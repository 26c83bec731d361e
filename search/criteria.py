"""From what was asked for (artist, years, style, words, ...) to a filter the store understands."""

from collections.abc import Sequence
from dataclasses import dataclass

from artextract.artwork import FOLDED_FIELDS, METADATA_FIELDS
from artextract.errors import QueryError
from artextract.store import EmbeddedStore, filters
from artextract.store.filters import Condition, Filter
from artextract.text import closest, words_of
from artextract.years import parse_year_filter
from search.names import common_names, similar_names

__all__ = ["Criteria", "make_filter"]


_MEASURED = frozenset({"width", "height", "image_sha256", "image_folder"})
"""Payload keys beside an artwork's fields that can be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What the works must be like; several artists (styles, genres) mean any of them."""

    artists: Sequence[str] = ()
    styles: Sequence[str] = ()
    genres: Sequence[str] = ()
    years: str | None = None
    within: bool = False
    medium: str | None = None
    where: Sequence[str] = ()
    text: str | None = None

    def describe(self) -> list[str]:
        """Return the criteria in words, one each; empty where there are none."""
        said = [
            *(" or ".join(names) for names in (self.artists, self.styles, self.genres) if names),
            *self.where,
        ]
        if self.years:
            said.append(f"{'within ' if self.within else ''}years {self.years}")
        if self.medium:
            said.append(f"medium has {self.medium!r}")
        if self.text:
            said.append(f"title has {self.text!r}")
        return said


def make_filter(
    criteria: Criteria, store: EmbeddedStore, but: Sequence[Condition] = ()
) -> Filter | None:
    """Return the filter for ``criteria``, leaving out what satisfies ``but``; None for no filter.

    Raises:
        QueryError: a name is not in the collection (the closest ones are named), or a criterion
            can't be understood.
        DateError: the years can't be understood.
    """
    conditions: list[Condition] = []
    for field, names in (
        ("artist", criteria.artists),
        ("style", criteria.styles),
        ("genre", criteria.genres),
    ):
        if names:
            for name in names:
                _check_name(store, field, name)
            conditions.append(filters.named(field, names))
    if criteria.years is not None:
        conditions += filters.years(parse_year_filter(criteria.years), within=criteria.within)
    if criteria.medium is not None:
        conditions += filters.words("medium", _some_words("--medium", criteria.medium))
    if criteria.text is not None:
        conditions += filters.words("title", _some_words("--text", criteria.text))
    conditions += [_where(store, pair) for pair in criteria.where]
    return filters.all_of(conditions, but)


def _some_words(option: str, text: str) -> str:
    if not words_of(text):
        raise QueryError(f"{option} {text!r} has no word to look for; give one or more words")
    return text


def _check_name(store: EmbeddedStore, field: str, name: str) -> None:
    """Check that a work has ``name`` as its ``field``; else say which names come close."""
    if store.count(filters.all_of([filters.named(field, [name])])):
        return
    near = similar_names(store, field, name)
    if near:
        raise QueryError(f"no {field} {name!r}; closest: {', '.join(near)}")
    common = [known for known, _ in common_names(store, field, 5)]
    if not common:
        raise QueryError(
            f"no {field} {name!r}: no work in this collection has its {field} recorded"
        )
    raise QueryError(f"no {field} {name!r}, nor one spelt like it; frequent: {', '.join(common)}")


def _where(store: EmbeddedStore, pair: str) -> Condition:
    """Return the condition of a ``--where KEY=VALUE`` option."""
    key, separator, value = pair.partition("=")
    key = key.strip()
    if not separator or not key or not value:
        raise QueryError(
            f"--where {pair!r} is not understood; write KEY=VALUE (accession=1963.10.1)"
        )
    for path in _paths(key):
        if store.count(filters.all_of([], but=[{"is_empty": {"key": path}}])):
            loosely = path in FOLDED_FIELDS or path == "open_access"
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


def _keys_in_use(store: EmbeddedStore) -> list[str]:
    """Return the payload keys of the first works of the collection."""
    keys: set[str] = set()
    for number, record in enumerate(store.scroll(page_size=200)):
        if number >= 200:
            break
        keys |= set(record.payload) - {"extra", "folded", "thumbnail", "model"}
        keys |= set(record.payload.get("extra", {}))
    return sorted(keys)
