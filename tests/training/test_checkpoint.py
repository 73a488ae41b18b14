"""Checkpoints and finished runs: whole or absent, and refused where they do not fit."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from small_cells import tiny_recipe, tiny_settings
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.collection import LabelledClip
from stcnet.errors import OutputError, TrainingError
from stcnet.inference import LabelRevisions
from stcnet.networks import STCNet
from stcnet.training.checkpoint import (
    CHECKPOINT_FILE,
    DATA_FILE,
    RECIPE_FILE,
    WEIGHTS_FILE,
    Progress,
    load_checkpoint,
    load_run,
    save_checkpoint,
    save_run,
)
from stcnet.training.data import TrainingData, describe_clips
from stcnet.training.recipes.recipe import Recipe

RECIPE = tiny_recipe()
DATA = TrainingData(description="planted", clips=("a", "b"))
PARTS: dict[str, Any] = {"model": {"weight": torch.arange(5000.0)}, "schedule": {"last": 3}}


@contextmanager
def full_disk(limit: int = 2000) -> Iterator[None]:
    """No file grows beyond ``limit`` bytes, as if the disk were full then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


REVISED = DATA.model_copy(
    update={
        "revisions": LabelRevisions(file="r.csv", sha256="0" * 64, to_smoke=1, to_none=0),
    }
)


def save(folder: Path, epochs: int = 1) -> None:
    save_checkpoint(folder, RECIPE, DATA, Progress(epochs), PARTS)


def test_other_labels_of_the_same_clips_are_another_run(tmp_path: Path) -> None:
    save(tmp_path)
    with pytest.raises(TrainingError, match="belongs to other labels of its clips; train into"):
        load_checkpoint(tmp_path, RECIPE, REVISED)
    save_checkpoint(tmp_path, RECIPE, REVISED, Progress(1), PARTS)
    assert load_checkpoint(tmp_path, RECIPE, REVISED) is not None
    with pytest.raises(TrainingError, match="belongs to other labels"):
        load_checkpoint(tmp_path, RECIPE, DATA)


@pytest.mark.parametrize(
    "change",
    [{"label": 0}, {"label_weight": 0.5}, {"weight": 2.0}],
    ids=["label", "sureness", "weight"],
)
def test_a_label_that_was_changed_in_the_data_is_another_run(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    clips = [LabelledClip(name, 1, "gate", "works", None, None) for name in ("a", "b")]
    data = CellCollection(tmp_path, ())
    save_checkpoint(tmp_path, RECIPE, describe_clips(data, clips), Progress(1), PARTS)
    assert load_checkpoint(tmp_path, RECIPE, describe_clips(data, clips[::-1])) is not None
    changed = [clips[0], replace(clips[1], **change)]
    with pytest.raises(TrainingError, match="belongs to other labels of its clips"):
        load_checkpoint(tmp_path, RECIPE, describe_clips(data, changed))


def test_checkpoints_come_back(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path, RECIPE, DATA) is None
    save(tmp_path / "run", 3)
    loaded = load_checkpoint(tmp_path / "run", RECIPE, DATA)
    assert loaded is not None
    progress, parts = loaded
    assert progress == Progress(3)
    assert torch.equal(parts["model"]["weight"], PARTS["model"]["weight"])
    assert parts["schedule"] == {"last": 3}
    assert [path.name for path in (tmp_path / "run").iterdir()] == [CHECKPOINT_FILE]


def test_a_checkpoint_that_does_not_name_its_clips_is_taken(tmp_path: Path) -> None:
    state = {"recipe": RECIPE.model_dump_json(), "epochs": 2, "parts": PARTS}
    torch.save(state, tmp_path / CHECKPOINT_FILE)
    loaded = load_checkpoint(tmp_path, RECIPE, DATA)
    assert loaded is not None
    assert loaded[0] == Progress(2)


class Malicious:
    """Would run when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('executed')",)


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("no checkpoint")
    elif how == "lacks parts":
        torch.save({"recipe": RECIPE.model_dump_json(), "epochs": 1}, path)
    elif how == "code":
        torch.save({"recipe": Malicious()}, path)
    elif how == "recipe":
        torch.save({"recipe": "{}", "epochs": 1, "parts": PARTS}, path)


@pytest.mark.parametrize("how", ["cut off", "empty", "text", "lacks parts", "code", "recipe"])
def test_damaged_checkpoints_are_one_line(tmp_path: Path, how: str) -> None:
    save(tmp_path)
    damage(tmp_path / CHECKPOINT_FILE, how)
    with pytest.raises(TrainingError, match=r"last\.ckpt: the checkpoint is damaged .*remove it"):
        load_checkpoint(tmp_path, RECIPE, DATA)


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    save(tmp_path, 1)
    with full_disk(), pytest.raises(OutputError, match=r"last\.ckpt: a result .*free disk space"):
        save(tmp_path, 2)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]
    loaded = load_checkpoint(tmp_path, RECIPE, DATA)
    assert loaded is not None
    assert loaded[0] == Progress(1)


def test_a_folder_below_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="a result of training cannot be written"):
        save(tmp_path / "file" / "run")


def finished(folder: Path, recipe: Recipe = RECIPE) -> STCNet:
    torch.manual_seed(0)
    model = recipe.network.build()
    assert isinstance(model, STCNet)
    save_run(folder, model, recipe, DATA)
    return model


def test_shared_stages_are_stored_once_and_come_back(tmp_path: Path) -> None:
    network = {
        "preset": "stcnet-mobilenetv2", "choices": {"frames": 2}, "pretrained": "none",
        "input_size": 32,
    }  # fmt: skip
    model = finished(tmp_path, Recipe.model_validate(tiny_settings(network=network)))
    run = load_run(tmp_path)
    assert len(run.weights) < len(model.state_dict())
    restored = run.network().state_dict()
    assert all(torch.equal(restored[k], value) for k, value in model.state_dict().items())


@pytest.mark.parametrize("name", [WEIGHTS_FILE, RECIPE_FILE, DATA_FILE])
@pytest.mark.parametrize("how", ["missing", "empty", "text"])
def test_unfinished_runs_are_one_line(tmp_path: Path, name: str, how: str) -> None:
    finished(tmp_path)
    if how == "missing":
        (tmp_path / name).unlink()
    else:
        damage(tmp_path / name, how)
    with pytest.raises(TrainingError, match="holds no finished training run") as caught:
        load_run(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param({"choices": {"frames": 2, "head": "concat"}}, "head.", id="another head"),
        pytest.param({"preset": "stcnet-lite0"}, "pathways.temporal", id="another pathway"),
    ],
)
def test_weights_of_another_network_are_refused(
    tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    finished(tmp_path)
    other = tiny_recipe(network=tiny_settings()["network"] | change)
    (tmp_path / RECIPE_FILE).write_text(other.model_dump_json())
    with pytest.raises(TrainingError, match=f"do not fit the recipe's network .*{named}"):
        load_run(tmp_path).network()


def test_the_same_layers_in_another_size_are_refused(tmp_path: Path) -> None:
    finished(tmp_path)
    run = load_run(tmp_path)
    run.weights["classifier.bias"] = torch.zeros(3)
    with pytest.raises(TrainingError, match=r"do not fit the recipe's network .*classifier\.bias"):
        run.network()


def test_the_hash_is_of_the_ids() -> None:
    assert DATA.sha256 == "7e18f737311b2dc3b2f269dd78396b0351f14fb66efa879f768cb23181883c78"
