"""Calls to a Qdrant server: retried while that makes sense, with errors that say what to do."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import tenacity
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from artextract.errors import StoreError, StoreFullError, UnavailableError
from artextract.net.retries import error_of
from artextract.store import connection

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

_BUSY = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed. A node of a cluster answers 500 while it loses
or finds its peers, and any server does whose disk is full."""

_GRPC_STATUSES = {
    "INVALID_ARGUMENT": 400,
    "OUT_OF_RANGE": 400,
    "DATA_LOSS": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "DEADLINE_EXCEEDED": 408,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "FAILED_PRECONDITION": 500,
    "UNKNOWN": 500,
    "UNIMPLEMENTED": 501,
    "ABORTED": 503,
    "CANCELLED": 503,
    "UNAVAILABLE": 503,
}
"""The HTTP status for each code of gRPC: that which Qdrant gives by REST for the same failure."""

_LASTING = ("panicked", "Exception serializing request", "Exception deserializing response")
"""Parts of messages of a 500 that the same request would cause again."""

_FULL = "No space left on device"

_UNINDEXED = "Index required but not found"
"""Part of the message that strict mode refuses a filter on a key without an index."""

_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 10.0
_WARN_EVERY_SECONDS = 30.0


class Refused(StoreError):
    """The server refuses a request and would refuse it again; ``status`` is that of HTTP.

    gRPC's codes have the status that the same refusal has by REST.
    """

    def __init__(self, message: str, status: int) -> None:
        """Make the error."""
        super().__init__(message)
        self.status = status


@dataclass
class Calls:
    """Makes calls to the server at ``url``, and retries failed ones for ``patience_seconds``.

    Every request may safely arrive twice: points are written under their own ids.
    """

    url: str
    patience_seconds: float
    sleep: Callable[[float], None] = time.sleep
    _warned_at: float = float("-inf")

    def __call__(self, call: Callable[..., _T], *arguments: Any, **options: Any) -> _T:
        """Return ``call(*arguments, **options)``.

        Waits between attempts double from 0.2 to 10 s, plus as much at random, so that clients
        that were refused together don't return together. A longer Retry-After is respected.

        Raises:
            UnavailableError: the server has not answered for ``patience_seconds``.
            StoreFullError: its disk has been full for as long.
            Refused: it refused, and would refuse again.
            StoreError: it is not a Qdrant server.
        """
        begun = time.monotonic()
        try:
            return tenacity.Retrying(
                stop=tenacity.stop_before_delay(self.patience_seconds),
                wait=_wait,
                retry=tenacity.retry_if_exception(_is_transient),
                sleep=self.sleep,
                before_sleep=self._warn,
                reraise=True,
            )(call, *arguments, **options)
        except Exception as error:
            if _is_transient(error):
                waited, reason = f"{time.monotonic() - begun:.0f} s", _reason(error)
                if _FULL in reason:
                    raise StoreFullError(
                        f"the Qdrant server at {self.url} has had no space for {waited} "
                        f"({reason}); make room there, then run the same command again: what is "
                        "stored is kept"
                    ) from error
                raise UnavailableError(
                    f"the Qdrant server at {self.url} has not answered for {waited} ({reason}); "
                    f"{connection.advise(error, self.url)}, then run the same command again: what "
                    "is stored is kept"
                ) from error
            if (refused := self._refusal(error)) is not None:
                raise refused from error
            raise

    def _warn(self, state: tenacity.RetryCallState) -> None:
        """Warn that the server does not answer, at most every ``_WARN_EVERY_SECONDS``."""
        now = time.monotonic()
        if self.patience_seconds > 10 and now - self._warned_at > _WARN_EVERY_SECONDS:
            self._warned_at = now
            _log.warning(
                "The Qdrant server at %s does not answer (%s); trying again for up to %.0f s.",
                self.url, _reason(error_of(state)), self.patience_seconds,
            )  # fmt: skip

    def _refusal(self, error: Exception) -> StoreError | None:
        """Return the StoreError for a permanent error; None if it is a bug in this package."""
        if why := connection.explain(error):
            return StoreError(f"the server at {self.url} {why}")
        if isinstance(error, ResponseHandlingException | json.JSONDecodeError):
            return StoreError(
                f"the server at {self.url} is not a Qdrant server (its answer can't be parsed); "
                "correct the address"
            )
        status = _status(error)
        if status == 401:
            return Refused(
                f"the Qdrant server at {self.url} refuses the API key, or requires one; give it as "
                "$QDRANT_API_KEY",
                status,
            )
        if status == 403:
            return Refused(
                f"the Qdrant server at {self.url} does not let this API key do that "
                f"({_reason(error)}); give one that may as $QDRANT_API_KEY",
                status,
            )
        if status == 400 and _UNINDEXED in _reason(error):
            return Refused(
                f"the Qdrant server at {self.url} is strict and refuses a filter ({_reason(error)})"
                "; run `artextract collection upgrade`, which makes the indexes, with a key that "
                "may change the collection",
                status,
            )
        if status is not None:
            return Refused(f"the Qdrant server at {self.url} refused: {_reason(error)}", status)
        return None


def _is_transient(error: BaseException) -> bool:
    """Return whether the same request may succeed later."""
    if connection.explain(error):
        return False
    if isinstance(error, ResponseHandlingException):
        error = error.source
    if isinstance(error, httpx.TransportError):
        return True
    lasting = any(text in _reason(error) for text in _LASTING)
    return _status(error) in _BUSY and not lasting


def _status(error: BaseException) -> int | None:
    """Return the HTTP status of a server's answer, also by gRPC; None if ``error`` is none."""
    if isinstance(error, ResourceExhaustedResponse):
        return 429
    if isinstance(error, UnexpectedResponse):
        return error.status_code
    if isinstance(error, QdrantException):
        return 400
    return _GRPC_STATUSES.get(_grpc_code(error) or "")


def _wait(state: tenacity.RetryCallState) -> float:
    backoff = tenacity.wait_random_exponential(_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS)(state)
    least = _FIRST_WAIT_SECONDS if state.attempt_number > 1 else 0.0
    return max(backoff, least, getattr(error_of(state), "retry_after_s", 0))


def _grpc_code(error: BaseException) -> str | None:
    """Return the name of the gRPC status of ``error``; None if it has none."""
    code = getattr(error, "code", None)
    return str(code().name) if callable(code) and hasattr(error, "details") else None


def _reason(error: BaseException) -> str:
    """Return a short description of ``error``."""
    if isinstance(error, UnexpectedResponse):
        try:
            reason = str(error.structured()["status"]["error"])
        except (ValueError, KeyError, TypeError):
            reason = error.reason_phrase
        return f"status {error.status_code}: {reason}".rstrip(": ")
    if isinstance(error, ResponseHandlingException):
        error = error.source
    if _grpc_code(error):
        return f"{_grpc_code(error)}: {error.details()}"  # type: ignore[attr-defined]
    return str(error) or type(error).__name__
