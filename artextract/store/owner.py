"""An embedded store has one owner; another process that opens it is told who that is."""

import contextlib
import datetime
import json
import os
import shlex
import sys
from pathlib import Path

import filelock

from artextract.errors import StoreError, StoreLockedError

LOCK_NAME = "owner.lock"


class Owner:
    """The right to use the store in ``folder``, held from :meth:`acquire` to :meth:`release`.

    The lock is the operating system's and ends with the process, even if that is killed;
    ``owner.json`` only says who holds it.
    """

    def __init__(self, folder: Path) -> None:
        """Prepare to own the store in ``folder``, which must exist."""
        self._folder = folder
        self._lock = filelock.FileLock(folder / LOCK_NAME)
        self._note = folder / "owner.json"

    def acquire(self, wait_seconds: float) -> None:
        """Become the owner; wait for the present one at most ``wait_seconds``.

        Raises:
            StoreLockedError: another process still holds the store.
            StoreError: the folder can't be written to.
        """
        try:
            self._lock.acquire(timeout=wait_seconds, poll_interval=0.05)
        except filelock.Timeout:
            raise StoreLockedError(
                f"store {self._folder} is held by {self._holder()}; wait for it or stop it"
            ) from None
        except OSError as error:
            raise StoreError(
                f"store {self._folder} can't be locked ({error.strerror}); it must be "
                "writable: check the folder's permissions, or use another `store`"
            ) from error
        now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
        try:
            self._note.write_text(
                json.dumps({"pid": os.getpid(), "command": command, "since": now}), encoding="utf-8"
            )
        except OSError as error:
            self._lock.release()
            raise StoreError(f"{self._note} can't be written: {error.strerror}") from error

    def release(self) -> None:
        """Let other processes use the store."""
        with contextlib.suppress(OSError):  # the lock counts, the note is a courtesy
            self._note.unlink(missing_ok=True)
        self._lock.release()

    def _holder(self) -> str:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            return f"process {note['pid']} (`{note['command']}`, since {note['since']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process that left no note"
