"""The web page and its API: one process that owns a collection and answers for it."""
