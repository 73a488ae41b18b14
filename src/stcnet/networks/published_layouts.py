"""ImageNet weights of backbones under the names that they are published with.

MobileNetV2 as torchvision's ``mobilenet_v2``. SE-ResNeXt as timm's ``seresnext50_32x4d``, and as
``legacy_seresnext50_32x4d``, which is the layout that the code of STCNet starts from. The former
pads its first pooling where the latter and ours do not: its maps come out half a pixel aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from stcnet.networks.backbone import Backbone
from stcnet.networks.mobile import InvertedResidual, MobileNetV2
from stcnet.networks.se_resnext import SEResNeXt, SEResNeXtBlock

Names = Iterator[tuple[str, str]]
"""Names of layers, ours and theirs."""


def in_own_names(network: nn.Module, published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict in the names of the network, where its backbones are published in others.

    Every pathway gets the same weights. The classifier of a published backbone is left out.

    Args:
        network: Whose names are wanted.
        published: A state dict, in a published layout or not.

    Returns:
        The tensors that the backbones of the network want; all as they are if there are none.
    """
    renamed: dict[str, Tensor] = {}
    for prefix, backbone in network.named_modules():
        if isinstance(backbone, Backbone):
            for ours, theirs in _layers(backbone, published):
                for name, tensor in published.items():
                    layer, _, part = name.rpartition(".")
                    if layer == theirs:
                        renamed[f"{prefix}.{ours}.{part}".removeprefix(".")] = tensor
    return renamed or dict(published)


def _layers(backbone: Backbone, published: Mapping[str, Tensor]) -> Names:
    if isinstance(backbone, MobileNetV2):
        yield from _mobile_layers(backbone)
    elif isinstance(backbone, SEResNeXt):
        legacy = "layer0.conv1.weight" in published
        stem, gate = ("layer0.", "se_module") if legacy else ("", "se")
        yield "stages.0.0.0", f"{stem}conv1"
        yield "stages.0.0.1", f"{stem}bn1"
        yield from _residual_layers(backbone, gate)


def _mobile_layers(backbone: MobileNetV2) -> Names:
    """Stem and blocks are numbered through; only the last convolution is not a group of its own."""
    yield "stages.0.0.0", "features.0.0"
    yield "stages.0.0.1", "features.0.1"
    blocks = [(name, m) for name, m in backbone.named_modules() if isinstance(m, InvertedResidual)]
    for number, (name, block) in enumerate(blocks, 1):
        last = len(block.layers) - 1
        for layer in range(last):
            for part in range(2):
                yield f"{name}.layers.{layer}.{part}", f"features.{number}.conv.{layer}.{part}"
        for part in range(2):
            yield f"{name}.layers.{last}.{part}", f"features.{number}.conv.{last + part}"


def _residual_layers(backbone: SEResNeXt, gate: str) -> Names:
    for number, stage in enumerate(backbone.stages):
        blocks = (n for n, block in stage.named_children() if isinstance(block, SEResNeXtBlock))
        for position, block in enumerate(blocks):
            ours, theirs = f"stages.{number}.{block}", f"layer{number + 1}.{position}"
            for layer in range(3):
                yield f"{ours}.layers.{layer}.0", f"{theirs}.conv{layer + 1}"
                yield f"{ours}.layers.{layer}.1", f"{theirs}.bn{layer + 1}"
            for layer, name in ((1, "fc1"), (3, "fc2")):
                yield f"{ours}.layers.3.gate.{layer}", f"{theirs}.{gate}.{name}"
            for part in range(2):
                yield f"{ours}.shortcut.{part}", f"{theirs}.downsample.{part}"
