"""The payload keys that are indexed.

Indexes are made before the first point, and so before the first optimisation: an index that is made
after the HNSW graph has no effect on filtered search (qdrant issue 6937).
"""

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
"""Keys matched as a whole: each word of title and medium, each "field=value" of the terms.

An index adds 4 ms to opening a store, hence a single one for the less frequent fields.
"""

INTEGER_KEYS = ("year_begin", "year_end")
