"""What is usual in paintings: the means that aspects take off (artextract/aspects/usual.py).

    python benchmarks/usual_painting.py WIKIART_SAMPLE --out artextract/aspects/usual.npz

WIKIART_SAMPLE holds labels.csv and images/; only rows of the split "train" are taken.
"""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from artextract.aspects import face, lighting, palette, pose, scene
from artextract.aspects.face import faces_facts
from artextract.aspects.grid import Floats
from artextract.aspects.pose import bodies_facts
from artextract.aspects.view import Finders, View
from artextract.images.opening import open_image, read_image_file


@click.command()
@click.argument("sample", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
def main(sample: Path, out: Path) -> None:
    """Measure the works of SAMPLE and write their means."""
    with (sample / "labels.csv").open(encoding="utf-8", newline="") as file:
        files = [row["file"] for row in csv.DictReader(file) if row["split"] == "train"]
    finders = Finders()
    rows: dict[str, list[Floats]] = defaultdict(list)
    for name in files:
        view = View(open_image(read_image_file(sample / name), name), finders)
        rows["palette"].append(palette.amounts(view.lab))
        rows["lightness"].append(lighting.amounts(view.lab))
        facts = {"faces": faces_facts(view.heads), "bodies": bodies_facts(view.bodies)}
        rows["people"].append(scene.people(facts))
        if view.heads:
            rows["face"].append(face.raw(view.heads))
        if view.bodies:
            rows["pose"].append(pose.raw(view.bodies, view.image.width / view.image.height))
    means: dict[str, Any] = {
        name: np.mean(each, axis=0, dtype=np.float32) for name, each in rows.items()
    }
    np.savez(out, **means)
    counts = ", ".join(f"{name} {len(each)}" for name, each in rows.items())
    click.echo(f"{out}: means over works: {counts}.")


if __name__ == "__main__":
    main()
