"""Model packages as weights to start from: what they give, what they have seen, what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from planted_collection import PlantedCollection, planted_clip
from small_cells import tiny_recipe, tiny_settings
from stcnet.datasets import Fold
from stcnet.errors import ConfigError, PackageError, TrainingError
from stcnet.inference import ModelPackage, bundled_package
from stcnet.networks.packaged import restore_stcnet
from stcnet.packaging.export import export_package
from stcnet.training.checkpoint import FinishedRun
from stcnet.training.data import StartingWeights, TrainingData
from stcnet.training.recipes.network import NetworkSettings
from stcnet.training.recipes.packages import FLAGSHIP
from stcnet.training.recipes.recipe import Recipe, load_recipe
from stcnet.training.start import refuse_taught, start_of, with_start

CLIPS = tuple(replace(planted_clip(number), group=f"group {number}") for number in range(6))


@pytest.fixture(scope="module")
def bundled() -> ModelPackage:
    return ModelPackage.load(bundled_package(), verify=False)


def settings_of(package: ModelPackage, pretrained: str, **changes: object) -> NetworkSettings:
    """The network of a package, to be trained on from some weights."""
    manifest = package.manifest
    return NetworkSettings.model_validate(
        {
            "preset": manifest.preset,
            "choices": {"head": manifest.network["head"]},
            "input_size": manifest.input.size,
            "pretrained": pretrained,
        }
        | changes
    )


def started_from(path: Path) -> Recipe:
    network = tiny_settings()["network"] | {"pretrained": str(path)}
    return tiny_recipe(epochs=1, network=network)


def tiny_package(
    path: Path, recipe: Recipe, *clips: str, start: StartingWeights | None = None
) -> Path:
    """A package of an untrained network that says it was trained on some clips."""
    network = recipe.network.untrained()
    data = TrainingData(description="some", clips=tuple(sorted(clips)), start=start)
    export_package(FinishedRun(recipe, data, network.state_dict()), path, version="1.0.0")
    return path


@pytest.mark.parametrize("named", ["by its word", "by its path"])
def test_the_network_begins_with_the_weights_of_the_package(
    named: str, bundled: ModelPackage
) -> None:
    pretrained = FLAGSHIP if named == "by its word" else str(bundled_package())
    expected = restore_stcnet(bundled.manifest.network, bundled.weights).state_dict()
    state = settings_of(bundled, pretrained).build().state_dict()
    assert state.keys() == expected.keys()
    weights = [name for name in state if not name.endswith("num_batches_tracked")]
    assert len(weights) > 400
    assert all(torch.equal(state[name], expected[name]) for name in weights)


def test_another_size_and_other_training_choices_are_free(bundled: ModelPackage) -> None:
    changed = settings_of(bundled, FLAGSHIP, input_size=96, frozen_stages=3)
    assert torch.equal(
        next(changed.build().parameters()),
        next(settings_of(bundled, FLAGSHIP).build().parameters()),
    )


def test_a_package_tells_what_it_has_seen(bundled: ModelPackage) -> None:
    network = settings_of(bundled, FLAGSHIP).model_dump()
    start = start_of(tiny_recipe(network=network))
    assert start is not None
    assert (start.file, start.sha256) == (bundled_package().name, bundled.sha256)
    assert (start.clips, start.complete) == (bundled.manifest.provenance.clips, True)
    assert len(start.clips) > 900


@pytest.mark.slow
def test_a_fold_whose_test_clip_the_package_has_seen_is_refused(tmp_path: Path) -> None:
    path = tiny_package(tmp_path / "seen.stcnet", tiny_recipe(), CLIPS[0].id, CLIPS[5].id)
    collection = PlantedCollection(CLIPS)
    refuse_taught(started_from(path), Fold("mine", CLIPS[:3], CLIPS[3:5]), collection)
    with pytest.raises(TrainingError, match=r"seen\.stcnet: the weights to start from have seen"):
        refuse_taught(started_from(path), Fold("mine", CLIPS[:3], CLIPS[3:]), collection)


@pytest.mark.slow
def test_what_a_package_of_unknown_descent_has_seen_is_said_to_be_unknown(tmp_path: Path) -> None:
    foreign = started_from(Path("kinetics.safetensors"))
    known = StartingWeights(file="kinetics", sha256="0" * 64, clips=("b", "c"), complete=False)
    path = tiny_package(tmp_path / "mine.stcnet", foreign, CLIPS[0].id, start=known)
    manifest = ModelPackage.load(path, verify=False).manifest
    assert any("Trained on 3 clips" in limit for limit in manifest.limits)
    told = with_start(started_from(path), TrainingData(description="some", clips=("a",)))
    assert told.start is not None
    assert told.start.clips == tuple(sorted((CLIPS[0].id, "b", "c")))
    assert not told.start.complete
    assert told.description.endswith("whose training data beside 3 clips is unknown")


@pytest.mark.parametrize(
    ("pretrained", "changes", "error", "told"),
    [
        pytest.param(
            "int8", {}, ConfigError, "8 bits cannot be trained on", id="integers"
        ),
        pytest.param(
            FLAGSHIP, {"residual": "absolute"}, ConfigError,
            r"another form of residual frames .*got signed; allowed: absolute", id="residuals",
        ),
        pytest.param(
            FLAGSHIP, {"preset": "stcnet-seresnext50", "choices": {}}, ConfigError,
            "the weights do not fit the network", id="another network",
        ),
        pytest.param("empty.stcnet", {}, PackageError, "empty.stcnet", id="no package"),
        pytest.param("gone.stcnet", {}, PackageError, "gone.stcnet", id="no file"),
    ],
)  # fmt: skip
def test_what_cannot_be_started_from_is_one_line(
    pretrained: str,
    changes: dict[str, object],
    error: type[Exception],
    told: str,
    bundled: ModelPackage,
    tmp_path: Path,
) -> None:
    (tmp_path / "empty.stcnet").write_bytes(b"")
    named = {"int8": str(bundled_package("int8")), FLAGSHIP: FLAGSHIP}
    settings = settings_of(bundled, named.get(pretrained, str(tmp_path / pretrained)), **changes)
    with pytest.raises(error, match=told) as caught:
        settings.build()
    assert len(str(caught.value).splitlines()) == 1


def test_bundled_recipes_that_go_on_from_the_flagship_fit_it(bundled: ModelPackage) -> None:
    recipe = load_recipe("adapt")
    assert recipe.network.pretrained == FLAGSHIP
    assert recipe.network.input_size == bundled.manifest.input.size
    assert set(recipe.network.build().state_dict()) == set(
        restore_stcnet(bundled.manifest.network, bundled.weights).state_dict()
    )
