"""What holds for every network of the registry, with numbers: it learns, it keeps, it judges."""

from collections import deque
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from random_networks import settle
from stcnet.errors import ScoringError
from stcnet.networks import NETWORKS, PRESETS, ClipNetwork, STCNet, build_model

FRAMES = {"i3d-lstm": 9, "i3d-nl": 9}
"""The frames that leave two steps to what compares steps; two do for all other networks."""
SIZES = {
    "one clip of one frame": (1, 1),
    "one clip of many frames": (1, 32),
    "many clips of two frames": (16, 2),
    "many clips of many frames": (16, 32),
}


def clips(network: ClipNetwork, batch: int = 2, frames: int | None = None) -> tuple[Tensor, Tensor]:
    """Frames and residuals of random content, wider than high."""
    generator = torch.Generator().manual_seed(batch)
    shape = (2, batch, frames or network.frames, network.channels, 32, 64)
    given, residuals = torch.randn(shape, generator=generator).unbind(0)
    return given, residuals if network.takes_residuals else torch.empty(0)


def head_losses(network: ClipNetwork, given: tuple[Tensor, Tensor]) -> Tensor:
    """Cross-entropy of all heads together, smoke and none taking turns."""
    heads = network.supervised(*given)
    labels = torch.arange(len(given[0])) % 2
    per_clip = {name: h.mean(1) if name == "frames" else h for name, h in heads.items()}
    return torch.stack([F.cross_entropy(logits, labels) for logits in per_clip.values()]).sum()


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest) -> ClipNetwork:
    """Each network once, in evaluation mode, nothing of it at zero and no dropout."""
    torch.manual_seed(0)
    network: ClipNetwork = build_model(request.param, frames=FRAMES.get(request.param, 2))
    settle(network, *clips(network))
    for module in network.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
    return network


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", NETWORKS)
def test_any_number_of_clips_and_frames(name: str, size: tuple[int, int]) -> None:
    batch, frames = size
    with torch.device("meta"):
        network = build_model(name, frames=frames).eval()
        shape = (batch, frames, network.channels, 64, 96)
        heads = network.supervised(torch.empty(shape), torch.empty(shape))
    expected = {head: (batch, frames, 2) if head == "frames" else (batch, 2) for head in heads}
    assert {head: tuple(logits.shape) for head, logits in heads.items()} == expected


def test_a_frame_alone_and_thirty_two(network: ClipNetwork) -> None:
    for frames in (1, 32):
        if isinstance(network, STCNet) and network.choices.head == "concat":
            with pytest.raises(ScoringError, match=f"got {frames} frames; allowed: 2"):
                network(*clips(network, 1, frames=frames))
            continue
        with torch.no_grad():
            logits = network(*clips(network, 1, frames=frames))
        assert logits.shape == (1, 2)
        assert bool(logits.isfinite().all())


def test_pictures_of_a_wrong_size_are_refused(network: ClipNetwork) -> None:
    frames, residuals = (torch.zeros(1, 2, network.channels, 48, 64) for _ in range(2))
    if network.input_multiple == 1:
        assert network(frames, residuals).shape == (1, 2)
        return
    with pytest.raises(ScoringError, match="got 48 x 64 pixels; allowed: multiples of 32"):
        network(frames, residuals)
    with pytest.raises(ScoringError, match="multiples of 32"):
        network.supervised(frames, residuals)


def test_a_batch_is_judged_clip_by_clip(network: ClipNetwork) -> None:
    frames, residuals = clips(network)
    with torch.no_grad():
        together = network(frames, residuals)
        alone = [network(frames[n : n + 1], residuals[n : n + 1]) for n in range(2)]
    spread = float(together.std(dim=0).min())
    assert 1e-4 < spread < 100
    torch.testing.assert_close(torch.cat(alone), together, rtol=0, atol=0.05 * spread)


def test_the_state_comes_back(network: ClipNetwork, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.params["network"]
    given = clips(network)
    with torch.device("meta"):
        other = build_model(name, frames=network.frames).eval()
    # What is not in the state stays without content, and fails below.
    other.load_state_dict(network.state_dict(), assign=True)
    with torch.no_grad():
        assert torch.equal(other(*given), network(*given))


@pytest.mark.parametrize("network", PRESETS, indirect=True)
def test_a_stream_gives_the_numbers_of_whole_windows(network: ClipNetwork) -> None:
    assert isinstance(network, STCNet)
    frames, residuals = clips(network, 1, frames=3)
    recent: deque[Tensor] = deque(maxlen=2)
    with torch.no_grad():
        for now in range(3):
            recent.append(network.frame_features(frames[:, now], residuals[:, now]))
            if now:
                maps = network.class_maps(torch.stack(list(recent), dim=1))
                whole = network(frames[:, now - 1 : now + 1], residuals[:, now - 1 : now + 1])
                torch.testing.assert_close(maps.mean(dim=(2, 3)), whole, rtol=1e-3, atol=1e-4)


def test_a_step_down_the_gradient_lowers_the_loss(network: ClipNetwork) -> None:
    given = clips(network)
    network = deepcopy(network).train()
    before = head_losses(network, given)
    parameters = list(network.parameters())
    gradients = torch.autograd.grad(before, parameters, allow_unused=True)
    reached = [gradient is not None and bool(gradient.any()) for gradient in gradients]
    names = [name for name, _ in network.named_parameters()]
    assert [name for name, does in zip(names, reached, strict=True) if not does] == []
    steepness = sum(float(gradient.square().sum()) for gradient in gradients)
    with torch.no_grad():
        step = 0.01 * float(before) / steepness
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.sub_(step * gradient)
        after = head_losses(network, given)
    assert after < before
