"""Banks of rendered scenes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stcnet.datasets.rendered import drawing
from stcnet.datasets.rendered.bank import FRAMES_FILE, RECORD_FILE, rendered_bank
from stcnet.datasets.rendered.drawing import draw_scene, shoot_scene, shows_smoke
from stcnet.errors import DataError, OutputError
from stcnet.synthesis.parameters import Optics, Plume, Source, Wind
from stcnet.synthesis.plants import random_plant
from stcnet.synthesis.scenes import Scene, Shot, shoot

COUNT, SIZE = 5, 32
TIMES_S = torch.arange(6) * 30.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bank") / "scenes"
    rendered_bank(made, COUNT, SIZE, seed=3, workers=1)
    return made


def test_a_bank_is_clips_with_the_labels_of_what_was_rendered(folder: Path) -> None:
    bank = rendered_bank(folder, COUNT, SIZE, seed=3)
    assert bank.frames.shape == (COUNT, 36, 3, SIZE, SIZE)
    assert bank.ids == tuple(f"scene-3-{number}" for number in range(COUNT))
    situations = [draw_scene(number, 3)[0] for number in range(COUNT)]
    assert bank.labels.tolist() == [int(name in ("smoke", "mixed")) for name in situations]


def test_a_bank_that_is_there_is_not_rendered_again(folder: Path) -> None:
    told: list[int] = []
    before = (folder / FRAMES_FILE).stat().st_mtime_ns
    rendered_bank(folder, COUNT, SIZE, seed=3, listener=lambda done, _: told.append(done))
    assert not told
    assert (folder / FRAMES_FILE).stat().st_mtime_ns == before


def test_processes_render_what_one_does(folder: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    shared = rendered_bank(
        tmp_path, COUNT, SIZE, seed=3, workers=2, listener=lambda *progress: told.append(progress)
    )
    assert torch.equal(shared.frames, rendered_bank(folder, COUNT, SIZE, seed=3).frames)
    assert told == [(done, COUNT) for done in range(1, COUNT + 1)]


def test_an_interrupted_bank_is_rendered_anew(folder: Path, tmp_path: Path) -> None:
    (tmp_path / FRAMES_FILE).write_bytes((folder / FRAMES_FILE).read_bytes()[:5000])
    again = rendered_bank(tmp_path, COUNT, SIZE, seed=3, workers=1)
    assert torch.equal(again.frames, rendered_bank(folder, COUNT, SIZE, seed=3).frames)


@pytest.mark.parametrize(
    ("count", "size", "seed"),
    [
        pytest.param(COUNT + 1, SIZE, 3, id="more scenes"),
        pytest.param(COUNT, 2 * SIZE, 3, id="larger ones"),
        pytest.param(COUNT, SIZE, 4, id="of another seed"),
    ],
)
def test_another_bank_is_refused(folder: Path, count: int, size: int, seed: int) -> None:
    with pytest.raises(DataError, match=r"are others than the recipe's.*got 5 of 32 px, seed 3"):
        rendered_bank(folder, count, size, seed=seed)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        pytest.param(RECORD_FILE, b"{", id="record"),
        pytest.param(FRAMES_FILE, b"\x93NUMPY\x01\x00", id="frames"),
        pytest.param(FRAMES_FILE, None, id="no frames"),
    ],
)
def test_a_damaged_bank_is_refused(
    folder: Path, tmp_path: Path, file: str, content: bytes | None
) -> None:
    for name in (RECORD_FILE, FRAMES_FILE):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(DataError, match="the rendered scenes are damaged"):
        rendered_bank(tmp_path, COUNT, SIZE, seed=3)


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="the rendered scenes cannot be written"):
        rendered_bank(tmp_path / "file" / "scenes", 1, SIZE, workers=1)


def test_two_banks_share_no_scene() -> None:
    plants = {
        draw_scene(number, bank, attempt)[1].plant.seed
        for bank in (0, 1)
        for number in (0, 1, 60_000)
        for attempt in (0, drawing.ATTEMPTS - 1)
    }
    assert len(plants) == 12
    assert min(plants) >= drawing.FIRST_SEED


def smoking(strength: float) -> Shot:
    """A thick or thin plume over a plant."""
    source = Source((0.5, 0.6), radius=0.03, strength=strength, rise=0.02, lifetime_s=60.0)
    plume = Plume((source,), Wind((0.02, 0.0)), Optics((0.05, 0.05, 0.05)), 1)
    return shoot(Scene(random_plant(1), (plume,)), TIMES_S, 48, 48)


def test_only_smoke_that_can_be_seen_is_called_smoke() -> None:
    assert shows_smoke(smoking(8.0))
    assert not shows_smoke(smoking(0.01))
    steam = smoking(8.0)
    as_steam = tuple(replace(layer, substance="steam") for layer in steam.layers)
    assert not shows_smoke(replace(steam, layers=as_steam))


def test_a_scene_whose_smoke_is_never_seen_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    number = next(n for n in range(100) if draw_scene(n)[0] == "mixed")
    seen: list[Shot] = []

    def blind(shot: Shot) -> bool:
        seen.append(shot)
        return False

    monkeypatch.setattr(drawing, "shows_smoke", blind)
    situation, shot = shoot_scene(number, TIMES_S, SIZE)
    assert situation == "steam"
    assert {layer.substance for layer in shot.layers} <= {"steam", "fog", "shadow"}
    assert len(seen) == drawing.ATTEMPTS
    assert not np.array_equal(seen[0].frames, seen[1].frames)


def test_clear_days_do_not_tell_of_smoke() -> None:
    clear = [
        situation in ("smoke", "mixed")
        for situation, scene in map(draw_scene, range(1200))
        if max(scene.weather.cloud_cover, scene.weather.haze) <= 0.15
    ]
    assert len(clear) > 100
    assert 0.4 < np.mean(clear) < 0.75


def test_white_smoke_as_dense_as_steam_is_learned_from() -> None:
    smoke = [
        scene.plumes[0] for situation, scene in map(draw_scene, range(1200)) if situation == "smoke"
    ]
    dense = [
        plume.optics.evaporation == 0
        for plume in smoke
        if min(plume.optics.albedo) > 0.6 and plume.sources[0].strength > 8
    ]
    assert all(dense)
    assert 0.17 < len(dense) / len(smoke) < 0.3
