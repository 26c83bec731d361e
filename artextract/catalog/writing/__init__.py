"""Publishing: results and whole collections as tables and as an IIIF manifest."""

from artextract.catalog.writing.entries import Entry, StoredEntries
from artextract.catalog.writing.save import Saved, save_answer, save_records
from artextract.catalog.writing.target import FORMATS, Format, find_format

__all__ = [
    "FORMATS",
    "Entry",
    "Format",
    "Saved",
    "StoredEntries",
    "find_format",
    "save_answer",
    "save_records",
]
