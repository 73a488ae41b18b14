"""The store: what goes in comes out, whole, and damage is told."""

import json
import resource
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from planted_collection import LENGTH, SIDE, PlantedCollection, planted_collection
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import LabelledClip, OnBad, refuse
from stcnet.datasets.folds.protocols import folds_of
from stcnet.datasets.store import STORE_FILE, Store, build_store, building, verify
from stcnet.datasets.store.building import BuildListener
from stcnet.datasets.store.codecs import CODECS, Codec, decode, encode, parse_codec
from stcnet.datasets.store.records import SHARD_FOLDER, LeftOut
from stcnet.datasets.videos.decoding import decode_videos
from stcnet.errors import ConfigError, DataError, OutputError

ALL = np.arange(LENGTH)[None]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "SHARD_CLIPS", 4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def shards_of(folder: Path) -> list[Path]:
    return sorted((folder / SHARD_FOLDER).iterdir())


class Heard(BuildListener):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.done: list[tuple[int, int]] = []
        self.left_out: list[LeftOut] = []

    def on_clips(self, done: int, total: int) -> None:
        self.done.append((done, total))

    def on_left_out(self, clip: LeftOut) -> None:
        self.left_out.append(clip)


def test_a_store_is_the_collection_it_was_made_of(folder: Path) -> None:
    collection, heard = planted_collection(), Heard()
    record = build_store(collection, folder, workers=2, listener=heard)
    assert [len(shard.clips) for shard in record.shards] == [4, 4, 2]
    assert heard.done[-1] == (10, 10)
    assert not heard.left_out
    store = Store.open(folder)
    assert store.title == collection.title
    assert store.clips == collection.clips
    assert verify(folder).passed


@pytest.mark.parametrize("size", [pytest.param(SIDE, id="as stored"), pytest.param(24, id="grown"),
                                  pytest.param(10, id="shrunk")])  # fmt: skip
def test_its_pixels_are_those_of_the_videos(folder: Path, size: int) -> None:
    collection = planted_collection()
    build_store(collection, folder)
    wanted = [collection.clips[number] for number in (7, 0, 5)]
    stored, decoded = Store.open(folder).load(wanted, size), collection.load(wanted, size)
    assert stored.ids == decoded.ids
    assert stored.views == decoded.views
    assert torch.equal(stored.labels, decoded.labels)
    assert np.array_equal(stored.weights, decoded.weights)
    assert np.array_equal(stored.label_weights, decoded.label_weights)
    assert torch.equal(stored.in_memory().frames, decoded.frames)
    clips, frames = np.array([2, 0, 2]), np.array([[3, 0], [1, 1], [0, 2]])
    assert torch.equal(stored.gather(clips, frames), decoded.gather(clips, frames))
    chosen = stored.select([2, 1])
    assert chosen.ids == (stored.ids[2], stored.ids[1])
    assert torch.equal(chosen.in_memory().frames, decoded.frames[[2, 1]])


def test_pixels_that_are_not_decoded_cannot_be_mistaken_for_black(folder: Path) -> None:
    build_store(planted_collection(), folder)
    store = Store.open(folder)
    clips = store.load(store.clips, SIDE)
    assert clips.frames.shape == (10, LENGTH, 3, SIDE, SIDE)
    assert clips.frames.nbytes == 10 * LENGTH * 3 * SIDE**2
    with pytest.raises(NotImplementedError, match="meta"):
        clips.frames.cpu()


def test_a_jpeg_store_is_smaller_and_near(folder: Path) -> None:
    collection = planted_collection(2)
    slope = np.linspace(30, 210, 64)
    picture = np.repeat((slope + slope[:, None])[..., None] / 2, 3, axis=2).astype(np.uint8)
    assert len(encode(picture, "jpeg")) < 64 * 64 * 3 / 4
    near = decode(np.frombuffer(encode(picture, "jpeg"), np.uint8), 64)
    assert np.abs(near.astype(int) - picture[..., ::-1]).max() < 10
    assert build_store(collection, folder, codec="jpeg").codec == "jpeg"
    store = Store.open(folder)
    change = store.load(store.clips, SIDE).in_memory().frames.float()
    change -= collection.load(collection.clips, SIDE).frames
    assert 0 < change.abs().mean() < 10


@pytest.mark.real_data
@pytest.mark.parametrize(("codec", "least", "most"), [("webp", 0.0, 0.0), ("jpeg", 0.5, 2.0)])
def test_a_real_clip(shared_data: Path, codec: Codec, least: float, most: float) -> None:
    """The mean difference in grey levels of a published RISE clip."""
    (video,) = (shared_data / "real-video").glob("*.mp4")
    frames = decode_videos([video], 180)[0][0].permute(0, 2, 3, 1).contiguous().numpy()
    kept = [encode(frame, codec) for frame in frames]
    back = [decode(np.frombuffer(data, np.uint8), 180)[..., ::-1] for data in kept]
    assert least <= np.abs(np.stack(back).astype(int) - frames).mean() <= most
    assert sum(map(len, kept)) / frames.nbytes < 0.25


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("data", [b"", b"no picture at all"], ids=["nothing", "text"])
def test_what_is_no_picture_is_refused(codec: str, data: bytes) -> None:
    assert parse_codec(codec) == codec
    with pytest.raises(DataError, match="does not decode"):
        decode(np.frombuffer(data, np.uint8), SIDE)


def test_a_codec_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match=r"--codec: there is no such codec .*got gif.*webp, jpeg"):
        parse_codec("gif")


def test_bad_clips_are_left_out_and_tried_again(folder: Path) -> None:
    heard = Heard()
    flawed = planted_collection(bad=(1, 5))
    record = build_store(flawed, folder, listener=heard)
    names = [flawed.clips[number].id for number in (1, 5)]
    assert sorted(clip.id for clip in heard.left_out) == names
    assert [clip.id for clip in record.left_out] == names
    assert record.left_out[0].why == f"{names[0]}.mp4: the video is missing"
    assert len(Store.open(folder).clips) == 8
    kept = shards_of(folder)
    mended = build_store(planted_collection(), folder)
    assert not mended.left_out
    assert {clip.id for clip in Store.open(folder).clips} == {c.id for c in flawed.clips}
    assert set(kept) < set(shards_of(folder))
    assert verify(folder).passed


def test_where_nothing_decodes_there_is_no_store(folder: Path) -> None:
    with pytest.raises(DataError, match=r"Planted: no clip can be decoded .*the video is missing"):
        build_store(planted_collection(2, bad=(0, 1)), folder)
    assert not (folder / STORE_FILE).exists()


def test_undecided_clips_are_not_stored(folder: Path) -> None:
    collection = planted_collection(3)
    first, *others = collection.clips
    build_store(PlantedCollection((replace(first, label=None), *others)), folder)
    assert Store.open(folder).clips == tuple(others)
    with pytest.raises(DataError, match="Planted: no clip has a label"):
        build_store(PlantedCollection((replace(first, label=None),)), folder)


def test_new_labels_are_taken_up_and_no_frame_is_touched(folder: Path) -> None:
    collection = planted_collection()
    build_store(collection, folder)
    before = {path: path.stat().st_mtime_ns for path in shards_of(folder)}
    first, *others = collection.clips
    revised = PlantedCollection((replace(first, label=1, label_weight=0.5), *others), bad=set())
    build_store(revised, folder)
    assert Store.open(folder).clips == revised.clips
    assert {path: path.stat().st_mtime_ns for path in shards_of(folder)} == before


@pytest.mark.parametrize(
    ("now", "kept"),
    [
        pytest.param(slice(0, 13), 3, id="three more"),
        pytest.param(slice(0, 8), 2, id="two fewer"),
        pytest.param(slice(4, 10), 2, id="a shard gone"),
        pytest.param(slice(1, 10), 2, id="one of a shard gone"),
    ],
)
def test_a_collection_that_changes(folder: Path, now: slice, kept: int) -> None:
    build_store(planted_collection(), folder)
    before = set(shards_of(folder))
    collection = PlantedCollection(planted_collection(13).clips[now])
    build_store(collection, folder)
    assert {clip.id for clip in Store.open(folder).clips} == {c.id for c in collection.clips}
    check = verify(folder)
    assert check.passed
    assert not check.extra
    assert len(before & set(shards_of(folder))) == kept


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"size": SIDE}, r"another store \(got 16 px \(native\), webp; allowed: 16 px,",
                     id="not native"),
        pytest.param({"codec": "jpeg"}, r"allowed: 16 px \(native\), jpeg", id="codec"),
    ],
)  # fmt: skip
def test_two_kinds_do_not_mix(folder: Path, arguments: Any, message: str) -> None:
    build_store(planted_collection(), folder)
    with pytest.raises(OutputError, match=message):
        build_store(planted_collection(), folder, **arguments)
    assert verify(folder).passed


@pytest.mark.parametrize(
    ("native", "message"),
    [
        pytest.param({16, 32}, "several sizes .got 16, 32.; name the size", id="several"),
        pytest.param(set(), "no size that is known; name the size", id="unknown"),
    ],
)
def test_a_native_size_must_be_one(folder: Path, native: set[int], message: str) -> None:
    collection = replace(planted_collection(2), native=native)
    with pytest.raises(ConfigError, match=message):
        build_store(collection, folder)
    build_store(collection, folder, size=12)
    with pytest.raises(ConfigError, match=r"scaled once .*got 16 px asked for; allowed: 12"):
        Store.open(folder).load(collection.clips, 16)


def test_a_folder_of_something_else_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    theirs = folder / "cells.json"
    theirs.touch()
    with pytest.raises(OutputError, match=r"holds more than a store \(got cells\.json\); name"):
        build_store(planted_collection(), folder)
    assert [*folder.iterdir()] == [theirs]


def test_files_of_others_are_not_removed(folder: Path) -> None:
    kept = [folder / SHARD_FOLDER / "photo.jpg", folder / building.PARTS_FOLDER / "plan.txt"]
    gone = [
        folder / SHARD_FOLDER / ("0" * 16 + ".frames"),
        folder / building.PARTS_FOLDER / ("." + "0" * 16 + ".json.partial"),
    ]
    for path in (*kept, *gone):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    build_store(planted_collection(), folder)
    assert [path.exists() for path in (*kept, *gone)] == [True, True, False, False]
    assert verify(folder).extra == ("photo.jpg",)


def test_a_second_builder_is_refused(folder: Path) -> None:
    with building._locked(folder), pytest.raises(OutputError, match="another process is making"):
        build_store(planted_collection(), folder)
    build_store(planted_collection(), folder)


class DiskFillsUp(PlantedCollection):
    """Once the third shard is decoded no file grows beyond 4000 bytes."""

    loads = 0

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        self.loads += 1
        if self.loads == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))
        return super().load(clips, size, on_bad=on_bad)


def test_a_full_disk_stops_and_the_next_run_goes_on(folder: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(OutputError, match=r"frames: the frames .*free disk space.*it goes on"):
            build_store(DiskFillsUp(planted_collection(20).clips), folder, workers=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (folder / STORE_FILE).exists()
    done = set(shards_of(folder))
    assert len(done) == 2
    build_store(planted_collection(20), folder)
    assert done < set(shards_of(folder))
    assert verify(folder).passed
    assert not (folder / building.PARTS_FOLDER).exists()


def test_protocols_of_the_shared_cells_are_kept(folder: Path, small_data: Path) -> None:
    cells = CellCollection.open(small_data)
    build_store(cells, folder, size=8)
    store = Store.open(folder)
    assert set(store.protocols) == set(cells.protocols)
    for protocol in cells.protocols:
        assert folds_of(store, protocol) == folds_of(cells, protocol)
    assert store.clips == cells.clips
    with pytest.raises(ConfigError, match="leave-one-split-out, leave-plants-out"):
        folds_of(store, "nothing")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)


def wrong_index(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[16] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def of_another_kind(path: Path) -> None:
    path.write_bytes(b"x" * path.stat().st_size)


@pytest.mark.parametrize(
    ("damage", "fault", "opens"),
    [
        pytest.param(flip, "the content of the shard has changed", True, id="a bit"),
        pytest.param(wrong_index, "the index of the shard is damaged", False, id="index"),
        pytest.param(truncate, "has another length", False, id="truncated"),
        pytest.param(of_another_kind, "is no shard of this store", False, id="another file"),
        pytest.param(Path.unlink, "cannot be read", False, id="missing"),
    ],
)
def test_damage_is_found_and_mended(
    folder: Path, damage: Callable[[Path], Any], fault: str, opens: bool
) -> None:
    collection = planted_collection()
    build_store(collection, folder)
    store = Store.open(folder)
    path = folder / SHARD_FOLDER / store.record.shards[1].file
    damage(path)
    check = verify(folder)
    assert not check.passed
    assert [str(path) in line and fault in line for line in check.faults] == [True]
    errors: list[Any] = []
    usable = store.load(store.clips, SIDE, on_bad=errors.append)
    assert len(usable) == (10 if opens else 6)
    assert [fault in str(error) for error in errors] == ([] if opens else [True])
    build_store(collection, folder)
    assert verify(folder).passed


def test_a_store_without_its_shards_is_wrong_and_mended(folder: Path) -> None:
    build_store(planted_collection(), folder)
    shutil.rmtree(folder / SHARD_FOLDER)
    check = verify(folder)
    assert len(check.faults) == 3
    assert all("cannot be read" in fault for fault in check.faults)
    build_store(planted_collection(), folder)
    assert verify(folder).passed


def test_a_frame_that_does_not_decode_names_its_file(folder: Path) -> None:
    build_store(planted_collection(), folder)
    store = Store.open(folder)
    path = folder / SHARD_FOLDER / store.record.shards[0].file
    content = path.read_bytes()
    start = 16 + 4 * 4 * LENGTH
    path.write_bytes(content[:start] + bytes(12) + content[start + 12 :])
    clips = store.load(store.clips, SIDE)
    with pytest.raises(DataError, match=f"{path}: frame 0 of clip 0 .* does not decode.*again"):
        clips.gather(np.zeros(1, np.int64), ALL)
    assert clips.gather(np.ones(1, np.int64), ALL).shape == (1, LENGTH, 3, SIDE, SIDE)


def test_a_file_too_many_does_no_harm_and_goes(folder: Path) -> None:
    build_store(planted_collection(), folder)
    (folder / SHARD_FOLDER / ".0123456789abcdef.frames.partial").write_bytes(b"half")
    check = verify(folder)
    assert check.passed
    assert check.extra == (".0123456789abcdef.frames.partial",)
    build_store(planted_collection(), folder)
    assert not verify(folder).extra


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"format": 2},
            r"the store is of another format \(got 2; allowed: 1\)",
            id="another version",
        ),
        pytest.param(
            {"format": 2, "size": 0, "new": 1}, "the store is of another", id="and all that is new"
        ),
        pytest.param({"strange": 1}, "strange is wrong", id="unknown key"),
        pytest.param({"size": 0}, "size is wrong", id="size"),
        pytest.param({"shards": []}, "shards is wrong", id="no shard"),
    ],
)
def test_a_wrong_record_is_refused(folder: Path, change: dict[str, Any], message: str) -> None:
    build_store(planted_collection(), folder)
    path = folder / STORE_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=f"{STORE_FILE}: {message}"):
        Store.open(folder)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        pytest.param("file", "../../other.frames", "file is wrong", id="path out of the store"),
        pytest.param("sha256", "0", "sha256 is wrong", id="hash"),
        pytest.param("clips", [], "clips is wrong", id="no clip"),
    ],
)
def test_a_wrong_shard_is_refused(folder: Path, key: str, value: Any, message: str) -> None:
    build_store(planted_collection(), folder)
    path = folder / STORE_FILE
    record = json.loads(path.read_text())
    record["shards"][1][key] = value
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match=rf"shards\.1\.{message}"):
        verify(folder)


def test_a_clip_that_is_there_twice_is_refused(folder: Path) -> None:
    build_store(planted_collection(), folder)
    path = folder / STORE_FILE
    record = json.loads(path.read_text())
    record["shards"] += record["shards"][:1]
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"two clips have the same id .*clip 00"):
        Store.open(folder)


def test_no_store() -> None:
    with pytest.raises(DataError, match=r"store\.json: the record .*make one with stcnet data"):
        Store.open(Path("nowhere"))
