"""Augmentation of clips on the device they lie on, before residual frames are taken.

RISE's published set, and what makes two cameras differ: see
:class:`~stcnet.datasets.augmentation.settings.AugmentationSettings` and its presets. The order is
that of the world: what stands before the camera and the air, its lens, its sensor, the file.
"""

from stcnet.datasets.augmentation.flow import STILL, FlowAugmentation
from stcnet.datasets.augmentation.pipeline import ClipAugmentation, build_augmentation
from stcnet.datasets.augmentation.settings import OFF, PRESETS, AugmentationSettings
from stcnet.datasets.augmentation.time import draw_varied_frames

__all__ = [
    "OFF",
    "PRESETS",
    "STILL",
    "AugmentationSettings",
    "ClipAugmentation",
    "FlowAugmentation",
    "build_augmentation",
    "draw_varied_frames",
]
