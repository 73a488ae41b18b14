"""Weights to start from tell what they have seen, and teach no fold its test clips."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import safetensors.torch

from planted_collection import PlantedCollection, planted_clip
from small_cells import make_cells, tiny_recipe, tiny_settings
from stcnet.datasets import Fold
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import LabelledClip, OnBad, refuse
from stcnet.datasets.folds.protocols import folds_of
from stcnet.errors import ConfigError, TrainingError
from stcnet.training.checkpoint import DATA_FILE, RECIPE_FILE, WEIGHTS_FILE, save_run
from stcnet.training.data import StartingWeights, TrainingData, hash_ids
from stcnet.training.devices import make_fabric
from stcnet.training.folds import run_fold
from stcnet.training.recipes.recipe import Recipe
from stcnet.training.start import refuse_seen, refuse_taught, start_of, with_start

CLIPS = tuple(replace(planted_clip(number), group=f"group {number // 2}") for number in range(12))
SPARE, TRAIN, TEST = CLIPS[:4], CLIPS[4:8], CLIPS[8:]
FOLD = Fold("mine", TRAIN, TEST)


@dataclass
class Copied(PlantedCollection):
    """The first test clip shows what the first clip shows."""

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        loaded = super().load(clips, size, on_bad=on_bad)
        if TEST[0].id in loaded.ids:
            place = loaded.ids.index(TEST[0].id)
            loaded.frames[place] = super().load([CLIPS[0]], size).frames[0]
        return loaded


def run_of(folder: Path, *clips: LabelledClip, start: StartingWeights | None = None) -> Path:
    """The weights of a run that some clips were trained on."""
    recipe = tiny_recipe()
    data = TrainingData(
        description="some", clips=tuple(sorted(clip.id for clip in clips)), start=start
    )
    save_run(folder, recipe.network.untrained(), recipe, data)
    return folder / WEIGHTS_FILE


def started_from(path: Path) -> Recipe:
    network = tiny_settings()["network"] | {"pretrained": str(path)}
    return tiny_recipe(epochs=1, network=network)


@pytest.mark.parametrize("pretrained", ["imagenet", "none"])
def test_packaged_and_random_weights_have_seen_nothing(pretrained: str) -> None:
    network = tiny_settings()["network"] | {"pretrained": pretrained}
    recipe = tiny_recipe(network=network)
    data = TrainingData(description="some", clips=("a",))
    assert start_of(recipe) is None
    assert with_start(recipe, data) is data


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        pytest.param(TEST[:1], f"{TEST[0].id}: pretraining and test share a clip", id="itself"),
        pytest.param(
            [replace(SPARE[0], id="twin", group=TEST[1].group)],
            f"{TEST[0].id}: pretraining and test hold near-duplicates",
            id="a duplicate",
        ),
    ],
)
def test_weights_that_have_seen_a_test_clip_are_refused(
    tmp_path: Path, seen: Sequence[LabelledClip], what: str
) -> None:
    path = run_of(tmp_path, *TRAIN, *seen)
    known = PlantedCollection((*CLIPS, *(clip for clip in seen if clip not in CLIPS)))
    with pytest.raises(TrainingError) as caught:
        refuse_taught(started_from(path), FOLD, known)
    assert str(caught.value).startswith(
        f"{path}: the weights to start from have seen a test clip (got {what})"
    )


def test_ids_alone_refuse_them_where_there_is_nothing_else(tmp_path: Path) -> None:
    path = run_of(tmp_path, *TRAIN, *TEST[1:3])
    refuse_seen(started_from(path), [clip.id for clip in SPARE])
    refuse_seen(tiny_recipe(), [clip.id for clip in TEST])
    with pytest.raises(TrainingError, match=rf"got {TEST[1].id}, 2 clips in all\)"):
        refuse_seen(started_from(path), [clip.id for clip in TEST])


def test_they_may_have_seen_other_clips(tmp_path: Path) -> None:
    path = run_of(tmp_path, *SPARE, *TRAIN)
    refuse_taught(started_from(path), FOLD, PlantedCollection(CLIPS))
    with pytest.raises(TrainingError, match=f"got {CLIPS[0].id}: a training clip shows a test"):
        refuse_taught(started_from(path), FOLD, Copied(CLIPS))


def test_a_chain_of_runs_is_remembered(tmp_path: Path) -> None:
    first = run_of(tmp_path / "first", *SPARE)
    data = TrainingData(description="some", clips=tuple(sorted(clip.id for clip in TRAIN)))
    told = with_start(started_from(first), data)
    assert told.start is not None
    assert (told.start.complete, told.description) == (
        True, "some; started from weights that had seen 4 clips"
    )  # fmt: skip
    assert told.clips == data.clips
    assert told.seen == tuple(sorted(clip.id for clip in (*SPARE, *TRAIN)))
    second = run_of(tmp_path / "second", *TRAIN, start=told.start)
    again = start_of(started_from(second))
    assert again is not None
    assert (again.clips, again.complete) == (told.seen, True)
    assert hash_ids(data.seen) == data.sha256


def test_what_a_foreign_file_has_seen_is_said_to_be_unknown(tmp_path: Path) -> None:
    path = tmp_path / "kinetics.safetensors"
    state = tiny_recipe().network.untrained().state_dict()
    safetensors.torch.save_file({n: v.clone() for n, v in state.items()}, path)
    data = with_start(started_from(path), TrainingData(description="some", clips=("a",)))
    assert data.start is not None
    assert not data.start.complete
    assert data.description == (
        f"some; started from kinetics.safetensors (SHA-256 {data.start.sha256[:12]}), "
        "whose training data is unknown"
    )
    refuse_taught(started_from(path), FOLD, PlantedCollection(CLIPS))
    # A run that started there before records told of it knows its own clips, but not all.
    later = run_of(tmp_path / "later", *TRAIN)
    record = json.loads(later.with_name(RECIPE_FILE).read_text(encoding="utf-8"))
    record["network"]["pretrained"] = str(path)
    later.with_name(RECIPE_FILE).write_text(json.dumps(record), encoding="utf-8")
    start = start_of(started_from(later))
    assert start is not None
    assert (len(start.clips), start.complete) == (4, False)
    assert start.in_words.endswith("whose training data beside 4 clips is unknown")


@pytest.mark.parametrize(
    ("name", "content"),
    [(DATA_FILE, "{}"), (RECIPE_FILE, "no"), (RECIPE_FILE, "[]"), (RECIPE_FILE, "{}")],
    ids=["another record", "no JSON", "a list", "no recipe"],
)
def test_a_damaged_record_is_one_line(tmp_path: Path, name: str, content: str) -> None:
    path = run_of(tmp_path, *TRAIN)
    path.with_name(name).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match="what lies beside the weights is no record") as caught:
        start_of(started_from(path))
    assert len(str(caught.value).splitlines()) == 1


def test_weights_that_are_gone_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone.pt: the weights cannot be read \(got No such"):
        start_of(started_from(tmp_path / "gone.pt"))


def test_a_fold_starts_from_its_own_run_alone(small_data: Path, tmp_path: Path) -> None:
    data = CellCollection(small_data, tuple(make_cells()))
    (own,), (other,) = folds_of(data, "leave-out-S0"), folds_of(data, "leave-out-S1")
    path = run_of(tmp_path / "earlier", *own.train)
    recipe, fabric = started_from(path), make_fabric("cpu")
    with pytest.raises(TrainingError, match="have seen a test clip"):
        run_fold(recipe, other, data, tmp_path / "out", fabric=fabric)
    assert not (tmp_path / "out").exists()
    assert len(run_fold(recipe, own, data, tmp_path / "out", fabric=fabric)) == len(own.test)
    record = (tmp_path / "out" / own.name / DATA_FILE).read_text(encoding="utf-8")
    start = TrainingData.model_validate_json(record).start
    assert start is not None
    assert (len(start.clips), start.complete) == (len(own.train), True)
