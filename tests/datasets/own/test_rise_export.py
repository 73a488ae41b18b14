"""Own data in RISE's layout gives the same clips, labels and nearest weights."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from own_clips import Lines, numbers_of, write_clip
from stcnet.datasets.opening import open_collection
from stcnet.datasets.own.importing import ImportSettings, import_clips
from stcnet.datasets.own.rise_export import (
    STATES,
    ExportReport,
    export_rise,
    nearest_states,
)
from stcnet.datasets.rise import LabelState, decided, judge, read_rise, video_path
from stcnet.datasets.rise.folder import load_rise
from stcnet.errors import ConfigError, DataError, OutputError

ROWS = (
    "file,label,view,plant,start,interval,label_weight,zone",
    "lapse.mp4,smoke,gate,works,2026-05-01T23:00:00Z,5,,",
    "lapse2.mp4,none,gate,works,2026-05-01T23:10:00Z,5,0.7,",
    "video.mp4,smoke,roof,works,2026-05-02T12:00:00.5Z,,0.3,right=16 0 32 32",
    "short.mp4,none,yard,mill,2026-05-02T12:00:00Z,5,0.9,",
    "long.mp4,unsure,yard,mill,2026-05-02T13:00:00Z,5,,",
    "undated.mp4,smoke,yard,mill,,5,,",
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    write_clip(folder / "lapse.mp4", first=1)
    write_clip(folder / "lapse2.mp4", first=2)
    write_clip(folder / "video.mp4", 176, fps=1, size=(64, 32), first=3)
    write_clip(folder / "short.mp4", 20, first=4)
    write_clip(folder / "long.mp4", 40, first=5)
    write_clip(folder / "undated.mp4", first=6)
    (folder / "labels.csv").write_text("\n".join(ROWS))
    import_clips(folder / "labels.csv", folder / "own", ImportSettings(), on_bad=Lines())
    return folder / "own"


def export(own: Path, out: Path, **choices: Any) -> tuple[ExportReport, Lines]:
    lines = Lines()
    return export_rise(own, out, on_bad=lines, **choices), lines


def test_the_round_trip_gives_the_same_labels_and_pictures(own: Path, tmp_path: Path) -> None:
    report, lines = export(own, tmp_path / "rise", size=32)
    assert (report.clips, report.copied, report.left_out, report.spread) == (5, 2, 1, 1)
    assert (report.reweighted, round(report.largest_change, 2)) == (3, 0.2)
    assert len(lines) == 1
    assert "undated" in lines[0]
    assert "RISE has no clip without a capture time" in lines[0]

    records = read_rise(tmp_path / "rise")
    told = [(r.judgement.label, r.judgement.weight) if r.judgement else None for r in records]
    assert told == [(1, 1.0), (0, 0.66), (1, 0.5), (0, 0.83), None]
    assert [record.name.duration_s for record in records] == [175, 175, 175, 95, 175]
    assert records[4].name.start_epoch == datetime(2026, 5, 2, 13, 0, 10, tzinfo=UTC).timestamp()
    kept = decided(records)
    there, own_data = load_rise(tmp_path / "rise", kept, 32), open_collection(own)
    here = own_data.load([clip for clip in own_data.clips if clip.label is not None], 32)
    for position in range(4):
        np.testing.assert_allclose(there.frames[position], here.frames[position], atol=4)
    assert there.labels.tolist() == here.labels.tolist()[:4]
    assert numbers_of(np.moveaxis(there.frames[0].numpy(), 1, -1)) == list(range(1, 37))


def test_numbers_of_views_are_told(own: Path, tmp_path: Path) -> None:
    export(own, tmp_path / "rise")
    with (tmp_path / "rise" / "names.csv").open(encoding="utf-8") as file:
        rows = {(r["camera_id"], r["view_id"]): r for r in csv.DictReader(file)}
    for record in read_rise(tmp_path / "rise"):
        row = rows[str(record.camera_id), str(record.view_id)]
        assert record.plant != "clairton"
        if row["view"] == "roof":
            assert (row["plant"], row["zone"]) == ("works", "right")
            assert (record.name.left, record.name.right, record.name.bottom) == (16, 48, 32)
    assert {row["view"] for row in rows.values()} == {"gate", "roof", "yard"}


def test_clips_of_rises_form_are_copied_as_they_are(own: Path, tmp_path: Path) -> None:
    report, _ = export(own, tmp_path / "rise")
    assert report.copied == 2
    record = read_rise(tmp_path / "rise")[0]
    assert record.name.width == 32
    assert (
        video_path(tmp_path / "rise", record).read_bytes()
        == (own / "videos" / next(n for n in sizes(own) if n.startswith("lapse-"))).read_bytes()
    )
    other = next(r for r in read_rise(tmp_path / "rise") if r.name.width != 32)
    assert other.name.width == 180


def sizes(own: Path) -> list[str]:
    return sorted(path.name for path in (own / "videos").iterdir())


def test_the_day_is_of_the_time_zone(own: Path, tmp_path: Path) -> None:
    from zoneinfo import ZoneInfo

    export(own, tmp_path / "rise", timezone=ZoneInfo("Europe/Amsterdam"))
    assert str(read_rise(tmp_path / "rise")[0].name.day) == "2026-05-02"


def test_every_weight_of_rise_has_its_states() -> None:
    for label, pairs in STATES.items():
        judged = [judge(*states) for states in pairs]
        assert [j and j.weight for j in judged] == [1.0, 0.83, 0.75, 0.66, 0.5]
        assert {j and j.label for j in judged} == {label}
    assert nearest_states(None, 0.2)[0] == (LabelState.NONE, LabelState.NONE)


@pytest.mark.parametrize(
    ("weight", "nearest"), [(1.0, 1.0), (0.95, 1.0), (0.8, 0.83), (0.7, 0.66), (0.1, 0.5)]
)
def test_the_nearest_weight_is_taken(weight: float, nearest: float) -> None:
    assert nearest_states(0, weight)[1] == nearest


def test_what_cannot_be_exported_leaves_nothing(own: Path, tmp_path: Path) -> None:
    out = tmp_path / "rise"
    with pytest.raises(ConfigError, match=r"--size: is out of range \(got 33; allowed: even"):
        export(own, out, size=33)
    with pytest.raises(DataError, match="the records cannot be read"):
        export(tmp_path, out)
    assert not out.exists()
    out.mkdir()
    with pytest.raises(OutputError, match=r"exists already; name another with --out$"):
        export(own, out)


def test_where_no_clip_is_left_nothing_is_written(tmp_path: Path) -> None:
    write_clip(tmp_path / "smoke" / "a__b+0s__every5s.mp4")
    import_clips(tmp_path, tmp_path / "own", ImportSettings(), on_bad=Lines())
    with pytest.raises(DataError, match="no clip can be exported"):
        export(tmp_path / "own", tmp_path / "rise")
    assert not (tmp_path / "rise").exists()
