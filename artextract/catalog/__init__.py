"""What is known of artworks: records, names, dates, attributions; reading and writing catalogs."""
