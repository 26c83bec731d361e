"""Matching the names in a list with image files whose names were changed on the way to a disk.

Archives and file systems treat letters beyond ASCII in many ways. The same name is found as
``arnold-böcklin``, with the accent as a character of its own (macOS), as UTF-8 read as Latin-1
(``bÃ¶cklin``, or ``bã¶cklin`` in lower case, as in ArtGAN's lists), as ``b#U00e3#U00b6cklin``
(unzip) or with such names read as code page 437 once more; apostrophes become dashes or vanish.
"""

import contextlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

# A lead byte of two-byte UTF-8 for Latin letters (C2, C3) and a continuation byte, as Latin-1.
_MISREAD = re.compile("[\u00c2\u00c3\u00e2\u00e3][\u0080-\u00bf]")
_UNZIPPED = re.compile("#U([0-9a-fA-F]{4})")


def repair(name: str) -> str:
    """Return ``name`` with its original letters beyond ASCII, composed (NFC)."""
    name = _UNZIPPED.sub(lambda found: chr(int(found[1], 16)), name)
    if not name.isascii():
        # Fails, and changes nothing, where the name never went through this code page.
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    name = unicodedata.normalize("NFC", name)
    return _MISREAD.sub(lambda found: found[0].upper().encode("latin-1").decode("utf-8"), name)


def match_names(names: Iterable[str], files: Iterable[str]) -> dict[str, str]:
    """Return {name: file} for those of ``names`` (paths with slashes) that are among ``files``.

    A name that is a file gets that file. Any other gets the file that differs in case, accents and
    punctuation only, if there is exactly one such name and one such file.
    """
    listed, present = set(names), set(files)
    found = {name: name for name in listed & present}
    names_by_key, files_by_key = _by_key(listed), _by_key(present - listed)
    for key, (file, *others) in files_by_key.items():
        same = names_by_key.get(key, [])
        if not others and len(same) == 1 and same[0] not in found:
            found[same[0]] = file
    return found


def _by_key(names: Iterable[str]) -> dict[str, list[str]]:
    keyed = defaultdict(list)
    for name in names:
        keyed[_key(name)].append(name)
    return keyed


def _key(name: str) -> str:
    """Return the letters a-z, digits and slashes of ``name``, without case and accents."""
    letters = unicodedata.normalize("NFKD", repair(name)).casefold()
    return re.sub("[^0-9a-z/]", "", letters)
