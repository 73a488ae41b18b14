"""Recipes: the bundled ones load, wrong ones are one line that names file, key and value."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from small_cells import tiny_recipe, tiny_settings
from stcnet.errors import ConfigError
from stcnet.networks import STCNet
from stcnet.preprocess import EFFICIENTNET_LITE
from stcnet.training.recipe import Recipe, bundled_recipes, load_recipe


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


CASES = [
    pytest.param("a: [", "the recipe is not YAML", "", id="not YAML"),
    pytest.param("", "valid dictionary", "recipe", id="empty file"),
    pytest.param("- 1", "valid dictionary", "recipe", id="a list"),
    pytest.param({}, "Field required", "name", id="key missing"),
    pytest.param(tiny_settings(lr=1), "Extra inputs", "lr", id="unknown key"),
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
    pytest.param(tiny_settings(network=network(choices={"head": "attention"})),
                 "head: not a value of this choice (got attention; allowed: concat, mean)",
                 "network", id="value of a choice"),
    pytest.param(tiny_settings(network=network(choices={"preset": "plain-lite0"})), "preset",
                 "network", id="preset as a choice"),
    pytest.param(tiny_settings(network=network(input_size=100)), "multiple of 32",
                 "network.input_size", id="input size"),
    pytest.param(tiny_settings(network=network(choices={"frames": 36})),
                 "choices.frames is above 35", "recipe", id="more frames than a clip has"),
    pytest.param(tiny_settings(training_frames=1, network=network(choices={"head": "concat"})),
                 "training_frames needs the head mean", "recipe", id="frames with concat head"),
    pytest.param(tiny_settings(training_frames=3), "above the clip's 2 frames", "recipe",
                 id="more training frames than frames"),
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
