"""Folders, tables and labels of the monitor become one data set, whatever they hold."""

import json
import os
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from own_clips import Lines, grey, numbers_of, write_clip
from stcnet.datasets.disk.hashes import sha256_of
from stcnet.datasets.opening import open_collection
from stcnet.datasets.own import importing
from stcnet.datasets.own.candidates import Defaults
from stcnet.datasets.own.contents import copy_video
from stcnet.datasets.own.importing import ImportReport, ImportSettings, import_clips
from stcnet.datasets.own.records import OwnClip, read_clips_file
from stcnet.datasets.own.times import parse_timezone
from stcnet.datasets.own.verifying import OwnCheck, verify_own
from stcnet.datasets.store.native import SizedCollection
from stcnet.errors import ConfigError, DataError, OutputError
from stcnet.types import Zone

LAPSE = Defaults(interval_s=5.0)


def take(source: Path, out: Path, lines: Lines | None = None, **settings: Any) -> ImportReport:
    """Import; without ``lines`` nothing may be left out."""
    found = Lines() if lines is None else lines
    report = import_clips(
        source, out, ImportSettings(**{"defaults": LAPSE, **settings}), on_bad=found
    )
    assert report.left_out == len(found)
    assert found == [] or lines is not None
    return report


def by_source(out: Path) -> dict[str, OwnClip]:
    return {clip.source: clip for clip in read_clips_file(out)}


def test_folders_become_a_data_set_that_loads(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "own"
    write_clip(source / "smoke" / "gate" / "2026-05-01T12-00-00Z.mp4", first=1)
    write_clip(source / "smoke" / "a.mp4", 20, first=2)
    write_clip(source / "no-smoke" / "gate" / "north" / "a.mp4", first=3, size=(64, 32))
    write_clip(source / "no-smoke" / "0-7" / f"{RISE}.mp4", first=4)
    assert take(source, out) == ImportReport(added=4, spread=1)

    data = open_collection(out)
    clips = {clip.id.rpartition("-")[0]: clip for clip in data.clips}
    dated = clips["2026-05-01T12-00-00Z"]
    assert (dated.label, dated.view, dated.plant) == (1, "gate", "unknown")
    assert dated.start == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert dated.end == datetime(2026, 5, 1, 12, 2, 55, tzinfo=UTC)
    rise = clips[RISE]
    assert (rise.label, rise.view) == (0, "0-7")
    assert rise.start is not None
    assert rise.start.timestamp() == 1528712115
    assert {(clip.label, clip.view) for clip in data.clips} == {
        (1, "gate"), (1, "unknown"), (0, "gate-north"), (0, "0-7"),
    }  # fmt: skip

    loaded = data.load(data.clips[::-1], 32)
    assert loaded.ids == tuple(clip.id for clip in data.clips[::-1])
    assert loaded.labels.tolist() == [clip.label for clip in data.clips[::-1]]
    assert loaded.views == tuple(clip.view for clip in data.clips[::-1])
    firsts = [numbers_of(np.moveaxis(clip.numpy(), 1, -1))[0] for clip in loaded.frames]
    assert sorted(firsts) == [1, 2, 3, 4]


RISE = "0-7-2018-06-11-6304-964-6807-1467-180-180-3470-1528712115-1528712290"


def test_importing_again_adds_and_never_doubles(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "own"
    first = write_clip(source / "smoke" / "a.mp4", first=1)
    assert take(source, out).added == 1
    (source / "smoke" / "same.mp4").write_bytes(first.read_bytes())
    write_clip(source / "no-smoke" / "a.mp4", first=2)  # another file of that name
    assert take(source, out) == ImportReport(added=1, there=2)
    assert [(clip.source, clip.label) for clip in read_clips_file(out)] == [
        ("smoke/a.mp4", 1),
        ("no-smoke/a.mp4", 0),
    ]
    assert len(list((out / "videos").iterdir())) == 2


def test_another_label_is_taken_only_where_asked(tmp_path: Path) -> None:
    one, other, out = tmp_path / "one", tmp_path / "other", tmp_path / "own"
    write_clip(one / "smoke" / "a.mp4")
    write_clip(other / "no-smoke" / "b.mp4")
    take(one, out)
    lines = Lines()
    take(other, out, lines)
    assert lines == [
        "no-smoke/b.mp4: the clip is there already, labelled smoke (got none; imported from "
        "smoke/a.mp4); take the new label with --relabel"
    ]
    assert take(other, out, relabel=True).relabelled == 1
    assert [clip.label for clip in read_clips_file(out)] == [0]


def test_a_video_with_two_labels_is_left_out(tmp_path: Path) -> None:
    source, lines = tmp_path / "source", Lines()
    write_clip(source / "smoke" / "a.mp4")
    write_clip(source / "no-smoke" / "b.mp4")
    write_clip(source / "no-smoke" / "c.mp4", first=5)
    assert take(source, tmp_path / "own", lines).added == 1
    assert lines == [
        "smoke/a.mp4: the same video has two labels, and is left out (got smoke, as "
        "no-smoke/b.mp4 none); keep the right one"
    ]


def plant_newline(source: Path) -> None:
    write_clip(source / "smoke" / "two\nlines.mp4", first=9)


def plant_bytes(source: Path) -> None:
    write_clip(source / "smoke" / "x.mp4", first=9)
    os.rename(  # noqa: PTH104
        os.fsencode(source / "smoke" / "x.mp4"), os.fsencode(source / "smoke") + b"/\xff.mp4"
    )


def plant_link_outside(source: Path) -> None:
    outside = write_clip(source.parent / "secret.mp4", first=9)
    (source / "smoke" / "link.mp4").symlink_to(outside)


def plant_folder_link(source: Path) -> None:
    write_clip(source.parent / "elsewhere" / "a.mp4", first=9)
    (source / "smoke" / "round").symlink_to(source.parent / "elsewhere")


def plant_loop(source: Path) -> None:
    (source / "smoke" / "round").symlink_to(source / "smoke")


def plant_dead_link(source: Path) -> None:
    (source / "smoke" / "dead.mp4").symlink_to(source / "smoke" / "nothing.mp4")


def plant_pipe(source: Path) -> None:
    os.mkfifo(source / "smoke" / "pipe.mp4")


def plant_view(source: Path) -> None:
    write_clip(source / "smoke" / "con" / "a.mp4", first=9)


def plant_class(source: Path) -> None:
    write_clip(source / "unsure" / "a.mp4", first=9)


def plant_text(source: Path) -> None:
    (source / "smoke" / "notes.txt").write_text("hello")


def plant_garbage(source: Path) -> None:
    (source / "smoke" / "bad.mp4").write_bytes(b"garbage" * 100)


def plant_empty(source: Path) -> None:
    (source / "smoke" / "empty.mp4").write_bytes(b"")


def plant_truncated(source: Path) -> None:
    path = write_clip(source / "smoke" / "cut.mp4", first=9)
    path.write_bytes(path.read_bytes()[:-2000])


@pytest.mark.parametrize(
    ("plant", "line"),
    [
        pytest.param(plant_newline, "two?lines.mp4: the file name holds a char", id="newline"),
        pytest.param(plant_bytes, "?.mp4: the file name holds a character", id="no unicode"),
        pytest.param(plant_link_outside, "link.mp4: is a link that leads out of", id="link"),
        pytest.param(plant_folder_link, "round: is a link to a folder and is not", id="folder"),
        pytest.param(plant_loop, "round: is a link to a folder and is not followed", id="loop"),
        pytest.param(plant_dead_link, "dead.mp4: is no regular file", id="dead link"),
        pytest.param(plant_pipe, "pipe.mp4: is no regular file", id="pipe"),
        pytest.param(plant_view, "con/a.mp4: the view means another file", id="view"),
        pytest.param(plant_class, "unsure: the folder is not looked into", id="another class"),
        pytest.param(plant_text, "notes.txt: is no video by its suffix (got .txt)", id="text"),
        pytest.param(plant_garbage, "bad.mp4: cannot be read as a video", id="garbage"),
        pytest.param(plant_empty, "empty.mp4: the file is empty", id="empty"),
        pytest.param(plant_truncated, "cut.mp4: ", id="truncated"),
    ],
)
def test_what_cannot_be_taken_is_one_line_and_the_rest_goes_on(
    tmp_path: Path, plant: Callable[[Path], None], line: str
) -> None:
    source, out, lines = tmp_path / "source", tmp_path / "own", Lines()
    write_clip(source / "smoke" / "good.mp4", first=1)
    plant(source)
    before = {path for path in tmp_path.rglob("*") if not path.is_relative_to(out)}
    assert take(source, out, lines).added == 1
    assert len(lines) == 1
    assert line in lines[0]
    assert {path for path in tmp_path.rglob("*") if not path.is_relative_to(out)} == before
    assert [clip.source for clip in read_clips_file(out)] == ["smoke/good.mp4"]
    assert len(list((out / "videos").iterdir())) == 1


def test_composed_and_decomposed_names_are_two_files_of_one_view(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "own"
    composed = unicodedata.normalize("NFC", "Köln")
    for number, view in enumerate((composed, unicodedata.normalize("NFD", composed))):
        write_clip(source / "smoke" / view / f"{view}.mp4", first=number)
    assert take(source, out).added == 2
    clips = read_clips_file(out)
    assert [clip.view for clip in clips] == ["Köln", "Köln"]
    assert len({clip.file for clip in clips}) == 2


def test_folders_may_be_written_otherwise(tmp_path: Path) -> None:
    for number, name in enumerate(("Smoke", "No smoke", "no_smoke")):
        write_clip(tmp_path / "source" / name / "a.mp4", first=number)
    assert take(tmp_path / "source", tmp_path / "own").added == 3
    labels = {clip.source: clip.label for clip in read_clips_file(tmp_path / "own")}
    assert labels == {"Smoke/a.mp4": 1, "No smoke/a.mp4": 0, "no_smoke/a.mp4": 0}


def test_a_link_within_the_source_is_the_same_clip(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "smoke").mkdir(parents=True)
    (source / "smoke" / "b.mp4").symlink_to(write_clip(source / "smoke" / "a.mp4"))
    assert take(source, tmp_path / "own") == ImportReport(added=1, there=1)


def write_table(
    folder: Path, *rows: str, head: str = "file,label", encoding: str = "utf-8"
) -> Path:
    path = folder / "labels.csv"
    path.write_text("\n".join((head, *rows)) + "\n", encoding=encoding)
    return path


def test_a_table_tells_everything(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", 180, fps=1, size=(64, 32))
    write_clip(tmp_path / "sub" / "b.mp4", first=3)
    head = "File;Label;View;Plant;Start;Interval;Label weight;Zone;Group;remark"
    table = write_table(
        tmp_path,
        "a.mp4;steam;gate;works;2026-07-01 14:00;;0,66;right=32 0 32 32;7;cloudy",
        "a.mp4;smoke;gate;works;2026-07-01 14:00;;;left=0 0 .5 1;7;",
        "",
        "sub\\b.mp4;unsure;roof;;;5s;;;;",
        head=head,
        encoding="utf-8-sig",
    )
    zone = parse_timezone("Europe/Amsterdam")
    out = tmp_path / "own"
    take(table, out, defaults=Defaults(timezone=zone, plant="mill"))
    right, left, roof = read_clips_file(out)
    assert (right.label, right.label_weight, right.zone) == (0, 0.66, "right=32,0,32,32")
    assert (left.label, left.label_weight, left.zone) == (1, 1.0, "left=0,0,0.5,1")
    assert right.start == datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert (right.view, right.plant, right.interval_s) == ("gate", "works", None)
    assert (roof.label, roof.view, roof.plant, roof.interval_s) == (None, "roof", "mill", 5.0)
    assert right.file == left.file
    data = open_collection(out)
    assert [clip.group for clip in data.clips] == ["7", "7", None]
    assert isinstance(data, SizedCollection)
    assert data.sizes(data.clips) == {32}
    loaded = data.load(data.clips[:2], 8)
    np.testing.assert_allclose(loaded.frames[0, 1, 0], grey(5)[:8, 16:24, 0], atol=3)
    np.testing.assert_allclose(loaded.frames[1, 1, 0], grey(5)[:8, :8, 0], atol=3)
    with pytest.raises(DataError, match="the clip has no label"):
        data.load(data.clips, 8)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"], ids=["comma", "semi", "tab", "bar"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_of_any_make_are_read(tmp_path: Path, separator: str, encoding: str) -> None:
    write_clip(tmp_path / "a b.mp4")
    head = separator.join(("label", "clip"))
    table = write_table(tmp_path, separator.join(("1", "a b.mp4")), head=head, encoding=encoding)
    assert take(table, tmp_path / "own").added == 1


@pytest.mark.parametrize(
    ("row", "line"),
    [
        pytest.param("../x.mp4,1,,,,,,", "column file: ../x.mp4: the file name leads", id="up"),
        pytest.param("/etc/passwd,1,,,,,,", "the file name leads out of the folder", id="root"),
        pytest.param("C:\\x.mp4,1,,,,,,", "the file name leads out of the folder", id="drive"),
        pytest.param(f"{'a' * 300}.mp4,1,,,,,,", "is longer than 255 bytes", id="300"),
        pytest.param('"a\nb.mp4",1,,,,,,', "holds a character that cannot be", id="newline"),
        pytest.param("a\0b.mp4,1,,,,,,", "holds a character that cannot be seen", id="null"),
        pytest.param("link.mp4,1,,,,,,", "is a link that leads out of the source", id="link"),
        pytest.param("gone.mp4,1,,,,,,", "there is no such file", id="missing"),
        pytest.param(",1,,,,,,", "column file: : the file name is empty", id="empty"),
        pytest.param("b.mp4,fire,,,,,,", "row 3: label is none of smoke", id="label"),
        pytest.param("b.mp4,1,../x,,,,,", "row 3: view leads out", id="view"),
        pytest.param("b.mp4,1,,a/b,,,,", "row 3: plant leads out", id="plant"),
        pytest.param("b.mp4,1,,,noon,,,", "row 3: start is no time such as", id="start"),
        pytest.param("b.mp4,1,,,,-5,,", "row 3: interval is no number of sec", id="interval"),
        pytest.param("b.mp4,1,,,,,2,", "row 3: label_weight is no number of 0..1", id="weight"),
        pytest.param("b.mp4,1,,,,,nan,", "row 3: label_weight is no number", id="nan"),
        pytest.param("b.mp4,1,,,,,,a=0 0 0 0", "row 3: zone is wrong: the zone has", id="zone"),
        pytest.param("b.mp4,1,,,,,,a=0 0 99 9", "b.mp4: zone a: the zone reaches out", id="place"),
        pytest.param("b.mp4,1,,,2026-03-29T02:30,,,", "start never was in Europe", id="dst gap"),
        pytest.param("b.mp4,1,,,,,,,x", "row 3: the row has more entries", id="long"),
    ],
)
def test_a_bad_row_is_one_line_with_its_column(tmp_path: Path, row: str, line: str) -> None:
    folder, lines = tmp_path / "table", Lines()
    write_clip(folder / "good.mp4", first=1)
    write_clip(folder / "b.mp4", first=2)
    (folder / "link.mp4").symlink_to(write_clip(tmp_path / "x.mp4", first=3))
    table = write_table(
        folder, "good.mp4,1,,,,,,", row,
        head="file,label,view,plant,start,interval,label_weight,zone",
    )  # fmt: skip
    defaults = Defaults(interval_s=5.0, timezone=parse_timezone("Europe/Amsterdam"))
    assert take(table, tmp_path / "own", lines, defaults=defaults).added == 1
    assert len(lines) == 1
    assert line in lines[0]


def test_a_group_is_no_novel(tmp_path: Path) -> None:
    lines = Lines()
    for number in range(2):
        write_clip(tmp_path / f"{number}.mp4", first=number)
    table = write_table(
        tmp_path, f"0.mp4,1,{'g' * 400}", f"1.mp4,1,{'g' * 401}", head="file,label,group"
    )
    assert take(table, tmp_path / "own", lines).added == 1
    assert "row 3: group is longer than 400 characters" in lines[0]


@pytest.mark.parametrize("name", ["clip", "clip.m\u00fcv", "clip.d av", f"clip.{'a' * 30}"])
def test_a_table_may_name_a_video_of_any_suffix(tmp_path: Path, name: str) -> None:
    write_clip(tmp_path / "a.mp4").rename(tmp_path / name)
    assert take(write_table(tmp_path, f"{name},1"), tmp_path / "own").added == 1
    (clip,) = open_collection(tmp_path / "own").clips
    assert clip.id.startswith("clip-")
    assert verify_own(tmp_path / "own") == OwnCheck(1, (), ())


def test_zones_are_kept_to_the_last_digit(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", size=(96, 32))
    zone = Zone("z", 0.12345678905, 0.0, 0.87654321095, 1.0, "fractions")
    take(
        write_table(tmp_path, "a.mp4,1"),
        tmp_path / "own",
        defaults=Defaults(interval_s=5.0, zone=zone),
    )
    assert read_clips_file(tmp_path / "own")[0].area == zone


def test_a_decomposed_file_is_found_by_its_composed_name(tmp_path: Path) -> None:
    write_clip(tmp_path / unicodedata.normalize("NFD", "Köln.mp4"))
    table = write_table(tmp_path, unicodedata.normalize("NFC", "Köln.mp4,smoke"))
    assert take(table, tmp_path / "own").added == 1


HEAD = {"format": "stcnet-labels", "version": 1}
LINE = {
    "clip": "media/a.mp4",
    "camera": "gate",
    "plant": "works",
    "zone": "stack=0,0,0.5,1",
    "start": "2026-07-01T12:00:00Z",
    "end": "2026-07-01T12:02:55Z",
    "interval_s": 5,
    "verdict": "smoke",
    "reviewer": "anna",
    "judged": "2026-07-02T08:00:00Z",
    "model": "stcnet-mobilenetv2 1.2",
    "score": 0.91,
}


def write_labels(folder: Path, *lines: dict[str, Any] | str, head: Any = HEAD) -> Path:
    path = folder / "labels.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in (head, *lines)]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def test_labels_of_the_monitor_are_taken(tmp_path: Path) -> None:
    write_clip(tmp_path / "media" / "a.mp4", size=(64, 32))
    write_clip(tmp_path / "media" / "b.mp4", first=4)
    labels = write_labels(
        tmp_path,
        LINE | {"verdict": "steam"},
        LINE | {"judged": "2026-07-03T08:00:00Z", "more": "in later versions"},
        LINE | {"reviewer": "ben"},
        LINE | {"reviewer": "cleo", "verdict": "shadow"},
        LINE | {"clip": "media/b.mp4", "zone": None, "verdict": "unsure"},
    )
    out = tmp_path / "own"
    assert take(labels, out) == ImportReport(added=2)
    stack, other = read_clips_file(out)
    assert (stack.label, stack.label_weight, stack.zone) == (1, 0.667, "stack=0,0,0.5,1")
    assert (stack.view, stack.plant, stack.judges) == ("gate", "works", ("anna", "ben", "cleo"))
    assert stack.start == datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert (other.label, other.zone) == (None, None)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("{", "line 3: the line is wrong: Invalid JSON", id="no json"),
        pytest.param(LINE | {"verdict": "fire"}, "line 3: verdict is wrong", id="verdict"),
        pytest.param(LINE | {"start": "2026-07-01T12:00:00"}, "start is wrong", id="naive"),
        pytest.param(LINE | {"start": "0001-01-01T00:00:00+05:00"}, "before 1970", id="year 1"),
        pytest.param(LINE | {"zone": "../a=0,0,1,1"}, "zone is wrong: leads out", id="zone name"),
        pytest.param(LINE | {"end": LINE["start"]}, "end is not after start", id="swapped"),
        pytest.param(LINE | {"zone": "a=1,2"}, "zone is wrong: a zone is not of", id="zone"),
        pytest.param(LINE | {"camera": "../x"}, "camera is wrong: leads out", id="camera"),
        pytest.param(LINE | {"reviewer": " "}, "reviewer is wrong: is empty", id="reviewer"),
        pytest.param(LINE | {"score": 2}, "score is wrong", id="score"),
        pytest.param({"clip": "media/a.mp4"}, "camera is wrong: Field required", id="missing"),
        pytest.param(LINE | {"clip": "../../x.mp4"}, "../../x.mp4: the file name", id="hostile"),
        pytest.param(
            LINE | {"clip": "media/c.mp4", "sha256": "0" * 64}, "its SHA-256 is another", id="hash"
        ),
    ],
)
def test_a_bad_line_is_one_line(tmp_path: Path, line: dict[str, Any] | str, message: str) -> None:
    write_clip(tmp_path / "media" / "a.mp4", size=(64, 32))
    write_clip(tmp_path / "media" / "c.mp4", first=4)
    lines = Lines()
    assert take(write_labels(tmp_path, LINE, line), tmp_path / "own", lines).added == 1
    assert len(lines) == 1
    assert message in lines[0]


def test_verdicts_on_two_files_are_not_one_clip(tmp_path: Path) -> None:
    path, lines = write_clip(tmp_path / "media" / "a.mp4", size=(64, 32)), Lines()
    right = {"sha256": sha256_of(path)}
    labels = write_labels(tmp_path, LINE, LINE | right, LINE | {"reviewer": "ben"} | right)
    assert take(labels, tmp_path / "own").added == 1
    labels = write_labels(tmp_path, LINE | right, LINE | {"reviewer": "ben", "sha256": "0" * 64})
    assert take(labels, tmp_path / "other", lines).added == 0
    assert "media/a.mp4: its lines tell of two files: their SHA-256 differ" in lines[0]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        pytest.param(HEAD | {"version": 2}, r"another version \(got 2; allowed: 1\)", id="newer"),
        pytest.param({"note": "stcnet-labels"}, "line 1 does not say format", id="no format"),
    ],
)
def test_labels_of_another_format_are_refused(tmp_path: Path, head: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        take(write_labels(tmp_path, LINE, head=head), tmp_path / "own")
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        pytest.param(lambda p: None, "no such folder, table or file", id="nothing"),
        pytest.param(lambda p: p.mkdir(), "neither smoke nor no-smoke", id="no folders"),
        pytest.param(lambda p: (p / "smoke").mkdir(parents=True), "no clip in it", id="no clip"),
        pytest.param(lambda p: p.write_text("a,b\n1,2"), "has no column file", id="no column"),
        pytest.param(lambda p: p.write_text("file,label\n\n"), "no clip in it", id="no row"),
        pytest.param(lambda p: p.write_bytes(b"\xff\xfa\x00"), "not in UTF-8", id="no text"),
    ],
)
def test_a_source_that_is_none_is_refused(
    tmp_path: Path, prepare: Callable[[Path], object], message: str
) -> None:
    prepare(tmp_path / "source")
    with pytest.raises(DataError, match=message):
        take(tmp_path / "source", tmp_path / "own")
    assert not (tmp_path / "own").exists()


def test_other_data_are_not_mixed_in(tmp_path: Path) -> None:
    write_clip(tmp_path / "smoke" / "a.mp4")
    (tmp_path / "cells.json").write_text("[]")
    with pytest.raises(OutputError, match=r"holds other data: shared cells .got cells\.json"):
        take(tmp_path, tmp_path)


def test_zones_of_one_video_are_one_group(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4")
    table = write_table(tmp_path, "a.mp4,1,a=0 0 1 1", "a.mp4,0,", head="file,label,zone")
    take(table, tmp_path / "own")
    one, other = open_collection(tmp_path / "own").clips
    assert one.group == other.group is not None


def test_numbers_that_are_no_times_are_passed_over(tmp_path: Path) -> None:
    write_clip(tmp_path / "smoke" / "99991231_235959.mp4")
    write_clip(tmp_path / "smoke" / "gate__18000101T000000.000Z__every5s.mp4", first=2)
    take(tmp_path, tmp_path / "own")
    assert [clip.start for clip in open_collection(tmp_path / "own").clips] == [None, None]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        pytest.param({"zone": Zone.parse("../a=0,0,1,1")}, "zone's name leads out of", id="zone"),
        pytest.param({"interval_s": 0.0}, "--interval: is no time between", id="interval"),
    ],
)
def test_a_default_that_cannot_be_is_refused(choice: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Defaults(**choice)


def test_a_folder_of_clips_is_for_tables(tmp_path: Path) -> None:
    write_clip(tmp_path / "smoke" / "a.mp4")
    with pytest.raises(ConfigError, match="--clips: is for tables"):
        take(tmp_path, tmp_path / "own", clips=tmp_path)


def test_two_imports_do_not_write_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = tmp_path / "source", tmp_path / "own"
    write_clip(source / "smoke" / "a.mp4")
    real = read_clips_file
    take(source, out)

    def meanwhile(folder: Path) -> list[OwnClip]:
        with pytest.raises(DataError, match="another import writes into the data set"):
            take(source, out)
        return real(folder)

    monkeypatch.setattr(importing, "read_clips_file", meanwhile)
    assert take(source, out).there == 1


class KilledError(BaseException):
    """Stands for SIGKILL: nothing is written after it."""


def test_records_are_kept_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        write_clip(tmp_path / "smoke" / f"{number}.mp4", first=number)
    kept: list[int] = []
    monkeypatch.setattr(importing, "_KEPT_EVERY", 2)
    monkeypatch.setattr(importing, "write_clips_file", lambda out, clips: kept.append(len(clips)))
    take(tmp_path, tmp_path / "own")
    assert kept == [2, 3]


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_an_import_that_is_killed_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    source, out = tmp_path / "source", tmp_path / "own"
    for number in range(3):
        write_clip(source / "smoke" / f"{number}.mp4", first=number)
    real, calls = copy_video, 0

    def deadly(*args: Any, **kwargs: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise KilledError
        real(*args, **kwargs)

    def never(*args: Any) -> None:
        raise KilledError

    with monkeypatch.context() as killing:
        killing.setattr(importing, "copy_video", deadly)
        killing.setattr(importing, "write_clips_file", never)
        with pytest.raises(KilledError):
            take(source, out)
    (out / "videos" / f".a.mp4.{'0' * 8}.partial").touch()
    assert take(source, out) == ImportReport(added=3)
    assert len(open_collection(out).clips) == len(list((out / "videos").iterdir())) == 3


def test_videos_can_be_linked(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "own"
    path = write_clip(source / "smoke" / "a.mp4")
    take(source, out, link=True)
    (video,) = (out / "videos").iterdir()
    assert video.samefile(path)


def test_a_full_disk_keeps_what_was_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = tmp_path / "source", tmp_path / "own"
    for number in range(3):
        write_clip(source / "smoke" / f"{number}.mp4", first=number)
    real = copy_video

    def full(path: Path, place: Path, digest: str, *, link: bool) -> None:
        if path.stem == "2":
            raise OutputError("the video cannot be copied", where=place)
        real(path, place, digest, link=link)

    with monkeypatch.context() as filling:
        filling.setattr(importing, "copy_video", full)
        with pytest.raises(OutputError, match="cannot be copied"):
            take(source, out)
    assert {clip.source for clip in read_clips_file(out)} == {"smoke/0.mp4", "smoke/1.mp4"}
    assert take(source, out) == ImportReport(added=1, there=2)


def spoilt(out: Path, **changes: Any) -> None:
    path = out / "clips.json"
    document = json.loads(path.read_text())
    document["clips"][0] |= changes
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"label": 2}, "record 0: label is wrong", id="label"),
        pytest.param({"file": "../x.mp4"}, "record 0: file is wrong", id="file"),
        pytest.param({"view": "a/b"}, "record 0: view is wrong: leads out", id="view"),
        pytest.param({"start": "2026-05-01T12:00:00"}, "record 0: start is wrong", id="naive"),
        pytest.param({"zone": "a=0,0,0,0"}, "record 0: zone is wrong", id="zone"),
        pytest.param({"label_weight": 1.5}, "record 0: label_weight is wrong", id="weight"),
        pytest.param({"extra": 1}, "record 0: extra is wrong", id="unknown key"),
        pytest.param({"id": "b"}, None, id="another id"),
    ],
)
def test_a_wrong_record_is_one_line(
    tmp_path: Path, changes: dict[str, Any], message: str | None
) -> None:
    write_clip(tmp_path / "smoke" / "a.mp4")
    out = tmp_path / "own"
    take(tmp_path, out)
    spoilt(out, **changes)
    if message is None:
        assert open_collection(out).clips[0].id == "b"
        return
    with pytest.raises(DataError, match=message):
        open_collection(out)


def test_a_missing_video_is_left_out_where_asked(tmp_path: Path) -> None:
    source, out, lines = tmp_path / "source", tmp_path / "own", Lines()
    for number in range(2):
        write_clip(source / "smoke" / f"{number}.mp4", first=number)
    take(source, out)
    data = open_collection(out)
    (out / "videos" / read_clips_file(out)[0].file).unlink()
    assert data.load(data.clips, 8, on_bad=lines).ids == (data.clips[1].id,)
    assert len(lines) == 1
    with pytest.raises(DataError, match="the video is missing"):
        data.load(data.clips, 8)
    with pytest.raises(DataError, match="no video is left"):
        data.load(data.clips[:1], 8, on_bad=lines)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        pytest.param(lambda path: path.unlink(), "missing", id="missing"),
        pytest.param(lambda path: path.write_bytes(b"cut off"), "changed: its SHA", id="cut off"),
    ],
)
def test_a_lost_video_is_found_and_restored(
    tmp_path: Path, spoil: Callable[[Path], object], fault: str
) -> None:
    source, out = tmp_path / "source", tmp_path / "own"
    for number in range(2):
        write_clip(source / "smoke" / f"{number}.mp4", first=number)
    take(source, out)
    (out / "videos" / "note.txt").write_text("hello")
    assert verify_own(out) == OwnCheck(2, (), ("note.txt",))
    name = read_clips_file(out)[1].file
    spoil(out / "videos" / name)
    (line,) = verify_own(out).faults
    assert line.startswith(f"{name}: {fault}")
    assert take(source, out) == ImportReport(there=2, restored=1)
    assert verify_own(out).faults == ()


def test_a_default_zone_serves_clips_that_say_none(tmp_path: Path) -> None:
    write_clip(tmp_path / "smoke" / "a.mp4")
    write_clip(tmp_path / "smoke" / "gate__stack__tour+0s__every5s.mp4", first=3)
    defaults = Defaults(interval_s=5.0, zone=Zone.parse("right=0.5,0,0.5,1"))
    take(tmp_path, tmp_path / "own", defaults=defaults)
    zones = {clip.source: clip.zone for clip in read_clips_file(tmp_path / "own")}
    (tmp_path / "smoke" / "a.mp4").unlink()
    assert [clip.group for clip in open_collection(tmp_path / "own").clips] == [None, "gate/tour"]
    assert zones == {
        "smoke/a.mp4": "right=0.5,0,0.5,1",
        "smoke/gate__stack__tour+0s__every5s.mp4": "stack=0,0,1,1",
    }
