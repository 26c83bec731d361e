"""From the filters of a request to a filter of the store."""

from collections.abc import Sequence

from artextract.aspects import aspects_with_fact, fact_filters
from artextract.catalog.artwork import FACET_FIELDS, METADATA_FIELDS, TERM_FIELDS, make_hand
from artextract.catalog.attribution import NEAR, Qualifier
from artextract.catalog.names import closest, fold, unicode_forms, words_of
from artextract.errors import QueryError
from artextract.store import Store, filters
from artextract.store.filters import Condition, Filter
from search.names import PREDICTED, common_names, name_keys, similar_names
from search.request import SearchFilters

_MEASURED = frozenset({"width", "height", "image_sha256", "image_folder"})
"""Payload keys beside an artwork's fields that `where` takes."""


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
            for name in names:
                _check_name(store, field, name)
            conditions.append(filters.named(field, names))
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
    return filters.all_of(conditions, but)


def _words(store: Store, text: str) -> Condition:
    """Return the condition that the title has all words, or the name of an artist has them."""
    words = set(words_of(text))
    keys = [key for key in name_keys(store, "artist") if words <= set(words_of(key))]
    in_title: Condition = {"must": filters.words("title", text)}
    by_artist = [filters.any_of("folded.artist", keys)] if keys else []
    return {"should": [in_title, *by_artist]}


def _hands(request: SearchFilters, store: Store) -> list[Condition]:
    """Return the conditions of the artists and of how they relate to the artwork."""
    qualifiers = [value for name in request.qualifier for value in _qualifiers(name)]
    by_name: list[str] = []
    by_number: list[str] = []
    for artist in request.artist:
        known = store.count(filters.all_of([filters.has_term("artist_ids", [fold(artist)])]))
        (by_number if known else by_name).append(artist)
    for artist in by_name:
        _check_name(store, "artist", artist)
    if qualifiers and request.artist:
        hands = [make_hand(artist, value) for artist in request.artist for value in qualifiers]
        return [filters.has_term("hand", hands)]
    if qualifiers:
        return [filters.named("qualifier", qualifiers)]
    either = []
    if by_name:
        either.append(filters.named("artist", by_name))
    if by_number:
        either.append(filters.has_term("artist_ids", [fold(number) for number in by_number]))
    return either if len(either) < 2 else [{"should": either}]


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
        for name in names:
            _check_name(store, f"{PREDICTED}{attribute}", name)
        conditions.append(filters.predicted(attribute, names))
        if request.min_confidence is not None:
            conditions.append(filters.predicted_surely(attribute, request.min_confidence))
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


def _check_name(store: Store, field: str, name: str) -> None:
    """Check that an artwork has ``name`` as its ``field``.

    Raises:
        QueryError: none has; the error names the closest ones.
    """
    if field.startswith(PREDICTED):
        has_name = filters.predicted(field.removeprefix(PREDICTED), [name])
    else:
        has_name = filters.named(field, [name])
    if store.count(filters.all_of([has_name])):
        return
    called = field.replace("_", " ")
    near = similar_names(store, field, name)
    if near:
        raise QueryError(f"no {called} {name!r}; closest: {', '.join(near)}")
    common = [known for known, _ in common_names(store, field, 5)]
    if not common:
        raise QueryError(
            f"no {called} {name!r}: no artwork in this collection has its {called} recorded"
        )
    raise QueryError(f"no {called} {name!r}, nor one spelt like it; frequent: {', '.join(common)}")


def _where(store: Store, pair: str) -> Condition:
    """Return the condition of a text KEY=VALUE."""
    key, separator, value = pair.partition("=")
    key = key.strip()
    if not separator or not key or not value:
        raise QueryError(
            f"`where` {pair!r} is not understood; write KEY=VALUE (accession=1963.10.1)"
        )
    for path in _paths(key):
        if _is_in_use(store, path):
            loosely = path in FACET_FIELDS or path in TERM_FIELDS
            return filters.named(path, [value]) if loosely else filters.equals(path, value)
    known = _keys_in_use(store)
    near = closest(key, known)
    hint = f"closest: {', '.join(near)}" if near else f"known: {', '.join(known)}"
    raise QueryError(f"no artwork has a field {key!r}; {hint}")


def has_column(store: Store, name: str) -> bool:
    """Return whether an artwork has a value in this column of its catalog's own."""
    return any(path.startswith("extra.") and _is_in_use(store, path) for path in _paths(name))


def _is_in_use(store: Store, path: str) -> bool:
    return store.count(filters.all_of([], but=[filters.is_empty(path)])) > 0


def _paths(key: str) -> list[str]:
    """Return where in a payload ``key`` may be: a field, or a column of a catalog (in quotes)."""
    if key in METADATA_FIELDS or key in _MEASURED:
        return [key]
    column = key.removeprefix("extra.")
    return [] if '"' in column else [f'extra."{form}"' for form in unicode_forms(column)]


def _keys_in_use(store: Store) -> list[str]:
    """Return the payload keys of the first 200 images of the collection."""
    keys: set[str] = set()
    for number, record in enumerate(store.scroll(page_size=200)):
        if number >= 200:
            break
        keys |= set(record.payload) - {"extra", "folded", "thumbnail", "model", "predicted"}
        keys |= set(record.payload.get("extra", {}))
    return sorted(keys)
