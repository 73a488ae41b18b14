"""``stcnet data show``: sheets of every kind of data, whole or not at all."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import Run


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three frames and a residual to each next one, 32 pixels."""
    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    path.write_text(
        "name: tiny\n"
        "network: {preset: plain-lite0, choices: {frames: 3}, pretrained: none, input_size: 32}\n"
        "augmentation: {preset: none, shake: 0.02, drops: 2, haze: 1, often: 1}\n"
    )
    return path


def test_clips_and_transforms_are_drawn(
    run: Run, small_data: Path, recipe: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sheets"
    told = run("data", "show", small_data, "--out", out, "--clips", 2, "--recipe", recipe)
    assert told.code == 0, told.err
    clips = ["clip-1.png", "clip-2.png"]
    assert names(out) == [*clips, *(f"transform-{n}.png" for n in ("drops", "haze", "shake"))]
    assert told.out.endswith(f"5 sheets: {out}\n")
    assert told.out.startswith("clip-1.png: ")
    assert "(smoke, view" in told.out
    assert "(no smoke, view" in told.out
    # Four frames are drawn, so that three have a residual to the next.
    assert {picture(path).shape for path in out.iterdir()} == {(26 + 4 * 54, 3 * 34 - 2, 3)}


def test_without_a_recipe_all_that_cameras_differ_in_is_there(
    run: Run, small_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sheets"
    options = ("--clips", 1, "--only", "flip")
    told = run("data", "show", small_data, "--out", out, *options)
    assert told.code == 0, told.err
    assert names(out) == ["clip-1.png", "transform-flip.png"]
    assert picture(out / "clip-1.png").shape == (26 + 4 * 246, 8 * 226 - 2, 3)


def test_the_seed_decides(run: Run, small_data: Path, recipe: Path, tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        options = ("--clips", 1, "--recipe", recipe, "--seed", seed)
        assert run("data", "show", small_data, "--out", tmp_path / name, *options).code == 0
    one, again, other = (
        picture(tmp_path / name / "clip-1.png") for name in ("one", "again", "other")
    )
    assert (one == again).all()
    assert (one != other).any()


def test_rendered_rise_is_shown_by_view(run: Run, recipe: Path, tmp_path: Path) -> None:
    rise, out = tmp_path / "rise", tmp_path / "sheets"
    assert run("data", "synthesize", "--out", rise, "--clips", 21, "--size", 32).code == 0
    options = ("--view", "0-3", "--recipe", recipe, "--clips", 9)
    told = run("data", "show", rise, "--out", out, *options)
    assert told.code == 0, told.err
    assert "view 0-3" in told.out
    assert told.out.count("view 0-") == told.out.count("view 0-3")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            ("--only", "fog"),
            "--only: there is no such transform, or it is switched off (got 'fog'; allowed: ",
            id="no transform",
        ),
        pytest.param(("--only", "haze,"), "(got ''; allowed: ", id="empty name"),
        pytest.param(("--only", "zoom_out"), "(got 'zoom_out'; allowed: ", id="switched off"),
        pytest.param(
            ("--recipe", "i3d-nd"),
            "--recipe: this recipe varies no pictures (got i3d-nd: augmentation: null); name an",
            id="no augmentation",
        ),
        pytest.param(
            ("--recipe", "flow-i3d"), "(got flow-i3d: optical flow); name another", id="flow"
        ),
        pytest.param(("--recipe", "none"), "RECIPE: there is no such recipe", id="no recipe"),
        pytest.param(
            ("--view", "9-9"), "no labelled clip has the view (got 9-9; allowed: ", id="no view"
        ),
        pytest.param(("--clips", 0), "--clips", id="no clips"),
        pytest.param(("--seed", -1), "--seed", id="seed"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    run: Run, small_data: Path, tmp_path: Path, options: tuple[object, ...], message: str
) -> None:
    told = run("data", "show", small_data, "--out", tmp_path / "sheets", *options)
    assert (told.code, told.out) == (2, "")
    assert len(told.errors) == 1
    assert message in told.errors[0]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_stays(run: Run, small_data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    told = run("data", "show", small_data, "--out", tmp_path, "--only", "haze")
    assert told.code == 2
    assert "the output folder exists already" in told.errors[0]
    assert names(tmp_path) == ["mine"]


def test_what_is_no_data_is_one_line(run: Run, tmp_path: Path) -> None:
    told = run("data", "show", tmp_path / "nowhere", "--out", tmp_path / "sheets")
    assert told.code == 2
    assert "nowhere: there is no such folder of data" in told.errors[0]
    assert names(tmp_path) == []
