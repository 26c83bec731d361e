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

from artextract.errors import StoreError, UnavailableError
from artextract.net.retries import error_of
from artextract.store import connection

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

_BUSY = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same request may succeed. A node of a cluster answers 500 while it
loses or finds its peers."""

_BUSY_GRPC = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED"})

_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 10.0
_WARN_EVERY_SECONDS = 30.0


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
            StoreError: it refused, and would refuse again.
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
                raise UnavailableError(
                    f"the Qdrant server at {self.url} has not answered for "
                    f"{time.monotonic() - begun:.0f} s ({_reason(error)}); "
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
        status = getattr(error, "status_code", None)
        if status in (401, 403) or _grpc_code(error) in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
            return StoreError(
                f"the Qdrant server at {self.url} refuses the API key, or requires one that may "
                "write; give it as $QDRANT_API_KEY"
            )
        if isinstance(error, UnexpectedResponse | QdrantException) or _grpc_code(error):
            return StoreError(f"the Qdrant server at {self.url} refused: {_reason(error)}")
        return None


def _is_transient(error: BaseException) -> bool:
    if connection.explain(error):
        return False
    if isinstance(error, ResourceExhaustedResponse):
        return True
    if isinstance(error, ResponseHandlingException):
        return isinstance(error.source, httpx.TransportError)
    if isinstance(error, UnexpectedResponse):
        return error.status_code in _BUSY
    return isinstance(error, httpx.TransportError) or _grpc_code(error) in _BUSY_GRPC


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
