"""Every failure that Art Extract expects, as one tree.

::

    ArtExtractError              a known failure: the command line prints it and exits with 1
    ├── InputError               something given by the user can't be used
    │   ├── CatalogError         a catalog or one of its rows
    │   ├── DateError            a date or range of years
    │   ├── ImageError           an image that can't be opened safely
    │   └── QueryError           a query, a filter or an aspect
    │       ├── CombinationError fields of a request that do not go together; exit code 2
    │       └── MissingError     an artwork or an image that is not there
    ├── CacheError               a file kept for later can't be read or written
    ├── FetchError               a URL that can't be fetched
    │   ├── PrivateAddressError  a URL of a private network, which must not be fetched
    │   └── ProxyError           the proxy of this machine can't be used, or refuses a URL
    ├── ModelError               a model file, its card, or the device to run it on
    ├── PackageError             a Python package is missing, or two exclude each other
    ├── UnavailableError         a server that a run depends on no longer answers
    └── StoreError               a store that can't be opened, read or written
        ├── StoreLockedError     another process holds the store
        ├── StoreMismatchError   the store was made with another model
        └── StoreFullError       no space left for what is to be written

A message is one sentence: what failed, the value, what was expected, and the next step. It names
fields and arguments in backticks (`within`); the command line writes them as options (--within).
"""


class ArtExtractError(Exception):
    """A known failure; its text is fit to be shown to the user as it is."""


class InputError(ArtExtractError):
    """Something given by the user can't be used."""


class CatalogError(InputError):
    """A catalog, or one of its rows, can't be read."""


class DateError(InputError):
    """A date or a range of years can't be understood."""


class ImageError(InputError):
    """An image can't be opened safely."""


class QueryError(InputError):
    """A query, a filter or an aspect can't be answered by this collection."""


class CombinationError(QueryError):
    """A field of a request lacks the one that it belongs to, or excludes another."""


class MissingError(QueryError):
    """There is no artwork or image of that name."""


class CacheError(ArtExtractError):
    """A file that is kept to spare a later fetch can't be read or written."""


class FetchError(ArtExtractError):
    """A URL can't be fetched, or must not be."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        """Make the error.

        Args:
            message: The sentence for the user.
            status: The status that the server answered with; None where there was no answer.
            transient: The same request may succeed later.
            retry_after: Seconds that the server asks to wait until then.
        """
        super().__init__(message)
        self.status = status
        self.transient = transient
        self.retry_after = retry_after


class PrivateAddressError(FetchError):
    """A URL leads to an address that is not on the public internet, and must not be fetched."""


class ProxyError(FetchError):
    """The proxy through which this machine reaches the web can't be used, or refuses a URL."""


class ModelError(ArtExtractError):
    """A model file, its card, or the device to run it on is not usable."""


class PackageError(ArtExtractError):
    """A Python package is missing, or two installed ones exclude each other."""


class UnavailableError(ArtExtractError):
    """A server that a run depends on no longer answers."""


class StoreError(ArtExtractError):
    """A store can't be opened, read or written."""


class StoreLockedError(StoreError):
    """Another process holds the store."""


class StoreMismatchError(StoreError):
    """The store was made with another model or by another version."""


class StoreFullError(StoreError):
    """There is no space left for what is to be written."""
