"""Predicting many samples, divided among the processes of a training."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from artextract.errors import InputError
from training.evaluation.predictions import Predictions
from training.loops.processes import Processes
from training.networks.cnn_rnn import Outputs

Predictor = Callable[[torch.Tensor, bool], Outputs]
"""Returns the outputs for samples' rows (n,), or for their mirror images."""


@torch.inference_mode()
def predict(
    predictor: Predictor,
    rows: npt.NDArray[np.int64],
    ids: Sequence[str],
    labels: Mapping[str, npt.NDArray[np.int64]],
    *,
    batch: int,
    flips: bool,
    processes: Processes,
) -> Predictions:
    """Return the predictions for the samples ``rows``, in every process.

    Args:
        predictor: A network in evaluation mode.
        rows: The samples' rows, (n,).
        ids: Their ids, n of them.
        labels: {attribute: (n,)}.
        batch: Samples at once.
        flips: Average the logits, and the embeddings before they are normalised again, with those
            of the mirror images.
        processes: Among which the samples are divided.

    Raises:
        InputError: there is no sample.
    """
    own = torch.from_numpy(rows[processes.rank :: processes.count])
    logits: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in labels}
    embedding: list[npt.NDArray[np.float32]] = []
    for part in torch.split(own, batch):
        outputs = predictor(part, False)
        if flips:
            outputs = _mean(outputs, predictor(part, True))
        for name, values in outputs.logits.items():
            logits[name].append(values.float().cpu().numpy())
        embedding.append(outputs.embedding.float().cpu().numpy())
    mine = (
        {name: np.concatenate(parts) for name, parts in logits.items()} if embedding else {},
        np.concatenate(embedding) if embedding else None,
    )
    parts_of_all = [part for part in processes.gather(mine) if part[1] is not None]
    if not parts_of_all:
        raise InputError("there is no sample to predict; add samples to the validation split")
    return Predictions(
        ids=tuple(ids),
        logits={name: _interleave([part[0][name] for part in parts_of_all]) for name in labels},
        labels={name: np.asarray(values, np.int64) for name, values in labels.items()},
        embedding=_interleave([part[1] for part in parts_of_all]),
    )


def _mean(one: Outputs, other: Outputs) -> Outputs:
    return Outputs(
        {name: (one.logits[name] + other.logits[name]) / 2 for name in one.logits},
        torch.nn.functional.normalize(one.embedding + other.embedding, dim=1),
    )


def _interleave(parts: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return one array of the rows that were distributed one by one."""
    whole = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), np.float32)
    for number, part in enumerate(parts):
        whole[number :: len(parts)] = part
    return whole
