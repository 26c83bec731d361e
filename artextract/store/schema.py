"""What a collection is made of: its vectors and the payload keys that are indexed.

The indexes are made before the first point and so before the first optimisation: an index that
comes after the HNSW graph has no effect on filtered search (qdrant issue 6937).
"""

from artextract.artwork import FOLDED_FIELDS

__all__ = ["ASPECTS", "INTEGER_KEYS", "KEYWORD_KEYS", "TEXT_KEYS"]

ASPECTS = ("visual",)
"""Ways in which two artworks can be alike, each a named vector (cosine)."""

KEYWORD_KEYS = (
    "id",
    "image_sha256",
    "artist",
    "style",
    "genre",
    *(f"folded.{name}" for name in FOLDED_FIELDS),
)
"""Keys matched as a whole."""

INTEGER_KEYS = ("year_begin", "year_end")
"""Keys compared by size."""

TEXT_KEYS = ("title", "medium")
"""Keys searched for words, without regard to case and accents."""
