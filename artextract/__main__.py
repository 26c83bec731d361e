"""``python -m artextract``."""

from artextract.cli import main

main()
