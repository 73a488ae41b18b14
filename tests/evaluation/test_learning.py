"""Power laws through scores, and what they promise of more clips."""

import math
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.evaluation.estimates import Replicated
from stcnet.evaluation.learning import POWERS, fit_power_law, forecast
from stcnet.evaluation.learning_curves import Curve, Drawn, Quantity, curve_table
from stcnet.evaluation.metrics import METRICS, FloatArray

SIZES = np.array([100.0, 200.0, 400.0, 800.0])
F1 = Quantity("smoke F1", "smoke_f1", 0.85)


def law(limit: float, gap: float, power: float) -> FloatArray:
    return np.asarray(limit - gap * (SIZES / SIZES.max()) ** -power)


def noisy(scores: FloatArray, noise: float, count: int = 400) -> FloatArray:
    return np.asarray(scores + np.random.default_rng(0).normal(0, noise, (count, len(scores))))


@pytest.mark.parametrize("place", [0, 20, 40, 59])
def test_a_law_is_found_again(place: int) -> None:
    found = fit_power_law(SIZES, law(0.9, 0.1, POWERS[place]))
    np.testing.assert_allclose(
        [found.limit, found.gap, found.power], [0.9, 0.1, POWERS[place]], rtol=1e-6
    )
    np.testing.assert_allclose(found.score(200.0), law(0.9, 0.1, POWERS[place])[1])
    assert found.clips_for(0.85) == pytest.approx(800 * 2 ** (1 / POWERS[place]))
    assert found.clips_for(0.91) == math.inf


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_any_scores_give_a_law_that_rises_to_one_at_most(scores: list[float]) -> None:
    rows = np.array([scores, scores])
    found = fit_power_law(SIZES, rows)
    assert (found.limit <= 1).all()
    assert (found.gap >= 0).all()
    assert found.score(1600.0).shape == (2,)
    assert (found.score(1600.0) >= found.score(800.0)).all()
    flat = ((rows - rows.mean()) ** 2).sum()
    fitted = np.stack([found.score(size) for size in SIZES.tolist()], axis=1)
    assert ((rows - fitted) ** 2).sum() <= flat + 1e-9 or rows.mean() > 1 - 1e-9


def test_rows_are_fitted_each_by_itself() -> None:
    rows = np.stack([law(0.9, 0.1, 0.5), law(0.8, 0.3, 1.0), law(0.7, 0.0, 1.0)])
    together = fit_power_law(SIZES, rows)
    for row, scores in enumerate(rows):
        alone = fit_power_law(SIZES, scores)
        assert together.limit[row] == pytest.approx(float(alone.limit))
        assert together.power[row] == pytest.approx(float(alone.power))


@pytest.mark.parametrize("sizes", [[100.0], [5.0, 5.0], [0.0, 5.0]], ids=str)
def test_one_size_makes_no_law(sizes: list[float]) -> None:
    with pytest.raises(ValueError, match="two sizes or more"):
        fit_power_law(np.array(sizes), np.zeros(len(sizes)))


def test_sharp_scores_tell_how_many_clips_a_target_takes() -> None:
    scores = law(0.95, 0.15, 0.5)
    found = forecast(SIZES, scores, noisy(scores, 0.002), 0.85)
    assert found is not None
    assert found.told
    assert found.needed.low < 800 * 2.25 < found.needed.high < 10_000
    assert found.score.low < found.score.value < found.doubled.value < found.limit.value


@pytest.mark.parametrize(
    ("scores", "noise"),
    [
        pytest.param(law(0.95, 0.15, 0.5), 0.05, id="noise"),
        pytest.param(law(0.82, 0.1, 0.5), 0.002, id="a limit below the target"),
        pytest.param(law(0.8, 0.0, 0.5), 0.005, id="a flat curve"),
    ],
)
def test_what_cannot_be_told_is_not_told(scores: FloatArray, noise: float) -> None:
    found = forecast(SIZES, scores, noisy(scores, noise), 0.85)
    assert found is not None
    assert not found.told
    assert found.needed.high > 100 * 800


def test_a_target_that_is_reached_takes_no_more() -> None:
    scores = law(0.95, 0.15, 0.5)
    found = forecast(SIZES, scores, noisy(scores, 0.002), 0.7)
    assert found is not None
    assert found.told
    assert found.needed.high < 800


def test_three_sizes_promise_nothing() -> None:
    assert forecast(SIZES[:3], SIZES[:3] / 1000, noisy(SIZES[:3] / 1000, 0.01), 0.85) is None


def drawn(share: str, clips: float, *scores: float) -> Drawn:
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 0.01, 200)
    return Drawn(Fraction(share), clips, tuple(
        Replicated(
            10, MappingProxyType(dict.fromkeys(METRICS, score)),
            MappingProxyType(dict.fromkeys(METRICS, score + shared)),
        )
        for score in scores
    ))  # fmt: skip


POINTS = (
    drawn("1", 800, 0.8),
    drawn("1/8", 100, 0.5, 0.6),
    drawn("1/4", 200, 0.65, 0.7),
    drawn("1/2", 400, 0.75, 0.75),
)


def test_a_curve_takes_the_mean_over_draws_and_their_spread() -> None:
    curve = Curve.through(F1, POINTS)
    np.testing.assert_allclose(curve.sizes, SIZES)
    np.testing.assert_allclose(curve.scores, [0.55, 0.675, 0.75, 0.8])
    widths = [estimate.high - estimate.low for estimate in curve.estimates()]
    assert widths[0] > 0.09 > 0.05 > widths[2] == pytest.approx(widths[3])
    table = curve_table([curve, curve]).markdown().splitlines()
    assert table[0] == "| share | draws | clips: smoke F1 | clips: smoke F1 |"
    assert table[2].startswith("| 1/8 | 2 | 100: .550 (")
    assert table[-1].startswith("| 1 | 1 | 800: .800 (")


def test_a_curve_says_what_it_promises() -> None:
    words = Curve.through(F1, POINTS).in_words()
    assert words.startswith("smoke F1: by a power law .799 (")
    assert ") with 800 clips, .8" in words
    assert "0.85 takes " in words
    assert words.endswith(" clips).")
    few = Curve.through(F1, POINTS[:3])
    assert few.in_words() == "smoke F1: no power law, as there are fewer than 4 shares."
    assert few.record()["forecast"] is None


def test_the_record_of_a_curve_is_plain() -> None:
    flat = [drawn(f"1/{part}", 800 / part, 0.7) for part in (1, 2, 4, 8)]
    record = Curve.through(F1, flat).record()
    assert [point["clips"] for point in record["points"]] == [100, 200, 400, 800]
    assert len(Curve.through(F1, POINTS).record()["points"][0]["draws"]) == 2
    assert record["forecast"]["needed"][2] is None
    assert record["forecast"]["told"] is False
