"""``python -m artextract``."""

from artextract.cli.main import main

main()
