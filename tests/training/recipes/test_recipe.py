"""Recipes: the bundled ones load, wrong ones are one line that names file, key and value."""

import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
import yaml

from small_cells import tiny_recipe, tiny_settings
from stcnet.errors import ConfigError
from stcnet.networks import STCNet
from stcnet.preprocess import EFFICIENTNET_LITE
from stcnet.training.losses import CrossEntropySettings
from stcnet.training.recipes.optimisers import AdamWSettings
from stcnet.training.recipes.recipe import Recipe, bundled_recipes, load_recipe


def network(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = tiny_settings()["network"]
    return values | changes


def write(folder: Path, settings: object) -> Path:
    path = folder / "mine.yaml"
    path.write_text(settings if isinstance(settings, str) else yaml.safe_dump(settings))
    return path


def test_there_is_a_bundled_recipe() -> None:
    assert "flagship" in bundled_recipes()


@pytest.mark.parametrize("name", bundled_recipes())
def test_bundled_recipes_load(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.network.resolved().frames >= 1


@pytest.mark.parametrize("name", bundled_recipes())
def test_bundled_recipes_survive_json(name: str) -> None:
    recipe = load_recipe(name)
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_recipes_from_before_there_was_a_choice_mean_what_they_meant() -> None:
    """What an earlier version wrote beside its weights."""
    stored = {
        "name": "old", "network": {"preset": "stcnet-lite0-lateral", "choices": {"head": "mean"},
        "pretrained": "imagenet", "input_size": 160, "residual": "signed", "frozen_stages": 1},
        "epochs": 6, "batch_size": 16, "optimiser": {"learning_rate": 0.0004,
        "head_multiplier": 3.0, "weight_decay": 0.05, "warmup": 0.1, "clip_norm": 5.0},
        "label_smoothing": 0.1, "mixup": 0.0, "training_frames": 4, "sampling_exponent": 0.5,
        "ema_decay": 0.98, "settling_steps": 24, "augmentation": None,
        "plumes": {"smoke": 0.2, "steam": 0.2}, "seed": 1,
    }  # fmt: skip
    recipe = Recipe.model_validate_json(json.dumps(stored))
    assert recipe.model_dump(exclude_defaults=True)["optimiser"] == {"learning_rate": 0.0004}
    assert recipe.loss == CrossEntropySettings()
    assert type(recipe.optimiser) is AdamWSettings


def test_weights_of_a_file_fill_the_network(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    donor = tiny_recipe().network.build()
    path = tmp_path / "donor.safetensors"
    state = {name: torch.full_like(v, 0.5) for name, v in donor.state_dict().items()}
    del state["classifier.weight"]
    safetensors.torch.save_file(state, path)
    filled = tiny_recipe(network=network(pretrained=str(path))).network.build().state_dict()
    for name, value in filled.items():
        same = bool((value == torch.full_like(value, 0.5)).all())
        assert same == (name != "classifier.weight")
    (told,) = caplog.messages
    assert told == f"{path} fits in part: 1 not in the file: classifier.weight"


def test_a_missing_file_of_weights_is_named(tmp_path: Path) -> None:
    settings = tiny_recipe(network=network(pretrained=str(tmp_path / "gone.pt"))).network
    with pytest.raises(ConfigError, match=r"gone\.pt: the weights cannot be read"):
        settings.build()


def test_a_recipe_survives_yaml_and_json(tmp_path: Path) -> None:
    recipe = load_recipe(str(write(tmp_path, tiny_settings())))
    assert recipe == tiny_recipe()
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_imagenet_weights_fill_every_pathway() -> None:
    choices = {"frames": 2, "fusion": "none"}
    values = network(preset="stcnet-lite0", choices=choices, pretrained="imagenet")
    settings = tiny_recipe(network=values).network
    model = settings.build()
    assert isinstance(model, STCNet)
    spatial, temporal = model.backbones()
    assert settings.normalisation(model) == EFFICIENTNET_LITE
    for one, other in zip(spatial.state_dict().values(), temporal.state_dict().values(),
                          strict=True):  # fmt: skip
        assert bool((one == other).all())


I3D = {"preset": "i3d", "choices": {"frames": 8}, "pretrained": "none", "input_size": 32}
HELPED = network(preset="stcnet-lite0", choices={"auxiliary_heads": True})
CASES = [
    pytest.param("a: [", "the recipe is not YAML", "", id="not YAML"),
    pytest.param("", "valid dictionary", "recipe", id="empty file"),
    pytest.param("- 1", "valid dictionary", "recipe", id="a list"),
    pytest.param({}, "Field required", "name", id="key missing"),
    pytest.param(tiny_settings(lr=1), "Extra inputs", "lr", id="unknown key"),
    pytest.param("epochs: 3\nepochs: 5", "the key epochs stands twice", "", id="key twice"),
    pytest.param(tiny_settings(mixup=float("inf")), "finite number (got inf)", "mixup",
                 id="infinite"),
    pytest.param(tiny_settings(name="My Model"), "pattern", "name", id="name"),
    pytest.param(tiny_settings(epochs=0), "greater than or equal to 1 (got 0)", "epochs",
                 id="no epoch"),
    pytest.param(tiny_settings(epochs="many"), "valid integer", "epochs", id="wrong type"),
    pytest.param(tiny_settings(ema_decay=1), "less than 1", "ema_decay", id="range"),
    pytest.param(tiny_settings(optimiser={"learning_rate": -1}), "greater than 0",
                 "optimiser.learning_rate", id="nested range"),
    pytest.param(tiny_settings(optimiser={"momentum": 0.9}), "Extra inputs",
                 "optimiser.momentum", id="nested unknown key"),
    pytest.param(tiny_settings(augmentation={"flip": 2}), "less than or equal to 1",
                 "augmentation.flip", id="augmentation"),
    pytest.param(tiny_settings(plumes={"smoke": -0.1}), "greater than or equal to 0",
                 "plumes.smoke", id="plumes"),
    pytest.param(tiny_settings(network=network(preset="vit")),
                 "there is no such network (got vit; allowed: stcnet-mobilenetv2", "network",
                 id="unknown preset"),
    pytest.param(tiny_settings(network=network(choices={"depth": 3})),
                 "there is no such choice (got depth;", "network", id="unknown choice"),
    pytest.param(tiny_settings(network=network(choices={"head": "pyramid"})),
                 "head: not a value of this choice (got pyramid; allowed: concat, mean, attention, "
                 "linear)",
                 "network", id="value of a choice"),
    pytest.param(tiny_settings(network=network(choices={"frames": [8]})), "valid string",
                 "network.choices.frames", id="a list as a choice"),
    pytest.param(tiny_settings(network=network(choices={"preset": "plain-lite0"})), "preset",
                 "network", id="preset as a choice"),
    pytest.param(tiny_settings(network=network(input_size=100)), "multiple of 32",
                 "network.input_size", id="input size"),
    pytest.param(tiny_settings(network=network(training_size=100)), "multiple of 32",
                 "network.training_size", id="training size"),
    pytest.param(tiny_settings(network=network(choices={"frames": 36})),
                 "choices.frames is above 35", "recipe", id="more frames than a clip has"),
    pytest.param(tiny_settings(training_frames=1, network=network(choices={"head": "concat"})),
                 "training_frames needs the head mean", "recipe", id="frames with concat head"),
    pytest.param(tiny_settings(training_frames=3), "above the clip's 2 frames", "recipe",
                 id="more training frames than frames"),
    pytest.param(tiny_settings(training_frames=1, network=I3D), "training_frames needs the head",
                 "recipe", id="training frames of another network"),
    pytest.param(tiny_settings(network=I3D | {"choices": {"frames": 37}}),
                 "choices.frames is above 36, all frames of a clip", "recipe",
                 id="more frames than a clip has, without residuals"),
    pytest.param(tiny_settings(network=I3D | {"pretrained": "imagenet"}),
                 "pretrained: imagenet is for STCNet; allowed: none, or a file", "network",
                 id="imagenet for another network"),
    pytest.param(tiny_settings(network=network(frozen_stages=5)),
                 "frozen_stages is above 4, all parts but the head", "network", id="all frozen"),
    pytest.param(tiny_settings(network=network(choices={"auxiliary_heads": True})),
                 "auxiliary_heads: not a value", "network", id="heads of one pathway"),
    pytest.param(tiny_settings(network=HELPED),
                 "choices.auxiliary_heads: loss.heads gives spatial no weight", "recipe",
                 id="heads that no loss looks at"),
    pytest.param(tiny_settings(loss={"kind": "frames"}),
                 "loss.heads: plain-lite0 has no head frames; allowed: joint", "recipe",
                 id="frames without a head for them"),
    pytest.param(tiny_settings(network=HELPED,
                               loss={"kind": "focal", "heads": {"joint": 1, "frame": 1}}),
                 "loss.heads: stcnet-lite0 has no head frame; allowed: joint, spatial, temporal",
                 "recipe", id="unknown head"),
    pytest.param(tiny_settings(loss={"kind": "hinge"}),
                 "does not match any of the expected tags: 'cross-entropy', 'focal', 'frames'",
                 "loss", id="unknown loss"),
    pytest.param(tiny_settings(loss={"kind": "focal", "gamma": -1}), "greater than or equal to 0",
                 "loss.gamma", id="range in a loss"),
    pytest.param(tiny_settings(loss={"kind": "focal", "heads": {"joint": "much"}}),
                 "valid number", "loss.heads.joint", id="type in a loss"),
    pytest.param(tiny_settings(loss={"kind": "focal", "heads": {"spatial": 1}}),
                 "heads must weigh joint or frames", "loss.heads", id="no head to predict with"),
    pytest.param(tiny_settings(loss={"gamma": 1}), "Unable to extract tag", "loss",
                 id="loss without a kind"),
    pytest.param(tiny_settings(optimiser={"kind": "adam"}), "kind is not one of adamw, sgd",
                 "optimiser", id="unknown optimiser"),
    pytest.param(tiny_settings(optimiser={"kind": "sgd", "momentum": 0, "nesterov": True}),
                 "nesterov needs a momentum above 0", "optimiser", id="Nesterov without momentum"),
    pytest.param(tiny_settings(optimiser={"schedule": {"kind": "step"}}), "Field required",
                 "optimiser.schedule.milestones", id="steps without milestones"),
    pytest.param(tiny_settings(optimiser={"schedule": {"kind": "step", "milestones": [0.5, 0.1]}}),
                 "milestones must ascend", "optimiser.schedule.milestones", id="milestones"),
    pytest.param(tiny_settings(balance="view"), "'none', 'class' or 'class-and-view'", "balance",
                 id="balance"),
    pytest.param(tiny_settings(precision="fp16"), "'auto', '32-true' or 'bf16-mixed'",
                 "precision", id="precision"),
    pytest.param(tiny_settings(mixup_epochs=3), "mixup_epochs needs a mixup above 0", "recipe",
                 id="early MixUp without MixUp"),
    pytest.param(tiny_settings(accumulation=5), "accumulation is above the batch_size of 4",
                 "recipe", id="more pieces than clips"),
    pytest.param(tiny_settings(network=I3D | {"preset": "i3d-flow"}, plumes={"smoke": 0.1}),
                 "plumes cannot be rendered into optical flow", "recipe", id="plumes in flow"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "message", "key"), CASES)
def test_wrong_recipes_are_one_line(
    tmp_path: Path, settings: object, message: str, key: str
) -> None:
    path = write(tmp_path, settings)
    with pytest.raises(ConfigError) as caught:
        load_recipe(str(path))
    line = str(caught.value)
    assert line.startswith(f"{path}: {key}")
    assert message in line
    assert "\n" not in line


@pytest.mark.parametrize("name", ["nothing", "../flagship", ""])
def test_unknown_names_list_the_bundled_ones(name: str) -> None:
    with pytest.raises(ConfigError, match=r"no such recipe .*a \.yaml file, or .*flagship"):
        load_recipe(name)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml: the recipe cannot be read"):
        load_recipe(str(tmp_path / "gone.yaml"))
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ConfigError, match=r"binary\.yaml: the recipe cannot be read"):
        load_recipe(str(tmp_path / "binary.yaml"))
