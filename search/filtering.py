"""From the filters of a request to a filter of the store."""

from collections.abc import Sequence

from artextract.aspects import aspects_with_fact, fact_filters
from artextract.catalog.artwork import (
    CATALOGUED_KEYS,
    FACET_FIELDS,
    METADATA_FIELDS,
    TERM_FIELDS,
    make_hand,
)
from artextract.catalog.attribution import NEAR, Qualifier
from artextract.catalog.names import (
    closest,
    fold,
    inversions,
    name_words,
    names_with,
    unicode_forms,
    words_of,
)
from artextract.catalog.predictions import SUGGESTED
from artextract.catalog.styles import class_spellings
from artextract.errors import QueryError
from artextract.store import Store, filters
from artextract.store.filters import Condition, Filter
from search.names import PREDICTED, common_names, facet, name_keys, similar_names
from search.request import SearchFilters

_MEASURED = frozenset({"width", "height", "image_sha256", "image_folder"})
"""Payload keys beside an artwork's fields that `where` takes."""

_WITHIN = frozenset({*CATALOGUED_KEYS, "thumbnail", "model", "predicted"})
"""Payload keys that it does not take."""


def make_filter(
    request: SearchFilters, store: Store, but: Sequence[Condition] = ()
) -> Filter | None:
    """Return the store's filter for ``request``, leaving out what satisfies ``but``.

    None where nothing is filtered.

    Raises:
        QueryError: a name is not in the collection (the error names the closest ones), or a value
            is not understood.
    """
    conditions = _hands(request, store)
    but = list(but)
    for field in ("nationality", "school", "style", "genre", "accession"):
        if names := getattr(request, field):
            conditions.append(filters.named(field, _find_names(store, field, names)))
    if years := request.year_range():
        conditions += filters.years(years, within=request.within)
    if request.dated:
        conditions.append(filters.has_years())
        but.append(filters.named("date_basis", ["artist's life"]))
    if request.medium is not None:
        conditions += filters.words("medium", _check_words("medium", request.medium))
    if request.text is not None:
        conditions += filters.words("title", _check_words("text", request.text))
    if request.words is not None:
        conditions.append(_words(store, _check_words("words", request.words)))
    conditions += [_where(store, pair) for pair in request.where]
    conditions += _predicted(request, store)
    conditions += _facts(request, store)
    return filters.all_of(conditions, [*but, *_excluded(request, store)])


def _excluded(request: SearchFilters, store: Store) -> list[Condition]:
    """Return the conditions of artworks that are left out: each is what a filter by it finds."""
    conditions = []
    for name, values in request.exclude.items():
        # Several values mean any of them, but of these fields all of them.
        groups = [[each] for each in values] if name in ("where", "medium") else [list(values)]
        for group in groups:
            given = group[0] if name == "medium" else group
            found = make_filter(SearchFilters.of(**{name: given}), store) or {}
            only = found["must"] if set(found) == {"must"} else []
            conditions.append(only[0] if len(only) == 1 else found)
    return conditions


def _words(store: Store, text: str) -> Condition:
    """Return the condition that the title has all words, or the name of an artist has them."""
    keys = names_with(text, name_keys(store, "artist"))
    in_title: Condition = {"must": filters.words("title", text)}
    by_artist = [filters.any_of("folded.artist", keys)] if keys else []
    return {"should": [in_title, *by_artist]}


def _hands(request: SearchFilters, store: Store) -> list[Condition]:
    """Return the conditions of the artists and of how they relate to the artwork."""
    qualifiers = [value for name in request.qualifier for value in _qualifiers(name)]
    is_qualified = filters.named("qualifier", list(Qualifier))
    if qualifiers and Qualifier.BY not in qualifiers:
        if not store.count(filters.all_of([is_qualified])):
            raise QueryError(
                "no artwork in this collection has a qualifier recorded; leave out `qualifier`"
            )
    by_name: list[str] = []
    by_number: list[str] = []
    for artist in request.artist:
        known = store.count(filters.all_of([filters.has_term("artist_ids", [fold(artist)])]))
        (by_number if known else by_name).append(artist)
    by_name = _find_names(store, "artist", by_name)
    either = []
    if by_name:
        either.append(filters.named("artist", by_name))
    if by_number:
        either.append(filters.has_term("artist_ids", [fold(number) for number in by_number]))
    artists = either if len(either) < 2 else [{"should": either}]
    if not qualifiers:
        return artists
    hands = [make_hand(artist, value) for artist in by_name + by_number for value in qualifiers]
    related = filters.has_term("hand", hands) if hands else filters.named("qualifier", qualifiers)
    if Qualifier.BY not in qualifiers:
        return [related]
    # A catalog that names an artist and no qualifier means that the artwork is by the artist.
    no_artist = [] if artists else [filters.is_empty("folded.artist")]
    return [{"should": [related, filters.all_of(artists, [is_qualified, *no_artist])]}]


def _predicted(request: SearchFilters, store: Store) -> list[Condition]:
    """Return the conditions of predicted classes."""
    conditions = []
    for attribute in ("style", "genre", "artist"):
        names: Sequence[str] = getattr(request, f"predicted_{attribute}")
        if not names:
            continue
        if store.manifest.classifier is None:
            raise QueryError(
                "this collection has no predictions; ingest the artworks with a `classifier` into "
                "another collection"
            )
        field = f"{PREDICTED}{attribute}"
        found = _find_names(store, field, names)
        only_trusted = attribute in SUGGESTED and request.min_confidence is None
        has_class = filters.predicted(attribute, found, trusted=only_trusted)
        conditions.append(has_class)
        if request.min_confidence is not None:
            conditions.append(filters.predicted_surely(attribute, request.min_confidence))
        elif (
            only_trusted
            and not store.count(filters.all_of([has_class]))
            and not facet(store, field, None, trusted=True)
        ):
            raise QueryError(
                f"no predicted {attribute} in this collection is trusted; give `min_confidence`, "
                "such as 0.7, to filter by predictions that are not"
            )
    return conditions


def is_detected(store: Store, fact: str) -> bool:
    """Return whether a fact, such as "facing", was looked for in the images of a collection."""
    return bool(set(aspects_with_fact(fact)) & set(store.manifest.vectors))


def _facts(request: SearchFilters, store: Store) -> list[Condition]:
    """Return the conditions of detected facts."""
    conditions = []
    for each in fact_filters():
        if values := request.facts.get(each.name):
            if not is_detected(store, each.fact):
                aspects = " or ".join(aspects_with_fact(each.fact))
                raise QueryError(
                    f"`{each.name}` was not detected in the images of this collection; ingest them "
                    f"with `aspects` all, or {aspects}, into another collection"
                )
            conditions.append(filters.any_of("seen", each.terms(values)))
    return conditions


def _qualifiers(name: str) -> list[str]:
    """Return the qualifiers that a value of ``qualifier`` stands for.

    Raises:
        QueryError: there is no such qualifier.
    """
    word = fold(name).removesuffix(" of").removesuffix(" to")
    if word == "near":
        return sorted(NEAR)
    if word not in set(Qualifier):
        raise QueryError(f"unknown qualifier {name!r}; known: {', '.join(Qualifier)}, near")
    return [word]


def _check_words(field: str, text: str) -> str:
    if not words_of(text):
        raise QueryError(f"`{field}` {text!r} has no word to look for; give one or more words")
    return text


def _find_names(store: Store, field: str, names: Sequence[str]) -> list[str]:
    """Return the names of ``field`` in the collection, folded, that ``names`` stand for.

    Raises:
        QueryError: one stands for none; the error names the closest ones.
    """
    return [found for name in names for found in _find_name(store, field, name)]


def _find_name(store: Store, field: str, name: str) -> list[str]:
    is_artist = field in ("artist", f"{PREDICTED}artist")
    is_predicted = field.startswith(PREDICTED)
    if is_artist:
        spellings = inversions(name)
    else:
        spellings = class_spellings(name) if is_predicted else [fold(name)]
    if is_predicted:
        has_name = filters.predicted(field.removeprefix(PREDICTED), spellings)
    else:
        has_name = filters.named(field, spellings)
    if store.count(filters.all_of([has_name])):
        if not is_artist or name_words(name) == fold(name).replace(",", "").split():
            return spellings
        # Another artwork may have "J.M.W. Turner" for "J. M. W. Turner".
        return list(dict.fromkeys([*spellings, *names_with(name, name_keys(store, field))]))
    if field != "accession" and (found := names_with(name, name_keys(store, field))):
        return found
    called = field.replace("_", " ")
    near = similar_names(store, field, name)
    if near:
        raise QueryError(f"no {called} {name!r}; closest: {'; '.join(near)}")
    common = [known for known, _ in common_names(store, field, 5)]
    if not common:
        raise QueryError(
            f"no {called} {name!r}: no artwork in this collection has its {called} recorded"
        )
    raise QueryError(f"no {called} {name!r}, nor one spelt like it; frequent: {'; '.join(common)}")


def _where(store: Store, pair: str) -> Condition:
    """Return the condition of a text KEY=VALUE."""
    key, separator, value = pair.partition("=")
    key = key.strip()
    if not separator or not key or not value:
        raise QueryError(
            f"`where` {pair!r} is not understood; write KEY=VALUE (accession=1963.10.1)"
        )
    if key in METADATA_FIELDS or key in _MEASURED:
        if _is_in_use(store, key):
            loosely = key in FACET_FIELDS or key in TERM_FIELDS
            return filters.named(key, [value]) if loosely else filters.equals(key, value)
    elif store.manifest.format > 2:
        if has_column(store, key):
            return filters.column_equals(_column(key), value)
    elif path := _path_in_use(store, key):
        return filters.equals(path, value)
    known = _keys_in_use(store)
    near = closest(key, known)
    hint = f"closest: {', '.join(near)}" if near else f"known: {', '.join(known)}"
    raise QueryError(f"no artwork has a field {key!r}; {hint}")


def has_column(store: Store, name: str) -> bool:
    """Return whether an artwork has a value in this column of its catalog's own."""
    if store.manifest.format > 2:
        return store.count(filters.all_of([filters.has_column(_column(name))])) > 0
    return _path_in_use(store, name) is not None


def _path_in_use(store: Store, name: str) -> str | None:
    """Return where payloads of format 2 have a column; None where none has it."""
    return next((path for path in _paths(name) if _is_in_use(store, path)), None)


def _is_in_use(store: Store, path: str) -> bool:
    return store.count(filters.all_of([], but=[filters.is_empty(path)])) > 0


def _column(key: str) -> str:
    """Return the name of a column, which may be written with "extra." before it."""
    return key.removeprefix("extra.")


def _paths(key: str) -> list[str]:
    """Return where in a payload a column may be, in quotes."""
    column = _column(key)
    return [] if '"' in column else [f'extra."{form}"' for form in unicode_forms(column)]


def _keys_in_use(store: Store) -> list[str]:
    """Return the payload keys of the first 200 images of the collection."""
    keys: set[str] = set()
    for number, record in enumerate(store.scroll(page_size=200)):
        if number >= 200:
            break
        keys |= set(record.payload) - _WITHIN
        keys |= set(record.payload.get("extra", {}))
    return sorted(keys)
