"""Held-out clips reach nothing that training draws from: not renderings, not transplants."""

from pathlib import Path
from typing import Any

import pytest
import torch

from small_cells import make_cells, tiny_recipe
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.folds.protocols import folds_of
from stcnet.errors import DataError
from stcnet.training.checkpoint import WEIGHTS_FILE
from stcnet.training.devices import make_fabric
from stcnet.training.folds import run_fold


def test_training_depends_on_no_pixel_of_a_test_clip(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a recipe renders into, carries over or mixes: it draws from the training clips."""
    data = CellCollection(small_data, tuple(make_cells()))
    (fold,) = folds_of(data, "leave-out-S0")
    recipe = tiny_recipe(
        epochs=1, plumes={"smoke": 1.0, "steam": 0.5}, transplants=0.5, mixup=0.3, augmentation={}
    )
    load = CellCollection.load
    loaded: list[set[str]] = []

    def trained(name: str, *changed: str) -> bytes:
        """The weights of a run in which some clips show noise."""

        def noisy(self: CellCollection, clips: Any, size: int, **options: Any) -> ClipSet:
            found = load(self, clips, size, **options)
            loaded.append(set(found.ids))
            rng = torch.Generator().manual_seed(7)
            for clip in {*changed} & {*found.ids}:
                place = found.ids.index(clip)
                shape = found.frames[place].shape
                noise = torch.randint(256, shape, dtype=torch.uint8, generator=rng)
                found.frames[place] = noise
            return found

        monkeypatch.setattr(CellCollection, "load", noisy)
        run_fold(recipe, fold, data, tmp_path / name, fabric=make_fabric("cpu"))
        return (tmp_path / name / fold.name / WEIGHTS_FILE).read_bytes()

    ours = trained("as it is")
    assert trained("other test clips", *(clip.id for clip in fold.test)) == ours
    assert trained("another training clip", fold.train[0].id) != ours
    sides = [{clip.id for clip in part} for part in (fold.train, fold.test)]
    assert loaded == 3 * sides


def test_a_fold_whose_training_shows_a_test_clip_again_trains_nothing(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = make_cells()
    data = CellCollection(small_data, tuple(cells))
    (fold,) = folds_of(data, "leave-out-S0")
    load = CellCollection.load

    def leaking(self: CellCollection, clips: Any, size: int, **options: Any) -> ClipSet:
        """The first training clip shows what the second test clip shows, a little brighter."""
        loaded = load(self, clips, size, **options)
        if loaded.ids[0] == fold.train[0].id:
            leak = load(self, fold.test[1:2], size).frames[0]
            loaded.frames[0] = (leak.float() * 1.05 + 3).clamp(0, 255).byte()
        return loaded

    monkeypatch.setattr(CellCollection, "load", leaking)
    with pytest.raises(DataError) as caught:
        run_fold(tiny_recipe(), fold, data, tmp_path / "out", fabric=make_fabric("cpu"))
    line = str(caught.value)
    assert line.startswith(f"{fold.train[0].id}: a training clip shows a test clip again (got ")
    assert f"alike test clip {fold.test[1].id})" in line
    assert not (tmp_path / "out").exists()
