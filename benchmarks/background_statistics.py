"""Background statistics: the means that aspects subtract (artextract/aspects/background.py).

    python benchmarks/background_statistics.py SAMPLE --out artextract/aspects/background.npz

SAMPLE is a folder of WikiArt paintings, with labels.csv and images/; only rows of the split "train"
are taken.
"""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from artextract.aspects import face, lighting, palette, pose, scene
from artextract.aspects.features import Detectors, ImageFeatures
from artextract.aspects.grid import Floats
from artextract.images.opening import open_image, read_image_file


@click.command()
@click.argument("sample", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
def main(sample: Path, out: Path) -> None:
    """Measure the artworks of SAMPLE and write their means."""
    with (sample / "labels.csv").open(encoding="utf-8", newline="") as file:
        files = [row["file"] for row in csv.DictReader(file) if row["split"] == "train"]
    detectors = Detectors()
    rows: dict[str, list[Floats]] = defaultdict(list)
    for name in files:
        image = ImageFeatures(open_image(read_image_file(sample / name), name), detectors)
        rows["palette"].append(palette.colour_histogram(image.lab))
        rows["lightness"].append(lighting.lightness_histogram(image.lab))
        facts = {
            "faces": face.face_facts(image.faces),
            "bodies": pose.people_facts(image.people),
        }
        rows["people"].append(scene.people_histogram(facts))
        if image.faces:
            rows["face"].append(face.face_histogram(image.faces))
        if image.people:
            rows["pose"].append(pose.pose_histogram(image.people, image.aspect_ratio))
    means: dict[str, Any] = {
        name: np.mean(each, axis=0, dtype=np.float32) for name, each in rows.items()
    }
    np.savez(out, **means)
    counts = ", ".join(f"{name} {len(each)}" for name, each in rows.items())
    click.echo(f"{out}: means over artworks: {counts}.")


if __name__ == "__main__":
    main()
