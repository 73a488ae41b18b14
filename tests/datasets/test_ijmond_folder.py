"""IJmond in a folder: recognised beside RISE, decoded, divided, and its faults named."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ijmond_records import VIDEO, ijmond_values
from own_clips import numbers_of, write_clip
from rise_records import record_values
from stcnet.datasets.collection import labelled
from stcnet.datasets.folds.protocols import folds_of, protocols_of
from stcnet.datasets.ijmond.collection import IjmondCollection
from stcnet.datasets.opening import open_collection
from stcnet.datasets.rise.collection import RiseCollection
from stcnet.errors import DataError, StcnetError

HOUR = 3600
START = 1679680066


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four clips of two views and cameras; the last is undecided and has no video."""
    folder = tmp_path_factory.mktemp("ijmond")
    records = [
        ijmond_values(0, view=0, label_state=16),
        ijmond_values(1, view=3, label_state_admin=47),
        ijmond_values(2, view=1, camera_id=2, start_time=START + HOUR, label_state_admin=23),
        ijmond_values(3, view=2, label_state=3, label_state_admin=-1),
    ]
    (folder / "metadata.json").write_text(json.dumps(records))
    for number, view in enumerate((0, 3, 1)):
        write_clip(folder / "videos" / f"{VIDEO}-{view}.mp4", first=number)
    return folder


def test_the_records_decide_which_data_set_it_is(folder: Path, tmp_path: Path) -> None:
    collection = open_collection(folder)
    assert isinstance(collection, IjmondCollection)
    assert "CC BY 4.0" in collection.title
    (tmp_path / "metadata.json").write_text(json.dumps([record_values()]))
    assert isinstance(open_collection(tmp_path), RiseCollection)


def test_clips_are_told_by_view_label_and_time(folder: Path) -> None:
    clips = open_collection(folder).clips
    assert [clip.view for clip in clips] == [f"ijmond-{v}" for v in ("1-0", "1-3", "2-1", "1-2")]
    assert [clip.label for clip in clips] == [0, 1, 1, None]
    assert [clip.label_weight for clip in clips] == [1.0, 1.0, 1.0, 1.0]
    assert {clip.plant for clip in clips} == {"ijmond"}
    assert clips[0].start == datetime(2023, 3, 24, 17, 47, 46, tzinfo=UTC)
    assert clips[0].end is not None
    assert (clips[0].end - clips[0].start).total_seconds() == 175


def test_videos_are_decoded_in_the_order_asked_for(folder: Path) -> None:
    collection = open_collection(folder)
    chosen = labelled(collection.clips)[::-1]
    clips = collection.load(chosen, 16)
    assert clips.ids == tuple(clip.id for clip in chosen)
    assert clips.labels.tolist() == [1, 1, 0]
    assert clips.frames.shape == (3, 36, 3, 16, 16)
    first = clips.frames[:, 0].permute(0, 2, 3, 1).numpy()
    assert numbers_of(first) == [2, 1, 0]


def test_a_view_is_left_out(folder: Path) -> None:
    collection = open_collection(folder)
    assert "leave-one-view-out" in protocols_of(collection)
    (fold,) = folds_of(collection, "leave-out-view-ijmond-2-1")
    assert [clip.view for clip in fold.test] == ["ijmond-2-1"]
    assert len(fold.train) == 2


def test_what_cannot_be_decoded_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text((folder / "metadata.json").read_text())
    write_clip(tmp_path / "videos" / f"{VIDEO}-0.mp4", frames=5)
    write_clip(tmp_path / "videos" / f"{VIDEO}-3.mp4")
    collection = open_collection(tmp_path)
    told: list[StcnetError] = []
    clips = collection.load(labelled(collection.clips), 16, on_bad=told.append)
    assert clips.ids == (f"{VIDEO}-3",)
    assert [str(error).split(": ", 1)[1].split(" (")[0] for error in told] == [
        "the video is too short",
        "the video is missing",
    ]
    with pytest.raises(DataError, match="the video is too short"):
        collection.load(labelled(collection.clips), 16)
    with pytest.raises(DataError, match="has no label, its votes decide nothing"):
        collection.load(collection.clips, 16)
