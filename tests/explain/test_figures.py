"""The pictures of an explanation, drawn of maps whose answer is known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stcnet.explain.drawing import BAR, captioned, heated, logits_overlay, residual_picture
from stcnet.explain.explanation import Explanation
from stcnet.explain.figures import FIGURE_FILES, as_record, moments, write_figures
from stcnet.inference import ModelPackage
from stcnet.types import FloatArray, Picture, Verdict
from tiny_model import make_parts

SIDE, MOMENTS = 40, 6
GREY: Picture = np.full((SIDE, SIDE, 3), 100, np.uint8)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return make_parts().write(tmp_path_factory.mktemp("model") / "tiny.stcnet")


def make_explanation(package: ModelPackage, *pathways: str) -> Explanation:
    """Evidence in the upper left place, growing with time; half as much in the spatial pathway."""
    maps: dict[str, FloatArray] = {}
    for pathway in pathways:
        maps[pathway] = np.zeros((MOMENTS, 5, 5), np.float32)
        maps[pathway][:, 0, 0] = np.arange(1, MOMENTS + 1) * (0.5 if pathway == "spatial" else 1)
    frames = np.stack([GREY + np.uint8(k) for k in range(MOMENTS + 1)])
    activation = np.array([[4.0, -2.0], [0.0, -1.0]], np.float32)
    return Explanation(
        package, Verdict(0.25, 0.6, activation), "smoke", 4, frames[:-1], frames[1:],
        tuple(5.0 * k for k in range(MOMENTS)), maps, (1, 3, 5),
    )  # fmt: skip


@pytest.fixture
def explanation(package: ModelPackage) -> Explanation:
    return make_explanation(package, "spatial", "temporal", "fused")


def test_a_folder_holds_every_figure(explanation: Explanation, tmp_path: Path) -> None:
    written = write_figures(tmp_path, explanation, "gate.mp4")
    assert [path.name for path in written] == list(FIGURE_FILES)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FIGURE_FILES)
    with Image.open(tmp_path / "grad-cam.gif") as gif:
        assert gif.n_frames == MOMENTS  # type: ignore[attr-defined]
        assert gif.size == (4 * SIDE + 6, SIDE + BAR)
    with Image.open(tmp_path / "rgb-strip.png") as strip:
        assert strip.size == (3 * SIDE + 4, SIDE + BAR)


def test_the_numbers_behind_the_pictures_are_kept(explanation: Explanation, tmp_path: Path) -> None:
    write_figures(tmp_path, explanation, "gate.mp4")
    record = json.loads((tmp_path / "explanation.json").read_text())
    assert record == json.loads(json.dumps(as_record(explanation, "gate.mp4")))
    assert (record["clip"], record["model"]) == ("gate.mp4", "tiny 1.2.3")
    assert record["strongest_s"] == 25.0
    assert record["largest"] == {"spatial": 3.0, "temporal": 6.0, "fused": 6.0}
    with np.load(tmp_path / "maps.npz") as arrays:
        assert set(arrays) == {"spatial", "temporal", "fused", "activation", "times_s"}
        assert np.array_equal(arrays["fused"], explanation.maps["fused"])
        assert arrays["activation"].mean() == pytest.approx(record["logit"])


def test_a_network_of_one_pathway_has_its_own_still_alone(
    package: ModelPackage, tmp_path: Path
) -> None:
    written = write_figures(tmp_path, make_explanation(package, "temporal"), "gate.mp4")
    assert {path.name for path in written} == set(FIGURE_FILES) - {"spatial.png", "fused.png"}


def test_the_same_explanation_gives_the_same_bytes(
    explanation: Explanation, tmp_path: Path
) -> None:
    contents: list[dict[str, bytes]] = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        files = write_figures(tmp_path / name, explanation, "gate.mp4")
        contents.append({path.name: path.read_bytes() for path in files})
    assert contents[0] == contents[1]


def test_colours_compare_between_pathways(explanation: Explanation) -> None:
    """The spatial pathway has half the evidence, so its corner is less coloured."""
    last = moments(explanation)[-1].astype(int)
    corners = [last[BAR + 2, 2 + column * (SIDE + 2)] for column in range(4)]
    colourful = [int(np.ptp(corner)) for corner in corners]
    assert colourful[0] == 0
    assert colourful[1] > 10
    assert not np.array_equal(corners[1], corners[3])


def test_no_evidence_leaves_the_grey_of_the_picture() -> None:
    coloured = GREY.copy()
    coloured[..., 0] = 200
    plain = heated(coloured, np.zeros((5, 5), np.float32))
    assert np.ptp(plain, axis=2).max() == 0
    assert np.array_equal(heated(GREY, np.zeros((5, 5), np.float32)), GREY)


@pytest.mark.parametrize(
    ("logit", "strong", "weak"), [(5.0, 0, 2), (-5.0, 2, 0)], ids=["smoke red", "none blue"]
)
def test_local_logits_have_a_colour_each_way(logit: float, strong: int, weak: int) -> None:
    shown = logits_overlay(GREY, np.full((3, 3), logit, np.float32), 5.0)[20, 20].astype(int)
    assert shown[strong] > shown[weak] + 40


def test_a_residual_is_nine_times_the_absolute_change() -> None:
    earlier, later = GREY.copy(), GREY.copy()
    later[0, 0], later[0, 1], later[0, 2] = (110, 90, 100), 255, 0
    shown = residual_picture(earlier, later)
    assert shown[0, 0].tolist() == [90, 90, 0]
    assert shown[0, 1].tolist() == shown[0, 2].tolist() == [255, 255, 255]
    assert shown[1:].max() == 0


@pytest.mark.real_data
def test_residuals_are_displayed_as_the_authors_display_them(shared_data: Path) -> None:
    order = (0, 6, 7, 1, 2, 3, 4, 5)
    frames = gif_frames(shared_data / "residual-golden" / "rgb-0.gif")
    published = gif_frames(shared_data / "residual-golden" / "residual-0.gif")
    for number, theirs in enumerate(published):
        ours = residual_picture(frames[order[number]], frames[order[number + 1]])
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.8


def gif_frames(path: Path) -> list[Picture]:
    frames: list[Any] = []
    with Image.open(path) as gif:
        for number in range(gif.n_frames):  # type: ignore[attr-defined]
            gif.seek(number)
            frames.append(np.asarray(gif.convert("RGB")))
    return frames


def test_captions_stand_above_their_pictures() -> None:
    shown = captioned([GREY, GREY], ["left", "right"])
    assert shown.shape == (SIDE + BAR, 2 * SIDE + 2, 3)
    assert np.array_equal(shown[BAR:, :SIDE], GREY)
    assert shown[:BAR, :SIDE].max() > 200
