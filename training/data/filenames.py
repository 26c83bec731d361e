"""Finding image files whose names were changed on their way from a list to a disk.

Archives and file systems treat letters beyond ASCII in many ways. One and the same name is met as
``arnold-böcklin``, with the accent as a character of its own (macOS), as UTF-8 read as Latin-1
(``bÃ¶cklin``, or ``bã¶cklin`` where it was put in lower case as well, as in ArtGAN's lists), as
``b#U00e3#U00b6cklin`` (unzip) or with such names read as code page 437 once more; apostrophes
become dashes or vanish. None of this tells two works apart.
"""

import contextlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

__all__ = ["match_names", "repair"]

# A lead byte of two-byte UTF-8 for Latin letters (C2, C3) and a continuation byte, as Latin-1.
_MISREAD = re.compile("[\u00c2\u00c3\u00e2\u00e3][\u0080-\u00bf]")
_UNZIPPED = re.compile("#U([0-9a-fA-F]{4})")


def repair(name: str) -> str:
    """Return ``name`` with letters beyond ASCII as their author wrote them, composed (NFC)."""
    name = _UNZIPPED.sub(lambda found: chr(int(found[1], 16)), name)
    if not name.isascii():
        # Fails, and changes nothing, where the name never went through this code page.
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    name = unicodedata.normalize("NFC", name)
    return _MISREAD.sub(lambda found: found[0].upper().encode("latin-1").decode("utf-8"), name)


def match_names(names: Iterable[str], files: Iterable[str]) -> dict[str, str]:
    """Return {name: file} for those of ``names`` (paths with slashes) that are among ``files``.

    A name that is there as it is gets that file. Any other gets the file that is the same but for
    case, accents and signs, if no other name and no other file is the same as well.
    """
    wanted, there = set(names), set(files)
    found = {name: name for name in wanted & there}
    alike_names, alike_files = _by_key(wanted), _by_key(there - wanted)
    for key, (file, *others) in alike_files.items():
        alike = alike_names.get(key, [])
        if not others and len(alike) == 1 and alike[0] not in found:
            found[alike[0]] = file
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
