"""The part of a recipe that says what to train."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

import torch
from pydantic import Field, model_validator

from stcnet.datasets.network_input import NetworkInput
from stcnet.errors import ConfigError
from stcnet.networks import (
    ClipNetwork,
    NetworkChoices,
    STCNet,
    build_model,
    load_imagenet,
    resolve_choices,
)
from stcnet.networks.pretrained import LoadedWeights, load_pretrained
from stcnet.preprocess import Normalisation, ResidualForm
from stcnet.training.recipes.packages import SUFFIX, load_package, weights_file
from stcnet.training.recipes.settings import Settings

Choice = str | bool | int | float


_log = logging.getLogger(__name__)


class NetworkSettings(Settings):
    """The network to train: a preset of the literature and what departs from it.

    Attributes:
        preset: Name of a network in :mod:`stcnet.networks.registry`.
        choices: Fields of that network's choices that replace the preset's.
        pretrained: ``imagenet`` loads the packaged weights into every pathway of an STCNet;
            ``none`` starts from random ones; ``flagship`` from those of the bundled model package;
            anything else is a file, another package (``.stcnet``) or a state dict, see
            :func:`stcnet.networks.pretrained.load_pretrained`, of which what fits is taken; a
            warning names what does not.
        input_size: Side of the input in pixels, a multiple of what the network asks for.
        training_size: Side of the pictures that it is trained on, where another: random crops
            magnify, so that things look in training as they do when testing at a larger size
            (Touvron et al., NeurIPS 2019); None: the input size.
        residual: Form of the residual frames, for networks that take them.
        frozen_stages: Leading parts whose weights stay as they are: stages of the backbones of an
            STCNet, blocks of another network. They keep their statistics too, but for the
            temporal pathway, which re-estimates its own, because residual frames look nothing
            like the pictures that the weights come from.
    """

    preset: str
    choices: dict[str, Choice] = Field({})
    pretrained: str = Field("imagenet", min_length=1)
    input_size: int = Field(224, ge=32, le=1024, multiple_of=32)
    training_size: int | None = Field(None, ge=32, le=1024, multiple_of=32)
    residual: ResidualForm = "signed"
    frozen_stages: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> NetworkSettings:
        try:
            outline = self.outline()
        except ConfigError as error:
            raise ValueError(str(error)) from None
        most = len(outline.blocks()) - 1
        if self.frozen_stages > most:
            raise ValueError(f"frozen_stages is above {most}, all parts but the head")
        if self.pretrained == "imagenet" and not isinstance(outline, STCNet):
            raise ValueError("pretrained: imagenet is for STCNet; allowed: none, or a file")
        return self

    @property
    def size_in_training(self) -> int:
        """Side of the pictures that the network is trained on, in pixels."""
        return self.training_size or self.input_size

    def outline(self) -> ClipNetwork:
        """The network on the meta device: all that it says of itself, without weights."""
        return _outline(self.preset, tuple(sorted(self.choices.items())))

    def resolved(self) -> NetworkChoices:
        """The complete choices."""
        return resolve_choices(self.preset, **self.choices)

    def heads(self) -> dict[str, torch.Size]:
        """Shape of the logits of each head of one clip."""
        network = self.outline()
        shape = (1, network.frames, network.channels, self.input_size, self.input_size)
        with torch.device("meta"), torch.no_grad():
            heads = network.supervised(torch.empty(shape), torch.empty(shape))
        return {name: logits.shape[1:] for name, logits in heads.items()}

    def untrained(self) -> ClipNetwork:
        """The network with random weights."""
        return build_model(self.preset, **self.choices)

    def build(self) -> ClipNetwork:
        """The network with its starting weights.

        Raises:
            ConfigError: There are no packaged weights for its backbone, or the file does not fit.
            PackageError: The model package to start from cannot be read.
        """
        network = self.untrained()
        if self.pretrained == "imagenet":
            assert isinstance(network, STCNet)
            for backbone in network.backbones():
                load_imagenet(backbone, network.choices.backbone)
        elif self.pretrained != "none":
            # The head of a network for other classes, or what was put on it, stays random.
            loaded = self._load(network, weights_file(self.pretrained))
            if loaded.misfits():
                _log.warning("%s fits in part: %s", self.pretrained, loaded.misfits())
        return network

    def _load(self, network: ClipNetwork, path: Path) -> LoadedWeights:
        if path.suffix == SUFFIX:
            return load_package(network, path, self.residual)
        return load_pretrained(network, path, allow_partial=True)

    def normalisation(self, network: ClipNetwork) -> Normalisation:
        """The normalisation that the network was made for."""
        return Normalisation(network.pixel_mean, network.pixel_std)

    def input_of(self, network: ClipNetwork) -> NetworkInput:
        """The last step before the network, from pixels to what it takes."""
        residual = self.residual if network.takes_residuals else None
        return NetworkInput(self.normalisation(network), residual)


@lru_cache(maxsize=64)
def _outline(preset: str, choices: tuple[tuple[str, Choice], ...]) -> ClipNetwork:
    with torch.device("meta"):
        return build_model(preset, **dict(choices)).eval()
