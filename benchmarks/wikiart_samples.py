r"""Join the labels of both WikiArt samples of the reference data into one catalog for training.

    python -m benchmarks.wikiart_samples samples.csv
    artextract train catalog samples.csv --images $ARTEXTRACT_SHARED/data --split-column split \
        --config benchmarks/wikiart-lite2.toml --out run

``file`` is relative to $ARTEXTRACT_SHARED/data. ``split`` is that of the samples. An artist of both
samples can have different sides in their columns ``artist_disjoint_split``; the one in ``wikiart``
holds for all works of this artist.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from benchmarks.common import SHARED, make_parser

SAMPLES = ("wikiart", "wikiart2")
COLUMNS = ("file", "title", "artist", "style", "genre", "year", "split", "artist_disjoint_split",
           "label_basis", "shape", "source_repo")  # fmt: skip


def read_samples(data: Path = SHARED / "data") -> Iterator[dict[str, str]]:
    """Iterate over the rows of both samples; a column that a sample lacks is empty."""
    side_of: dict[str, str] = {}  # of each artist, in the first sample that has works of it
    for sample in SAMPLES:
        with (data / sample / "labels.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                known = {column: row.get(column, "") for column in COLUMNS}
                side = side_of.setdefault(row["artist"], row["artist_disjoint_split"])
                yield known | {"file": f"{sample}/{row['file']}", "artist_disjoint_split": side}


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("out", type=Path, help="catalog to write")
    out = parser.parse_args().out
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(read_samples())
    print(f"Written: {out}")


if __name__ == "__main__":
    main()
