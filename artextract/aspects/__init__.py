"""Ways in which two paintings can be alike, one file each.

"visual" and "style" are what networks say (:mod:`artextract.encoding`); the others are measured
here. Importing this package is cheap.
"""

__all__ = ["ASPECTS", "MEASURED", "MEASURED_VERSION"]

ASPECTS = (
    "visual", "style", "composition", "lighting", "palette", "face", "pose", "scene",
)  # fmt: skip
"""All of them, each a named vector (cosine) in a collection."""

MEASURED = ("composition", "lighting", "palette", "face", "pose", "scene")
"""Those that are measured here; "scene" also needs the classes of a classifier."""

MEASURED_VERSION = 1
"""Changes whenever the same picture would be measured otherwise; it stands in the manifest."""
