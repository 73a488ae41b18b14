"""What a data set holds: counts of every kind of data, pictures, and the page."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from filmed_clips import clip_set, film
from rise_records import record_values
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import LabelledClip, OnBad, refuse
from stcnet.datasets.leaks.look_alikes import LookAlike
from stcnet.datasets.leaks.searching import Duplicates
from stcnet.datasets.opening import open_collection
from stcnet.datasets.overview import look_over, sample_pictures, write_page
from stcnet.datasets.overview.inventory import clip_entries, count_entries
from stcnet.datasets.overview.page import MOST_GROUPS, charts_of
from stcnet.datasets.rise.rendering import synthesise_rise
from stcnet.errors import ConfigError, DataError, OutputError

VIEWS_DRAWN = tuple(f"0-{view}" for view in range(12))
START = datetime(2024, 1, 22, 12, tzinfo=UTC)


def clip(
    number: int, label: int | None, view: str = "yard <1>", plant: str = "works"
) -> LabelledClip:
    return LabelledClip(
        id=f"clip-{number}",
        label=None if label is None else (1 if label else 0),
        view=view,
        plant=plant,
        start=START.replace(hour=number % 24),
        end=START.replace(hour=number % 24, minute=3),
        label_weight=0.5 if number % 2 else 1.0,
    )


class Filmed:
    """A collection of clips whose numbers are their views; those of ``broken`` do not decode."""

    title = "Filmed & more"

    def __init__(self, *clips: LabelledClip, broken: tuple[str, ...] = ()) -> None:
        self.clips = clips
        self.broken = broken

    def sizes(self, clips: object) -> set[int]:
        return set()

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        good = [clip for clip in clips if clip.id not in self.broken]
        for bad in set(clips) - set(good):
            on_bad(DataError("the video is missing", where=bad.id))
        if not good:
            raise DataError("no video is left")
        frames = clip_set(*(film(int(clip.id[5:]), side=size) for clip in good))
        return ClipSet(
            frames.frames, frames.labels, frames.weights, tuple(clip.id for clip in good)
        )


FILMED = Filmed(
    clip(1, 1), clip(2, 0), clip(3, None), clip(4, 1), clip(5, 1), clip(6, 0, "gate", "ijmond")
)


def test_clips_of_any_kind_are_counted() -> None:
    counts = count_entries(clip_entries(FILMED.clips))
    shown = {(c.group, c.value): (c.clips, c.labelled, c.smoke) for c in counts}
    assert shown["all", "all"] == (6, 5, 3)
    assert shown["plant", "works"] == (5, 4, 3)
    assert shown["view", "gate"] == (1, 1, 0)
    assert shown["month", "2024-01"] == (6, 5, 3)
    assert shown["hour", "03"] == (1, 0, 0)
    assert shown["label", "undecided"] == (1, 0, 0)
    assert shown["label", "none"] == (2, 2, 0)
    assert shown["weight", "0.5"] == (2, 2, 2)


def test_clips_with_names_of_rise_are_counted_by_its_splits(tmp_path: Path) -> None:
    synthesise_rise(tmp_path, clips_per_view=1, views=VIEWS_DRAWN, days=3, size=32, frames=2)
    collection = open_collection(tmp_path)
    told = {c.group for c in count_entries(clip_entries(collection.clips))}
    assert {"S0", "S3", "S5"} <= told
    overview = look_over(collection)
    assert overview.zone == "America/New_York"
    assert overview.notes["videos"] == len(collection.clips)
    assert overview.sources == ("RISE (Hsu et al., AAAI 2021; CC0)",)


def test_every_kind_of_data_is_looked_over(small_data: Path) -> None:
    cells = look_over(open_collection(small_data))
    assert cells.counts[0].clips == 48
    assert [source[:6] for source in cells.sources] == ["RISE (", "IJmond"]
    assert "IJmond-video-dataset-2024-01-22" in cells.sources[1]
    assert "CC BY 4.0" in cells.sources[1]
    others = look_over(FILMED)
    assert (others.title, others.zone, others.notes) == ("Filmed & more", "UTC", {})
    record = json.loads(json.dumps(others.as_json()))
    assert record["counts"][0]["prevalence"] == 0.6
    assert {"by": "hour", "value": "03", "clips": 1, "labelled": 0, "smoke": 0,
            "prevalence": None, "mean_weight": None} in record["counts"]  # fmt: skip


def test_ijmond_is_counted_in_its_time_zone(tmp_path: Path) -> None:
    record = record_values() | {"file_name": "-GUVYRX0xVs-0"}
    (tmp_path / "metadata.json").write_text(json.dumps([record]))
    overview = look_over(open_collection(tmp_path))
    assert overview.zone == "Europe/Amsterdam"
    assert overview.notes == {"videos": 0}
    hours = [count.value for count in overview.counts if count.group == "hour"]
    assert hours == ["16"]


def test_pictures_are_one_of_each_label_and_view() -> None:
    samples = sample_pictures(FILMED)
    assert [(s.clip.view, s.clip.id) for s in samples] == [
        ("gate", "clip-6"), ("yard <1>", "clip-4"), ("yard <1>", "clip-2"),
    ]  # fmt: skip
    encoded = base64.b64decode(samples[1].source.removeprefix("data:image/jpeg;base64,"))
    picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    middle = film(4, side=160)[18].movedim(0, -1).numpy()
    assert np.abs(picture[..., ::-1].astype(int) - middle).mean() < 6


def test_pictures_that_do_not_decode_are_left_out() -> None:
    told: list[Exception] = []
    collection = Filmed(*FILMED.clips, broken=("clip-4",))
    assert [s.clip.id for s in sample_pictures(collection, on_bad=told.append)] == [
        "clip-6", "clip-2",
    ]  # fmt: skip
    assert [str(error) for error in told] == ["clip-4: the video is missing"]
    broken = Filmed(clip(1, 1), broken=("clip-1",))
    assert sample_pictures(broken, on_bad=told.append) == ()
    with pytest.raises(DataError, match="clip-1: the video is missing"):
        sample_pictures(broken)


def test_the_page_holds_everything_and_needs_no_other_file(tmp_path: Path) -> None:
    page = tmp_path / "data.html"
    clips = FILMED.clips[:2]
    alike = Duplicates(clips, (LookAlike(0, 1, 0.99, 0.9),), undecided=1, bad=0)
    write_page(page, look_over(FILMED), sample_pictures(FILMED), alike)
    text = page.read_text(encoding="utf-8")
    assert "<h1>Filmed &amp; more</h1>" in text
    assert "<b>60%</b> of the labelled show smoke" in text
    assert text.count("data:image/jpeg;base64,") == 3
    assert "yard &lt;1&gt;, works" in text
    assert "<yard" not in text
    assert "Clips that look like another one: 2 of 2; groups of them: 1." in text
    assert "<td>clip-1</td><td>yard &lt;1&gt;</td><td>2024-01-22 01:00</td>" in text
    assert "Clips of IJmond (IJmond-video-dataset-2024-01-22" in text
    assert "months and hours are those of UTC" in text
    assert 'content="width=device-width, initial-scale=1"' in text
    assert "http" not in text
    again = tmp_path / "again.html"
    for _ in range(2):  # a page may be replaced by its like
        write_page(again, look_over(FILMED), sample_pictures(FILMED), alike)
    assert again.read_bytes() == page.read_bytes()


def test_a_long_list_of_groups_is_cut_and_says_so(tmp_path: Path) -> None:
    clips = tuple(clip(number, number % 2) for number in range(2 * MOST_GROUPS + 4))
    pairs = tuple(LookAlike(n, n + 1, 0.99, 0.9) for n in range(0, len(clips), 2))
    write_page(tmp_path / "a.html", look_over(FILMED), (), Duplicates(clips, pairs, 0, 0))
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert f"The first {MOST_GROUPS} groups; <code>stcnet data duplicates</code> lists all." in text
    assert text.count('<tbody class="group">') == MOST_GROUPS


def test_bars_add_up_to_the_clips_of_their_line() -> None:
    counts = look_over(FILMED).counts
    charts = {chart.title: chart for chart in charts_of(counts)}
    (longest, shorter) = sorted(charts["plant"].bars, key=lambda bar: -bar.count.clips)
    assert (longest.smoke, longest.none, longest.undecided) == (0.6, 0.2, 0.2)
    assert (shorter.smoke, shorter.none, shorter.undecided) == (0.0, 0.2, 0.0)
    assert (longest.prevalence, longest.weight) == ("75%", "0.75")
    assert charts["hour"].bars[2].prevalence == "n/a"


def test_a_page_has_a_name_of_a_page_and_a_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--html: the overview is a page \(got data.pdf"):
        write_page(tmp_path / "data.pdf", look_over(FILMED))
    notes = tmp_path / "notes.html"
    notes.write_text("<!DOCTYPE html>\n<p>mine</p>\n", encoding="utf-8")
    with pytest.raises(OutputError, match=r"no page of a data set; name another file with --html"):
        write_page(notes, look_over(FILMED))
    assert "mine" in notes.read_text(encoding="utf-8")
    with pytest.raises(OutputError, match="the page cannot be written"):
        write_page(tmp_path / "nowhere" / "data.html", look_over(FILMED))
