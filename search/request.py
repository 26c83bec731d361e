"""The search request. Every field is declared once, here.

The options of ``artextract search``, the parameters of the HTTP API and their descriptions, the
keywords of :meth:`artextract.Collection.search` and the addresses of the page are generated from
these declarations. A new filter is a field of :class:`SearchFilters` and a line in
:func:`search.filtering.make_filter` that turns it into a condition. Aspects declare the filters
over the facts that they detect (:class:`artextract.aspects.base.FactFilter`).
"""

import functools
import inspect
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from artextract.aspects import ASPECTS, fact_filters
from artextract.catalog.dates import parse_year_filter
from artextract.catalog.names import closest, fold
from artextract.catalog.styles import readable
from artextract.catalog.years import YearRange
from artextract.errors import CombinationError, DateError, QueryError
from search.query import Query
from search.region import Part, Quadrilateral, Region, parse_part

if TYPE_CHECKING:
    import PIL.Image

Example: TypeAlias = "str | os.PathLike[str] | bytes | PIL.Image.Image | Query"
"""An image to compare with: a file, a URL, the id of an artwork, the bytes of an image file, an
image, or a query that was encoded before."""

Texts = Sequence[str]
Years = str | int | tuple[int | None, int | None]

MAXIMUM_LIMIT = 10_000

EXCLUDES = "not_"
"""Prefix of the fields that leave out values: "not_genre" those of "genre"."""

_CLASSES = ("style", "genre", "predicted_style", "predicted_genre", "predicted_artist")
"""Filters whose values are classes, which may be written with underscores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """The declaration of a field, from which every interface is generated.

    Attributes:
        name: The name in Python, in the API and in addresses; an option has "-" for "_".
        help: One sentence for help texts and descriptions.
        example: A valid value, as text.
        type: str, bool, int or float.
        multiple: Several values may be given.
        metavar: What stands for a value in help texts.
        choices: All valid values; empty for any.
        minimum: The least number, included.
        maximum: The greatest number, included.
        default: The value of a field that is not given.
    """

    name: str
    help: str
    example: str
    type: type = str
    multiple: bool = False
    metavar: str = "TEXT"
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    default: Any = None


def _declare(default: Any, help_: str, example: str, *, metavar: str = "TEXT", **more: Any) -> Any:
    """Return a dataclass field that carries its declaration."""
    flag = {"type": bool} if default is False else {}
    settings = {"help": help_, "example": example, "metavar": metavar, "default": default,
                "multiple": default == (), **flag, **more}  # fmt: skip
    return field(default=default, metadata=settings)


def _parameters(kind: type) -> list[Parameter]:
    found = [Parameter(name=each.name, **each.metadata) for each in fields(kind) if each.metadata]
    aspects = ", ".join(
        name if fold(each.label) == name else f"{name} ({each.label})"
        for name, each in ASPECTS.items()
    )
    return [replace(each, help=each.help.replace("{aspects}", aspects)) for each in found]


Declared = TypeVar("Declared", bound=type)


def _refuse_unknown(kind: Declared) -> Declared:
    """Make the class refuse keywords that it does not have, with the names of the closest ones."""
    init = kind.__init__  # type: ignore[misc]

    @functools.wraps(init)
    def checked(self: object, *args: object, **values: object) -> None:
        known = [each.name for each in fields(kind)]
        filters = {each.name for each in filter_parameters()}
        for name in values:
            if name in filters and name not in known:
                inner = "filters"
                if "facts" in known:
                    inner = "exclude" if name.startswith(EXCLUDES) else "facts"
                raise QueryError(
                    f"`{name}` goes into `{inner}` here; give it there, or make the "
                    f"{kind.__name__} with {kind.__name__}.of"
                )
        _check_names(values, known)
        init(self, *args, **values)

    kind.__init__ = checked  # type: ignore[misc]
    return kind


def filter_parameters() -> list[Parameter]:
    """Return the declarations of all filters: each is followed by the one that excludes values."""
    excludable = [*(each.name for each in fact_filters()), "medium"]
    found = []
    for each in _including_parameters():
        found.append(each)
        if each.multiple or each.name in excludable:
            found.append(
                replace(
                    each, name=f"{EXCLUDES}{each.name}", multiple=True, default=(),
                    help=f"Leave out artworks that `{each.name}` finds; any of.",
                )
            )  # fmt: skip
    return found


def _including_parameters() -> list[Parameter]:
    """Return the declarations of the filters that artworks must meet."""
    return [
        *_parameters(SearchFilters),
        *(
            Parameter(
                name=each.name, help=each.help, example=each.example, multiple=each.multiple,
                choices=each.choices, metavar="NAME" if each.multiple else "N",
                default=() if each.multiple else None,
            )
            for each in fact_filters()
        ),
    ]  # fmt: skip


def request_parameters() -> list[Parameter]:
    """Return the declarations of all other fields of a request."""
    return _parameters(SearchRequest)


def signature() -> inspect.Signature:
    """Return the signature of :meth:`artextract.Collection.search`, with every field a keyword."""
    return inspect.Signature([
        inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY),
        inspect.Parameter("query", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None),
        *(inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default)
          for each in (*request_parameters(), *filter_parameters())),
    ])  # fmt: skip


@_refuse_unknown
@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilters:
    """Which artworks may be found; several values of one field mean any of them.

    Attributes:
        facts: Filters over detected facts, {name of the filter: values}, as
            :func:`artextract.aspects.fact_filters` returns them. :meth:`of` and all interfaces take
            them as fields of their own.
        exclude: Values whose artworks are left out, {name of a filter: values}, also those of facts
            and ``medium``. :meth:`of` and all interfaces take ``not_genre`` and the like.

    Raises:
        CombinationError: a field lacks the one that it belongs to.
        DateError: the years are not understood.
        QueryError: a value is out of its range, or there is no such fact.
    """

    artist: Texts = _declare(
        (), "Only artworks by or near this artist (name, ULAN or Wikidata id); any of.",
        "Claude Monet", metavar="NAME",
    )  # fmt: skip
    qualifier: Texts = _declare(
        (), "How artist and artwork relate: by, attributed, workshop, circle, follower, after, "
        "...; near stands for all but the artist's own hand. Any of.", "workshop", metavar="WORD",
    )  # fmt: skip
    nationality: Texts = _declare(
        (), "Only artworks by artists of this nationality; any of.", "French", metavar="NAME"
    )
    school: Texts = _declare((), "Only this school; any of.", "Dutch", metavar="NAME")
    accession: Texts = _declare(
        (), "Only the artwork with this accession number; any of.", "1963.10.1", metavar="NUMBER"
    )
    years: Years | None = _declare(
        None, "Only artworks whose years overlap A to B; A: and :B are open; also a date as "
        "catalogs write it: 1600-1699, 17th century, before 1500.", "1870:1890", metavar="A:B",
    )  # fmt: skip
    within: bool = _declare(
        False, "The artwork's years must lie within `years`, not only overlap them.", "true"
    )
    dated: bool = _declare(
        False, "Only artworks with years of their own, not those of their artist's life.", "true"
    )
    style: Texts = _declare((), "Only this style; any of.", "Impressionism", metavar="NAME")
    genre: Texts = _declare((), "Only this genre; any of.", "landscape", metavar="NAME")
    predicted_style: Texts = _declare(
        (), "Only artworks of this predicted style, whatever the catalog says; any of. Without "
        "`min_confidence`, only trusted predictions count.", "Baroque", metavar="NAME",
    )  # fmt: skip
    predicted_genre: Texts = _declare(
        (), "Only artworks of this predicted genre; any of. Without `min_confidence`, only trusted "
        "predictions count.", "portrait", metavar="NAME",
    )  # fmt: skip
    predicted_artist: Texts = _declare(
        (), "Only artworks of this predicted artist; any of. No such prediction is trusted.",
        "Claude Monet", metavar="NAME",
    )  # fmt: skip
    min_confidence: float | None = _declare(
        None, "Only predictions with at least this probability, 0 to 1, trusted or not.", "0.8",
        metavar="P", type=float, minimum=0, maximum=1,
    )  # fmt: skip
    medium: str | None = _declare(None, "Only artworks whose medium has these words.", "oil canvas")
    where: Mapping[str, object] | Texts = _declare(
        (), "Only artworks whose field KEY is VALUE; repeatable: all of.", "accession=1963.10.1",
        metavar="KEY=VALUE",
    )  # fmt: skip
    text: str | None = _declare(
        None, "Only artworks whose title has these words.", "water lilies", metavar="WORDS"
    )
    words: str | None = _declare(
        None, "Only artworks whose title or artist's name has these words.", "monet",
        metavar="WORDS",
    )  # fmt: skip
    facts: Mapping[str, Texts] = field(default_factory=dict, hash=False)
    exclude: Mapping[str, Texts] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        filters = {each.name for each in filter_parameters()}
        for name, known in {
            "facts": {each.name for each in fact_filters()},
            "exclude": {each for each in filters if f"{EXCLUDES}{each}" in filters},
        }.items():
            given = {each: _texts(values) for each, values in getattr(self, name).items()}
            object.__setattr__(self, name, {each: texts for each, texts in given.items() if texts})
            _check_names(given, known)
        _check(self)
        if isinstance(self.where, Mapping):
            pairs = [f"{key}={value}" for key, value in self.where.items()]
            object.__setattr__(self, "where", tuple(pairs))
        if isinstance(self.years, (tuple, list)):
            if len(self.years) != 2:
                raise DateError(
                    f"`years` is {self.years!r}; expected two years, (1870, 1890); None is open"
                )
            ends = ("" if year is None else str(year) for year in self.years)
            object.__setattr__(self, "years", ":".join(ends))
        self.year_range()
        if self.within and self.years is None:
            raise CombinationError("`within` needs `years`")
        predicted = (self.predicted_style, self.predicted_genre, self.predicted_artist)
        if self.min_confidence is not None and not any(predicted):
            raise CombinationError(
                "`min_confidence` needs `predicted_style`, `predicted_genre` or `predicted_artist`"
            )

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Return the filters with facts and excluded values given as fields of their own.

        As in ``SearchFilters.of(facing="left", not_genre="portrait")``.

        Raises:
            QueryError: there is no such field; see the class for other errors.
        """
        known = [each.name for each in filter_parameters()]
        _check_names(values, known)
        facts = {each.name: values.pop(each.name) for each in fact_filters() if each.name in values}
        exclude = {
            name.removeprefix(EXCLUDES): values.pop(name)
            for name in known if name.startswith(EXCLUDES) and name in values
        }  # fmt: skip
        return cls(**values, facts=facts, exclude=exclude)

    def year_range(self) -> YearRange | None:
        """Return ``years`` as a range; None where none are given.

        Raises:
            DateError: they are not understood.
        """
        return None if self.years is None else parse_year_filter(str(self.years))

    def describe(self) -> list[str]:
        """Return each filter that is set as text, such as "artist Claude Monet"."""
        described = []
        excluded = {f"{EXCLUDES}{name}": values for name, values in self.exclude.items()}
        for each in filter_parameters():
            value = getattr(self, each.name, None) or {**self.facts, **excluded}.get(each.name)
            label = each.name.replace("_", " ")
            if value is True:
                described.append(label)
            elif value:
                first, *others = _texts(value)
                if each.name.removeprefix(EXCLUDES) in _CLASSES:
                    first, *others = (readable(first, label), *map(readable, others))
                else:
                    first = f"{label} {first}"
                described.append(" or ".join((first, *others)))
        return described

    def without(self, name: str) -> Self:
        """Return the filters without a field, what it excludes, and the fields that need it."""
        exclude = {
            each: values for each, values in self.exclude.items()
            if name not in (each, f"{EXCLUDES}{each}")
        }  # fmt: skip
        if name not in self.__slots__:
            facts = {each: values for each, values in self.facts.items() if each != name}
            return replace(self, facts=facts, exclude=exclude)
        names = {name}
        if name == "years":
            names.add("within")
        if name.startswith("predicted_"):
            names.add("min_confidence")
        defaults = {each.name: each.default for each in _parameters(type(self))}
        return replace(self, **{each: defaults[each] for each in names}, exclude=exclude)


@_refuse_unknown
@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """One search: artworks similar to examples, or, without an example, those that fit the filters.

    Raises:
        CombinationError: a field lacks the one that it belongs to.
        QueryError: a value is not understood or out of its range.
    """

    filters: SearchFilters = field(default_factory=SearchFilters)
    like: Sequence[Example] = _declare(
        (), "Also similar to this image; repeatable.", "nga:1138", metavar="QUERY"
    )
    unlike: Sequence[Example] = _declare(
        (), "Less similar to this image; repeatable.", "nga:1139", metavar="QUERY"
    )
    by: Mapping[str, float] | Texts = _declare(
        "visual", "Aspect to compare by, by its name or label: {aspects}; repeatable: the weighted "
        "sum of several.",
        "composition=2", metavar="ASPECT[=WEIGHT]", multiple=True,
    )  # fmt: skip
    region: Part | str | Sequence[float] | None = _declare(
        None, "Search with this part of the first query image: x,y,w,h as fractions of its width "
        "and height, or x and y of the four corners of a painting, which is straightened.",
        "0.1,0.1,0.5,0.5", metavar="X,Y,W,H",
    )  # fmt: skip
    photograph: bool = _declare(
        False, "Also search with each painting that is found in the query image, a photograph of "
        "a wall.", "true",
    )  # fmt: skip
    other_artists: bool = _declare(False, "Leave out artworks by the query's artist.", "true")
    min_score: float | None = _declare(
        None, "Only artworks with at least this score (cosine).", "0.5",
        metavar="S", type=float, minimum=-1, maximum=1,
    )  # fmt: skip
    verify: bool = _declare(
        False, "Re-rank the first 100 artworks by local features that match the query's "
        "geometrically: finds the artwork of a detail.", "true",
    )  # fmt: skip
    limit: int = _declare(
        10, "Maximum number of artworks to return.", "24",
        metavar="N", type=int, minimum=1, maximum=MAXIMUM_LIMIT,
    )  # fmt: skip

    def __post_init__(self) -> None:
        for name in ("like", "unlike"):
            object.__setattr__(self, name, _examples(getattr(self, name)))
        _check(self)
        object.__setattr__(self, "by", parse_weights(self.by))
        object.__setattr__(self, "region", self.part)
        if not isinstance(self.filters, SearchFilters):
            raise QueryError(f"`filters` is {self.filters!r}; expected SearchFilters")
        given = {
            "unlike": self.unlike, "other_artists": self.other_artists, "region": self.region,
            "photograph": self.photograph, "min_score": self.min_score is not None,
            "verify": self.verify,
            "by": self.weights != {"visual": 1},
        }  # fmt: skip
        for name, is_given in given.items():
            if is_given and not self.like:
                raise CombinationError(
                    f"`{name}` needs a query image: a file, a URL or the id of an artwork"
                )
        if self.verify and len(self.like) > 1:
            raise CombinationError("`verify` compares with one query image; give no second one")
        if self.photograph and len(self.like) > 1:
            raise CombinationError("`photograph` takes one query image; give no second one")
        if self.photograph and self.region is not None:
            raise CombinationError(
                "`photograph` finds the paintings by itself, and `region` says where one is; give "
                "one of them"
            )

    @classmethod
    def of(cls, query: "Example | None" = None, **values: Any) -> Self:
        """Return the request with the filters given as fields of their own.

        Args:
            query: The first of ``like``.
            **values: Fields of the request and of :class:`SearchFilters`, facts included.

        Raises:
            QueryError: there is no such field; see the classes for other errors.
        """
        own = {each.name: values.pop(each.name)
               for each in request_parameters() if each.name in values}  # fmt: skip
        known = [each.name for each in (*request_parameters(), *filter_parameters())]
        _check_names(values, known)
        if query is not None:
            own["like"] = (query, *_examples(own.get("like", ())))
        return cls(**own, filters=SearchFilters.of(**values))

    @property
    def weights(self) -> Mapping[str, float]:
        """The aspects to compare by, {aspect: weight}."""
        return parse_weights(self.by)

    @property
    def part(self) -> Part | None:
        """The region of the first query image."""
        if self.region is None or isinstance(self.region, (Region, Quadrilateral)):
            return self.region
        given = self.region if isinstance(self.region, (tuple, list)) else (self.region,)
        return parse_part(",".join(map(str, given)))


def parse_weights(by: Mapping[str, float] | Texts) -> dict[str, float]:
    """Return {aspect: weight} of a mapping or of texts such as "composition=2" and "lighting" (1).

    An aspect may be called by its label ("Tonality"). Nothing stands for "visual".

    Raises:
        QueryError: a weight is not a positive number, or an aspect is named twice.
    """
    if isinstance(by, Mapping):
        by = [f"{aspect}={weight}" for aspect, weight in by.items()]
    if not (by is None or isinstance(by, (str, list, tuple))):
        raise QueryError(f"`by` is {by!r}; expected an aspect, several, or {{aspect: weight}}")
    names = {fold(each.label): name for name, each in ASPECTS.items()}
    weights: dict[str, float] = {}
    for text in (by,) if isinstance(by, str) else map(str, by or ("visual",)):
        aspect, separator, number = text.partition("=")
        try:
            weight = float(number) if separator else 1.0
        except ValueError:
            weight = math.nan
        if not (math.isfinite(weight) and weight > 0):
            raise QueryError(f"`by` {text!r} has weight {number!r}; give a number above 0")
        aspect = aspect if aspect in ASPECTS else names.get(fold(aspect), aspect)
        if aspect in weights:
            raise QueryError(f"`by` names {aspect} twice; give one weight")
        weights[aspect] = weight
    return weights


def _check(instance: "SearchFilters | SearchRequest") -> None:
    """Turn the values of fields of several texts into tuples, and check the others' types."""
    for each in _parameters(type(instance)):
        value = getattr(instance, each.name)
        if each.default == () and each.name not in ("like", "unlike"):
            if each.name != "where" or not isinstance(value, Mapping):
                object.__setattr__(instance, each.name, _texts(value))
        elif not each.multiple and not _fits(each, value):
            raise QueryError(f"`{each.name}` is {value!r}; expected {describe_values(each)}")


def _fits(parameter: Parameter, value: Any) -> bool:
    """Return whether ``value`` has the type of a field of one value, and is in its range."""
    if value is None and parameter.default is None:
        return True
    if parameter.name in ("years", "region"):
        return not isinstance(value, bool)  # they take several types, and are parsed next
    if parameter.type in (str, bool):
        return isinstance(value, parameter.type)
    number = Integral if parameter.type is int else Real
    if not isinstance(value, number) or isinstance(value, bool):
        return False
    minimum, maximum = parameter.minimum, parameter.maximum
    return minimum is None or maximum is None or minimum <= float(value) <= maximum


def describe_values(parameter: Parameter) -> str:
    """Return what a field takes, such as "a whole number from 1 to 100"."""
    names = {str: "text", bool: "True or False", int: "a whole number", float: "a number"}
    text = names[parameter.type]
    if parameter.minimum is None:
        return text
    return f"{text} from {parameter.minimum} to {parameter.maximum}"


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, (list, tuple, set)) else (str(value),)


def _examples(value: "Example | Iterable[Example] | None") -> "tuple[Example, ...]":
    if value is None:
        return ()
    examples = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if "" in [each for each in examples if isinstance(each, str)]:
        raise CombinationError(
            "a query is empty; give a file, a URL or the id of an artwork, or leave it out"
        )
    return examples


def _check_names(values: Iterable[str], known: Iterable[str]) -> None:
    for name in values:
        if name not in known:
            excludes = name.startswith(EXCLUDES)
            near = closest(name, [each for each in known if each.startswith(EXCLUDES) == excludes])
            hint = f"closest: {', '.join(near)}" if near else f"known: {', '.join(sorted(known))}"
            raise QueryError(f"there is no search field {name!r}; {hint}")
