"""Looking at a picture: everything that is computed of it, by networks and by measuring."""
