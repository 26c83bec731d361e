"""Retry what failed temporarily, with growing waits."""

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
    """The number of attempts, and the waits between them."""

    attempts: int = 5
    backoff_seconds: float = 1.0
    """Wait before the second attempt; it doubles after each further one. Up to as much is added at
    random, so that clients that were refused together don't return together."""
    longest_wait_seconds: float = 120.0
    """Longest single wait; a longer Retry-After ends the attempts."""

    def retry(
        self, work: Callable[[], _T], url: str, sleep: Callable[[float], object] = time.sleep
    ) -> _T:
        """Return what ``work`` returns; call it again after a transient FetchError.

        Raises:
            FetchError: ``work`` raised one that is not transient, or one in the last attempt, or
                the server asks for a longer wait than the limit.
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
            return max(backoff(state), getattr(error_of(state), "retry_after", None) or 0)

        def give_up(state: "tenacity.RetryCallState") -> _T:
            error = error_of(state)
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
        """Check that the host of ``url`` doesn't ask for a longer wait than the limit.

        Raises:
            FetchError: it does.
        """
        if seconds > self.longest_wait_seconds:
            raise FetchError(
                f"the host of {url} asks to wait {seconds:,.0f} s, longer than the "
                f"limit of {self.longest_wait_seconds:g} s; try again then",
                status=status,
                transient=True,
                retry_after=seconds,
            )


def error_of(state: "tenacity.RetryCallState") -> BaseException:
    """Return what the last attempt raised."""
    error = state.outcome.exception() if state.outcome is not None else None
    assert error is not None
    return error
