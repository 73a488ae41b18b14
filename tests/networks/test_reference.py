"""The authors' networks once more, from their description and in plain tensor operations.

The numbers of :class:`stcnet.networks.STCNet` must be those of these functions, which share no
code with it: they take the tensors of its state dict in the order in which layers use them.
"""

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor

from random_networks import random_input, settled_network


class Tensors:
    """Hands out the tensors under a prefix of a state dict, one after another."""

    def __init__(self, state: Mapping[str, Tensor], prefix: str) -> None:
        self._left = [
            value
            for name, value in state.items()
            if name.startswith(f"{prefix}.") and not name.endswith("num_batches_tracked")
        ]

    def take(self) -> Tensor:
        return self._left.pop(0)

    def conv(self, maps: Tensor, stride: int = 1, padding: int = 0, groups: int = 1) -> Tensor:
        return torch.conv2d(maps, self.take(), None, stride, padding, 1, groups)

    def conv_bias(self, maps: Tensor) -> Tensor:
        return torch.conv2d(maps, self.take(), self.take())

    def norm(self, maps: Tensor) -> Tensor:
        scale, shift, mean, variance = (self.take()[:, None, None] for _ in range(4))
        return (maps - mean) / (variance + 1e-5).sqrt() * scale + shift

    def finish(self, maps: Tensor) -> Tensor:
        assert not self._left
        return maps


# --- SE-ResNeXt-50 --------------------------------------------------------------------------


def se_bottleneck(tensors: Tensors, maps: Tensor, stride: int, project: bool) -> Tensor:
    """1x1, 3x3 in 32 groups, 1x1, squeeze and excitation, shortcut."""
    inner = tensors.norm(tensors.conv(maps)).relu()
    inner = tensors.norm(tensors.conv(inner, stride, padding=1, groups=32)).relu()
    inner = tensors.norm(tensors.conv(inner))
    squeezed = tensors.conv_bias(inner.mean(dim=(2, 3), keepdim=True)).relu()
    inner = inner * tensors.conv_bias(squeezed).sigmoid()
    shortcut = tensors.norm(tensors.conv(maps, stride)) if project else maps
    return (inner + shortcut).relu()


def se_layer(state: Mapping[str, Tensor], pathway: str, number: int, maps: Tensor) -> Tensor:
    """One of layer1..layer4, the stem before the first."""
    tensors = Tensors(state, f"pathways.{pathway}.stages.{number}")
    if number == 0:
        maps = tensors.norm(tensors.conv(maps, 2, padding=3)).relu()
        maps = torch.max_pool2d(maps, 3, 2, ceil_mode=True)
    for block in range((3, 4, 6, 3)[number]):
        first = block == 0
        maps = se_bottleneck(tensors, maps, 2 if first and number > 0 else 1, project=first)
    return tensors.finish(maps)


def authors_seresnext(state: Mapping[str, Tensor], frames: Tensor, residuals: Tensor) -> Tensor:
    """Two backbones; after each layer the sum of the two maps goes to both."""
    spatial, temporal = frames, residuals
    for number in range(4):
        total = se_layer(state, "spatial", number, spatial) + se_layer(
            state, "temporal", number, temporal
        )
        spatial = temporal = total
    return total


# --- MobileNetV2 ----------------------------------------------------------------------------

# Expansion, channels, repeats and stride of the blocks of each stage.
MOBILE = (
    ((1, 16, 1, 1), (6, 24, 2, 2)),
    ((6, 32, 3, 2),),
    ((6, 64, 4, 2), (6, 96, 3, 1)),
    ((6, 160, 3, 2), (6, 320, 1, 1)),
)


def inverted_residual(tensors: Tensors, maps: Tensor, expansion: int, stride: int) -> Tensor:
    inner = maps
    if expansion > 1:
        inner = tensors.norm(tensors.conv(inner)).clamp(0, 6)
    inner = tensors.norm(tensors.conv(inner, stride, padding=1, groups=inner.shape[1]))
    inner = tensors.norm(tensors.conv(inner.clamp(0, 6)))
    return maps + inner if stride == 1 and maps.shape == inner.shape else inner


def mobile_stage(state: Mapping[str, Tensor], pathway: str, number: int, maps: Tensor) -> Tensor:
    tensors = Tensors(state, f"pathways.{pathway}.stages.{number}")
    if number == 0:
        maps = tensors.norm(tensors.conv(maps, 2, padding=1)).clamp(0, 6)
    for expansion, channels, repeats, stride in MOBILE[number]:
        for block in range(repeats):
            maps = inverted_residual(tensors, maps, expansion, stride if block == 0 else 1)
        assert maps.shape[1] == channels
    return tensors.finish(maps)


def authors_mobilenet(state: Mapping[str, Tensor], frames: Tensor, residuals: Tensor) -> Tensor:
    """The stages to 24, 32 and 96 channels see both inputs; the last one has a double."""
    spatial, temporal = frames, residuals
    for number in range(3):
        seen = [mobile_stage(state, "spatial", number, maps) for maps in (spatial, temporal)]
        spatial = temporal = seen[0] + seen[1]
    return mobile_stage(state, "spatial", 3, spatial) + mobile_stage(state, "temporal", 3, temporal)


# --- head and comparison --------------------------------------------------------------------


def authors_head(state: Mapping[str, Tensor], maps: Tensor, frames: int) -> Tensor:
    """1x1 convolution and ReLU a frame; frames on channels; 1x1, norm, ReLU; pool; linear."""
    reduced = Tensors(state, "reduce").conv_bias(maps).relu()
    side_by_side = reduced.reshape(-1, frames * 256, *maps.shape[2:])
    head = Tensors(state, "head")
    aggregated = head.finish(head.norm(head.conv(side_by_side)).relu())
    return aggregated.mean(dim=(2, 3)) @ state["classifier.weight"].T + state["classifier.bias"]


@pytest.mark.parametrize(
    ("preset", "pathways"),
    [("stcnet-seresnext50", authors_seresnext), ("stcnet-mobilenetv2", authors_mobilenet)],
    ids=["SE-ResNeXt-50", "MobileNetV2"],
)
def test_stcnet_gives_the_numbers_of_the_authors_network(
    preset: str, pathways: Callable[[Mapping[str, Tensor], Tensor, Tensor], Tensor]
) -> None:
    frames = 2
    model = settled_network(preset, frames=frames).double()
    clips = [given.double() for given in random_input(2, frames, 64, 96, seed=5)]
    state = model.state_dict()
    expected = authors_head(state, pathways(state, *(c.flatten(0, 1) for c in clips)), frames)
    assert (expected[0] - expected[1]).abs().min() > 1e-3, "the clips must differ"
    with torch.no_grad():
        logits = model(*clips)
    torch.testing.assert_close(logits, expected, rtol=1e-8, atol=1e-8)
