"""Recipes: everything that decides what a training run does, as one typed document."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stcnet.datasets.augmentation import AugmentationSettings
from stcnet.datasets.cells import CLIP_FRAMES
from stcnet.errors import ConfigError
from stcnet.networks import STCNet, STCNetChoices, load_imagenet
from stcnet.networks.registry import resolve_choices
from stcnet.preprocess import Normalisation, ResidualForm

BUNDLED = files("stcnet.training") / "recipes"


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NetworkSettings(_Settings):
    """The network to train: a preset of the literature and what departs from it.

    Attributes:
        preset: A name of :data:`stcnet.networks.PRESETS`.
        choices: Fields of :class:`stcnet.networks.STCNetChoices` that replace the preset's.
        pretrained: ``imagenet`` loads the packaged weights into every pathway.
        input_size: Side of the input in pixels, divisible by 32.
        residual: Form of the residual frames.
        frozen_stages: Leading stages whose weights stay as they are. The spatial pathway keeps
            their statistics too; the temporal one re-estimates its own, because residual frames
            look nothing like the pictures that the weights come from.
    """

    preset: str
    choices: dict[str, str | int | float] = {}
    pretrained: Literal["imagenet", "none"] = "imagenet"
    input_size: int = Field(224, ge=32, le=1024, multiple_of=32)
    residual: ResidualForm = "signed"
    frozen_stages: int = Field(0, ge=0, le=4)

    @model_validator(mode="after")
    def _check_choices(self) -> NetworkSettings:
        try:
            self.resolved()
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return self

    def resolved(self) -> STCNetChoices:
        """The complete choices."""
        return resolve_choices(self.preset, **self.choices)

    def build(self) -> STCNet:
        """The network with its starting weights."""
        model = STCNet(self.resolved())
        if self.pretrained == "imagenet":
            for backbone in model.backbones():
                load_imagenet(backbone, model.choices.backbone)
        return model

    def normalisation(self, model: STCNet) -> Normalisation:
        """The normalisation that the backbone was made for."""
        backbone = model.backbones()[0]
        return Normalisation(backbone.pixel_mean, backbone.pixel_std)


class PlumeSettings(_Settings):
    """Rendered plumes pasted into real training clips.

    Attributes:
        smoke: Chance that a smoke-free clip gets smoke, and with it the label smoke.
        steam: Chance that any clip gets steam; its label stays.
    """

    smoke: float = Field(0.0, ge=0, le=1)
    steam: float = Field(0.0, ge=0, le=1)


class OptimiserSettings(_Settings):
    """AdamW with warm-up and a cosine to zero.

    Attributes:
        learning_rate: Peak rate of the backbones.
        head_multiplier: The rate of everything else, as a multiple.
        weight_decay: Of convolution and linear weights; norms and biases have none.
        warmup: Share of all steps in which the rate rises linearly from zero.
        clip_norm: Largest norm of the gradient.
    """

    learning_rate: float = Field(3e-4, gt=0)
    head_multiplier: float = Field(3.0, gt=0)
    weight_decay: float = Field(0.05, ge=0)
    warmup: float = Field(0.1, ge=0, lt=1)
    clip_norm: float = Field(5.0, gt=0)


class Recipe(_Settings):
    """One training run.

    Attributes:
        name: Goes into the model package.
        network: What to train.
        epochs: Passes over the clips.
        batch_size: Clips a step.
        optimiser: How the weights move.
        label_smoothing: Share of the target spread evenly over the classes.
        mixup: Parameter of the Beta distribution that mixes pairs of clips; 0 mixes none.
        training_frames: Frames with their residuals drawn of each clip a step, out of the T that
            testing takes; fewer cost less and vary more. Needs a head that takes any number.
        sampling_exponent: See :func:`stcnet.datasets.clips.draw_order`.
        ema_decay: Decay a step of the averaged weights, which are the result; 0: no averaging.
        settling_steps: Batches of plain clips on which the batch-norm statistics of the result are
            taken, at most one epoch's.
        augmentation: How clips are varied; None: not at all.
        plumes: Rendered smoke and steam.
        seed: Of everything random.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    network: NetworkSettings
    epochs: int = Field(30, ge=1)
    batch_size: int = Field(32, ge=1)
    optimiser: OptimiserSettings = OptimiserSettings()
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    mixup: float = Field(0.0, ge=0)
    training_frames: int | None = Field(None, ge=1)
    sampling_exponent: float = Field(0.5, ge=0)
    ema_decay: float = Field(0.99, ge=0, lt=1)
    settling_steps: int = Field(24, ge=1)
    augmentation: AugmentationSettings | None = AugmentationSettings()
    plumes: PlumeSettings = PlumeSettings()
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _check_frames(self) -> Recipe:
        choices = self.network.resolved()
        if choices.frames >= CLIP_FRAMES:
            raise ValueError(f"choices.frames is above {CLIP_FRAMES - 1}, all residuals of a clip")
        if self.training_frames is not None and choices.head != "mean":
            raise ValueError("training_frames needs the head mean, which takes any number")
        if self.training_frames is not None and self.training_frames > choices.frames:
            raise ValueError(f"training_frames is above the clip's {choices.frames} frames")
        return self


def load_recipe(name_or_path: str) -> Recipe:
    """A bundled recipe by name, or one from a YAML file.

    Raises:
        ConfigError: There is no such recipe, it is no YAML, or a key of it is wrong; the message
            names file, key, value got and what is allowed.
    """
    path = Path(name_or_path)
    bundled = BUNDLED / f"{name_or_path}.yaml"
    if path.suffix in {".yaml", ".yml"}:
        where: object = path
        text = _read(path)
    elif bundled.is_file():
        where = f"recipe {name_or_path}"
        text = bundled.read_text(encoding="utf-8")
    else:
        raise ConfigError(
            "there is no such recipe",
            where="RECIPE",
            got=name_or_path,
            allowed=f"a .yaml file, or {', '.join(bundled_recipes())}",
        )
    return _parse(text, where)


def bundled_recipes() -> list[str]:
    """Names of the recipes that come with the package, sorted."""
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in BUNDLED.iterdir()
        if entry.name.endswith(".yaml")
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("the recipe cannot be read", where=path, got=error) from None


def _parse(text: str, where: object) -> Recipe:
    try:
        return Recipe.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ConfigError("the recipe is not YAML", where=where, got=error) from None
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            first["msg"].removeprefix("Value error, "),
            where=f"{where}: {'.'.join(map(str, first['loc'])) or 'recipe'}",
            got=repr(first["input"])[:60],
        ) from None
