"""How quickly, at which recall: Qdrant and FAISS asked the same questions of one collection.

``plan`` draws queries and filters and finds the true answers; ``engines`` and ``measure`` ask, each
engine in a process of its own; ``figures`` and ``report`` turn the kept answers into figures,
pictures and a page, as often as wanted.
"""
