"""Held-out clips reach nothing that training draws from: not renderings, not transplants."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from small_cells import make_cells, tiny_recipe
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.folds.protocols import folds_of
from stcnet.datasets.leaks.look_alikes import refuse_pictures
from stcnet.errors import DataError
from stcnet.synthesis.augment import paste_plumes
from stcnet.training.devices import make_fabric
from stcnet.training.folds import run_fold
from stcnet.training.transplants import transplant


def test_renderings_and_transplants_see_training_clips_only(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every background that a plume is rendered into is compared with every test clip."""
    data = CellCollection(small_data, tuple(make_cells()))
    (fold,) = folds_of(data, "leave-out-S0")
    backgrounds: list[Tensor] = []
    sources: list[ClipSet] = []

    def pasted(pixels: Tensor, *rest: Any, **options: Any) -> Any:
        backgrounds.append(pixels[:, 0])
        return paste_plumes(pixels, *rest, **options)

    def transplanted(clips: ClipSet, *rest: Any) -> Any:
        sources.append(clips)
        return transplant(clips, *rest)

    monkeypatch.setattr("stcnet.training.batches.paste_plumes", pasted)
    monkeypatch.setattr("stcnet.training.batches.transplant", transplanted)
    recipe = tiny_recipe(epochs=1, plumes={"smoke": 1.0, "steam": 0.5}, transplants=0.5)
    run_fold(recipe, fold, data, tmp_path, fabric=make_fabric("cpu"))

    trained, held_out = {clip.id for clip in fold.train}, {clip.id for clip in fold.test}
    assert sources
    assert all(set(clips.ids) == trained for clips in sources)
    assert trained.isdisjoint(held_out)
    assert sum(map(len, backgrounds)) >= sum(clip.label == 0 for clip in fold.train)
    seen = torch.cat(backgrounds)
    names = [f"background {number}" for number in range(len(seen))]
    test = data.load(fold.test, recipe.network.input_size)
    refuse_pictures(seen, names, test)
    with pytest.raises(DataError, match="background 0: a picture to train on is of a test clip"):
        refuse_pictures(torch.cat([test.frames[3, :1].float(), seen[1:]]), names, test)


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
