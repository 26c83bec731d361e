"""The former place of the filters; :func:`artextract.aspects.declared_filters` returns them."""

from artextract.aspects import declared_filters
from artextract.aspects.base import FactFilter


def __getattr__(name: str) -> tuple[FactFilter, ...]:
    if name == "FACT_FILTERS":
        return declared_filters()
    raise AttributeError(name)
