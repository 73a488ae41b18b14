"""Mistakes by cause."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stcnet.errors import DataError
from stcnet.evaluation.causes import (
    ALL,
    LEAST_CHANGED,
    NONE,
    CauseErrors,
    changes_by_cause,
    changes_of_samples,
    errors_by_cause,
    errors_of_samples,
    read_causes,
)
from stcnet.evaluation.samples import Sample, join_samples

from .samples import make_sample

LABELS = [0, 0, 0, 0, 1, 1, 1, 1]
SCORES = [1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0, 1.0]
WEIGHTS = [3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
WORDS = ["steam", "steam fog", "", "fog", "steam", "fog", "", "steam"]
WHOLE = (
    ("false alarms", ALL, 4, 2, 4 / 6),
    ("false alarms", "fog", 2, 1, 1 / 2),
    ("false alarms", "steam", 2, 1, 3 / 4),
    ("false alarms", NONE, 1, 0, 0),
    ("misses", ALL, 4, 1, 1 / 4),
    ("misses", "fog", 1, 1, 1),
    ("misses", "steam", 2, 0, 0),
    ("misses", NONE, 1, 0, 0),
)


def sample(prefix: str = "") -> Sample:
    made = make_sample(LABELS, SCORES, weights=WEIGHTS)
    return replace(made, names=tuple(prefix + name for name in made.names))


def causes(*samples: Sample) -> dict[str, frozenset[str]]:
    return {
        name: frozenset(words.split())
        for each in samples
        for name, words in zip(each.names, WORDS, strict=True)
    }


def counted(rows: Sequence[CauseErrors]) -> dict[tuple[str, str], tuple[int, int, float]]:
    return {
        (row.mistake, row.cause): (row.clips, row.wrong, round(row.rate.value, 9)) for row in rows
    }


def test_clips_are_counted_in_each_of_their_causes() -> None:
    rows = errors_by_cause("mine", sample(), causes(sample()), count=20)
    assert counted(rows) == {
        (mistake, cause): (clips, wrong, round(rate, 9))
        for mistake, cause, clips, wrong, rate in WHOLE
    }


def test_the_interval_holds_the_rate() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 80).tolist()
    many = make_sample(labels, rng.normal(size=80).tolist())
    rows = errors_by_cause("mine", many, dict.fromkeys(many.names, frozenset({"fog"})))
    assert {row.cause for row in rows} == {ALL, "fog"}
    for row in rows:
        assert 0 <= row.rate.low < row.rate.value < row.rate.high <= 1


def test_samples_that_share_no_clip_are_counted_together() -> None:
    one, other = sample("a-"), sample("b-")
    rows = errors_of_samples({"S0": one, "S1": other, "again": one}, causes(one, other))
    assert {row.sample for row in rows} == {"S0, S1", "again"}
    together = counted([row for row in rows if row.sample == "S0, S1"])
    assert together["misses", ALL] == (8, 2, 0.25)
    assert together["false alarms", "steam"] == (4, 2, 0.75)


def test_joined_samples_keep_their_strata_apart() -> None:
    one, other = sample("a-"), sample("b-")
    joined = join_samples([one, other])
    assert joined.names == one.names + other.names
    assert joined.cluster_count == one.cluster_count + other.cluster_count
    assert len(set(joined.strata)) == 2
    assert joined.probabilities is not None
    np.testing.assert_array_equal(joined.part(np.arange(16) >= 8).judged.scores, SCORES)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "seen.csv"
    path.write_text("id,causes\na,steam much-steam\nb,\n", encoding="utf-8")
    assert read_causes(path) == {"a": {"steam", "much-steam"}, "b": frozenset()}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("id,cause\na,fog\n", "id, causes", id="another column"),
        pytest.param("id,causes\na,fog\na,\n", "seen.csv:3: the clip stands there", id="twice"),
        pytest.param("id,causes\na,Fog!\n", "seen.csv:2: a cause is a word", id="no word"),
        pytest.param("id,causes\n", "the file holds no clip", id="empty"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "seen.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        read_causes(path)
    assert message in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_clip_without_a_line_is_named() -> None:
    seen = causes(sample())
    del seen["clip-3"]
    with pytest.raises(DataError, match="clip-3: the causes of a clip are missing"):
        errors_by_cause("mine", sample(), seen, count=20)


def remedied(sample: Sample, *, wrong: Sequence[int]) -> Sample:
    """What another model says of the same clips: the truth but for some of them."""
    said = sample.judged.labels.copy()
    said[list(wrong)] ^= 1
    judged = replace(sample.judged, predictions=said, scores=said.astype(np.float64) - 0.5)
    return replace(sample, judged=judged)


def test_two_models_stand_side_by_side() -> None:
    after = remedied(sample(), wrong=[5])
    rows = {
        (row.ours.mistake, row.ours.cause): row
        for row in changes_by_cause("mine", after, sample(), causes(sample()), count=20)
    }
    assert [key[:2] for key in rows] == [key[:2] for key in WHOLE]
    for mistake, cause, clips, wrong, rate in WHOLE:
        row = rows[mistake, cause]
        assert (row.theirs.clips, row.theirs.wrong) == (row.ours.clips, wrong) == (clips, wrong)
        assert row.theirs.rate.value == pytest.approx(rate)
        assert row.difference.value == pytest.approx(row.ours.rate.value - rate)
    assert rows["misses", "fog"].difference.value == 0
    assert rows["false alarms", ALL].difference.value == pytest.approx(-4 / 6)


def test_the_difference_is_sharper_than_the_rates_and_has_a_sign() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 120)
    many = make_sample(labels.tolist(), rng.normal(size=120).tolist())
    wrong = np.flatnonzero(many.judged.predictions != labels)
    better = remedied(many, wrong=wrong[::2].tolist())
    fog = dict.fromkeys(many.names, frozenset({"fog"}))
    for row in changes_by_cause("mine", better, many, fog):
        assert row.difference.high < 0
        assert row.p_value < 0.05
        assert row.difference.high - row.difference.low < row.theirs.rate.high - row.ours.rate.low


@pytest.mark.parametrize(
    ("changed", "told"),
    [(0, False), (LEAST_CHANGED - 1, False), (LEAST_CHANGED, True)],
    ids=["no clip", "too few", "enough"],
)
def test_a_few_clips_prove_no_difference(changed: int, told: bool) -> None:
    """Each is alone in its stratum and drawn in every replicate."""
    many = make_sample([0] * 40, [1.0] * 40)
    alone = replace(many, strata=tuple(range(20)) + (20,) * 20)
    fewer = remedied(alone, wrong=range(changed, 40))
    (row, *_) = changes_by_cause("mine", fewer, alone, dict.fromkeys(alone.names, frozenset()))
    assert row.difference.value == pytest.approx(-changed / 40)
    assert np.isnan([row.difference.low, row.p_value]).all() == (not told)


def test_changes_are_pooled_as_the_errors_are() -> None:
    one, other = sample("a-"), sample("b-")
    ours = {"S0": remedied(one, wrong=[]), "S1": remedied(other, wrong=[0])}
    rows = changes_of_samples(ours, {"S0": one, "S1": other}, causes(one, other))
    assert {row.ours.sample for row in rows} == {"S0, S1"}
    assert (rows[0].ours.clips, rows[0].ours.wrong, rows[0].theirs.wrong) == (8, 1, 4)
    unseen = {name: words for name, words in causes(one).items() if name != "a-clip-3"}
    with pytest.raises(DataError, match="a-clip-3: the causes of a clip are missing"):
        changes_of_samples({"S0": one}, {"S0": one}, unseen)
