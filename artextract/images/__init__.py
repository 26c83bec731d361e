"""Opening untrusted images, preprocessing them for networks, and caching fetched ones."""
