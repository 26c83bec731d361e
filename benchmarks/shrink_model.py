"""Shrinking the packaged networks: weights stored in 16 or 8 bits.

The network still computes in float32: each weight goes through a Cast (and a Mul by its channel's
scale) that ONNX Runtime evaluates once, when it loads the file. Weights change by half of a step at
most.

    python -m benchmarks.shrink_model movenet-multipose.onnx movenet_multipose.onnx --bits 8
"""

from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

_MIN_SIZE = 256
"""Smaller tensors, biases and shapes, stay as they are."""


def shrink(source: Path, target: Path, bits: int) -> None:
    """Write the network of ``source`` to ``target`` with weights of 16 or 8 bits.

    With 16 they are IEEE half floats. With 8 they are integers of -127 to 127 with one scale for
    each row of the first axis (an output channel of a convolution), so that the largest weight of
    a row is exact.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(source)
    graph = model.graph
    nodes, tensors = [], []
    to_float = onnx.TensorProto.FLOAT
    for tensor in graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.dtype != np.float32 or weights.size < _MIN_SIZE:
            tensors.append(tensor)
            continue
        small = f"{tensor.name}.small"
        if bits == 16:
            tensors.append(numpy_helper.from_array(weights.astype(np.float16), small))
            nodes.append(helper.make_node("Cast", [small], [tensor.name], to=to_float))
            continue
        integers, scales = _to_int8(weights)
        tensors += [
            numpy_helper.from_array(integers, small),
            numpy_helper.from_array(scales, f"{tensor.name}.scale"),
        ]
        nodes += [
            helper.make_node("Cast", [small], [f"{small}.float"], to=to_float),
            helper.make_node("Mul", [f"{small}.float", f"{tensor.name}.scale"], [tensor.name]),
        ]
    nodes += graph.node
    del graph.initializer[:], graph.node[:], graph.value_info[:]
    graph.initializer.extend(tensors)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, target)


def _to_int8(
    weights: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    axes = tuple(range(1, weights.ndim))
    scales = np.abs(weights).max(axis=axes, keepdims=True) / np.float32(127)
    scales = np.where(scales == 0, np.float32(1), scales).astype(np.float32)
    return np.rint(weights / scales).astype(np.int8), scales


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--bits", type=click.Choice(["16", "8"]), default="16", show_default=True)
def _main(source: Path, target: Path, bits: str) -> None:
    """Write SOURCE to TARGET with weights of fewer bits."""
    shrink(source, target, int(bits))
    click.echo(f"{target}: {target.stat().st_size:,} bytes, of {source.stat().st_size:,}.")


if __name__ == "__main__":
    _main()
