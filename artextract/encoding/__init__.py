"""Encoding images: every vector and payload field that a collection stores for an image."""
