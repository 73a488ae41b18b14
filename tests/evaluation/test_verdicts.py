"""The verdict threshold: that of the highest expected F1, found over all that are possible."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.evaluation.metrics import Judged, smoke_f1
from stcnet.evaluation.verdicts import LEAST_THRESHOLD, expected_f1, verdict_threshold

clips = st.lists(st.tuples(st.integers(1, 999), st.integers(1, 9)), min_size=1, max_size=40).map(
    lambda pairs: (np.array([p for p, _ in pairs]) / 1000, np.array([w for _, w in pairs]) / 1.0)
)
Clips = tuple[np.ndarray, np.ndarray]


def f1_from(threshold: float, probabilities: np.ndarray, weights: np.ndarray) -> float:
    """The definition, term by term."""
    called = probabilities >= threshold
    hits = (weights * probabilities * called).sum()
    return float(2 * hits / ((weights * probabilities).sum() + (weights * called).sum()))


@given(clips)
def test_expected_f1_is_the_ratio_of_expected_counts(given: Clips) -> None:
    levels, f1 = expected_f1(*given)
    assert levels.tolist() == sorted(set(given[0].tolist()), reverse=True)
    assert f1.tolist() == pytest.approx([f1_from(level, *given) for level in levels])


@given(clips)
def test_no_threshold_promises_more(given: Clips) -> None:
    """Rounding apart: between its neighbours the threshold of two digits may pass a clip."""
    levels, f1 = expected_f1(*given)
    threshold = verdict_threshold(*given)
    assert threshold == round(threshold, 2)
    assert LEAST_THRESHOLD <= threshold < 1
    last = int(f1.argmax())
    below = levels[last + 1] if last + 1 < len(levels) else 0.0
    assert below - 0.0051 <= threshold <= max(levels[last] + 0.0051, LEAST_THRESHOLD)


@given(clips)
def test_it_lies_where_half_the_best_f1_lies(given: Clips) -> None:
    """Lipton, Elkan and Naryanaswamy (2014): smoke where p is above half of the best F1."""
    levels, f1 = expected_f1(*given)
    best, last = f1.max(), int(f1.argmax())
    assert levels[last] >= best / 2 - 1e-12
    if last + 1 < len(levels):
        assert levels[last + 1] <= best / 2 + 1e-12


@given(clips, st.floats(0.1, 100))
def test_only_the_shares_of_the_weights_count(given: Clips, factor: float) -> None:
    probabilities, weights = given
    doubled = np.concatenate([probabilities, probabilities]), np.concatenate([weights, weights])
    assert verdict_threshold(*doubled) == verdict_threshold(probabilities, weights)
    scaled = expected_f1(probabilities, factor * weights)[1]
    assert scaled.tolist() == pytest.approx(expected_f1(probabilities, weights)[1].tolist())


@pytest.mark.parametrize(
    ("probabilities", "weights", "threshold"),
    [
        pytest.param([1.0, 1.0, 0.0, 0.0], [1, 1, 1, 1], 0.5, id="certain of all"),
        pytest.param([0.5], [1], 0.25, id="one clip alone is called smoke"),
        pytest.param([0.9, 0.3], [1, 1], 0.6, id="half way between two"),
        pytest.param([0.9, 0.3], [1, 9], 0.15, id="the lower one stands for many"),
        pytest.param([0.002, 0.001], [1, 1], 0.01, id="never 0"),
    ],
)
def test_known_thresholds(probabilities: list[float], weights: list[int], threshold: float) -> None:
    told = verdict_threshold(np.array(probabilities), np.array(weights, dtype=np.float64))
    assert told == pytest.approx(threshold)


def test_drawn_labels_have_their_best_f1_near_it() -> None:
    """Where probabilities keep their word, the promise is kept: no other threshold does better."""
    rng = np.random.default_rng(0)
    probabilities = rng.beta(0.5, 0.9, 200_000)
    labels = (rng.random(len(probabilities)) < probabilities).astype(np.int64)
    weights = rng.uniform(1, 3, len(probabilities))

    def f1(threshold: float) -> float:
        said = (probabilities >= threshold).astype(np.int64)
        return float(smoke_f1(Judged(labels, said, probabilities, weights)))

    threshold = verdict_threshold(probabilities, weights)
    assert threshold < 0.45
    assert f1(threshold) == pytest.approx(f1_from(threshold, probabilities, weights), abs=0.005)
    assert f1(threshold) > max(f1(0.5), f1(threshold - 0.1), f1(threshold + 0.1))
