"""Ingest: encode images, and store their vectors and metadata in a collection."""
