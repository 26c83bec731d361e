"""The filters over detected facts that the aspects declare."""

from collections.abc import Callable, Sequence

from artextract.aspects.base import FactFilter
from artextract.catalog.names import closest
from artextract.errors import QueryError

_MAXIMUM_COUNT = 16
"""Largest number of faces or figures that is counted in an image."""


def parse_counts(name: str) -> Callable[[Sequence[str]], list[str]]:
    """Return a parser of "2", "1:3", "2:" or ":1" into the counts they include, as texts."""

    def parse(values: Sequence[str]) -> list[str]:
        counts: list[str] = []
        for text in values:
            first, separator, last = text.partition(":")
            try:
                low = int(first) if first or not separator else 0
                high = (int(last) if last else _MAXIMUM_COUNT) if separator else low
            except ValueError:
                low, high = 1, 0
            if not 0 <= low <= high:
                raise QueryError(f"`{name}` is {text!r}; write 2, 1:3, or 2: for two and more")
            counts += [str(count) for count in range(low, min(high, _MAXIMUM_COUNT) + 1)]
        return counts

    return parse


def parse_colours(values: Sequence[str]) -> list[str]:
    """Return colour names in lower case, in British spelling.

    Raises:
        QueryError: one is not among :data:`artextract.aspects.palette.NAMES`.
    """
    from artextract.aspects.palette import NAMES

    found = [value.lower().replace("gray", "grey") for value in values]
    for value in found:
        if value not in NAMES:
            near = closest(value, NAMES, 1)
            hint = f"closest: {near[0]}; " if near else ""
            raise QueryError(f"no colour {value!r}; {hint}known: {', '.join(NAMES)}")
    return found


FACT_FILTERS: tuple[FactFilter, ...] = (
    FactFilter(
        name="faces",
        fact="faces",
        help="Only artworks with this number of faces: 2, 1:3, or 2: for two and more.",
        example="1:3",
        multiple=False,
        parse=parse_counts("faces"),
    ),
    FactFilter(
        name="facing",
        fact="facing",
        help="Only artworks whose main face turns this way, as the viewer sees it; any of.",
        example="left",
        choices=("left", "front", "right", "left profile", "right profile"),
    ),
    FactFilter(
        name="bodies",
        fact="bodies",
        help="Only artworks with this number of figures, written like faces.",
        example="2:",
        multiple=False,
        parse=parse_counts("bodies"),
    ),
    FactFilter(
        name="light_from",
        fact="light",
        help="Only artworks lit from this side, as the viewer sees it; any of.",
        example="left",
        choices=("left", "right", "above", "unclear"),
    ),
    FactFilter(
        name="key",
        fact="key",
        help="Only dark (low), middling (mid) or light (high) images; any of.",
        example="low",
        choices=("low", "mid", "high"),
    ),
    FactFilter(
        name="colour",
        fact="colour",
        help="Only artworks with this among their main colours (red, brown, grey, ...); any of.",
        example="blue",
        parse=parse_colours,
    ),
)
