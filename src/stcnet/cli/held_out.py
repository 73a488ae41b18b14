"""Predictions on a collection, and how the commands judge them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stcnet.cli.research import read_held_out
from stcnet.errors import ConfigError

if TYPE_CHECKING:
    from stcnet.datasets import Cell, Collection
    from stcnet.datasets.revisions.reading import Revisions
    from stcnet.evaluation.assessment import Assessment
    from stcnet.evaluation.predictions import Prediction
    from stcnet.evaluation.samples import Sample
    from stcnet.inference import CalibrationMethod

    Assessor = Callable[[Sequence[str], bool], Assessment]
    """Judges by dimensions, with or without the transfer of thresholds."""

BASELINE = "baseline"
"""Stands for RGB-TC's own predictions, which the records of the shared cells hold."""

HALF = "half"
"""Stands for the same predictions, called smoke from a probability of one half on."""


def predicted(
    predictions: list[Path] | None, data: Path, model: Path | None, protocol: str | None
) -> tuple[Collection, list[Prediction]]:
    """The clips of a folder, and what files or a model package say of them.

    Raises:
        ConfigError: There is no such protocol.
        DataError: The records or a file of predictions are wrong, or the package was trained on a
            clip that it is to score.
        PackageError: The package cannot be used.
    """
    if model is None:
        return read_held_out(predictions or [], data)
    from stcnet.cli.progress import shown_progress
    from stcnet.cli.values import load_package
    from stcnet.datasets.collection import labelled
    from stcnet.datasets.folds.files import chosen_folds
    from stcnet.datasets.opening import open_collection
    from stcnet.evaluation.packages import predict_package

    package = load_package(model)
    collection = open_collection(data)
    folds = chosen_folds(collection, protocol) if protocol is not None else []
    chosen = {clip.id: clip for fold in folds for clip in fold.test}
    with shown_progress() as progress:
        return collection, predict_package(
            package,
            collection,
            list(chosen.values()) or labelled(collection.clips),
            on_clip=lambda done, total: progress("scoring", done, total),
            on_compared=lambda done, total: progress("comparing", done, total),
        )


@dataclass(frozen=True)
class Judging:
    """How predictions on a collection are judged.

    Attributes:
        data: The folder of the collection.
        against: Files of predictions of another model, or the word for RGB-TC's or for verdicts
            from one half on.
        method: How each fold is calibrated on the others first; None: it is not.
        skip_bad: Whether clips of a fold may be missing among the predictions.
        revisions: Revised labels, for scores beside those on the published ones.
    """

    data: Path
    against: Sequence[str]
    method: CalibrationMethod | None
    skip_bad: bool
    revisions: Revisions | None = None

    def assessor(self, collection: Collection, ours: list[Prediction]) -> Assessor:
        """Judges predictions on the collection, and those of another model alike.

        Raises:
            ConfigError: RGB-TC is asked for, but has said nothing of these clips.
            DataError: Predictions do not fit the clips or the folds, or cannot be calibrated.
        """
        from stcnet.datasets.cells.collection import CellCollection

        if isinstance(collection, CellCollection):
            return self._cells_assessor(list(collection.cells), ours)
        if BASELINE in self.against:
            raise ConfigError(
                "only the records of the shared cells hold what the baseline said",
                where="--against",
                got=BASELINE,
                hint="name a file of predictions",
            )
        return self._fold_assessor(collection, ours)

    def _theirs(self) -> list[Prediction] | None:
        if not self.against or {BASELINE, HALF} & set(self.against):
            return None
        return read_held_out([Path(path) for path in self.against], self.data)[1]

    def _cells_assessor(self, cells: list[Cell], ours: list[Prediction]) -> Assessor:
        from stcnet.evaluation.assessment import assess_cells
        from stcnet.evaluation.calibration import cross_calibrate
        from stcnet.evaluation.revisions import revise_protocol

        theirs, baseline = self._theirs(), BASELINE in self.against
        if self.method is not None:
            ours = cross_calibrate(ours, cells, self.method)
            theirs = theirs and cross_calibrate(theirs, cells, self.method)
        if HALF in self.against:
            theirs = [replace(prediction, threshold=0.0) for prediction in ours]
        revised = (
            revise_protocol(ours, cells, self.revisions) if self.revisions is not None else None
        )
        return lambda by, transferred: replace(
            assess_cells(
                ours, cells, by=by, transferred=transferred, against=theirs, baseline=baseline
            ),
            revised=revised,
        )

    def _fold_assessor(self, collection: Collection, ours: list[Prediction]) -> Assessor:
        from stcnet.evaluation.held_out import assess_samples, samples_of
        from stcnet.evaluation.revised_folds import revise_folds
        from stcnet.evaluation.sample_calibration import cross_calibrate_samples
        from stcnet.evaluation.transfer import judged_at

        def samples(predictions: list[Prediction]) -> dict[str, Sample]:
            found = samples_of(predictions, collection, partial_folds=self.skip_bad)
            return found if self.method is None else cross_calibrate_samples(found, self.method)

        theirs = self._theirs()
        mine, other = samples(ours), samples(theirs) if theirs is not None else None
        if HALF in self.against:
            other = {name: judged_at(sample, 0.0) for name, sample in mine.items()}
        revised = (
            revise_folds(mine, collection, self.revisions) if self.revisions is not None else None
        )
        return lambda by, transferred: replace(
            assess_samples(mine, by=by, transferred=transferred, against=other), revised=revised
        )
