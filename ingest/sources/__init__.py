"""Sources of artworks; each yields items for the pipeline."""
