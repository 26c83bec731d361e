"""Artworks, their names, dates and attributions; reading and writing catalogs."""
