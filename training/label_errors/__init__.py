"""Finding artworks whose label is probably wrong."""
