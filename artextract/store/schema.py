"""What a collection is made of: its vectors and the payload keys that are indexed.

The indexes are made before the first point and so before the first optimisation: an index that
comes after the HNSW graph has no effect on filtered search (qdrant issue 6937).
"""

__all__ = ["INTEGER_KEYS", "KEYWORD_KEYS"]

KEYWORD_KEYS = (
    "id",
    "folded.artist",
    "folded.style",
    "folded.genre",
    "folded.title",
    "folded.medium",
    "folded.terms",
    "predicted.terms",
    "seen",
)
"""Keys matched as a whole; of title and medium, each word; of terms, each "field=value".

An index adds 4 ms to opening a store, hence one for all that is asked for less often.
"""

INTEGER_KEYS = ("year_begin", "year_end")
"""Keys compared by size."""
