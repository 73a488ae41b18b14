"""Hours of clips are those of their plants."""

from datetime import UTC, datetime, timedelta

import pytest

from rise_records import rise_record
from stcnet.datasets.collection import LabelledClip
from stcnet.evaluation.held_out import sample_clips
from stcnet.evaluation.predictions import Prediction

START = datetime(2023, 6, 30, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("clip", "plant", "month", "hour"),
    [
        pytest.param(rise_record().file_name, "clairton", "2023-06", "19", id="RISE"),
        pytest.param("A9W8G55JucU-3", "ijmond", "2023-07", "01", id="IJmond"),
        pytest.param("A9W8G55JucU-3", "works", "2023-06", "23", id="own clip"),
    ],
)
def test_hours_are_those_of_the_plant(clip: str, plant: str, month: str, hour: str) -> None:
    known = LabelledClip(clip, 1, "v", plant, START, START + timedelta(seconds=175))
    tags = sample_clips([Prediction(clip, "f", 1.0)], [known]).tags
    assert (tags["month"], tags["hour"]) == ((month,), (hour,))
