"""The rules of one host: its robots.txt, and how long it asks clients to wait."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from artextract.errors import FetchError, UnavailableError
from artextract.net.retries import Patience

if TYPE_CHECKING:
    import httpx
    from protego import Protego

ROBOT = "artextract"
"""The user agent that is looked up in a robots.txt."""

BUSY = {429, 503}
"""Statuses by which a host says that it gets too many requests."""

_FAILURES_IN_A_ROW = 24
"""Consecutive failed images, each after all its attempts, after which a host is given up."""

_FIRST_SPACING, _LONGEST_SPACING = 0.05, 4.0
"""Distance of requests after the first refusal by a busy host, and the longest, as multiples of the
wait before a second attempt. It doubles with each further refusal, and shrinks with each image."""
_SHRINKING = 0.75


class Host:
    """One host, with an origin such as "https://api.nga.gov"; for any number of threads."""

    def __init__(self, origin: str, patience: Patience) -> None:
        self.origin = origin
        self.robots_url = f"{origin}/robots.txt"
        self._patience = patience
        self._turns = threading.Lock()
        self._paused_until = 0.0
        self._next_turn = 0.0
        self._spacing = 0.0
        self._asked_spacing = 0.0
        self._slowed_at = 0.0
        self._failures = 0
        self._given_up = ""
        self.served = 0
        """How many images it has sent."""
        self._reading = threading.Lock()
        self._rules: Protego | None = None
        self._refusal: FetchError | None = None

    def check(self, url: str, read: "Callable[[str], httpx.Response]") -> None:
        """Check that robots.txt allows ``url``; the file is read once, with ``read``.

        A missing file allows everything; one that can't be read forbids everything (RFC 9309,
        sections 2.3.1.3 and 2.3.1.4).

        Raises:
            FetchError: robots.txt forbids the URL.
            UnavailableError: robots.txt can't be read.
        """
        with self._reading:
            if self._refusal is None and self._rules is None:
                self._rules = self._read_rules(url, read)
        if self._refusal is not None:
            # An address that must not be reached concerns one image, other errors the whole host.
            kind = UnavailableError if self._refusal.transient else FetchError
            raise kind(str(self._refusal))
        if self._rules is not None and not self._rules.can_fetch(url, ROBOT):
            raise FetchError(
                f"{url} is closed to programs by {self.robots_url}; leave it out, or ask its owner"
            )

    def _read_rules(self, url: str, read: "Callable[[str], httpx.Response]") -> "Protego | None":
        from protego import Protego

        try:
            text = read(self.robots_url).content.decode("utf-8", "replace")
        except FetchError as error:
            if error.status is None or error.status == 429 or not 400 <= error.status < 500:
                self._refusal = FetchError(
                    f"{self.robots_url}, which must be read first, can't be fetched: {error}",
                    transient=error.transient,
                )
                return None
            text = ""
        rules = Protego.parse(text.removeprefix("\ufeff"))
        spacing = rules.crawl_delay(ROBOT) or 0.0
        try:
            self._patience.check_wait(url, spacing)
        except FetchError as error:
            self._refusal = error
        self._spacing = self._asked_spacing = spacing
        return rules

    def check_given_up(self) -> None:
        """Check that the host is not given up.

        Raises:
            UnavailableError: it is.
        """
        if self._given_up:
            raise UnavailableError(self._given_up)

    def count_failure(self, error: FetchError) -> None:
        """Count an image that could not be fetched; after many in a row, give the host up."""
        with self._turns:
            self._failures += 1
            if self._failures >= _FAILURES_IN_A_ROW:
                self._given_up = (
                    f"{self.origin} seems out of order: the last {_FAILURES_IN_A_ROW} images all "
                    f"failed ({error}); what is stored is kept, run the same command again later"
                )

    def count_success(self) -> None:
        """Count an image: reset the count of failures, and go a little faster."""
        with self._turns:
            self.served += 1
            self._failures = 0
            self._spacing = max(self._asked_spacing, self._spacing * _SHRINKING)

    def count_refusal(self, begun: float, pause: float | None) -> None:
        """Go slower, since the host was too busy for a request that began at ``begun``.

        ``pause``: seconds for which no thread may begin a request.
        """
        with self._turns:
            now, unit = time.monotonic(), self._patience.backoff_seconds
            self._paused_until = max(self._paused_until, now + (pause or 0))
            if begun >= self._slowed_at:  # not for each of the requests that were under way
                self._slowed_at = now
                slower = max(2 * self._spacing, _FIRST_SPACING * unit)
                self._spacing = max(self._asked_spacing, min(slower, _LONGEST_SPACING * unit))

    def wait_for_turn(self, url: str, stop: threading.Event) -> float:
        """Wait until a request may begin, or ``stop`` is set; return when, by time.monotonic().

        Raises:
            FetchError: the host asks for a longer wait than the limit.
        """
        now = time.monotonic()
        while not stop.is_set():
            with self._turns:
                now = time.monotonic()
                self._patience.check_wait(url, self._paused_until - now)
                begin = max(self._paused_until, self._next_turn)
                if begin <= now:
                    self._next_turn = now + self._spacing
                    return now
            stop.wait(begin - now)
        return now
