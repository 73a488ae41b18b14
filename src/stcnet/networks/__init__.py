"""STCNet, its parts and the baselines of the field in plain PyTorch."""

from stcnet.networks.backbone import Backbone
from stcnet.networks.backbones import BACKBONES, build_backbone, load_imagenet
from stcnet.networks.clip_network import CLASSES, ClipNetwork, NetworkChoices
from stcnet.networks.i3d import I3D, I3DChoices
from stcnet.networks.mazinga import MazingaChoices, MazingaSmoke
from stcnet.networks.pretrained import LoadedWeights, load_pretrained
from stcnet.networks.registry import (
    BASELINES,
    NETWORKS,
    PRESETS,
    NetworkEntry,
    build_model,
    find_network,
    resolve_choices,
)
from stcnet.networks.stcnet import STCNet, STCNetChoices, smoke_logit
from stcnet.networks.x3d import X3D, X3DChoices

__all__ = [
    "BACKBONES",
    "BASELINES",
    "CLASSES",
    "I3D",
    "NETWORKS",
    "PRESETS",
    "X3D",
    "Backbone",
    "ClipNetwork",
    "I3DChoices",
    "LoadedWeights",
    "MazingaChoices",
    "MazingaSmoke",
    "NetworkChoices",
    "NetworkEntry",
    "STCNet",
    "STCNetChoices",
    "X3DChoices",
    "build_backbone",
    "build_model",
    "find_network",
    "load_imagenet",
    "load_pretrained",
    "resolve_choices",
    "smoke_logit",
]
