"""Finding heads and bodies in a picture, with small networks that come with the package."""
