"""Ingest: images in, embeddings and metadata into a collection."""
