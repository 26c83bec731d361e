"""``artextract export``: write networks as model files."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from artextract.cli.collection import save
from artextract.cli.lazy import make_alias
from artextract.cli.model_name import ModelName
from artextract.errors import InputError
from artextract.files import check_target
from artextract.packages import check_onnxruntime, check_packages
from training.networks.backbones import ARCHITECTURES, make_backbone

if TYPE_CHECKING:
    from artextract.models.card import ModelCard
    from export.write import Exported


@click.group(
    epilog="\b\nExample:\n  artextract export embedder --arch resnet50 --out resnet50.onnx"
)
def export() -> None:
    """Write networks as ONNX files.

    Ingest and search use the networks without torch.
    """


_EARLIER = make_alias(save, "artextract export collection", "artextract collection save")
export.add_command(_EARLIER, "collection")

out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="F.onnx",
    help="File to write; its folder must exist.",
)
force_option = click.option("--force", is_flag=True, help="Replace the file if it exists.")


@export.command(
    epilog="\b\nExamples:\n"
    "  artextract export embedder --arch resnet50 --out resnet50.onnx\n"
    "  artextract export embedder --arch resnet50 --weights resnet50-11ad3fa6.pth "
    "--out resnet50.onnx"
)
@click.option(
    "--arch", type=click.Choice(ARCHITECTURES), required=True, help="The network to write."
)
@click.option(
    "--weights",
    metavar="FILE|random",
    help="A file of weights in the published form, or 'random' for tests. Without it, the "
    "published ImageNet weights; those of resnet50 are downloaded once (98 MB).",
)
@out_option
@force_option
def embedder(arch: str, weights: str | None, out: Path, force: bool) -> None:
    """Write a network that computes embeddings of images.

    The file is compared with the network first: when the two differ by more than rounding, nothing
    is written.
    """
    _check(out, force)
    source: Path | Literal["random"] | None = None
    if weights:  # a file called "random" must be given as ./random
        source = "random" if weights == "random" else Path(weights)
    network, origin = make_backbone(arch, source)
    click.echo(f"exporting {arch} with weights: {origin.text}", file=sys.stderr)
    from export.embedder import export_embedder

    _print(export_embedder(network, origin, out))


@export.command(
    epilog="\b\nExamples:\n"
    "  artextract export classifier run --out classifier.onnx\n"
    "  artextract export classifier run --apart apart-run --out classifier.onnx"
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--apart",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Folder of an artist-disjoint training beside RUN; repeatable. Its validation samples say "
    "from which confidence on predictions are trusted; without it none are.",
)
@click.option("--name", metavar="WORD", help="Name of the model.  [default: its architecture]")
@out_option
@force_option
def classifier(
    run: Path, apart: tuple[Path, ...], name: str | None, out: Path, force: bool
) -> None:
    """Write the network of a training: class probabilities, and two kinds of vectors.

    RUN is the folder of a finished training, whose images must still be there. Probabilities are
    temperature scaled; the vectors are for visual similarity and for that of style. The file is
    first compared with the network on images of the training; its card has the training data, the
    validation scores, and which predictions are trusted, so that people see them.
    """
    _check(out, force)
    from export.classifier import export_classifier

    click.echo(f"exporting the network of {run}", file=sys.stderr)
    exported = export_classifier(run, out, name=name, apart=apart)
    _print(exported)
    for name, facts in exported.card.training["attributes"].items():
        scores = ""
        if "val_macro_f1" in facts:
            scores = f", macro-F1 {facts['val_macro_f1']:.3f} on {facts['val_works']:,} samples"
        click.echo(f"{name:7} {facts['classes']} classes{scores}")
        for line in _describe_trust(exported.card, name):
            click.echo(f"{'':7} {line}")


def _describe_trust(card: "ModelCard", attribute: str) -> list[str]:
    """Return what is trusted of artworks of any and of known years, a line each."""
    trust = card.training["attributes"][attribute]["trust"]
    if "target" not in trust:
        return [f"not trusted: {trust['reason']}"]
    lines = []
    for years, thresholds in (
        ("any years", card.trusted_from), ("known years", card.trusted_from_dated),
    ):  # fmt: skip
        if years in trust:
            found = trust[years]
            lines.append(f"{years}: " + (
                f"trusted from confidence {thresholds[attribute]:.2f}; of artists left out of "
                f"training and choice {found['folds']['right']:.1%} of "
                f"{found['folds']['trusted']:,} right, in {found['folds']['works']:,} artworks"
                if attribute in thresholds else f"not trusted: {found['reason']}"
            ))  # fmt: skip
    return lines


@export.command(epilog="\b\nExample:\n  artextract export inspect classifier.onnx")
@click.argument("model", type=ModelName(), metavar="NAME|F.onnx")
def inspect(model: str) -> None:
    """Print the card, inputs, outputs, size and providers of a model file.

    A packaged model can be given by its name.
    """
    from export.inspect import describe

    for line in describe(model):
        click.echo(line)


@export.command(
    epilog="\b\nExample:\n  artextract export quantize wikiart-lite0 --images ~/paintings "
    "--out small.onnx"
)
@click.argument("model", type=ModelName(), metavar="NAME|F.onnx")
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Representative images, 64 or more, better 1,128: 128 for calibration, the rest for "
    "evaluation.",
)
@click.option(
    "--method",
    type=click.Choice(["best", "minmax", "entropy", "percentile"]),
    default="best",
    show_default=True,
    help="How ranges of activations are found; best tries all three.",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A catalog (CSV, JSONL, Parquet) with style, genre or artist of the images in "
    "--images, to print the change of each metric.",
)
@click.option(
    "--weight-bits",
    type=click.Choice([7, 8]),
    help="8 for processors with VNNI and for ARM, else 7.  [default: for this processor]",
)
@out_option
@click.option(
    "--force", is_flag=True, help="Replace the file if it exists, and write one that loses much."
)
def quantize(
    model: str,
    images: Path,
    method: str,
    labels: Path | None,
    weight_bits: Literal[7, 8] | None,
    out: Path,
    force: bool,
) -> None:
    """Write a model with 8-bit convolutions, and print its losses and gains.

    The layers that lose most stay in float32. When the vectors keep a mean cosine below 0.98, or
    fewer than 90 % of an image's ten nearest neighbours, nothing is written.
    """
    _check(out, force)
    if not images.is_dir():
        raise InputError(f"there is no folder {images}; give a folder of images")
    from artextract.models.registry import find_model
    from export.calibration_images import find_images, read_labels
    from export.quantize import METHODS
    from export.quantize import quantize as quantize_model

    loss = quantize_model(
        find_model(model),
        find_images(images),
        out,
        methods=[each for each in METHODS if method in ("best", each)],
        weight_bits=weight_bits,
        labels=read_labels(labels, images) if labels is not None else None,
        force=force,
        on_step=lambda text: click.echo(text, err=True),
    )
    click.echo(f"file     {out}")
    click.echo(
        f"cosine   mean {loss.mean_cosine:.4f}, lowest {loss.lowest_cosine:.4f}, "
        f"{loss.images:,} images"
    )
    click.echo(f"nearest  {loss.overlap:.1%} of the ten nearest are the same")
    for name, share in loss.same_class.items():
        click.echo(f"class    the same {name} for {share:.1%}")
    for change in loss.changes:
        click.echo(
            f"metric   {change.metric} {change.before:.3f} -> {change.after:.3f}, "
            f"{change.samples:,} images"
        )
    click.echo(f"speed    {loss.speed_ratio:.2f} times float32, one thread of this processor")
    click.echo(f"size     {loss.size_ratio:.2f} times float32")


def _check(out: Path, force: bool) -> None:
    """Check what can be checked before the export begins."""
    if out.suffix != ".onnx":
        raise InputError(f"{out} does not end in .onnx; give a name such as {out.stem}.onnx")
    check_target(out, force=force)
    needed = {name: name for name in ("torch", "onnx", "onnxscript")}
    check_packages("an export", needed, extra="train")
    check_onnxruntime()


def _print(exported: "Exported") -> None:
    parity = exported.parity
    click.echo(f"file    {exported.path}")
    click.echo(f"model   {exported.card.name}, {exported.card.dimension:,} dimensions")
    click.echo(f"size    {exported.size:,} bytes")
    click.echo(f"sha256  {exported.sha256}")
    probabilities = ""
    if parity.max_probability_difference is not None:
        probabilities = (
            f", of probabilities {parity.max_probability_difference:.1e}, the same classes"
        )
    click.echo(
        f"parity  lowest cosine {parity.lowest_cosine:.7f}, largest relative difference "
        f"{parity.max_relative_difference:.1e}{probabilities}, on {parity.pictures} images"
    )
