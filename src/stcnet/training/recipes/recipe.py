"""Recipes: everything that decides what a training run does, as one typed document."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from stcnet.datasets.augmentation import AugmentationSettings
from stcnet.datasets.cells.records import CLIP_FRAMES
from stcnet.errors import ConfigError
from stcnet.networks import STCNetChoices
from stcnet.training.batches.sampling import Balance
from stcnet.training.losses import CrossEntropySettings, LossSettings
from stcnet.training.recipes.documents import load_yaml
from stcnet.training.recipes.network import NetworkSettings
from stcnet.training.recipes.optimisers import AdamWSettings, AnyOptimiserSettings
from stcnet.training.recipes.settings import Precision, Settings

BUNDLED = files("stcnet.training.recipes")


class PlumeSettings(Settings):
    """Rendered plumes pasted into real training clips.

    Attributes:
        smoke: Chance that a smoke-free clip gets smoke, and with it the label smoke.
        steam: Chance that any clip gets steam; its label stays.
        dense: Share of that smoke which is opaque and not white.
    """

    smoke: float = Field(0.0, ge=0, le=1)
    steam: float = Field(0.0, ge=0, le=1)
    dense: float = Field(0.0, ge=0, le=1)


class SceneSettings(Settings):
    """Whole rendered scenes, see :mod:`stcnet.datasets.rendered`.

    Attributes:
        clips: How many are rendered, once.
        share: Of the clips that an epoch shows.
        seed: Of what is drawn.
    """

    clips: int = Field(ge=1)
    share: float = Field(ge=0, lt=1)
    seed: int = Field(0, ge=0)


class PretrainingSettings(Settings):
    """Training on the rendered scenes alone, before any real clip is seen.

    Attributes:
        epochs: Passes over the scenes.
        learning_rate: Of the backbones; None: as with the real clips.
    """

    epochs: int = Field(ge=1)
    learning_rate: float | None = Field(None, gt=0)


class FinishingSettings(Settings):
    """The end of a training: real clips and rendered scenes together, from its averaged weights.

    Attributes:
        epochs: Passes over the real clips.
        share: Of scenes among the clips that an epoch shows.
        learning_rate: Peak rate of the backbones; None: as before.
        keep: Share of the weights from before in the result, which is a mean of both.
    """

    epochs: int = Field(ge=1)
    share: float = Field(gt=0, lt=1)
    learning_rate: float | None = Field(None, gt=0)
    keep: float = Field(0.0, ge=0, lt=1)


class Recipe(Settings):
    """One training run.

    Attributes:
        name: Goes into the model package.
        network: What to train.
        epochs: Passes over the clips.
        batch_size: Clips a step.
        accumulation: Pieces in which a batch passes the network. More of them take less memory;
            the gradient stays that of the whole batch, but batch norms see each piece alone.
        optimiser: How the weights move.
        loss: What is made small, in which heads of the network.
        label_smoothing: Share of the target spread evenly over the classes.
        mixup: Parameter of the Beta distribution that mixes pairs of clips; 0 mixes none.
        mixup_epochs: Leading epochs that mix ("early MixUp"); None: all.
        training_frames: Frames with their residuals drawn of each clip a step, out of the T that
            testing takes; fewer cost less and vary more. Needs a head that takes any number.
        sampling_exponent: See :func:`stcnet.datasets.clips.draw_order`.
        balance: See :func:`stcnet.training.batches.sampling.epoch_order`.
        ema_decay: Decay a step of the averaged weights, which are the result; 0: no averaging.
        settling_steps: Batches of plain clips on which the batch-norm statistics of the result are
            taken, at most one epoch's.
        augmentation: How clips are varied; None: not at all.
        plumes: Rendered smoke and steam.
        transplants: Chance that a clip gets the motion of another; see
            :mod:`stcnet.training.batches.transplants`.
        scenes: Whole rendered scenes beside the real clips; None: none.
        pretraining: What is done with them first; its result is where training starts.
        finishing: What is done with them at the end; see :mod:`stcnet.training.finishing`.
        precision: Of the arithmetic; ``auto`` is ``bf16-mixed`` on a GPU, ``32-true`` on a CPU.
        channels_last: Lay pictures out in memory with the channels last, which convolutions on
            most devices prefer.
        compile: Compile the network with ``torch.compile``: slow to start, faster to step.
        soup: How many trainings, of other seeds from the same start, are averaged into the
            result; see :mod:`stcnet.training.soups`.
        seed: Of everything random.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    network: NetworkSettings
    epochs: int = Field(30, ge=1)
    batch_size: int = Field(32, ge=1)
    accumulation: int = Field(1, ge=1)
    optimiser: AnyOptimiserSettings = AdamWSettings()
    loss: LossSettings = CrossEntropySettings()
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    mixup: float = Field(0.0, ge=0)
    mixup_epochs: int | None = Field(None, ge=1)
    training_frames: int | None = Field(None, ge=1)
    sampling_exponent: float = Field(0.5, ge=0)
    balance: Balance = "none"
    ema_decay: float = Field(0.99, ge=0, lt=1)
    settling_steps: int = Field(24, ge=1)
    augmentation: AugmentationSettings | None = AugmentationSettings()
    plumes: PlumeSettings = PlumeSettings()
    transplants: float = Field(0.0, ge=0, le=1)
    scenes: SceneSettings | None = None
    pretraining: PretrainingSettings | None = None
    finishing: FinishingSettings | None = None
    precision: Precision = "auto"
    channels_last: bool = True
    compile: bool = False
    soup: int = Field(1, ge=1)
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _check_frames(self) -> Recipe:
        network, choices = self.network.outline(), self.network.resolved()
        most = CLIP_FRAMES - network.takes_residuals
        if network.frames > most:
            kind = "residuals" if network.takes_residuals else "frames"
            raise ValueError(f"choices.frames is above {most}, all {kind} of a clip")
        if self.training_frames is None:
            return self
        if not isinstance(choices, STCNetChoices) or choices.head == "concat":
            raise ValueError("training_frames needs the head mean, attention or linear")
        if self.training_frames > choices.frames:
            raise ValueError(f"training_frames is above the clip's {choices.frames} frames")
        return self

    @model_validator(mode="after")
    def _check_heads(self) -> Recipe:
        wanted = self.loss.heads.keys()
        if wanted != {"joint"}:
            known = self.network.heads()
            for name in sorted(wanted - known.keys()):
                raise ValueError(
                    f"loss.heads: {self.network.preset} has no head {name}; "
                    f"allowed: {', '.join(known)}"
                )
        for name in sorted({"spatial", "temporal"} - wanted):
            if self.network.choices.get("auxiliary_heads"):
                raise ValueError(f"choices.auxiliary_heads: loss.heads gives {name} no weight")
        return self

    @model_validator(mode="after")
    def _check_combinations(self) -> Recipe:
        if self.mixup_epochs is not None and not self.mixup:
            raise ValueError("mixup_epochs needs a mixup above 0")
        if self.accumulation > self.batch_size:
            raise ValueError(f"accumulation is above the batch_size of {self.batch_size}")
        flow = self.network.outline().channels == 2
        if flow and (self.plumes.smoke or self.plumes.steam):
            raise ValueError("plumes cannot be rendered into optical flow")
        if flow and self.transplants:
            raise ValueError("transplants carry motion between pictures, not between optical flows")
        if flow and self.scenes is not None:
            raise ValueError("scenes are rendered as pictures, not as optical flow")
        if self.pretraining is not None and self.scenes is None:
            raise ValueError("pretraining needs scenes")
        if self.finishing is not None and self.scenes is None:
            raise ValueError("finishing needs scenes")
        return self

    @model_validator(mode="after")
    def _check_pace(self) -> Recipe:
        network = self.network.outline()
        all_taken = network.frames + network.takes_residuals == CLIP_FRAMES
        if all_taken and self.augmentation is not None and self.augmentation.slow > 1:
            raise ValueError(
                f"augmentation.slow must be 1 where all {CLIP_FRAMES} frames of a clip are taken"
            )
        return self

    def before_real_clips(self) -> Recipe:
        """The recipe of the pretraining, whose clips are the scenes.

        Raises:
            ValueError: There is no pretraining.
        """
        if self.pretraining is None:
            raise ValueError("the recipe has no pretraining")
        changed = {
            "name": f"{self.name}-pretraining",
            "epochs": self.pretraining.epochs,
            "optimiser": self._optimiser_at(self.pretraining.learning_rate),
            "scenes": None,
            "pretraining": None,
            "finishing": None,
            "soup": 1,
        }
        return self.model_copy(update=changed)

    def before_finishing(self) -> Recipe:
        """The recipe of all that goes before the finishing."""
        return self.model_copy(update={"finishing": None})

    def at_the_end(self) -> Recipe:
        """The recipe of the finishing.

        Raises:
            ValueError: There is none.
        """
        if self.finishing is None or self.scenes is None:
            raise ValueError("the recipe has no finishing")
        changed = {
            "name": f"{self.name}-finishing",
            "epochs": self.finishing.epochs,
            "optimiser": self._optimiser_at(self.finishing.learning_rate),
            "scenes": self.scenes.model_copy(update={"share": self.finishing.share}),
            "pretraining": None,
            "finishing": None,
            "soup": 1,
        }
        return self.model_copy(update=changed)

    def _optimiser_at(self, rate: float | None) -> AnyOptimiserSettings:
        """The optimiser with another peak rate; None: the same."""
        if rate is None:
            return self.optimiser
        return self.optimiser.model_copy(update={"learning_rate": rate})

    def mixes(self, epoch: int) -> bool:
        """Whether clips are mixed after ``epoch`` finished epochs."""
        return self.mixup > 0 and (self.mixup_epochs is None or epoch < self.mixup_epochs)


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
        got = getattr(error, "strerror", None) or error
        raise ConfigError("the recipe cannot be read", where=path, got=got) from None


def _parse(text: str, where: object) -> Recipe:
    try:
        document = load_yaml(text)
        return Recipe.model_validate(document)
    except yaml.YAMLError as error:
        raise ConfigError("the recipe is not YAML", where=where, got=error) from None
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            first["msg"].removeprefix("Value error, "),
            where=f"{where}: {'.'.join(_keys(first, document)) or 'recipe'}",
            got=repr(first["input"])[:60],
        ) from None


def _keys(error: ErrorDetails, document: Any) -> list[str]:
    """Where in the document an error lies, without the names of the variants tried there."""
    keys: list[str] = []
    for key in error["loc"]:
        if key in (children := _children(document)):
            document = children[key]
        elif error["type"] != "missing" or key != error["loc"][-1]:
            continue
        keys.append(str(key))
    return keys


def _children(document: Any) -> dict[Any, Any]:
    if isinstance(document, dict):
        return document
    return dict(enumerate(document)) if isinstance(document, list) else {}
