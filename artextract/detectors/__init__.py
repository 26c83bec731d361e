"""Detection of faces and people in images, with small networks that come with the package."""
