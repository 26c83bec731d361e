"""Commands that query a collection."""
