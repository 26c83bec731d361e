"""Where artworks come from; each source yields items for the pipeline."""
