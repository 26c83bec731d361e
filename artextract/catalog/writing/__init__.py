"""Write collections and search results as tables and IIIF manifests."""
