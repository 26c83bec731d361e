"""Notes: what of a source was left unknown or aside, although its artworks came in."""

from collections.abc import Iterator
from dataclasses import dataclass

_EXAMPLES = 3
_SHOWN_LETTERS = 60


@dataclass(frozen=True, slots=True)
class Note:
    """One value, column or file that was left unknown or aside.

    ``kind`` says what happened, the same text for all of a kind ("dates that are not understood"),
    ``example`` is the value or the name, and ``artwork`` the id of the artwork that has it, if one.
    """

    kind: str
    example: str
    artwork: str = ""
    count: int = 1

    def __str__(self) -> str:
        text = " ".join(self.example.split())
        shown = text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}…"
        of = f" ({self.artwork})" if self.artwork and self.artwork != self.example else ""
        return f"{shown!r}{of}"


@dataclass(frozen=True, slots=True)
class NoteCount:
    """The number of notes of a kind, with its first examples as text."""

    kind: str
    count: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind}: {self.count:,}, such as {', '.join(self.examples)}"


class NoteTally:
    """Counts notes by kind; keeps their number and the first examples, so memory stays flat."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, list[str]] = {}

    def add(self, note: Note) -> None:
        """Count a note."""
        self._counts[note.kind] = self._counts.get(note.kind, 0) + note.count
        examples = self._examples.setdefault(note.kind, [])
        if len(examples) < _EXAMPLES and (shown := str(note)) not in examples:
            examples.append(shown)

    def __iter__(self) -> Iterator[NoteCount]:
        """Iterate over the kinds in the order in which each was met first."""
        for kind, count in self._counts.items():
            yield NoteCount(kind, count, tuple(self._examples[kind]))
