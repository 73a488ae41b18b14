"""The rendered stand-in for RISE, and the reader of its videos and of broken ones."""

import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from stcnet.datasets.rise import (
    SPLITS,
    VIEWS,
    LabelState,
    RiseRecord,
    decided,
    judgement_of,
    published_fold,
    read_rise,
    video_path,
)
from stcnet.datasets.rise.clips import clip_of
from stcnet.datasets.rise.drawing import PUBLISHED_COUNTS, RISE_DAYS, draw_records, rise_days
from stcnet.datasets.rise.folder import load_rise
from stcnet.datasets.rise.rendering import render_record, synthesise_rise, write_rise
from stcnet.errors import ConfigError, DataError, OutputError, StcnetError
from stcnet.video import Mp4Writer

SIZE, FRAMES = 32, 6
CHOICES = {"clips_per_view": 2, "views": ("0-0", "0-1", "0-4", "2-0", "2-1"), "days": 3}


def write_clip(path: Path, frames: int, width: int = SIZE, height: int = SIZE) -> None:
    with Mp4Writer(path, 12, width, height) as writer:
        for _ in range(frames):
            writer.write(np.full((height, width, 3), 90, np.uint8))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[RiseRecord]]:
    folder = tmp_path_factory.mktemp("rise") / "small"
    return folder, synthesise_rise(folder, size=SIZE, frames=FRAMES, seed=3, **CHOICES)  # type: ignore[arg-type]


@pytest.fixture
def copied(
    rendered: tuple[Path, list[RiseRecord]], tmp_path: Path
) -> tuple[Path, list[RiseRecord]]:
    """A folder whose videos may be spoilt, and its decided records."""
    folder, records = rendered
    (tmp_path / "videos").mkdir()
    for record in decided(records):
        video_path(tmp_path, record).write_bytes(video_path(folder, record).read_bytes())
    return tmp_path, decided(records)


def test_a_drawn_data_set_has_rises_layout() -> None:
    records = draw_records(400, size=64, seed=1)
    assert {record.view for record in records} == set(VIEWS)
    assert {record.name.day for record in records} == set(RISE_DAYS)
    per_view = Counter(record.view for record in records)
    assert set(per_view.values()) == {21, 22}
    said = {s for record in records for s in (record.label_state, record.label_state_admin)}
    assert said == set(LabelState)
    assert all(7 <= record.local_start.hour < 17 for record in records)
    assert len({record.file_name for record in records}) == 400
    smoke = [judgement_of(record).label for record in decided(records)]
    published = 5090 / 12567
    assert abs(np.mean(smoke) - published) < 4 * np.sqrt(published * (1 - published) / 400)
    for split in SPLITS:
        parts = published_fold(map(clip_of, records), split).parts.values()
        assert all(sum(clip.label == 1 for clip in part) > 1 for part in parts)


def test_clips_of_a_view_never_overlap() -> None:
    records = draw_records(400, views=("0-0",), days=3, size=64, seed=1)
    records.sort(key=lambda record: record.start_time)
    for one, other in pairwise(records):
        assert one.name.end_epoch < other.name.start_epoch


def test_the_seed_decides_what_is_drawn() -> None:
    first, again, other = (draw_records(60, size=64, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("count", [3, 4, 7, 15, 30])
def test_every_part_of_the_split_by_date_gets_days(count: int) -> None:
    days = rise_days(count)
    assert len(set(days)) == count
    assert days == sorted(days)
    assert days[0] < RISE_DAYS[18]
    assert any(day in RISE_DAYS[18:20] for day in days)
    assert days[-1] >= RISE_DAYS[20]


def test_the_published_votes_are_all_labelled() -> None:
    assert sum(PUBLISHED_COUNTS.values()) == 12567
    assert len(RISE_DAYS) == 30


def test_what_is_rendered_can_be_read(rendered: tuple[Path, list[RiseRecord]]) -> None:
    folder, records = rendered
    assert read_rise(folder) == records
    assert {path.name for path in folder.iterdir()} == {"metadata.json", "videos"}
    fields = json.loads((folder / "metadata.json").read_text())[0]
    assert list(fields) == [
        "camera_id", "view_id", "id", "label_state", "label_state_admin", "start_time",
        "url_root", "url_part", "file_name",
    ]  # fmt: skip
    kept = decided(records)
    clips = load_rise(folder, kept, SIZE, frames=FRAMES)
    assert clips.frames.shape == (len(kept), FRAMES, 3, SIZE, SIZE)
    assert clips.ids == tuple(record.file_name for record in kept)
    assert clips.views == tuple(record.view for record in kept)
    assert clips.labels.tolist() == [judgement_of(record).label for record in kept]
    assert clips.label_weights.tolist() == [judgement_of(record).weight for record in kept]
    assert clips.weights.tolist() == [1.0] * len(kept)
    for record, frames in zip(kept, clips.frames, strict=True):
        pixels = render_record(record, size=SIZE, frames=FRAMES, seed=3)
        shown = frames.permute(0, 2, 3, 1).numpy().astype(int)
        assert np.abs(shown - pixels).mean() < 6
    halves = load_rise(folder, kept[:2], SIZE // 2, frames=2)
    assert halves.frames.shape == (2, 2, 3, SIZE // 2, SIZE // 2)


def clutter(turn: int) -> None:
    """Leave freed memory behind that differs from turn to turn."""
    rng = np.random.default_rng(turn)
    for _ in range(20 * (turn % 2)):
        [rng.integers(0, 255, size, dtype=np.uint8) for size in (3_000, 20_000, 300_000)]


def test_the_seed_decides_every_byte(tmp_path: Path) -> None:
    records = draw_records(152, size=64, seed=0)[:1]  # a clip that x264 is not sure of
    written = set()
    for turn in range(12):
        clutter(turn)
        write_rise(tmp_path / str(turn), records, size=64, seed=0)
        written.add(video_path(tmp_path / str(turn), records[0]).read_bytes())
    assert len(written) == 1


def test_smoke_is_what_the_label_says() -> None:
    """The same clip with other votes differs by its plume alone."""
    for record in draw_records(12, size=SIZE, seed=4)[:4]:
        smoke, none = (
            record.model_copy(update={"label_state_admin": LabelState(state)}) for state in (47, 32)
        )
        with_smoke, without = (
            render_record(clip, size=SIZE, frames=FRAMES, seed=4).astype(int)
            for clip in (smoke, none)
        )
        changed = np.abs(with_smoke - without).max(axis=-1) > 4
        assert 0.002 < changed.mean() < 0.9


def test_a_view_looks_the_same_each_day_and_unlike_others() -> None:
    records = draw_records(60, views=("0-0", "0-1"), days=3, size=SIZE, seed=4)
    clear = [r.model_copy(update={"label_state_admin": LabelState.GOLD_NEGATIVE}) for r in records]
    ground = np.array([
        render_record(record, size=SIZE, frames=1, seed=4)[0, SIZE // 2 :].mean(axis=-1).ravel()
        for record in clear[:16]
    ])  # fmt: skip
    alike = np.corrcoef(ground)
    same = np.equal.outer([r.view for r in clear[:16]], [r.view for r in clear[:16]])
    assert alike[same].min() > alike[~same].max()


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-400])


def spoil(path: Path) -> None:
    path.write_bytes(b"<html>404</html>")


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        pytest.param(Path.unlink, "the video is missing", id="missing"),
        pytest.param(cut_off, "mp4: ", id="cut off"),
        pytest.param(spoil, "cannot be read as a video", id="no video"),
        pytest.param(lambda path: path.write_bytes(b""), "the file is empty", id="empty"),
        pytest.param(
            lambda path: write_clip(path, FRAMES - 1), "too short .got 5 frames", id="short"
        ),
        pytest.param(
            lambda path: write_clip(path, FRAMES, width=48), "not square .got 48x32", id="wide"
        ),
    ],
)
def test_a_bad_video_is_one_line_and_may_be_left_out(
    copied: tuple[Path, list[RiseRecord]], mistake: Callable[[Path], object], message: str
) -> None:
    folder, records = copied
    bad = video_path(folder, records[1])
    mistake(bad)
    with pytest.raises(StcnetError, match=message) as caught:
        load_rise(folder, records, SIZE, frames=FRAMES)
    assert re.match(re.escape(str(bad)), str(caught.value))
    assert len(str(caught.value).splitlines()) == 1

    told: list[StcnetError] = []
    clips = load_rise(folder, records, SIZE, frames=FRAMES, on_bad=told.append)
    assert [str(error) for error in told] == [str(caught.value)]
    assert clips.ids == tuple(r.file_name for r in records if r is not records[1])
    whole = load_rise(folder, records[2:], SIZE, frames=FRAMES)
    assert torch.equal(clips.frames[1:], whole.frames)
    assert clips.label_weights[1:].tolist() == whole.label_weights.tolist()


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    records = decided(draw_records(10, size=SIZE, seed=0))
    with pytest.raises(DataError, match="videos: no video is left"):
        load_rise(tmp_path, records, SIZE, on_bad=lambda error: None)
    undecided = [r for r in draw_records(10, size=SIZE, seed=0) if r.judgement is None]
    with pytest.raises(DataError, match="the clip has no label"):
        load_rise(tmp_path, undecided, SIZE)


def test_a_data_set_is_not_rendered_over_another(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text("mine")
    with pytest.raises(OutputError, match=r"holds a metadata\.json already"):
        write_rise(tmp_path, [], size=SIZE, seed=0)
    assert (tmp_path / "metadata.json").read_text() == "mine"
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OutputError, match="the folder cannot be made"):
        write_rise(file / "below", [], size=SIZE, seed=0)


def test_the_records_come_last(tmp_path: Path) -> None:
    """A data set that is not finished is none."""
    records = draw_records(10, size=SIZE, seed=0)

    class Killed(Exception):
        pass

    def kill(done: int, total: int) -> None:
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        write_rise(tmp_path, records, size=SIZE, frames=2, seed=0, listener=kill)
    assert not (tmp_path / "metadata.json").exists()
    write_rise(tmp_path, records, size=SIZE, frames=2, seed=0)
    assert read_rise(tmp_path) == records


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"clips": 9}, r"number of clips is out of range .got 9; allowed: 10\.\."),
        ({"days": 2}, r"number of days is out of range .got 2; allowed: 3\.\.30"),
        ({"days": 31}, r"number of days .*31"),
        ({"views": ("0-0", "0-15")}, "there is no such view .got 0-15; allowed: 0-0, 0-1"),
        ({"views": ()}, "number of views is out of range .got 0"),
        ({"views": ("0-0", "0-0")}, "a view is named twice .got 0-0"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_cannot_be_drawn_is_refused(choices: dict[str, object], message: str) -> None:
    given = {"clips": 20, "size": 64, "seed": 0} | choices
    with pytest.raises(ConfigError, match=message):
        draw_records(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [30, 33])
def test_a_size_that_is_no_video_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(ConfigError, match=f"is out of range .got {size}; allowed: even numbers"):
        write_rise(tmp_path, [], size=size, seed=0)
