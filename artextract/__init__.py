"""The core of Art Extract: all that two stages share. It never imports torch."""

__version__ = "0.1.0"
