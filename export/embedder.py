"""Exporting a backbone as an ONNX file of embeddings."""

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import onnx
import torch

from artextract import __version__
from artextract.errors import ModelError
from artextract.models.card import ModelCard
from export.calibration_images import generate_images, open_images
from export.parity import BATCH_SIZES, check_parity
from export.write import Exported, write_checked
from training.networks.backbones.base import Backbone
from training.networks.backbones.weights import RANDOM, WeightsOrigin

INPUT = "image"
EMBEDDING = "embedding"
OPSET = 18
"""The opset of torch's exporter; any other would be converted."""


def export_embedder(
    network: Backbone, origin: WeightsOrigin, out: Path, *, images: Sequence[Path] = ()
) -> Exported:
    """Write ``network`` as an ONNX file.

    The file has one float32 input, ``image`` (n, 3, 224, 224), and one float32 output,
    ``embedding`` (n, dimension), not normalised; n is dynamic. The same network on the same machine
    gives the same bytes. An existing ``out`` is replaced.

    Args:
        network: The network; it is put into evaluation mode.
        origin: Where its weights come from.
        out: The file.
        images: For the comparison with the network; none takes generated ones.

    Raises:
        ModelError: the file does not compute what the network computes; nothing is written.
        ImageError: one of ``images`` can't be opened.
        InputError: ``out`` can't be written.
        PackageError: ONNX Runtime is not installed.
    """
    opened = open_images(images) if images else generate_images(max(BATCH_SIZES))
    graph = make_graph(network, network.preprocess.size)
    check = partial(check_parity, network, images=opened, preprocess=network.preprocess)
    return write_checked(graph, make_card(network, origin), out, check)


def make_card(network: Backbone, origin: WeightsOrigin) -> ModelCard:
    """Return the card of ``network`` as an embedder, without parity figures."""
    return ModelCard(
        name=f"{network.arch}-random" if origin is RANDOM else network.arch,
        kind="embedder",
        architecture=network.arch,
        input=INPUT,
        embedding=EMBEDDING,
        dimension=network.dimension,
        preprocess=network.preprocess,
        weights=origin.text,
        weights_sha256=origin.sha256,
        licence=origin.licence,
        opset=OPSET,
        created_by=f"artextract {__version__}, torch {torch.__version__.split('+')[0]}",
    )


def make_graph(
    network: torch.nn.Module, size: int, outputs: Sequence[str] = (EMBEDDING,)
) -> onnx.ModelProto:
    """Return ``network`` as an ONNX graph from (n, 3, size, size) to ``outputs`` (n, ...).

    The network is put into evaluation mode, and the exporter's optimiser folds each batch norm into
    the convolution before it.

    Raises:
        ModelError: a batch norm remains, or the exporter fails.
    """
    with warnings.catch_warnings():
        # torch's exporter warns about its own code; the file is compared with the network.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network.eval(),
            (torch.zeros(2, 3, size, size),),  # 2: a size of 1 would be taken for a constant
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("n")},),
            input_names=[INPUT],
            output_names=list(outputs),
            opset_version=OPSET,
            optimize=True,
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise ModelError(
            "torch's exporter returned no ONNX program; install the torch of the extra train"
        )
    graph = program.model_proto
    left = sum(node.op_type == "BatchNormalization" for node in graph.graph.node)
    if left:
        raise ModelError(
            f"{left} batch norms were not folded into convolutions; install the versions of onnx "
            "and onnxscript that pip install 'artextract[train]' installs"
        )
    _strip(graph)
    onnx.checker.check_model(graph)
    return graph


def _strip(model: onnx.ModelProto) -> None:
    """Remove debugging information: stack traces with paths, scopes, shapes."""
    graph = model.graph
    graph.ClearField("value_info")
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
