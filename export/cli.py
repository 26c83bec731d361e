"""``artextract export``: networks written as model files."""

import sys
from pathlib import Path
from typing import Literal

import click

from artextract.errors import InputError
from artextract.files import check_target
from export.collection import collection
from training.backbones import ARCHITECTURES, make_backbone
from training.packages import check_packages

__all__ = ["export"]


@click.group(
    epilog="\b\nExample:\n  artextract export embedder --arch resnet50 --out resnet50.onnx"
)
def export() -> None:
    """Write networks as ONNX files, and collections as tables or manifests.

    Ingest and search use the networks without torch.
    """


export.add_command(collection)


@export.command(
    epilog="\b\nExamples:\n"
    "  artextract export embedder --arch resnet50 --out resnet50.onnx\n"
    "  artextract export embedder --arch resnet50 --weights resnet50-11ad3fa6.pth "
    "--out resnet50.onnx"
)
@click.option(
    "--arch", type=click.Choice(ARCHITECTURES), required=True, help="The network to be written."
)
@click.option(
    "--weights",
    metavar="FILE|random",
    help="A file of weights in the published form, or 'random' for tests. Without it, the "
    "published ImageNet weights; those of resnet50 are downloaded once (98 MB).",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="F.onnx",
    help="The file to be written; its folder must exist.",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
def embedder(arch: str, weights: str | None, out: Path, force: bool) -> None:
    """Write a network that turns pictures into embeddings.

    The file is compared with the network before it gets its name: when the two differ by more than
    rounding, nothing is written.
    """
    if out.suffix != ".onnx":
        raise InputError(f"{out} does not end in .onnx; give a name such as {out.stem}.onnx")
    check_target(out, force=force)
    check_packages("torch", "onnx", "onnxscript")
    from artextract.inference import check_onnxruntime

    check_onnxruntime()
    network, origin = make_backbone(arch, _weights_source(weights))
    click.echo(f"exporting {arch} with weights: {origin.text}", file=sys.stderr)
    from export.graph import export_embedder

    exported = export_embedder(network, origin, out)
    parity = exported.parity
    click.echo(f"file    {exported.path}")
    click.echo(f"model   {exported.card.name}, {exported.card.dimension:,} numbers an image")
    click.echo(f"size    {exported.size:,} bytes")
    click.echo(f"sha256  {exported.sha256}")
    click.echo(
        f"parity  lowest cosine {parity.lowest_cosine:.7f}, largest relative difference "
        f"{parity.max_relative_difference:.1e}, on {parity.pictures} pictures"
    )


def _weights_source(text: str | None) -> Path | Literal["random"] | None:
    """Return what ``--weights`` names; a file called "random" is given as ./random."""
    if text is None or text == "random":
        return "random" if text else None
    return Path(text)
