"""Out-of-fold predictions: of each sample by a head that was not trained on it.

A network that was trained on a wrong label repeats it. So all samples, of every split, are
distributed into folds; for each fold a head is trained on the other folds, on features of the
initial backbone (one that was trained on these labels would know them), and predicts the fold. This
is the cross-validation that confident learning needs (Northcutt et al. 2021, arXiv:1911.00068).
"""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from artextract.errors import InputError
from training.data.features import CachedFeatures
from training.evaluation.predictions import Predictions
from training.loops.checkpoint import Checkpoints, fingerprint
from training.loops.network import network_fingerprints
from training.loops.recorder import Recorder
from training.loops.stages import train_head
from training.loops.tasks import TrainingContext, feature_task
from training.networks.cnn_rnn import FeatureExtractor, Head


def multilabel_folds(labels: npt.NDArray[np.int64], folds: int, seed: int) -> npt.NDArray[np.int64]:
    """Return the fold of each sample, (n,), from its ``labels`` (n, attributes).

    Samples are sorted by their labels and distributed in this order, so that folds have nearly
    equal shares of every class.

    Raises:
        InputError: there are fewer than two folds, or fewer samples than folds.
    """
    if not 2 <= folds <= len(labels):
        raise InputError(
            f"{len(labels)} samples can't be distributed into {folds} folds; give 2 to "
            f"{len(labels)}"
        )
    random = np.random.default_rng(seed)
    order = np.lexsort((random.random(len(labels)), *labels.T[::-1]))
    found = np.empty(len(labels), np.int64)
    for start in range(0, len(labels), folds):
        group = order[start : start + folds]
        found[group] = random.permutation(folds)[: len(group)]
    return found


def predict_out_of_fold(
    context: TrainingContext,
    extractor: FeatureExtractor,
    features: CachedFeatures,
    folds: int,
    folder: Path,
) -> Predictions:
    """Return predictions of all samples, each by a head that was trained on the other folds.

    Their ``embedding`` is the backbone's pooled map, since the embeddings of different heads can't
    be compared. ``features`` are those of all samples by ``extractor``; the splits of ``context``
    are ignored. ``folder`` is for checkpoints, so that a run can be resumed, and removed in the
    end.

    Raises:
        InputError: the number of folds is not possible.
    """
    data, config, processes = context.data, context.config, context.processes
    rows = np.arange(len(data.ids))
    fold_of = multilabel_folds(data.labels, folds, config.seed)
    parts = []
    for fold in range(folds):
        own = folder / f"fold-{fold + 1}"
        if processes.is_first:
            own.mkdir(parents=True, exist_ok=True)
        processes.wait()
        split = dataclasses.replace(data, train=rows[fold_of != fold], val=rows[fold_of == fold])
        fingerprints = {
            **network_fingerprints(config, data.classes),
            "works": fingerprint([list(data.ids), data.labels.tolist(), folds, fold]),
        }
        with torch.random.fork_rng(devices=[]), Recorder(own) as recorder:
            torch.default_generator.manual_seed(config.seed)
            head = Head(extractor, data.classes.sizes, config.model).to(processes.device)
            of_fold = dataclasses.replace(
                context, data=split, checkpoints=Checkpoints(own, fingerprints), recorder=recorder
            )
            train_head(of_fold, head, features, name=f"fold {fold + 1} of {folds}")
        task = feature_task(of_fold, features)
        parts.append(task.predict(head.eval(), split.val, flips=config.predict.flips))
    processes.wait()
    if processes.is_first:
        shutil.rmtree(folder)
    order = np.argsort(np.concatenate([rows[fold_of == fold] for fold in range(folds)]))
    pooled = torch.from_numpy(features.pooled(rows))
    return Predictions(
        ids=list(data.ids),
        logits={
            name: np.concatenate([part.logits[name] for part in parts])[order]
            for name in data.classes.attributes
        },
        labels=data.labels_of(rows),
        embedding=functional.normalize(pooled, dim=1).numpy(),
    )
