"""The worst mistakes first, each clip once, under a name that every file system takes."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from small_cells import make_cells, record
from stcnet.datasets import Cell
from stcnet.datasets.cells.collection import CellCollection
from stcnet.errors import DataError
from stcnet.evaluation.gallery import (
    FALSE_NEGATIVES,
    FALSE_POSITIVES,
    PAGE,
    Gallery,
    choose_mistakes,
    write_gallery,
)
from stcnet.evaluation.predictions import Prediction
from tiny_model import make_parts

CELLS = CellCollection(Path("cells"), tuple(make_cells(12)))
"""Every second one shows smoke."""


def said(logits: dict[int, float], fold: str = "f") -> list[Prediction]:
    return [Prediction(f"clip-{number:03d}", fold, logit) for number, logit in logits.items()]


def shown(gallery: Gallery, kind: str) -> list[str]:
    return [mistake.clip.id for mistake in gallery.shown[kind]]


def test_the_worst_come_first() -> None:
    logits = {0: 1.0, 2: 3.0, 4: 2.0, 6: -9.0, 1: -0.5, 3: -4.0, 5: 7.0}
    gallery = choose_mistakes(said(logits), CELLS)
    assert shown(gallery, FALSE_POSITIVES) == ["clip-002", "clip-004", "clip-000"]
    assert shown(gallery, FALSE_NEGATIVES) == ["clip-003", "clip-001"]
    assert gallery.judged == 7


def test_no_more_than_asked_for_are_shown_and_all_are_counted() -> None:
    gallery = choose_mistakes(said({0: 1.0, 2: 3.0, 4: 2.0}), CELLS, 2)
    assert shown(gallery, FALSE_POSITIVES) == ["clip-002", "clip-004"]
    assert gallery.counts == {FALSE_POSITIVES: 3, FALSE_NEGATIVES: 0}


def test_logit_zero_is_no_smoke_as_in_the_table() -> None:
    gallery = choose_mistakes(said({0: 0.0, 1: 0.0}), CELLS)
    assert shown(gallery, FALSE_POSITIVES) == []
    assert shown(gallery, FALSE_NEGATIVES) == ["clip-001"]


def test_a_clip_of_two_folds_stands_once_with_the_worst() -> None:
    twice = [*said({0: 1.0}, "a"), *said({0: 2.0}, "b"), *said({0: 1.5}, "c")]
    gallery = choose_mistakes(twice, CELLS)
    (mistake,) = gallery.shown[FALSE_POSITIVES]
    assert mistake.prediction.fold == "b"
    assert gallery.counts[FALSE_POSITIVES] == gallery.judged == 1


def test_an_unknown_clip_is_refused() -> None:
    with pytest.raises(DataError, match="not in the data"):
        choose_mistakes([Prediction("gone", "f", 1.0)], CELLS)


def test_names_of_files_are_safe_and_unlike() -> None:
    ids = ["a/b", "a b", "A_b", "../up", "x" * 300, "fine-1"]
    cells = tuple(Cell.model_validate(record(2 * n, id=name)) for n, name in enumerate(ids))
    data = CellCollection(Path("cells"), cells)
    gallery = choose_mistakes([Prediction(name, "f", 1.0) for name in ids], data)
    names = [gallery.names[name] for name in ids]
    assert len({name.lower() for name in names}) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,130}", name) for name in names)
    assert names[-1] == "fine-1"


@pytest.mark.parametrize("with_maps", [False, True], ids=["scores only", "with maps"])
def test_a_page_shows_every_clip(small_data: Path, tmp_path: Path, with_maps: bool) -> None:
    package = make_parts().write(tmp_path / "tiny.stcnet") if with_maps else None
    folder = tmp_path / "gallery"
    folder.mkdir()
    gallery = choose_mistakes(said({0: 2.0, 2: 1.0, 3: -1.5}), CELLS)
    done: list[tuple[int, int]] = []
    data = CellCollection.open(small_data)
    write_gallery(folder, gallery, data, package=package, on_clip=lambda *n: done.append(n))
    assert done == [(1, 3), (2, 3), (3, 3)]
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.gif"))
    assert files == [
        f"{FALSE_NEGATIVES}/clip-003.gif",
        f"{FALSE_POSITIVES}/clip-000.gif",
        f"{FALSE_POSITIVES}/clip-002.gif",
    ]
    page = (folder / PAGE).read_text()
    assert [file for file in files if file not in page] == []
    assert page.index("clip-000.gif") < page.index("clip-002.gif")
    assert ("probability" in page) == ("by tiny 1.2.3" in page) == with_maps
    with Image.open(folder / files[0]) as gif:
        assert gif.n_frames == 18  # type: ignore[attr-defined]
        assert gif.size[0] == (362 if with_maps else 180)


def test_a_gif_shows_the_clip_that_it_is_named_after(small_data: Path, tmp_path: Path) -> None:
    """Smoke is planted as a square that grows to 148 pixels."""
    data = CellCollection.open(small_data)
    write_gallery(tmp_path, choose_mistakes(said({3: -1.5}), data), data)
    with Image.open(tmp_path / FALSE_NEGATIVES / "clip-003.gif") as gif:
        gif.seek(17)
        last = np.asarray(gif.convert("L"))
    assert last[60, 100] > 190 > 150 > last[190, 170]


def test_texts_are_escaped(small_data: Path, tmp_path: Path) -> None:
    cell = Cell.model_validate(record(0, view="<b>0-1</b>"))
    data = CellCollection(small_data, (cell,))
    write_gallery(tmp_path, choose_mistakes(said({0: 1.0}), data), data)
    page = (tmp_path / PAGE).read_text()
    assert "<b>0-1</b>" not in page
    assert "&lt;b&gt;0-1&lt;/b&gt;" in page
