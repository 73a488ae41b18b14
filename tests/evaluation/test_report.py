"""The page of an assessment, and the numbers beside it."""

import base64
import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from stcnet.errors import ConfigError, OutputError
from stcnet.evaluation.assessment import assess_labelled, can_transfer, told_dimensions
from stcnet.evaluation.metrics import METRICS
from stcnet.evaluation.report import COLUMNS, write_report
from stcnet.evaluation.samples import Sample

from .samples import make_sample, random_sample


def samples() -> dict[str, Sample]:
    first = random_sample(40)
    tagged = make_sample(
        first.judged.labels.tolist(),
        first.judged.scores.tolist(),
        tags={"view": tuple("ab"[number % 2] for number in range(40))},
    )
    return {"first <1>": tagged, "second": make_sample([0, 0, 1], [-1, 1, 1], ranked=False)}


def test_the_three_files_hold_the_same_numbers(tmp_path: Path) -> None:
    only = {"first <1>": samples()["first <1>"]}
    assessment = assess_labelled(only, by=["view"], against=list(only.values()))
    page, table, record = write_report(tmp_path / "report.html", assessment)
    data = json.loads(record.read_text(), parse_constant=pytest.fail)
    with table.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == COLUMNS
    assert len(lines) == len(METRICS) * 3
    rows = {(row["by"], row["part"]): row for row in [*data["scores"], *data["parts"]]}
    for line in lines:
        expected = rows[line["by"], line["part"]]["metrics"][line["metric"]]
        told = [float(line[name]) if line[name] else None for name in ("value", "low", "high")]
        assert told == expected
    shown = page.read_text()
    value = data["scores"][0]["metrics"]["smoke_f1"][0]
    assert f"<td>{value:.3f}".replace("0.", ".") in shown
    assert "McNemar" in shown
    assert data["calibration"]["first <1>"]["brier"][0] > 0
    assert len(data["curves"]["first <1>"]["roc"]["recalls"]) == 41


@pytest.mark.parametrize("dimension", ["view", "hour"])
def test_the_zone_of_the_hours_is_told_where_hours_are(tmp_path: Path, dimension: str) -> None:
    sample = samples()["second"]
    tagged = replace(sample, tags={dimension: ("06", "06", "07")})
    page, *_ = write_report(
        tmp_path / "report.html", assess_labelled({"one": tagged}, by=[dimension])
    )
    assert ("America/New_York" in page.read_text()) == (dimension == "hour")


def test_the_page_is_whole_in_itself_and_safe(tmp_path: Path) -> None:
    page, *_ = write_report(tmp_path / "report.html", assess_labelled(samples()))
    text = page.read_text()
    assert "first &lt;1&gt;" in text
    assert "<1>" not in text
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert len(sources) == 3
    for source in sources:
        kind, encoded = source.split(",")
        assert kind == "data:image/svg+xml;base64"
        drawing = ET.fromstring(base64.b64decode(encoded))
        words = "".join(drawing.itertext())
        assert "first <1>" in words
    assert all(alt for alt in re.findall(r'alt="([^"]*)"', text))


def test_only_samples_with_scores_and_both_classes_have_curves(tmp_path: Path) -> None:
    drawn = samples() | {"quiet": make_sample([0] * 5, [-1] * 5)}
    _, _, record = write_report(tmp_path / "report.html", assess_labelled(drawn))
    assert json.loads(record.read_text())["curves"].keys() == {"first <1>"}


def test_a_page_without_any_picture(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    decisions = {"second": Sample(
        samples()["second"].judged, ("a", "b", "c"), (0, 0, 0), (0, 1, 2), "the clip", ranked=False
    )}  # fmt: skip
    page, *_ = write_report(path.with_suffix(".html"), assess_labelled(decisions))
    assert "<img" not in page.read_text()
    assert "n/a" in page.read_text()


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    first = write_report(tmp_path / "a.html", assess_labelled(samples()))
    second = write_report(tmp_path / "b.html", assess_labelled(samples()))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_where_it_cannot_go(tmp_path: Path) -> None:
    assessment = assess_labelled({"second": samples()["second"]})
    with pytest.raises(ConfigError, match=r"--report: the report is a page \(got report;"):
        write_report(tmp_path / "report", assessment)
    with pytest.raises(OutputError, match="the report cannot be written"):
        write_report(tmp_path / "no" / "report.html", assessment)
    assert not list(tmp_path.iterdir())


def test_what_can_be_asked_of_all_samples() -> None:
    tagged = samples()["first <1>"]
    assert told_dimensions({"a": tagged}) == ("view",)
    assert told_dimensions(samples()) == ()
    assert can_transfer({"a": tagged, "b": tagged})
    assert not can_transfer({"a": tagged})
    assert not can_transfer(samples())
