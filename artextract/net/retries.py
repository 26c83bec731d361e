"""Trying again where that makes sense, ever more slowly."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from artextract.errors import FetchError

if TYPE_CHECKING:
    import tenacity

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to try, and how long to wait in between."""

    attempts: int = 5
    backoff_seconds: float = 1.0
    """Wait before the second attempt, and after each further one twice as long. Up to as much is
    added by chance, so that those who were turned away together don't come back together."""
    longest_wait_seconds: float = 120.0
    """Longest single wait; a server that asks for more is not asked again."""

    def retry(
        self, work: Callable[[], _T], url: str, sleep: Callable[[float], object] = time.sleep
    ) -> _T:
        """Return what ``work`` returns, at the latest in the last attempt.

        Raises:
            FetchError: as ``work`` raised it, where it is not transient; else after the last
                attempt, or where the server asks for a longer wait than is allowed.
        """
        import tenacity

        def is_transient(error: BaseException) -> bool:
            if not isinstance(error, FetchError) or not error.transient:
                return False
            self.check_wait(url, error.retry_after or 0, error.status)
            return True

        backoff = tenacity.wait_exponential(
            multiplier=self.backoff_seconds, max=self.longest_wait_seconds
        ) + tenacity.wait_random(0, self.backoff_seconds)

        def wait(state: "tenacity.RetryCallState") -> float:
            return max(backoff(state), getattr(_error_of(state), "retry_after", None) or 0)

        def give_up(state: "tenacity.RetryCallState") -> _T:
            error = _error_of(state)
            if not isinstance(error, FetchError) or self.attempts == 1:
                raise error
            raise FetchError(
                f"gave up after {self.attempts} attempts: {error}",
                status=error.status,
                transient=True,
                retry_after=error.retry_after,
            ) from error

        def pause(seconds: float) -> None:
            sleep(seconds)

        return tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=wait,
            retry=tenacity.retry_if_exception(is_transient),
            sleep=pause,
            retry_error_callback=give_up,
        )(work)

    def check_wait(self, url: str, seconds: float, status: int | None = None) -> None:
        """Check that ``seconds``, for which the host of ``url`` asks, are not too many.

        Raises:
            FetchError: they are.
        """
        if seconds > self.longest_wait_seconds:
            raise FetchError(
                f"the host of {url} asks to wait {seconds:,.0f} s, longer than the "
                f"{self.longest_wait_seconds:g} s that are waited at most; try again then",
                status=status,
                transient=True,
                retry_after=seconds,
            )


def _error_of(state: "tenacity.RetryCallState") -> BaseException:
    error = state.outcome.exception() if state.outcome is not None else None
    assert error is not None
    return error
