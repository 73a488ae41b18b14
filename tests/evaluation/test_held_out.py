"""Predictions on clips of any collection: what is drawn together, told, refused and calibrated."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from small_cells import make_cells
from stcnet.datasets import Fold, LabelledClip
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.cells.protocols import CELL_PROTOCOLS, cell_folds, fold_test
from stcnet.datasets.rise.collection import RiseCollection
from stcnet.datasets.rise.drawing import draw_records
from stcnet.errors import ConfigError, DataError
from stcnet.evaluation.calibration import calibrate
from stcnet.evaluation.held_out import (
    assess,
    assess_samples,
    cross_calibrated,
    sample_clips,
    samples_of,
)
from stcnet.evaluation.labelled import sample_labelled
from stcnet.evaluation.predictions import Prediction, Row
from stcnet.evaluation.sample_calibration import (
    calibrate_samples,
    cross_calibrate_samples,
    joined,
)
from stcnet.evaluation.samples import Sample

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
RISE = RiseCollection(Path("rise"), tuple(draw_records(190, size=64, seed=2)))


@dataclass(frozen=True)
class Listed:
    """Clips that nobody decodes."""

    clips: tuple[LabelledClip, ...]
    title: str = "listed"

    def load(self, *arguments: Any, **options: Any) -> Any:
        raise AssertionError("nobody decodes these")


def clip(number: int, **changes: Any) -> LabelledClip:
    start = NOON + timedelta(days=number // 4, minutes=40 * (number % 4))
    values: dict[str, Any] = {
        "id": f"clip-{number}",
        "label": number % 2,
        "view": f"cam-{number % 3}",
        "plant": "mill",
        "start": start,
        "end": start + timedelta(seconds=175),
        "weight": 1.0 + number % 2,
    }
    return LabelledClip(**values | changes)


OWN = Listed(tuple(clip(number) for number in range(48)))


def said(clips: Any, fold: str = "mine", noise: float = 1.0) -> list[Prediction]:
    rng = np.random.default_rng(0)
    return [Prediction(c.id, fold, float(rng.normal(2 * (c.label or 0) - 1, noise))) for c in clips]


def sample(clips: Any, noise: float = 1.0) -> Sample:
    return sample_clips(said(clips, noise=noise), clips)


def test_clips_of_rise_are_judged_as_files_with_their_names_are() -> None:
    clips = [clip for clip in RISE.clips if clip.label is not None]
    ours = sample(clips)
    rows = [
        Row("", {"file_name": c.id, "label": str(c.label), "logit": repr(p.logit)})
        for c, p in zip(clips, said(clips), strict=True)
    ]
    theirs = sample_labelled(rows, Path("p.csv"))
    assert ours.judged.scores.tolist() == theirs.judged.scores.tolist()
    assert ours.drawn_by == theirs.drawn_by == "view and day"
    assert len(set(ours.clusters)) == len(set(theirs.clusters)) == ours.cluster_count
    for dimension in ("view", "month", "hour"):
        assert ours.tags[dimension] == theirs.tags[dimension]


@pytest.mark.parametrize(
    ("clips", "clusters", "drawn_by"),
    [
        pytest.param([clip(0), clip(1), clip(12)], 3, "view and day", id="days"),
        pytest.param([clip(0), clip(3, view="cam-0")], 1, "view and day", id="one day of a view"),
        pytest.param([clip(0, start=None, end=None, group="a"), clip(1, group="a"),
                      clip(2, start=None, end=None)], 2, "near-duplicates", id="groups"),
        pytest.param([clip(0, start=None, end=None), clip(1)], 2, "the clip", id="nothing"),
    ],
)  # fmt: skip
def test_what_hangs_together_is_drawn_together(
    clips: list[LabelledClip], clusters: int, drawn_by: str
) -> None:
    judged = sample(clips)
    assert (judged.cluster_count, judged.drawn_by) == (clusters, drawn_by)
    assert ("hour" in judged.tags) == all(clip.start is not None for clip in clips)
    assert judged.judged.weights.tolist() == [clip.weight for clip in clips]


def test_the_hour_is_utc_where_the_zone_is_unknown() -> None:
    assert sample([clip(0), clip(3)]).tags["hour"] == ("12", "14")


def test_cells_are_judged_by_site_and_others_by_fold() -> None:
    cells = CellCollection(Path("cells"), tuple(make_cells()))
    rows = assess(said(cells.clips), cells).scores
    assert {getattr(row, "group", None) for row in rows} >= {"rise", "clairton"}
    folds = [*said(OWN.clips[:24], "a"), *said(OWN.clips[24:], "b")]
    rows = assess(folds, OWN).scores
    assert [getattr(row, "sample", None) for row in rows] == ["a", "b", "mean"]
    assert [row.clips for row in rows] == [24, 24, 48]
    values = [row.metrics["accuracy"].value for row in rows]
    assert values[2] == pytest.approx((values[0] + values[1]) / 2)


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        pytest.param(said([clip(99)]), "of no labelled clip in the data (got clip-99)",
                     id="unknown"),
        pytest.param(said(OWN.clips[:2]) * 2, "a clip comes twice (got clip-0)", id="twice"),
        pytest.param(said(OWN.clips[:3], "leave-out-view-cam-0"),
                     "the fold does not hold out (got clip-1)", id="trained on"),
        pytest.param(said(OWN.clips[:1], "leave-out-view-cam-0"), "got 15 missing, clip-12 the",
                     id="missing"),
    ],
)  # fmt: skip
def test_predictions_that_do_not_fit_are_one_line(
    predictions: list[Prediction], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        samples_of(predictions, OWN)
    assert message in str(caught.value)


def test_an_undecided_clip_is_not_judged() -> None:
    collection = Listed((*OWN.clips, clip(50, label=None)))
    with pytest.raises(DataError, match=r"of no labelled clip in the data .got clip-50"):
        samples_of(said([clip(50)]), collection)


@dataclass(frozen=True)
class Kept(Listed):
    """Cells as a store keeps them: other clips with the cells' protocols."""

    @property
    def protocols(self) -> tuple[str, ...]:
        return CELL_PROTOCOLS

    def folds(self, protocol: str) -> list[Fold]:
        return cell_folds(make_cells(), protocol)


@pytest.mark.parametrize("fold", ["leave-out-plants", "leave-out-S0"])
def test_a_fold_of_kept_cells_must_be_predicted_whole(fold: str) -> None:
    cells = make_cells()
    kept, tested = Kept(tuple(cell.clip for cell in cells)), fold_test(cells, fold) or []
    predictions = said([cell.clip for cell in tested], fold)
    assert len(samples_of(predictions, kept)[fold]) == len(tested) > 1
    with pytest.raises(DataError, match="clips of the fold are not predicted"):
        samples_of(predictions[1:], kept)


def test_a_fold_may_miss_clips_where_asked_for() -> None:
    predictions = said(OWN.clips[:1], "leave-out-view-cam-0")
    assert len(samples_of(predictions, OWN, partial_folds=True)["leave-out-view-cam-0"]) == 1


def test_other_folds_are_not_compared() -> None:
    samples = {"a": sample(OWN.clips)}
    with pytest.raises(ConfigError, match=r"not judged on the same folds .got b; allowed: a"):
        assess_samples(samples, against={"b": sample(OWN.clips)})


FOLDS = {"a": sample(OWN.clips[:24], 2.0), "b": sample(OWN.clips[24:], 2.0)}


def test_the_package_is_calibrated_on_every_clip_once() -> None:
    twice = FOLDS | {"c": replace(FOLDS["a"], judged=FOLDS["b"].judged)}
    assert joined(twice).names == joined(FOLDS).names
    assert calibrate_samples(FOLDS).basis.startswith(
        "Platt scaling on 48 held-out predictions (a, b); a clip is called smoke from 0."
    )
    assert calibrate_samples(twice).log_odds(np.arange(3.0)).tolist() == calibrate_samples(
        FOLDS
    ).log_odds(np.arange(3.0)).tolist()  # fmt: skip


def test_cells_and_their_clips_are_calibrated_alike() -> None:
    cells = [cell for cell in make_cells() if cell.site != "ijmond"]
    samples = {"mine": sample([cell.clip for cell in cells], 2.0)}
    ours = calibrate_samples(samples)
    theirs = calibrate(said([cell.clip for cell in cells], noise=2.0), cells)
    grid = np.linspace(-4, 4, 9)
    np.testing.assert_allclose(ours.log_odds(grid), theirs.log_odds(grid))


def test_no_label_of_a_fold_places_its_own_threshold() -> None:
    labels = FOLDS["a"].judged.labels.copy()
    labels[:3] = 1 - labels[:3]
    changed = replace(FOLDS["a"], judged=replace(FOLDS["a"].judged, labels=labels))
    before = cross_calibrate_samples(FOLDS)
    after = cross_calibrate_samples(FOLDS | {"a": changed})
    assert after["a"].judged.scores.tolist() == before["a"].judged.scores.tolist()
    assert after["b"].judged.scores.tolist() != before["b"].judged.scores.tolist()
    probabilities = before["a"].probabilities
    assert probabilities is not None
    threshold = calibrate_samples({"b": FOLDS["b"]}).threshold
    assert ((probabilities > threshold) == before["a"].judged.predictions).all()


def test_predictions_are_calibrated_as_their_samples_are() -> None:
    folds = [*said(OWN.clips[:24], "a", 2.0), *said(OWN.clips[24:], "b", 2.0)]
    samples = cross_calibrate_samples(samples_of(folds, OWN))
    told = {p.id: p for p in cross_calibrated(folds, OWN)}
    for sample in samples.values():
        assert [told[name].logit for name in sample.names] == sample.judged.scores.tolist()
        assert [told[name].smoke for name in sample.names] == sample.judged.predictions.tolist()


def test_clips_of_a_tested_day_have_no_say() -> None:
    """All others are of a view and day that the fold tests too: nothing is left to fit on."""
    with pytest.raises(DataError, match=r"only be calibrated on other folds .got a alone"):
        cross_calibrate_samples({"a": FOLDS["a"], "b": FOLDS["a"]})
