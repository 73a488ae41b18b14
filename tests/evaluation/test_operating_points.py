"""Operating points: a known rate is found again, and what the clips cannot tell is not told."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from small_cells import record
from stcnet.datasets import Cell
from stcnet.errors import DataError
from stcnet.evaluation.metrics import Judged
from stcnet.evaluation.operating_points import (
    operating_points,
    operating_points_of_cells,
    operating_table,
)
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.samples import Sample
from stcnet.inference import OperatingPoint

WINDOW_S = 432.0
"""100 windows in 12 hours."""


def sample_of(
    none: list[float], smoke: list[float], weights: list[float] | None = None, **changes: Any
) -> Sample:
    """Clips of these probabilities, each a cluster of its own, in one stratum a class."""
    probabilities = np.array(none + smoke)
    labels = np.array([0] * len(none) + [1] * len(smoke))
    judged = Judged(
        labels,
        (probabilities > 0.5).astype(np.int64),
        logit(probabilities),
        np.array(weights or [1.0] * len(labels)),
    )
    names = tuple(map(str, range(len(labels))))
    return replace(Sample(judged, names, tuple(labels.tolist()), names, "clips"), **changes)


def points(sample: Sample, *rates: float, **changes: Any) -> list[OperatingPoint]:
    settings: dict[str, Any] = {"window_s": WINDOW_S, "basis": "made up", "count": 200} | changes
    return list(operating_points(sample, rates=rates, **settings))


def threshold_of(point: OperatingPoint) -> float:
    assert point.threshold is not None
    return point.threshold


NONE = [0.9, 0.8, 0.7, 0.6, *[0.1] * 96]
SMOKE = [0.95, 0.85, 0.75, 0.65]


@pytest.mark.parametrize(
    ("rate", "between", "alarms", "recall"),
    [
        pytest.param(1.0, (0.8, 0.85), 1, 0.5, id="one of a hundred"),
        pytest.param(1.9, (0.8, 0.85), 1, 0.5, id="not quite two"),
        pytest.param(2.0, (0.7, 0.75), 2, 0.75, id="just two"),
        pytest.param(4.0, (0.1, 0.6), 4, 1.0, id="four"),
        pytest.param(100.0, (0.0, 0.1), 100, 1.0, id="all"),
    ],
)
def test_the_lowest_threshold_that_keeps_the_rate(
    rate: float, between: tuple[float, float], alarms: int, recall: float
) -> None:
    (point,) = points(sample_of(NONE, SMOKE), rate)
    low, high = between
    assert low < threshold_of(point) <= high * (1 + 1e-9)
    assert point.false_alarms is not None
    assert point.recall is not None
    assert point.false_alarms.value == pytest.approx(alarms)
    assert point.false_alarms.low <= alarms <= point.false_alarms.high
    assert point.recall.value == recall
    assert (point.smoke_free, point.smoky, point.basis) == (100, 4, "made up")


def test_a_camera_day_has_as_many_windows_as_fit() -> None:
    """Half the hours or twice the window: half the false alarms at the same threshold."""
    sample = sample_of(NONE, SMOKE)
    (whole,), (half,) = points(sample, 2.0), points(sample, 1.0, hours_per_day=6.0)
    (longer,) = points(sample, 1.0, window_s=2 * WINDOW_S)
    assert whole.threshold == half.threshold == longer.threshold
    assert half.false_alarms == longer.false_alarms
    assert half.false_alarms is not None
    assert half.false_alarms.value == pytest.approx(1.0)
    assert (half.hours_per_day, longer.hours_per_day) == (6.0, 12.0)


def test_clips_count_as_often_as_they_stand_for() -> None:
    """The highest smoke-free clip stands for as many as all others: nothing under 50 a day."""
    sample = sample_of(NONE, SMOKE, [99.0] + [1.0] * 103)
    one, fifty = points(sample, 1.0, 50.0)
    assert one.threshold is None
    assert "stands for 50 a camera-day" in one.reason
    assert 0.8 < threshold_of(fifty) <= 0.85


def simulated(count: int, rng: np.random.Generator) -> tuple[Sample, float]:
    """Smoke-free clips whose log-odds are normal around -2, and the true 95th percentile."""
    none = expit(rng.normal(-2, 1, count)).tolist()
    smoke = expit(rng.normal(1, 1, count // 2)).tolist()
    return sample_of(none, smoke), float(expit(-2 + 1.6448536))


def test_a_known_rate_is_found_within_its_interval_as_often_as_it_claims() -> None:
    """At the true threshold of 5 % false windows, 5 a day: the interval holds it 19 times in 20.

    Thresholds are chosen on the sample; so the true rate there is that of the normal tail.
    """
    rng = np.random.default_rng(1)
    held = 0
    for seed in range(60):
        sample, known = simulated(400, rng)
        (point,) = points(sample, 5.0, seed=seed)
        threshold = threshold_of(point)
        assert threshold == pytest.approx(known, abs=0.12)
        true_rate = 100 * 0.5 * math.erfc((logit(threshold) + 2) / math.sqrt(2))
        assert point.false_alarms is not None
        held += point.false_alarms.low <= true_rate <= point.false_alarms.high
    assert held >= 52


def test_what_no_false_alarm_can_show_has_no_threshold() -> None:
    (point,) = points(sample_of(NONE, SMOKE), 0.9)
    assert (point.threshold, point.false_alarms, point.recall) == (None, None, None)
    assert point.reason == (
        "not resolvable with 100 smoke-free clips: the first of them to raise an alarm stands for "
        "1 a camera-day, and if none did the rate could still be 3.7"
    )
    assert point.least_rate == pytest.approx(-math.log(0.025))
    assert not point.shown


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_the_least_rate_is_the_rule_of_three(count: int) -> None:
    """Its 97.5 % form; it holds for the exact binomial bound too, and is not far above it."""
    (point,) = points(sample_of([0.1] * count, [0.9]), 1e-9)
    share = point.least_rate / 100
    exact = 1 - 0.025 ** (1 / count)
    assert exact <= share <= 1.25 * exact


def test_clips_of_one_cluster_are_one_draw() -> None:
    """Near-duplicates carry the evidence of one: ten clusters of ten, a tenth of the evidence."""
    sample = sample_of([0.1] * 100, [0.9])
    alone = points(sample, 1e-9)[0].least_rate
    paired = replace(sample, clusters=(*(str(n // 10) for n in range(100)), "smoke"))
    assert points(paired, 1e-9)[0].least_rate == pytest.approx(10 * alone)


def test_what_silent_strata_may_hide_is_added_to_the_upper_end() -> None:
    """All false alarms in a light stratum: the heavy one has shown none, and bounds the rate."""
    sample = sample_of(NONE, SMOKE, [0.1] * 4 + [1.0] * 96 + [1.0] * 4)
    strata = ("light",) * 4 + ("heavy",) * 96 + ("smoke",) * 4
    (told,) = points(sample, 0.3)
    (split,) = points(replace(sample, strata=strata), 0.3)
    assert told.threshold == split.threshold
    assert told.false_alarms is not None
    assert split.false_alarms is not None
    assert split.false_alarms.value == told.false_alarms.value < 0.3
    assert split.false_alarms.high > 100 * 3.68 / 96.4
    assert not split.shown


def test_a_rate_is_shown_when_its_whole_interval_lies_under_it() -> None:
    none = [0.9] * 30 + [0.1] * 9970
    steps = (np.arange(10_000) * 1e-6).tolist()
    sample = sample_of([p - s for p, s in zip(none, steps, strict=True)], SMOKE)
    low, high = points(sample, 0.2, 100.0, count=100)
    assert (low.shown, high.shown) == (False, True)
    assert "not proven" in low.in_words
    assert "not proven" not in high.in_words


@given(
    st.lists(st.floats(0.01, 0.99), min_size=2, max_size=30),
    st.lists(st.floats(0.01, 0.99), min_size=1, max_size=10),
    st.floats(0.1, 90),
    st.floats(1.0, 5.0),
)
def test_estimates_keep_the_rate_and_fewer_alarms_need_a_higher_threshold(
    none: list[float], smoke: list[float], rate: float, factor: float
) -> None:
    sample = sample_of(none, smoke)
    few, many = points(sample, rate, rate * factor, count=20)
    for point in (few, many):
        if point.threshold is None:
            assert point.reason
            continue
        assert point.false_alarms is not None
        assert 0 < point.false_alarms.value <= point.alarms_per_day * (1 + 1e-9)
        alarmed = np.array(none) >= point.threshold * (1 - 1e-9)
        assert point.false_alarms.value == pytest.approx(100 * alarmed.mean())
    if few.threshold is not None:
        assert threshold_of(many) <= few.threshold


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_is_refused(label: int) -> None:
    sample = sample_of([0.1] * 3, [0.9] * 3)
    with pytest.raises(DataError, match="operating points need clips of both classes"):
        points(sample.part(sample.judged.labels == label), 1.0)


# --- on the cells


def cell(name: str, label: int, site: str) -> Cell:
    return Cell.model_validate(
        record(id=name, label=label, site=site, duplicate_group=ord(name), population_weight=1.0)
    )


def test_only_clips_on_unseen_views_count() -> None:
    """Elsewhere the same cameras were trained on, or the clips are not of the population."""
    counted = [
        (cell("a", 0, "clairton"), "leave-out-S0"), (cell("b", 1, "clairton"), "leave-out-S1"),
        (cell("c", 0, "other-plants"), "leave-out-plants"),
    ]  # fmt: skip
    passed_over = [
        (cell("d", 0, "other-plants"), "leave-out-S0"), (cell("e", 0, "ijmond"), "leave-out-S0"),
    ]  # fmt: skip
    pairs = counted + passed_over + [(counted[2][0], "leave-out-S2")]
    predictions = [Prediction(c.id, fold, 1.0 * c.label) for c, fold in pairs]
    cells = list({c.id: c for c, _ in pairs}.values())
    point, *_ = operating_points_of_cells(predictions, cells, window_s=175.0)
    assert (point.smoke_free, point.smoky) == (2, 1)
    assert point.basis.startswith(
        "3 held-out clips on camera views unseen in training (leave-out-S0, leave-out-S1, "
        "leave-out-plants)"
    )
    assert "175 s" in point.basis
    assert "12 h" in point.basis


def test_predictions_of_no_unseen_view_are_refused() -> None:
    seen = cell("d", 0, "other-plants")
    with pytest.raises(DataError, match="no prediction is of a clip on an unseen view"):
        operating_points_of_cells([Prediction("d", "leave-out-S0", 1.0)], [seen], window_s=175.0)


def test_the_table_has_a_line_for_each_rate() -> None:
    few, many = points(sample_of(NONE, SMOKE), 0.5, 2.0)
    assert many.threshold is not None
    _, _, first, second = operating_table([few, many]).splitlines()
    assert first == f"| 0.5 | none | {few.reason} | |"
    assert second.startswith(f"| 2 | {many.threshold:.3f} | 2.0 (")
    assert second.count("|") == 5
