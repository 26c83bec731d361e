"""What is said of each work by a head that was not trained on it.

A network that has learnt a wrong label repeats it, so wrong labels are found only by others who
have not seen them. Here all works, of whatever split, are dealt into folds; for each fold a head is
trained on the other folds, on features of the backbone as it came (one trained on these labels
would know them), and asked about the fold. This is cross-validation as confident learning wants it
(Northcutt et al. 2021, arXiv:1911.00068).
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
from training.loops.recorder import Recorder
from training.loops.stages import Setting, train_head
from training.loops.tasks import FeatureTask
from training.networks.cnn_rnn import FeatureMaker, Head
from training.networks.loading import belongings

__all__ = ["deal_folds", "predict_out_of_fold"]


def deal_folds(labels: npt.NDArray[np.int64], folds: int, seed: int) -> npt.NDArray[np.int64]:
    """Return the fold of each work, (n,), 0 to ``folds`` - 1, from its ``labels`` (n, attributes).

    Works of equal labels lie side by side when they are dealt out, so that folds have nearly equal
    shares of every class.

    Raises:
        InputError: there are fewer than two folds, or fewer works than folds.
    """
    if not 2 <= folds <= len(labels):
        raise InputError(
            f"{folds} folds were asked for {len(labels)} works; give 2 to {len(labels)}"
        )
    random = np.random.default_rng(seed)
    order = np.lexsort((random.random(len(labels)), *labels.T[::-1]))
    found = np.empty(len(labels), np.int64)
    for start in range(0, len(labels), folds):
        hand = order[start : start + folds]
        found[hand] = random.permutation(folds)[: len(hand)]
    return found


def predict_out_of_fold(
    setting: Setting, maker: FeatureMaker, features: CachedFeatures, folds: int, folder: Path
) -> Predictions:
    """Return predictions of all works, each by a head that was trained on the other folds.

    Its ``embedding`` is the pooled map of the backbone, since those of different heads can't be
    compared.

    Args:
        setting: The training; its works are dealt anew.
        maker: What made the features.
        features: Those of all works.
        folds: How many.
        folder: For checkpoints of folds that are done, so that an interrupted run goes on; it is
            removed in the end.

    Raises:
        InputError: the number of folds can't be.
    """
    works, config, processes = setting.works, setting.config, setting.processes
    numbers = np.arange(len(works.ids))
    fold_of = deal_folds(works.labels, folds, config.seed)
    parts = []
    for fold in range(folds):
        own = folder / f"fold-{fold + 1}"
        if processes.is_first:
            own.mkdir(parents=True, exist_ok=True)
        processes.wait()
        split = dataclasses.replace(
            works, train=numbers[fold_of != fold], val=numbers[fold_of == fold]
        )
        belongs = {
            **belongings(config, works.classes),
            "works": fingerprint([list(works.ids), works.labels.tolist(), folds, fold]),
        }
        with torch.random.fork_rng(devices=[]), Recorder(own) as recorder:
            torch.default_generator.manual_seed(config.seed)
            counts = {name: len(works.classes.names[name]) for name in works.classes.attributes}
            head = Head(maker, counts, config.model).to(processes.device)
            of_fold = dataclasses.replace(
                setting, works=split, checkpoints=Checkpoints(own, belongs), recorder=recorder
            )
            train_head(of_fold, head, features, name=f"fold {fold + 1} of {folds}")
        see = FeatureTask(split, features, config.loss, processes.device).seer(head.eval())
        parts.append(split.predict(see, split.val, flips=config.predict.flips, processes=processes))
    processes.wait()
    if processes.is_first:
        shutil.rmtree(folder)
    order = np.argsort(np.concatenate([numbers[fold_of == fold] for fold in range(folds)]))
    pooled = torch.from_numpy(features.pooled(numbers))
    return Predictions(
        ids=list(works.ids),
        logits={
            name: np.concatenate([part.logits[name] for part in parts])[order]
            for name in works.classes.attributes
        },
        labels=works.labels_of(numbers),
        embedding=functional.normalize(pooled, dim=1).numpy(),
    )
