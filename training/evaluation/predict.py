"""What a network says of many works, each process seeing its share of them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from artextract.errors import InputError
from training.evaluation.predictions import Predictions
from training.loops.processes import Processes
from training.networks.cnn_rnn import Outputs

__all__ = ["See", "predict"]

See = Callable[[torch.Tensor, bool], Outputs]
"""Returns what the network says of works by number, of their mirror images where asked."""


@torch.inference_mode()
def predict(
    see: See,
    rows: npt.NDArray[np.int64],
    ids: Sequence[str],
    labels: Mapping[str, npt.NDArray[np.int64]],
    *,
    batch: int,
    flips: bool,
    processes: Processes,
    on_works: Callable[[int], None] = lambda count: None,
) -> Predictions:
    """Return what a network in evaluation mode says of ``rows``; all processes get all of it.

    Args:
        see: The network.
        rows: The works' numbers, (n,).
        ids: Their ids, n of them.
        labels: {attribute: (n,)}.
        batch: Works at once; it does not change what is said.
        flips: Average the logits, and the embeddings before they are brought to length 1 again,
            with those of the mirror images.
        processes: Among which the works are divided.
        on_works: Called with how many more works are done.
    """
    own = torch.from_numpy(rows[processes.rank :: processes.count])
    logits: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in labels}
    embedding: list[npt.NDArray[np.float32]] = []
    for part in torch.split(own, batch):
        outputs = see(part, False)
        if flips:
            outputs = _mean(outputs, see(part, True))
        for name, values in outputs.logits.items():
            logits[name].append(values.float().cpu().numpy())
        embedding.append(outputs.embedding.float().cpu().numpy())
        on_works(len(part) * processes.count)
    said = (
        {name: np.concatenate(parts) for name, parts in logits.items()} if embedding else {},
        np.concatenate(embedding) if embedding else None,
    )
    shares = [share for share in processes.gather(said) if share[1] is not None]
    if not shares:
        raise InputError("there is no work to predict; give works to the validation split")
    return Predictions(
        ids=tuple(ids),
        logits={name: _interleave([share[0][name] for share in shares]) for name in labels},
        labels={name: np.asarray(values, np.int64) for name, values in labels.items()},
        embedding=_interleave([share[1] for share in shares]),
    )


def _mean(one: Outputs, other: Outputs) -> Outputs:
    return Outputs(
        {name: (one.logits[name] + other.logits[name]) / 2 for name in one.logits},
        torch.nn.functional.normalize(one.embedding + other.embedding, dim=1),
    )


def _interleave(parts: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return one array of rows that were dealt out one by one to the processes."""
    whole = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), np.float32)
    for number, part in enumerate(parts):
        whole[number :: len(parts)] = part
    return whole
