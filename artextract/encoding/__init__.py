"""Encoding: from an image to the vectors and facts that a collection stores."""
