"""How well artworks are found: measured on changed images, pairs, labels and aspects."""
