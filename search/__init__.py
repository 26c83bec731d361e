"""Search: filtered similarity queries over a collection, and how their results are shown."""
