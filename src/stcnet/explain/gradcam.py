"""Grad-CAM of an STCNet: of the spatial pathway, of the temporal one, and of both together.

Selvaraju et al. (ICCV 2017, eq. 1 and 2): each channel of a layer is weighted by the mean over the
picture of the target's gradient, and the weighted sum is rectified. Here

- the target is the log-odds of a class. Only the difference of the two logits decides, and what
  raises both of them explains nothing;
- every frame has weights of its own, as if it were a picture;
- a pathway's map at a stage is of what that stage made, before the pathways exchange anything. The
  fused map is of what the exchange left: of both pathways' channels as one layer. Where the
  exchange is a sum, and behind the last stage of any STCNet, that is exactly Grad-CAM of the sum.
"""

from __future__ import annotations

from typing import Literal

from captum.attr import LayerGradCam
from torch import Tensor, nn

from stcnet.networks import STCNet, smoke_logit
from stcnet.networks.stcnet import STAGES

Target = Literal["smoke", "none"]

SPATIAL, TEMPORAL, FUSED = "spatial", "temporal", "fused"


class Tap(nn.Module):
    """Lets the maps of the pathways pass, each as a tensor of its own.

    Where two pathways hold the same tensor, the gradient of each can only be told from the other's
    behind such a copy.
    """

    def forward(self, *maps: Tensor) -> tuple[Tensor, ...]:
        """The same values, copied."""
        return tuple(each.clone() for each in maps)


class TappedSTCNet(nn.Module):
    """An STCNet that gives the log-odds of a class and can be tapped behind one stage.

    Args:
        network: In evaluation mode.
        target: The class.
        stage: Stage behind which it is tapped, 1 (finest maps) to 4 (last).

    Raises:
        ValueError: There is no such stage.
    """

    def __init__(self, network: STCNet, target: Target, stage: int) -> None:
        super().__init__()
        if not 1 <= stage <= STAGES:
            raise ValueError(f"an STCNet has stages 1..{STAGES}, got {stage}")
        self.network = network
        self.stage = stage
        self.sign = 1.0 if target == "smoke" else -1.0
        self.made, self.exchanged = Tap(), Tap()
        sides = {SPATIAL: network.pathways.spatial, TEMPORAL: network.pathways.temporal}
        self.names = tuple(name for name, side in sides.items() if side is not None)

    def forward(self, frames: Tensor, residuals: Tensor) -> Tensor:
        """Log-odds of the target, shape (B,); input as of :meth:`STCNet.forward`."""
        network, inputs = self.network, {SPATIAL: frames, TEMPORAL: residuals}
        maps = tuple(inputs[name].flatten(0, 1) for name in self.names)
        levels = zip(*(backbone.stages for backbone in network.backbones()), strict=True)
        for number, level in enumerate(levels, start=1):
            maps = tuple(stage(each) for stage, each in zip(level, maps, strict=True))
            maps = self.made(*maps) if number == self.stage else maps
            if number <= len(network.pathways.exchanges):
                maps = network.pathways.exchanges[number - 1](*maps)
            maps = self.exchanged(*maps) if number == self.stage else maps
        features = network.reduce(maps[0] + maps[1] if len(maps) > 1 else maps[0])
        scores = network.class_maps(features.reshape(len(frames), -1, *features.shape[1:]))
        return self.sign * smoke_logit(scores.mean(dim=(2, 3)))


def signed_maps(tapped: TappedSTCNet, frames: Tensor, residuals: Tensor) -> dict[str, Tensor]:
    """The weighted sums of Grad-CAM before they are rectified.

    Args:
        tapped: The network.
        frames: Normalised frames, shape (B, T, 3, H, W), H and W divisible by 32.
        residuals: Residual frame of each, the same shape.

    Returns:
        ``spatial`` and ``temporal``, as far as the network has these pathways, and with both of
        them ``fused``: shape (B, T, h, w), h = H / 4 behind stage 1 to H / 32 behind stage 4.
    """
    shape = frames.shape[:2]
    made = _attributed(tapped, tapped.made, frames, residuals)
    maps = dict(zip(tapped.names, made, strict=True))
    if len(made) > 1:
        spatial, temporal = _attributed(tapped, tapped.exchanged, frames, residuals)
        maps[FUSED] = spatial + temporal
    return {name: each.detach().reshape(*shape, *each.shape[2:]) for name, each in maps.items()}


def grad_cam(tapped: TappedSTCNet, frames: Tensor, residuals: Tensor) -> dict[str, Tensor]:
    """Grad-CAM of each pathway and of both: :func:`signed_maps`, rectified.

    A map says where there is evidence for the target, up to a factor that differs from clip to
    clip. Within one clip the maps of all pathways and frames share that factor.
    """
    return {name: each.relu() for name, each in signed_maps(tapped, frames, residuals).items()}


def _attributed(
    tapped: TappedSTCNet, tap: Tap, frames: Tensor, residuals: Tensor
) -> tuple[Tensor, ...]:
    """What captum makes of the maps that pass a tap, each of shape (B * T, 1, h, w)."""
    found: Tensor | tuple[Tensor, ...] = LayerGradCam(tapped, tap).attribute((frames, residuals))
    return found if isinstance(found, tuple) else (found,)
