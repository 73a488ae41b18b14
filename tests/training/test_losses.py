"""Each loss against a computation in plain numbers, and what it can be combined with."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from stcnet.training.losses import LossSettings, Objective

SETTINGS: TypeAdapter[Any] = TypeAdapter(LossSettings)
KINDS = ["cross-entropy", "focal", "frames"]


def objective(label_smoothing: float = 0.0, **settings: Any) -> Objective:
    return Objective(
        SETTINGS.validate_python({"kind": "cross-entropy"} | settings), label_smoothing
    )


def clip_losses(settings: Objective, logits: Tensor, targets: Tensor, epoch: int = 0) -> Tensor:
    (head,) = settings.settings.heads
    return settings.losses({head: logits}, targets, torch.ones(len(targets)), epoch)


def softmax(row: list[float]) -> list[float]:
    powers = [math.exp(value) for value in row]
    return [power / sum(powers) for power in powers]


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def binary(logit: float, target: float) -> float:
    p = sigmoid(logit)
    return -(target * math.log(p) + (1 - target) * math.log(1 - p))


LOGITS = [[0.3, -1.2], [2.0, 0.5], [-0.7, 1.1]]
TARGETS = [[1.0, 0.0], [0.3, 0.7], [0.0, 1.0]]
FRAMES = [[[0.3, -1.2], [1.0, 0.2]], [[2.0, 0.5], [-1.0, 0.4]], [[-0.7, 1.1], [0.0, 3.0]]]


def cross_entropy(logits: list[float], target: list[float]) -> float:
    return -sum(t * math.log(p) for t, p in zip(target, softmax(logits), strict=True))


def focal(logits: list[float], target: list[float], gamma: float, alpha: list[float]) -> float:
    parts = zip(target, softmax(logits), alpha, strict=True)
    return -sum(a * t * math.pow(1 - p, gamma) * math.log(p) for t, p, a in parts)


def frames_loss(clip: list[list[float]], target: list[float]) -> float:
    every = np.mean([[binary(v, t) for v, t in zip(f, target, strict=True)] for f in clip])
    largest = [max(values) for values in zip(*clip, strict=True)]
    most = np.mean([binary(v, t) for v, t in zip(largest, target, strict=True)])
    return float(every + most) / 2


def plain(kind: str, logits: Any, target: list[float]) -> float:
    """The loss of one clip, of its frames where ``logits`` has some."""
    frames = logits if isinstance(logits[0], list) else [logits]
    if kind == "frames":
        return frames_loss(frames, target)
    one = cross_entropy if kind == "cross-entropy" else lambda v, t: focal(v, t, 2.0, [1.0, 1.0])
    return float(np.mean([one(frame, target) for frame in frames]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("given_logits", [LOGITS, FRAMES], ids=["clips", "frames"])
def test_losses_by_plain_computation(kind: str, given_logits: Any) -> None:
    losses = clip_losses(objective(kind=kind), torch.tensor(given_logits), torch.tensor(TARGETS))
    expected = [plain(kind, *pair) for pair in zip(given_logits, TARGETS, strict=True)]
    torch.testing.assert_close(losses, torch.tensor(expected))


@pytest.mark.parametrize(("gamma", "alpha"), [(0.0, None), (1.5, 0.25), (0.5, 0.9)])
def test_focal_loss_weighs_classes_and_doubts(gamma: float, alpha: float | None) -> None:
    chosen = objective(kind="focal", gamma=gamma, alpha=alpha)
    losses = clip_losses(chosen, torch.tensor(LOGITS), torch.tensor(TARGETS))
    by_class = [1.0, 1.0] if alpha is None else [1 - alpha, alpha]
    expected = [focal(v, t, gamma, by_class) for v, t in zip(LOGITS, TARGETS, strict=True)]
    torch.testing.assert_close(losses, torch.tensor(expected))


def test_the_frame_share_moves_weight_from_the_maximum_to_the_frames() -> None:
    logits, targets = torch.tensor(FRAMES), torch.tensor(TARGETS)
    only_frames, only_maximum, half = (
        clip_losses(objective(kind="frames", frame_share=share), logits, targets)
        for share in (1, 0, 0.5)
    )
    torch.testing.assert_close(half, (only_frames + only_maximum) / 2)
    assert not torch.allclose(only_frames, only_maximum)


@pytest.mark.parametrize("kind", KINDS)
def test_label_smoothing_spreads_the_target(kind: str) -> None:
    smooth = clip_losses(objective(0.2, kind=kind), torch.tensor(LOGITS), torch.tensor(TARGETS))
    spread = torch.tensor(TARGETS) * 0.8 + 0.1
    by_hand = clip_losses(objective(kind=kind), torch.tensor(LOGITS), spread)
    torch.testing.assert_close(smooth, by_hand)


def test_cross_entropy_is_that_of_pytorch() -> None:
    logits, targets = torch.tensor(LOGITS), torch.tensor(TARGETS)
    ours = clip_losses(objective(0.1), logits, targets).mean()
    theirs = torch.nn.functional.cross_entropy(logits, targets, label_smoothing=0.1)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_bootstrapping_mixes_the_judgement_into_the_target(kind: str) -> None:
    chosen = objective(kind=kind, bootstrap={"beta": 0.7})
    losses = clip_losses(chosen, torch.tensor(LOGITS), torch.tensor(TARGETS))
    believe = (lambda row: [sigmoid(v) for v in row]) if kind == "frames" else softmax
    moved = [
        [0.7 * t + 0.3 * p for t, p in zip(target, believe(row), strict=True)]
        for row, target in zip(LOGITS, TARGETS, strict=True)
    ]
    expected = [plain(kind, row, target) for row, target in zip(LOGITS, moved, strict=True)]
    torch.testing.assert_close(losses, torch.tensor(expected))


def test_bootstrapping_begins_with_its_epoch() -> None:
    chosen = objective(bootstrap={"beta": 0.5, "from_epoch": 3})
    logits, targets = torch.tensor(LOGITS), torch.tensor(TARGETS)
    first, second, third = (clip_losses(chosen, logits, targets, epoch) for epoch in range(3))
    without = clip_losses(objective(), logits, targets)
    assert torch.equal(first, without)
    assert torch.equal(second, without)
    assert not torch.allclose(third, without)


def test_trusting_no_label_makes_the_judgement_surer() -> None:
    logits = torch.tensor([[0.0, 1.0]], requires_grad=True)
    chosen = objective(bootstrap={"beta": 0.0})
    (gradient,) = torch.autograd.grad(
        clip_losses(chosen, logits, torch.tensor([[1.0, 0.0]])).sum(), logits
    )
    # Minimum entropy: down the gradient the larger logit grows, whatever the label says.
    assert gradient[0, 0] > 0 > gradient[0, 1]


def test_heads_are_weighted_and_summed() -> None:
    targets, weights = torch.tensor(TARGETS), torch.tensor([1.0, 0.5, 2.0])
    heads = {"joint": torch.tensor(LOGITS), "frames": torch.tensor(FRAMES)}
    chosen = objective(heads={"joint": 1.0, "frames": 0.3})
    both = chosen.losses(heads | {"spatial": torch.full((3, 2), math.nan)}, targets, weights, 0)
    alone = [clip_losses(objective(heads={name: 1}), heads[name], targets) for name in heads]
    torch.testing.assert_close(both, (alone[0] + 0.3 * alone[1]) * weights)


@given(
    kind=st.sampled_from(KINDS),
    scale=st.floats(0.1, 60),
    seed=st.integers(0, 2**32),
    gamma=st.floats(0, 4),
    framed=st.booleans(),
    beta=st.one_of(st.none(), st.floats(0, 1)),
)
def test_losses_are_finite_and_so_are_their_gradients(
    kind: str, scale: float, seed: int, gamma: float, framed: bool, beta: float | None
) -> None:
    generator = torch.Generator().manual_seed(seed)
    shape = (4, 3, 2) if framed else (4, 2)
    logits = (torch.randn(shape, generator=generator) * scale).requires_grad_()
    targets = torch.rand(4, 1, generator=generator)
    settings: dict[str, Any] = {"gamma": gamma} if kind == "focal" else {}
    if beta is not None:
        settings["bootstrap"] = {"beta": beta}
    targets = torch.cat([targets, 1 - targets], dim=1)
    losses = clip_losses(objective(kind=kind, **settings), logits, targets)
    assert losses.shape == (4,)
    assert bool((losses >= 0).all())
    (gradient,) = torch.autograd.grad(losses.sum(), logits)
    assert torch.isfinite(gradient).all()
    # Beyond all doubt the softmax saturates and nothing is left to learn.
    assert scale > 10 or (beta is not None and beta < 1) or gradient.any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"kind": "hinge"}, "does not match any of the expected tags", id="kind"),
        pytest.param({"kind": "cross-entropy", "gamma": 2}, "Extra inputs", id="key of another"),
        pytest.param({"kind": "focal", "alpha": 1}, "less than 1", id="alpha"),
        pytest.param({"kind": "frames", "frame_share": 2}, "less than or equal", id="share"),
        pytest.param({"kind": "focal", "heads": {}}, "at least 1 item", id="no head"),
        pytest.param({"kind": "focal", "heads": {"joint": 0}}, "greater than 0", id="no weight"),
        pytest.param({"kind": "focal", "bootstrap": {"beta": 2}}, "less than or equal", id="beta"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SETTINGS.validate_python(settings)
