"""scores.csv, events.csv and events.json can be read back and say the same."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from stcnet.errors import OutputError
from stcnet.reports import (
    DetectionReport,
    SourceFacts,
    write_events_csv,
    write_events_json,
    write_html,
    write_scores_csv,
)

MakeReport = Callable[..., DetectionReport]
Writer = Callable[[DetectionReport, Path], None]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def from_iso(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def test_scores_come_back(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report()
    write_scores_csv(report, tmp_path / "scores.csv")
    found = rows(tmp_path / "scores.csv")
    assert [row["zone"] for row in found] == [score.zone for score in report.scores]
    for row, score in zip(found, report.scores, strict=True):
        assert float(row["start_s"]) == pytest.approx(score.start_s, abs=5e-4)
        assert float(row["end_s"]) == pytest.approx(score.end_s, abs=5e-4)
        assert float(row["probability"]) == pytest.approx(score.probability, abs=5e-7)
        assert float(row["logit"]) == pytest.approx(score.logit, abs=5e-7)
        assert from_iso(row["start_at"]) == report.source.moment(round(score.start_s, 3))


def test_scores_partition_the_observed_time(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report()
    write_scores_csv(report, tmp_path / "scores.csv")
    for zone, statistics in report.summary.zones.items():
        own = [row for row in rows(tmp_path / "scores.csv") if row["zone"] == zone]
        length = sum(float(row["to_s"]) - float(row["from_s"]) for row in own)
        assert length == pytest.approx(statistics.observed_s, abs=0.01)


def test_events_come_back(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report()
    write_events_csv(report, tmp_path / "events.csv")
    found = rows(tmp_path / "events.csv")
    assert [int(row["number"]) for row in found] == [1, 2, 3]
    for row, episode in zip(found, report.in_order_of_time(), strict=True):
        assert row["zone"] == episode.zone
        assert float(row["start_s"]) == pytest.approx(episode.span.start_s, abs=5e-4)
        assert float(row["end_s"]) == pytest.approx(episode.span.end_s, abs=5e-4)
        assert float(row["peak_probability"]) == pytest.approx(episode.peak_probability, abs=5e-7)
        assert int(row["windows"]) == episode.windows


def test_json_and_csv_hold_the_same_events(make_report: MakeReport, tmp_path: Path) -> None:
    write_events_csv(make_report(), tmp_path / "events.csv")
    episodes = written_json(make_report(), tmp_path)["episodes"]
    as_text = [{key: str(value) for key, value in each.items()} for each in episodes]
    assert as_text == rows(tmp_path / "events.csv")


def written_json(report: DetectionReport, folder: Path) -> dict[str, Any]:
    write_events_json(report, folder / "events.json")
    record: dict[str, Any] = json.loads((folder / "events.json").read_text(encoding="utf-8"))
    return record


def test_json_tells_the_run(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report()
    record = written_json(report, tmp_path)
    assert record["schema_version"] == 1
    assert record["created_at"] == "2026-01-02T03:04:05.000Z"
    assert record["source"]["name"] == report.source.name
    assert record["source"]["started_at"] == "2018-06-11T10:15:15.000Z"
    assert record["model"]["sha256"] == report.model.sha256
    assert record["settings"] == {
        "on_threshold": 0.6, "off_threshold": 0.5, "shortest_s": 10.0, "merge_gap_s": 60.0,
        "cadence_s": 5.0, "window_s": 175.0, "stabilised": False, "operating_point": None,
    }  # fmt: skip
    assert record["zones"][1]["box_px"] == {"x": 400, "y": 20, "width": 180, "height": 180}
    camera = report.summary.camera
    assert record["summary"]["camera"]["emission_s"] == pytest.approx(camera.emission_s, abs=1e-3)
    assert record["summary"]["camera"]["frequency"] == pytest.approx(camera.frequency, abs=1e-6)
    assert list(record["summary"]["zones"]) == list(report.summary.zones)


def test_without_a_clock_there_are_only_seconds(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report(source=SourceFacts("clip.mp4", 640, 360, 1200.5, 5.0))
    record = written_json(report, tmp_path)
    assert record["source"]["started_at"] is None
    assert {each["start_at"] for each in record["episodes"]} == {None}
    write_scores_csv(report, tmp_path / "scores.csv")
    assert {row["start_at"] for row in rows(tmp_path / "scores.csv")} == {""}


def test_no_scores_give_empty_tables(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report(scores=[])
    write_scores_csv(report, tmp_path / "scores.csv")
    write_events_csv(report, tmp_path / "events.csv")
    assert rows(tmp_path / "scores.csv") == rows(tmp_path / "events.csv") == []
    record = written_json(report, tmp_path)
    assert (record["episodes"], record["summary"]["zones"]) == ([], {})


@pytest.mark.parametrize(
    "write", [write_scores_csv, write_events_csv, write_events_json, write_html]
)
def test_an_unwritable_place_is_named(
    make_report: MakeReport, tmp_path: Path, write: Writer
) -> None:
    with pytest.raises(OutputError, match=r"absent/out: the file cannot be written"):
        write(make_report(), tmp_path / "absent" / "out")


def test_times_must_be_utc(make_report: MakeReport) -> None:
    local = datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    with pytest.raises(ValueError, match="UTC"):
        make_report(created_at=local)
    with pytest.raises(ValueError, match="UTC"):
        replace(make_report().source, started_at=local.replace(tzinfo=None))
    assert replace(make_report().source, started_at=local.astimezone(UTC)).moment(0) == local
