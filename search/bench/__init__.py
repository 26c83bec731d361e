"""Speed and recall of Qdrant and FAISS on the same queries and collection.

``plan`` draws queries and filters and finds the exact results; ``measure`` runs each engine of
``engines`` in a process of its own and keeps all results and times; ``figures`` and ``report`` make
figures, plots and a page of them.
"""
