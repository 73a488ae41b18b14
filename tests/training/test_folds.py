"""Training on a folder of cells."""

from pathlib import Path
from typing import Any

import pytest
import torch

from small_cells import make_cells, tiny_recipe, tiny_settings
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.folds.protocols import folds_of
from stcnet.errors import DataError, TrainingError
from stcnet.evaluation.predict import predict_logits
from stcnet.training.batches.making import BatchMaker, resized
from stcnet.training.checkpoint import CHECKPOINT_FILE, load_run
from stcnet.training.devices import make_fabric
from stcnet.training.folds import run_fold, train_clips
from stcnet.training.pretraining import SCENES_FOLDER, lay_groundwork
from stcnet.training.recipes.recipe import Recipe


def test_a_foreign_checkpoint_is_refused_before_any_clip_is_read(
    small_data: Path, tmp_path: Path
) -> None:
    fabric, cells = make_fabric("cpu"), tuple(make_cells())
    data, nowhere = CellCollection(small_data, cells), CellCollection(tmp_path / "nowhere", cells)
    few = data.clips[:4]
    train_clips(tiny_recipe(epochs=1), data, few, tmp_path, fabric=fabric)
    before = (tmp_path / CHECKPOINT_FILE).read_bytes()
    with pytest.raises(TrainingError, match="belongs to another recipe"):
        train_clips(tiny_recipe(epochs=2), nowhere, few, tmp_path, fabric=fabric)
    with pytest.raises(TrainingError, match="belongs to other training clips"):
        train_clips(tiny_recipe(epochs=1), nowhere, few[:3], tmp_path, fabric=fabric)
    assert (tmp_path / CHECKPOINT_FILE).read_bytes() == before


def test_missing_mosaics_leave_no_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    data = CellCollection(tmp_path, tuple(make_cells()))
    with pytest.raises(DataError) as caught:
        train_clips(tiny_recipe(), data, data.clips, out, fabric=make_fabric("cpu"))
    assert "2 of the videos cannot be used (got " in str(caught.value)
    assert "even.mp4: the mosaic is missing, the first); mend them" in str(caught.value)
    assert not out.exists()


def small_and_large(**changes: Any) -> Recipe:
    """Trained at 32 pixels, tested at 64."""
    network = tiny_settings()["network"] | {"input_size": 64, "training_size": 32}
    return tiny_recipe(network=network, **changes)


def test_training_and_testing_have_each_their_size(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[int] = set()
    settled_on: set[int] = set()
    make, plain = BatchMaker.make, BatchMaker.plain

    def watched(self: BatchMaker, *arguments: Any) -> Any:
        batch = make(self, *arguments)
        seen.add(batch.frames.shape[-1])
        return batch

    def watched_plain(self: BatchMaker, *arguments: Any) -> Any:
        frames, residuals = plain(self, *arguments)
        settled_on.add(frames.shape[-1])
        return frames, residuals

    monkeypatch.setattr(BatchMaker, "make", watched)
    monkeypatch.setattr(BatchMaker, "plain", watched_plain)
    data = CellCollection(small_data, tuple(make_cells()[:16]))
    (fold,) = folds_of(data, "leave-out-S0")
    recipe, fabric = small_and_large(epochs=1), make_fabric("cpu")
    predictions = run_fold(recipe, fold, data, tmp_path, fabric=fabric)
    assert (seen, settled_on) == ({32}, {64})
    run = load_run(tmp_path / fold.name)
    assert run.recipe.network.input_size == 64
    model = run.network()
    large = data.load(fold.test, 64)
    expected = predict_logits(model, recipe.network.input_of(model), large)
    assert torch.allclose(torch.tensor([p.logit for p in predictions]), expected.to(torch.float32))
    small = data.load(fold.test, 32)
    assert not torch.allclose(
        predict_logits(model, recipe.network.input_of(model), small), expected
    )


def test_scenes_are_as_large_as_what_is_trained_on(tmp_path: Path) -> None:
    recipe = small_and_large(scenes={"clips": 1, "share": 0.5})
    groundwork = lay_groundwork(recipe, tmp_path, make_fabric("cpu"))
    assert groundwork.scenes is not None
    assert groundwork.scenes.frames.shape[-1] == 32
    assert (tmp_path / SCENES_FOLDER).is_dir()


def test_the_size_in_training_is_the_input_size_unless_said() -> None:
    assert tiny_recipe().network.size_in_training == 32
    assert small_and_large().network.size_in_training == 32
    assert small_and_large().network.input_size == 64


def test_plain_clips_are_resized_as_pictures_not_as_pixels() -> None:
    ramp = torch.arange(8.0).expand(1, 2, 3, 8, 8)
    small, large = resized(ramp, 4), resized(ramp, 16)
    assert (small.shape, large.shape) == ((1, 2, 3, 4, 4), (1, 2, 3, 16, 16))
    inner = small[0, 0, 0, 0, 1:-1]
    assert torch.allclose(inner, torch.tensor([2.5, 4.5]))
    assert large.min() >= 0
    assert large.max() <= 7
    assert resized(ramp, 8) is ramp
