"""``stcnet train``."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.printing import print_assessment
from stcnet.cli.research import DataFolder, Protocol, RevisionsFile, SkipBad, require_extra
from stcnet.errors import DataError, OutputError, StcnetError
from stcnet.wording import counted

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from stcnet.datasets import Collection, Fold
    from stcnet.datasets.collection import OnBad
    from stcnet.datasets.revisions.collection import RevisedCollection
    from stcnet.evaluation.assessment import Assessment
    from stcnet.evaluation.predictions import Prediction
    from stcnet.training.batches.placement import ClipsOn
    from stcnet.training.groundwork import Groundwork
    from stcnet.training.loop import Listener
    from stcnet.training.recipes.recipe import Recipe

FIRST_SPEAKS_WITHIN_S = 10.0
PREDICTIONS_FILE = "predictions.csv"


PrecisionName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="32-true, bf16-mixed or auto.", show_default="from the recipe"
    ),
]
ClipsPlace = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Where batches are drawn from: device, host, store (stcnet data store), "
        "or auto by free memory.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(train)


def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="Name of a bundled recipe, or a YAML file.")
    ],
    data: DataFolder,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the run goes.")],
    protocol: Protocol = None,
    accelerator: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda.")] = "auto",
    devices: Annotated[
        int, typer.Option(metavar="N", help="GPUs of this machine, or processes on its CPU.")
    ] = 1,
    nodes: Annotated[int, typer.Option(metavar="N", help="Machines, each given this command.")] = 1,
    precision: PrecisionName = None,
    clips_on: ClipsPlace = "auto",
    skip_bad: SkipBad = False,
    revisions: RevisionsFile = None,
) -> None:
    """Train a recipe on all clips, or on the folds of a protocol.

    With --protocol the clips that each fold holds out are predicted and scored. Given again, the
    command goes on after the last full epoch. Several devices or machines share each batch. With
    --revisions it learns from revised labels, and scores what it held out on both.
    """
    require_extra()
    from stcnet.datasets.folds.files import chosen_folds
    from stcnet.datasets.opening import open_collection
    from stcnet.training.batches.placement import parse_clips_on
    from stcnet.training.devices import launch, make_fabric
    from stcnet.training.recipes.recipe import load_recipe

    place = parse_clips_on(clips_on)
    settings = load_recipe(recipe)
    fabric = make_fabric(
        accelerator,
        devices=devices,
        nodes=nodes,
        precision=precision or settings.precision,
    )
    _warn_of_frozen_chance(settings)
    collection = open_collection(data)
    folds = chosen_folds(collection, protocol) if protocol is not None else []
    revised = _revised(collection, revisions)
    _make_folder(out)
    launch(fabric)
    on_bad = _leave_out(fabric) if skip_bad else None
    job = _Job(settings, collection, revised, out, fabric, place, on_bad)
    with _first_speaks(fabric):
        if fabric.is_global_zero:
            _tell_left_out(collection, folds)
            _tell_revised(job)
        groundwork = _prepare(job)
        if folds:
            _train_folds(job, folds, groundwork)
        else:
            _train_all(job, groundwork)


def _warn_of_frozen_chance(recipe: Recipe) -> None:
    """Say so where a recipe keeps random weights as they are, as one does without its file."""
    from stcnet.cli.errors import say

    frozen = recipe.network.frozen_stages
    if frozen and recipe.network.pretrained == "none":
        say(
            f"{recipe.name}: the first {frozen} stages are frozen at random weights; "
            "name trained ones with network.pretrained"
        )


@dataclass(frozen=True)
class _Job:
    """What all trainings of one command share."""

    recipe: Recipe
    published: Collection
    revised: RevisedCollection | None
    out: Path
    fabric: Fabric
    clips_on: ClipsOn
    on_bad: OnBad | None

    @property
    def data(self) -> Collection:
        """The clips with the labels that are trained on."""
        return self.revised or self.published

    def relabelled(self, fold: Fold) -> Fold:
        """A fold of the published labels with those that are trained on."""
        return self.revised.relabel(fold) if self.revised is not None else fold


def _revised(collection: Collection, path: Path | None) -> RevisedCollection | None:
    from stcnet.datasets.revisions.collection import RevisedCollection
    from stcnet.datasets.revisions.reading import read_revisions

    if path is None:
        return None
    return RevisedCollection.revise(collection, read_revisions(path))


def _tell_revised(job: _Job) -> None:
    from stcnet.cli.errors import say

    if job.revised is not None:
        say(f"trained on: {job.revised.change}")


def _leave_out(fabric: Fabric) -> OnBad:
    """Tells of each file that cannot be used, in the first process."""
    from stcnet.cli.errors import say

    def tell(error: StcnetError) -> None:
        if fabric.is_global_zero:
            say(f"left out: {error}")

    return tell


def _tell_left_out(data: Collection, folds: Sequence[Fold]) -> None:
    """Say how many clips stand in no part, and why."""
    from stcnet.cli.errors import say
    from stcnet.datasets.collection import labelled

    undecided = len(data.clips) - len(labelled(data.clips))
    if undecided:
        say(f"{undecided} left out, without a decided label")
    for fold in folds:
        if fold.left_out:
            say(f"{fold.name}: {fold.left_out} left out of training, too like or near a test clip")


def _prepare(job: _Job) -> Groundwork:
    """Render a recipe's scenes and train on them, where it has any."""
    from stcnet.training.pretraining import lay_groundwork

    with _shown(job, "pretraining") as listener:
        return lay_groundwork(
            job.recipe, job.out, job.fabric, clips_on=job.clips_on, listener=listener
        )


def _train_all(job: _Job, groundwork: Groundwork) -> None:
    from stcnet.datasets.collection import labelled
    from stcnet.training.folds import train_clips

    with _shown(job, job.recipe.name) as listener:
        trained = train_clips(
            job.recipe,
            job.data,
            labelled(job.data.clips),
            job.out,
            fabric=job.fabric,
            clips_on=job.clips_on,
            listener=listener,
            on_bad=job.on_bad,
            groundwork=groundwork,
        )
    typer.echo(f"trained on {counted(len(trained.clips), 'clip')}: {job.out}")


def _train_folds(job: _Job, folds: Sequence[Fold], groundwork: Groundwork) -> None:
    from stcnet.evaluation.predictions import write_predictions
    from stcnet.training.devices import by_first
    from stcnet.training.folds import run_fold

    path = job.out / PREDICTIONS_FILE
    predictions: list[Prediction] = []
    for fold in folds:
        with _shown(job, fold.name) as listener:
            held_out = run_fold(
                job.recipe,
                job.relabelled(fold),
                job.data,
                job.out,
                fabric=job.fabric,
                clips_on=job.clips_on,
                listener=listener,
                on_bad=job.on_bad,
                groundwork=groundwork,
            )
        predictions += held_out
        own = job.out / fold.name / PREDICTIONS_FILE
        by_first(job.fabric, partial(write_predictions, own, held_out))
        by_first(job.fabric, partial(write_predictions, path, predictions))
    if job.fabric.is_global_zero:
        _print_scores(job, predictions)
    typer.echo(f"predictions: {path}")


def _print_scores(job: _Job, predictions: list[Prediction]) -> None:
    """Print the scores; where clips were left out that these cannot do without, say so instead."""
    from stcnet.cli.errors import say

    try:
        judged = _judged(job, predictions)
    except DataError as error:
        if job.on_bad is None:
            raise
        say(f"not judged: {error}")
    else:
        print_assessment(judged, as_json=False)


def _judged(job: _Job, predictions: list[Prediction]) -> Assessment:
    """Held-out predictions on the published labels, and beside them on the revised ones."""
    from dataclasses import replace

    from stcnet.evaluation.held_out import assess
    from stcnet.evaluation.revised_folds import revise_held_out

    may_miss = job.on_bad is not None
    predictions = _calibrated(job, predictions)
    judged = assess(predictions, job.published, partial_folds=may_miss)
    if job.revised is None:
        return judged
    revised = revise_held_out(
        predictions, job.published, job.revised.revisions, partial_folds=may_miss
    )
    return replace(judged, revised=revised)


def _calibrated(job: _Job, predictions: list[Prediction]) -> list[Prediction]:
    """With the calibration and verdict threshold that the other folds give, where they can."""
    from stcnet.cli.errors import say
    from stcnet.evaluation.held_out import cross_calibrated

    try:
        return cross_calibrated(predictions, job.published)
    except DataError as error:
        say(f"not calibrated, smoke is called above logit 0: {error}")
        return predictions


@contextmanager
def _first_speaks(fabric: Fabric) -> Iterator[None]:
    """Let one process tell of what all do: the first of all, or of its machine in case of an error.

    What stops all processes the first one says, and those that it started end with it. Only what
    stops one of them alone is left for that one to say.
    """
    if fabric.is_global_zero:
        yield
        return
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        try:
            yield
        except (StcnetError, KeyboardInterrupt):
            if fabric.local_rank > 0:
                time.sleep(FIRST_SPEAKS_WITHIN_S)
            raise


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            "the folder cannot be made", where=folder, got=error.strerror or error
        ) from None


@contextmanager
def _shown(job: _Job, name: str) -> Iterator[Listener]:
    """Show the run of one fold: a bar for its steps, a line for each epoch, on standard error."""
    from stcnet.cli.errors import say
    from stcnet.cli.progress import shown_progress
    from stcnet.training.loop import SILENT, EpochReport, Listener

    if not job.fabric.is_global_zero:
        yield SILENT
        return
    with shown_progress() as progress:

        class Shown(Listener):
            """Tells the terminal."""

            def on_scene(self, done: int, total: int) -> None:
                progress("rendering scenes", done, total)

            def on_step(self, done: int, total: int) -> None:
                progress(name, done, total)

            def on_epoch(self, report: EpochReport) -> None:
                say(
                    f"{name}: epoch {report.epoch}/{report.epochs}, loss {report.loss:.3f}, "
                    f"accuracy {report.accuracy:.3f}"
                )

        yield Shown()
