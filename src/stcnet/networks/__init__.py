"""STCNet and its parts in plain PyTorch."""

from stcnet.networks.backbone import Backbone
from stcnet.networks.backbones import BACKBONES, build_backbone, load_imagenet
from stcnet.networks.clip_network import ClipNetwork
from stcnet.networks.registry import PRESETS, build_model, resolve_choices
from stcnet.networks.stcnet import CLASSES, STCNet, STCNetChoices, smoke_logit

__all__ = [
    "BACKBONES",
    "CLASSES",
    "PRESETS",
    "Backbone",
    "ClipNetwork",
    "STCNet",
    "STCNetChoices",
    "build_backbone",
    "build_model",
    "load_imagenet",
    "resolve_choices",
    "smoke_logit",
]
