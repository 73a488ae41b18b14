"""Support vector machines on features of I3D separate what can be separated."""

import numpy as np
import pytest
import torch

from small_cells import planted_clips
from stcnet.datasets.network_input import NetworkInput
from stcnet.errors import TrainingError
from stcnet.networks import I3D, I3DChoices
from stcnet.preprocess import Normalisation
from stcnet.training.svm import FeatureMatrix, FeatureSVM, extract_features


def rings(count: int, seed: int, features: int = 6) -> tuple[FeatureMatrix, np.ndarray]:
    """Smoke far from the middle, the rest near it: no plane separates them."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    directions = rng.normal(size=(count, features))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions * np.where(labels, 3.0, 1.0)[:, None], labels


def test_it_separates_what_no_plane_does() -> None:
    machine = FeatureSVM().fit(*rings(200, seed=0))
    features, labels = rings(100, seed=1)
    decision = machine.decision(features)
    assert decision.shape == (100,)
    assert ((decision > 0) == (labels == 1)).mean() > 0.95


def test_shuffled_labels_teach_nothing() -> None:
    features, labels = rings(200, seed=0)
    machine = FeatureSVM().fit(features, np.random.default_rng(0).permutation(labels))
    unseen, truth = rings(400, seed=1)
    assert ((machine.decision(unseen) > 0) == (truth == 1)).mean() < 0.65


def test_scale_and_offset_of_a_feature_do_not_matter() -> None:
    features, labels = rings(60, seed=0)
    scale, offset = 10.0 ** np.arange(-3, 3), np.arange(6.0)
    plain = FeatureSVM().fit(features, labels).decision(features)
    scaled = FeatureSVM().fit(features * scale + offset, labels)
    assert np.allclose(scaled.decision(features * scale + offset), plain, atol=1e-6)


def test_equal_clips_give_equal_machines() -> None:
    features, labels = rings(80, seed=0)
    first, second = (FeatureSVM().fit(features, labels).decision(features) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_dear_mistake_is_made_less() -> None:
    features, labels = rings(100, seed=0)
    labels[:6] = 1 - labels[:6]
    right = [
        ((FeatureSVM(c=c).fit(features, labels).decision(features) > 0) == labels).sum()
        for c in (0.1, 1000.0)
    ]
    assert right[0] < right[1] == 100


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_is_refused(label: int) -> None:
    with pytest.raises(TrainingError, match=rf"got 4 clips, labels \[{label}\]"):
        FeatureSVM().fit(np.eye(4), np.full(4, label))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_features_that_are_not_finite_are_refused(value: float) -> None:
    features, labels = rings(20, seed=0)
    machine = FeatureSVM().fit(features, labels)
    features[3, 1] = value
    for use in (lambda: machine.decision(features), lambda: machine.fit(features, labels)):
        with pytest.raises(TrainingError, match=r"not finite \(got 1 of 20 clips"):
            use()


def test_features_of_clips() -> None:
    torch.manual_seed(0)
    model = I3D(I3DChoices(frames=4)).eval()
    network_input = NetworkInput(Normalisation(model.pixel_mean, model.pixel_std), None)
    clips = planted_clips(5)
    features = extract_features(model, network_input, clips, batch_size=2)
    assert features.shape == (5, 1024)
    whole = extract_features(model, network_input, clips, batch_size=5)
    assert np.allclose(features, whole, atol=1e-6)
    middle = clips.frames[2:3][:, [4, 13, 22, 31]]
    with torch.no_grad():
        alone = model.features(*network_input(middle))
    assert np.allclose(features[2], alone[0].double().numpy(), atol=1e-6)
