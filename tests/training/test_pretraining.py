"""Rendered scenes beside real clips, and training on them first."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from small_cells import make_cells, planted_clips, tiny_recipe
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.clips import ClipSet, join_clips
from stcnet.errors import DataError, TrainingError
from stcnet.training.batches.sampling import with_scenes
from stcnet.training.checkpoint import DATA_FILE, WEIGHTS_FILE, load_run
from stcnet.training.devices import make_fabric
from stcnet.training.folds import train_clips
from stcnet.training.groundwork import BARE, Groundwork
from stcnet.training.loop import Listener, Training
from stcnet.training.pretraining import PRETRAINING_FOLDER, SCENES_FOLDER, lay_groundwork
from stcnet.training.recipes.recipe import Recipe

SCENES: dict[str, Any] = {"clips": 4, "share": 0.25}
PRETRAINED: dict[str, Any] = {"scenes": SCENES, "pretraining": {"epochs": 1}}


def cpu() -> Any:
    return make_fabric("cpu")


def other_clips() -> ClipSet:
    """Four clips unlike the planted ones."""
    clips = planted_clips(4)
    return replace(clips, frames=255 - clips.frames, ids=("w", "x", "y", "z"))


def test_joined_clips_are_one_after_the_other() -> None:
    real, scenes = planted_clips(6), other_clips()
    both = join_clips(real, scenes)
    assert len(both) == 10
    assert both.ids == real.ids + scenes.ids
    assert both.labels.tolist() == real.labels.tolist() + scenes.labels.tolist()
    whole = torch.cat([real.frames, scenes.frames])
    for positions in ([8, 0, 6, 5, 9, 9], [1, 2], [7, 6]):
        frames = np.arange(len(positions) * 3).reshape(-1, 3)
        expected = whole[torch.tensor(positions)[:, None], torch.from_numpy(frames)]
        assert torch.equal(both.gather(np.array(positions), frames), expected)


def test_clips_of_another_size_cannot_be_joined() -> None:
    clips = planted_clips(4)
    with pytest.raises(ValueError, match="cannot be joined"):
        join_clips(clips, replace(clips, frames=clips.frames[..., :16, :16]))


@pytest.mark.parametrize(
    ("real", "scenes", "share", "expected"),
    [
        pytest.param(30, 40, 0.25, 10, id="some of many"),
        pytest.param(30, 4, 0.5, 30, id="each several times"),
        pytest.param(30, 4, 0.0, 0, id="none"),
        pytest.param(3, 40, 0.9, 27, id="most"),
    ],
)
def test_scenes_make_up_their_share_of_an_epoch(
    real: int, scenes: int, share: float, expected: int
) -> None:
    order = with_scenes(np.arange(real), scenes, share, np.random.default_rng(0))
    drawn = order[order >= real] - real
    assert sorted(order[order < real]) == list(range(real))
    assert len(drawn) == expected
    assert not expected or drawn.max() < scenes
    counts = np.bincount(drawn, minlength=scenes)
    assert counts.max() - counts.min() <= 1


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Groundwork]:
    folder = tmp_path_factory.mktemp("run")
    return folder, lay_groundwork(tiny_recipe(**PRETRAINED), folder, cpu())


def test_the_groundwork_is_the_scenes_and_what_they_taught(laid: tuple[Path, Groundwork]) -> None:
    folder, groundwork = laid
    assert groundwork.scenes is not None
    assert len(groundwork.scenes) == 4
    run = load_run(folder / PRETRAINING_FOLDER)
    assert run.data.clips == tuple(f"scene-0-{number}" for number in range(4))
    assert "rendered scenes" in run.data.description
    assert groundwork.network is not None
    for name, value in groundwork.network.state_dict().items():
        assert torch.equal(value, run.weights.get(name, value))


def test_a_second_run_finds_it_ready(laid: tuple[Path, Groundwork]) -> None:
    folder, _ = laid
    told: list[int] = []

    class Told(Listener):
        def on_scene(self, done: int, total: int) -> None:
            told.append(done)

        def on_step(self, done: int, total: int) -> None:
            told.append(done)

    lay_groundwork(tiny_recipe(**PRETRAINED), folder, cpu(), listener=Told())
    assert not told


def test_a_pretraining_that_ended_before_its_record_is_finished(tmp_path: Path) -> None:
    recipe = tiny_recipe(**PRETRAINED)
    lay_groundwork(recipe, tmp_path, cpu())
    record = tmp_path / PRETRAINING_FOLDER / DATA_FILE
    told = record.read_bytes()
    record.unlink()
    assert lay_groundwork(recipe, tmp_path, cpu()).network is not None
    assert record.read_bytes() == told


def test_a_pretraining_tells_the_weights_that_it_starts_from(
    laid: tuple[Path, Groundwork], tmp_path: Path
) -> None:
    """Else a run that starts from its result would not know what these had seen."""
    folder, _ = laid
    weights = folder / PRETRAINING_FOLDER / WEIGHTS_FILE
    network = tiny_recipe().network.model_copy(update={"pretrained": str(weights)})
    recipe = tiny_recipe(**PRETRAINED, network=network.model_dump())
    lay_groundwork(recipe, tmp_path, cpu(), bank=folder / SCENES_FOLDER)
    start = load_run(tmp_path / PRETRAINING_FOLDER).data.start
    assert start is not None
    assert start.file == WEIGHTS_FILE
    assert start.clips == tuple(f"scene-0-{number}" for number in range(4))
    assert not (tmp_path / SCENES_FOLDER).exists()


def test_training_starts_from_what_the_scenes_taught(laid: tuple[Path, Groundwork]) -> None:
    _, groundwork = laid
    recipe = tiny_recipe(**PRETRAINED)
    training = Training(recipe, planted_clips(8), cpu(), groundwork=groundwork)
    assert groundwork.network is not None
    taught = groundwork.network.state_dict()
    for name, value in training.network.state_dict().items():
        assert torch.equal(value, taught[name]), name


def test_scenes_are_drawn_beside_the_clips_and_settle_no_statistics(
    laid: tuple[Path, Groundwork], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, groundwork = laid
    training = Training(tiny_recipe(**PRETRAINED), planted_clips(9), cpu(), groundwork=groundwork)
    made: list[int] = []
    plain: list[int] = []
    make, settle = training.batches.make, training.batches.plain

    def watched(positions: Any, *rest: Any) -> Any:
        made.extend(positions.tolist())
        return make(positions, *rest)

    def watched_plain(positions: Any, rng: Any) -> Any:
        plain.extend(positions.tolist())
        return settle(positions, rng)

    monkeypatch.setattr(training.batches, "make", watched)
    monkeypatch.setattr(training.batches, "plain", watched_plain)
    training.run_epoch()
    training.settle()
    assert sorted(position for position in made if position >= 9) == [
        position for position in sorted(set(made)) if position >= 9
    ]
    assert sum(position >= 9 for position in made) == 3
    assert plain
    assert max(plain) < 9


def test_a_whole_run_is_the_same_again(small_data: Path, tmp_path: Path) -> None:
    data = CellCollection(small_data, tuple(make_cells()))
    recipe = tiny_recipe(**PRETRAINED, transplants=0.5)
    weights = []
    for name in ("one", "two"):
        out = tmp_path / name
        groundwork = lay_groundwork(recipe, out, cpu())
        train_clips(recipe, data, data.clips[:6], out, fabric=cpu(), groundwork=groundwork)
        weights.append((out / WEIGHTS_FILE).read_bytes())
    assert weights[0] == weights[1]
    assert (tmp_path / "one" / SCENES_FOLDER).is_dir()
    run = load_run(tmp_path / "one")
    assert not any(clip.startswith("scene") for clip in run.data.clips)


def test_the_scenes_of_another_recipe_are_refused(laid: tuple[Path, Groundwork]) -> None:
    folder, _ = laid
    with pytest.raises(DataError, match="are others than the recipe's"):
        lay_groundwork(tiny_recipe(scenes=SCENES | {"clips": 5}), folder, cpu())
    longer = tiny_recipe(**PRETRAINED | {"pretraining": {"epochs": 2}})
    with pytest.raises(TrainingError, match="belongs to another recipe"):
        lay_groundwork(longer, folder, cpu())


def test_groundwork_and_recipe_belong_together(laid: tuple[Path, Groundwork]) -> None:
    _, groundwork = laid
    clips = planted_clips(4)
    with pytest.raises(ValueError, match="needs a groundwork with scenes"):
        Training(tiny_recipe(scenes=SCENES), clips, cpu())
    with pytest.raises(ValueError, match="needs a groundwork with scenes"):
        Training(tiny_recipe(), clips, cpu(), groundwork=groundwork)


def test_a_recipe_without_scenes_needs_nothing(tmp_path: Path) -> None:
    assert lay_groundwork(tiny_recipe(), tmp_path, cpu()) is BARE
    assert not list(tmp_path.iterdir())


def test_the_pretraining_is_the_recipe_on_the_scenes_alone() -> None:
    recipe = tiny_recipe(scenes=SCENES, pretraining={"epochs": 3, "learning_rate": 0.01})
    before = recipe.before_real_clips()
    assert (before.epochs, before.optimiser.learning_rate) == (3, 0.01)
    assert before.scenes is None
    assert before.pretraining is None
    assert before.network == recipe.network
    with pytest.raises(ValueError, match="has no pretraining"):
        before.before_real_clips()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"pretraining": {"epochs": 1}}, "pretraining needs scenes", id="no scenes"),
        pytest.param({"scenes": SCENES | {"share": 1.0}}, "less than 1", id="scenes alone"),
        pytest.param({"scenes": SCENES | {"clips": 0}}, "greater than or equal to 1", id="none"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        tiny_recipe(**settings)


def test_recipes_keep_their_settings_in_writing() -> None:
    recipe = tiny_recipe(**PRETRAINED)
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
