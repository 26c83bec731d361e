"""What an aspect may declare: for now, the filters over the facts that it detects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from artextract.errors import QueryError


@dataclass(frozen=True, slots=True, kw_only=True)
class FactFilter:
    """A filter over facts detected in an image, such as ``facing`` or ``faces``.

    The payload key ``seen`` of a stored image lists its facts as terms "FACT=VALUE"; a filter keeps
    the images that have any of the terms it asks for.

    Attributes:
        name: Field name in Python and in the API; the command line writes "-" for "_".
        fact: The first part of the terms.
        help: One sentence for help texts and API descriptions.
        example: A valid value, as text.
        choices: All valid values; empty where ``parse`` decides.
        multiple: Several values may be given, meaning any of them.
        parse: Turns the given texts into term values; raises QueryError.
    """

    name: str
    fact: str
    help: str
    example: str
    choices: tuple[str, ...] = ()
    multiple: bool = True
    parse: Callable[[Sequence[str]], list[str]] = list

    def terms(self, values: Sequence[str]) -> list[str]:
        """Return the terms of which an image must have one, as for ``["left"]``: "facing=left".

        Raises:
            QueryError: a value is not understood.
        """
        for value in values:
            if self.choices and value not in self.choices:
                raise QueryError(
                    f"`{self.name}` is {value!r}; expected one of {', '.join(self.choices)}",
                )
        return [f"{self.fact}={value}" for value in self.parse(values)]
