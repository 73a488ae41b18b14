"""The page escapes everything, needs nothing else, and says what events.json says."""

import base64
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import cv2
import numpy as np
import pytest

from stcnet.reports import STATEMENT, DetectionReport, SourceFacts
from stcnet.reports.page import render
from stcnet.reports.tables import report_record
from stcnet.types import WindowScore

MakeReport = Callable[..., DetectionReport]

VOID = {"meta", "img", "br", "rect", "path"}


class Reader(HTMLParser):
    """Collects elements with their attributes and the visible text, and checks the nesting."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def page(make_report: MakeReport) -> Reader:
    return Reader(render(make_report()))


def test_every_element_is_closed(page: Reader) -> None:
    assert page.open == []


def test_texts_are_escaped(make_report: MakeReport, page: Reader) -> None:
    report = make_report()
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "b", "u", "em", "iframe", "link", "object"}
    assert not any(name.startswith("on") for _, each in page.elements for name in each)
    told = [report.source.name, report.model.name, report.model.limits[0], report.warnings[0]]
    for text in told + [zone.name for zone in report.zones]:
        assert text in page.text


def test_nothing_is_fetched(make_report: MakeReport, page: Reader) -> None:
    assert not re.search(r"(https?:)?//[a-z]|@import|url\(", render(make_report()))
    for tag, attributes in page.elements:
        for name in ("src", "href", "data", "srcset", "poster", "action"):
            if name in attributes:
                assert attributes[name].startswith(("data:image/", "#")), tag
    assert "default-src 'none'" in page.all("meta")[-1]["content"]


def test_inner_links_lead_somewhere(page: Reader) -> None:
    places = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = {link["href"].removeprefix("#") for link in page.all("a")}
    assert links == {"about", "episode-1", "episode-2", "episode-3"}
    assert links <= places


def looked_up(record: Any, field: str) -> Any:
    for key in field.split("."):
        record = record[int(key)] if isinstance(record, list) else record[key]
    return record


def test_numbers_are_those_of_the_json(make_report: MakeReport, page: Reader) -> None:
    record = report_record(make_report())
    shown = {each["data-field"]: float(each["value"]) for each in page.all("data")}
    assert shown == {field: looked_up(record, field) for field in shown}
    needed = {f"episodes.{k}.{key}" for k in range(3) for key in ("duration_s", "peak_probability")}
    needed |= {f"summary.camera.{key}" for key in ("observed_s", "emission_s", "frequency")}
    assert needed <= set(shown)


def test_clock_times_are_those_of_the_json(make_report: MakeReport, page: Reader) -> None:
    record = report_record(make_report())
    times = {each["datetime"] for each in page.all("time")}
    expected = {each[key] for each in record["episodes"] for key in ("start_at", "end_at")}
    hours = [record["summary"]["camera"], *record["summary"]["zones"].values()]
    assert times == expected | {each["worst_hour"]["start_at"] for each in hours}


def test_pictures_are_inside_and_differ_by_the_heat(page: Reader) -> None:
    view, *pairs = [decoded(image["src"]) for image in page.all("img")]
    assert view.shape == (360, 640, 3)
    assert len(pairs) == 4  # of two episodes, the third has none
    plain, heated = pairs[0].astype(int), pairs[1].astype(int)
    assert abs(plain - 128).max() <= 2
    assert abs(heated - plain)[60:, 90:].mean() > 20
    assert abs(heated - plain)[60:, :20].mean() < 5


def decoded(uri: str) -> Any:
    kind, _, data = uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)


def test_zones_are_placed_on_the_view(page: Reader) -> None:
    styles = [div["style"] for div in page.all("div") if "zone" in div.get("class", "").split()]
    assert styles == [
        "left:0.0%;top:0.0%;width:50.0%;height:100.0%",
        "left:62.5%;top:5.556%;width:28.125%;height:50.0%",
    ]


def test_says_what_it_is_not(page: Reader) -> None:
    assert STATEMENT in page.text
    assert not re.search(r"\b(opacity|compliance)\b", page.text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        pytest.param(
            [0.9], "Smoke in 1 episode, 2 min 55 s of 2 min 55 s observed (100 %)", id="1"
        ),
        pytest.param([0.1], "No smoke found in 2 min 55 s observed", id="none"),
        pytest.param([], "Nothing could be judged", id="no window"),
    ],
)
def test_headline(make_report: MakeReport, probabilities: list[float], expected: str) -> None:
    scores = [WindowScore("gate", 0, 175, probability) for probability in probabilities]
    page = Reader(render(make_report(scores=scores, pictures={})))
    assert page.text.startswith(f"{expected} - <script>")


def test_without_clock_view_and_pictures(make_report: MakeReport) -> None:
    source = SourceFacts("clip.mp4", 640, 360, 1200.5, 5.0)
    page = Reader(render(make_report(source=source, view=None, pictures={}, warnings=[])))
    assert "UTC" not in page.text.removesuffix("by stcnet 0.1.0.").rpartition("Made on")[0]
    assert "Times since the first frame." in page.text
    assert "Please note" not in page.text
    assert page.all("img") == page.all("time") == []
