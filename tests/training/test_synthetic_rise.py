"""A tiny model learns smoke on a rendered RISE, and spoilt pipelines are found out by its score.

The scores stated here are ROC AUC on the test part of S0, views that training never saw; nothing
is chosen by its validation part, so that is trained on as well.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from stcnet.datasets.clips import ClipSet
from stcnet.datasets.rise import published_fold
from stcnet.datasets.rise.clips import clip_of
from stcnet.datasets.rise.folder import load_rise
from stcnet.datasets.rise.rendering import synthesise_rise
from stcnet.evaluation import predict
from stcnet.networks import ClipNetwork
from stcnet.training.data import TrainingData
from stcnet.training.devices import make_fabric
from stcnet.training.fitting import fit
from stcnet.training.recipes.recipe import Recipe

pytestmark = pytest.mark.slow

RENDERED_SIZE, SIZE, FRAMES = 64, 32, 18
REACHED = 0.85
"""Least ROC AUC of a sound pipeline from the fixed seed."""
CHANCE = 0.65
"""Most that labels without meaning may reach."""
RECIPE = Recipe.model_validate({
    "name": "synthetic-rise",
    "network": {
        "preset": "stcnet-lite0",
        "choices": {"pathways": "temporal", "fusion": "none", "head": "mean", "frames": 3},
        "input_size": SIZE,
        "residual": "absolute",
    },
    "epochs": 9,
    "batch_size": 12,
    "optimiser": {"learning_rate": 2e-3, "head_multiplier": 5},
    "sampling_exponent": 0,
    "augmentation": None,
    "ema_decay": 0.8,
    "seed": 0,
})  # fmt: skip

Clips = tuple[ClipSet, ClipSet]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """94 training and 56 test clips of S0."""
    folder = tmp_path_factory.mktemp("rise")
    records = synthesise_rise(folder, clips_per_view=8, size=RENDERED_SIZE, frames=FRAMES, seed=0)
    fold = published_fold(map(clip_of, records), "S0")
    known = {record.file_name: record for record in records}
    train, test = (
        load_rise(folder, [known[clip.id] for clip in clips], SIZE, frames=FRAMES)
        for clips in (fold.train + fold.validation, fold.test)
    )
    return train, test


def train(clips: ClipSet, folder: Path) -> ClipNetwork:
    data = TrainingData(description="rendered", clips=clips.ids)
    return fit(RECIPE, clips, data, folder, fabric=make_fabric("cpu"))


def score(model: ClipNetwork, test: ClipSet) -> float:
    """ROC AUC."""
    logits = predict.predict_logits(model, RECIPE.network.input_of(model), test)
    return float(roc_auc_score(test.labels.numpy(), logits.numpy()))


def require_reached(score: float) -> None:
    """The check that a pipeline has to pass."""
    assert score >= REACHED


def shuffled(clips: ClipSet) -> ClipSet:
    """Labels that say nothing of the clips: half of either class, picked at random, is smoke."""
    rng, labels = np.random.default_rng(0), torch.zeros_like(clips.labels)
    for label in (0, 1):
        places = rng.permutation(np.flatnonzero(clips.labels.numpy() == label))
        labels[torch.from_numpy(places[: len(places) // 2])] = 1
    return replace(clips, labels=labels)


def flipped(clips: ClipSet) -> ClipSet:
    return replace(clips, labels=1 - clips.labels)


@pytest.fixture(scope="module")
def sound(clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> ClipNetwork:
    return train(clips[0], tmp_path_factory.mktemp("sound"))


def test_a_tiny_model_learns_smoke(sound: ClipNetwork, clips: Clips) -> None:
    require_reached(score(sound, clips[1]))


def test_shuffled_labels_teach_nothing(clips: Clips, tmp_path: Path) -> None:
    reached = score(train(shuffled(clips[0]), tmp_path), clips[1])
    assert reached <= CHANCE
    with pytest.raises(AssertionError):
        require_reached(reached)


def test_flipped_labels_are_found_out(clips: Clips, tmp_path: Path) -> None:
    reached = score(train(flipped(clips[0]), tmp_path), clips[1])
    assert reached < 0.5
    with pytest.raises(AssertionError):
        require_reached(reached)


def test_a_wrong_class_order_is_found_out(
    sound: ClipNetwork, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "smoke_logit", lambda logits: logits[:, 0] - logits[:, 1])
    with pytest.raises(AssertionError):
        require_reached(score(sound, clips[1]))
