"""What a data set holds."""

import math

import pytest

from rise_records import rise_record
from small_cells import make_cells
from stcnet.datasets.overview.inventory import (
    Count,
    Entry,
    cell_entries,
    count_entries,
    rise_entries,
)

RECORDS = [
    rise_record(1, "0-10", votes=(19, -1)),
    rise_record(2, "0-2", day="2018-07-07", minute=5, votes=(16, -1)),
    rise_record(3, "0-2", day="2018-07-07", minute=90, votes=(-1, 23)),
    rise_record(4, "2-1", day="2019-02-03", votes=(3, -1)),
]


def table(counts: list[Count], group: str) -> dict[str, tuple[int, int, int, float]]:
    return {
        count.value: (count.clips, count.labelled, count.smoke, round(count.mean_weight, 6))
        for count in counts
        if count.group == group
    }


def test_rise_is_counted_by_everything_its_records_say() -> None:
    counts = count_entries(rise_entries(RECORDS))
    assert (counts[0].group, counts[0].value) == ("all", "all")
    assert table(counts, "all") == {"all": (4, 3, 2, round((0.66 + 1 + 0.75) / 3, 6))}
    assert counts[0].prevalence == pytest.approx(2 / 3)
    views = table(counts, "view")
    assert list(views) == ["0-2", "0-10", "2-1"]
    assert views["0-2"] == (2, 2, 1, 0.875)
    assert list(table(counts, "plant")) == ["clairton", "plant-2"]
    assert {v: c[0] for v, c in table(counts, "month").items()} == {
        "2018-06": 1, "2018-07": 2, "2019-02": 1,
    }  # fmt: skip
    assert {v: c[0] for v, c in table(counts, "hour").items()} == {"09": 1, "10": 2, "11": 1}
    assert {v: c[0] for v, c in table(counts, "label_state").items()} == {
        "discord": 1, "none": 1, "strong negative": 1, "weak positive": 1,
    }  # fmt: skip
    assert {v: c[0] for v, c in table(counts, "label_state_admin").items()} == {
        "none": 3, "strong positive": 1,
    }  # fmt: skip
    assert list(table(counts, "weight")) == ["0.66", "0.75", "1"]
    assert {v: c[0] for v, c in table(counts, "S0").items()} == {"train": 2, "validation": 1}
    undecided = next(count for count in counts if count.value == "2-1")
    assert (undecided.clips, undecided.labelled) == (1, 0)
    assert math.isnan(undecided.prevalence)
    assert math.isnan(undecided.mean_weight)


def test_views_that_rise_does_not_know_belong_to_no_split() -> None:
    counts = count_entries(rise_entries([rise_record(1, "3-0")]))
    assert {count.group for count in counts}.isdisjoint({"S0", "S3"})


def test_cells_are_counted_with_what_they_stand_for() -> None:
    cells = make_cells(8)
    counts = count_entries(cell_entries(cells))
    assert table(counts, "all") == {"all": (8, 8, 4, sum(c.population_weight for c in cells) / 8)}
    assert list(table(counts, "split")) == ["S0", "S1", "S2", "S4"]
    assert {count.group for count in counts} == {
        "all", "split", "view", "site", "view_confidence", "baseline_prediction",
    }  # fmt: skip


def test_every_grouping_adds_up() -> None:
    counts = count_entries(Entry(n % 2, 1.0, {"a": str(n % 3), "b": "x"}) for n in range(20))
    for group in ("a", "b", "all"):
        assert sum(count.clips for count in counts if count.group == group) == 20
        assert sum(count.smoke for count in counts if count.group == group) == 10
