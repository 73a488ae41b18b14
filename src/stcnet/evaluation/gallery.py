"""What a model got wrong, to be looked at: clips as GIFs on one page, the worst first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import jinja2
from scipy.special import expit

import stcnet
from stcnet.datasets import Cell, read_clips
from stcnet.datasets.cells import CELL_SIDE, FRAME_INTERVAL_S
from stcnet.errors import DataError
from stcnet.evaluation.predictions import Prediction
from stcnet.explain.drawing import captioned, logits_overlay
from stcnet.files import write_whole
from stcnet.inference import ClipScorer, ModelPackage
from stcnet.types import Picture
from stcnet.video.writing import write_gif

FALSE_POSITIVES, FALSE_NEGATIVES = "false-positives", "false-negatives"
PAGE = "index.html"
GALLERY_FILES = (PAGE, FALSE_POSITIVES, FALSE_NEGATIVES)
"""What the folder of a gallery may hold; one that holds anything else is never replaced."""

DEFAULT_SIZE = 40
"""Clips of each kind."""

FULL_COLOUR_LOGIT: Final = 8.0
"""Local logit at which the colour of a map is full, the same on every page."""

FRAME_STEP, GIF_FPS = 2, 6
"""Every second frame is shown, so that a clip passes as fast as at 12 frames a second."""

HINT = "choose a folder that you may write to and that has room"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A clip that was misjudged.

    Attributes:
        cell: The clip.
        prediction: What was said of it: smoke above logit 0.
    """

    cell: Cell
    prediction: Prediction

    @property
    def kind(self) -> str:
        """Folder of the gallery that it belongs to."""
        return FALSE_NEGATIVES if self.cell.label else FALSE_POSITIVES

    @property
    def severity(self) -> float:
        """How far the logit lies on the wrong side."""
        return abs(self.prediction.logit)


@dataclass(frozen=True, slots=True)
class Gallery:
    """The mistakes to show.

    Attributes:
        shown: By kind, the worst first.
        counts: Number of all mistakes of each kind.
        judged: Number of clips judged.
        names: Name of each clip's file, without suffix, by its id.
    """

    shown: Mapping[str, Sequence[Mistake]]
    counts: Mapping[str, int]
    judged: int
    names: Mapping[str, str] = field(default_factory=dict)


def choose_mistakes(
    predictions: Iterable[Prediction], cells: Sequence[Cell], size: int = DEFAULT_SIZE
) -> Gallery:
    """The worst mistakes of each kind.

    A clip that several folds misjudge stands once, with the worst that was said of it.

    Args:
        predictions: What was said of some of the cells.
        cells: The records of all clips.
        size: The most mistakes of each kind.

    Raises:
        DataError: A prediction is of a clip that is not in ``cells``.
    """
    known = {cell.id: cell for cell in cells}
    worst: dict[str, Mistake] = {}
    judged: set[str] = set()
    for prediction in predictions:
        if prediction.id not in known:
            raise DataError("a prediction is of a clip that is not in the data", got=prediction.id)
        judged.add(prediction.id)
        mistake = Mistake(known[prediction.id], prediction)
        wrong = (prediction.logit > 0) != bool(mistake.cell.label)
        if wrong and (
            prediction.id not in worst or mistake.severity > worst[prediction.id].severity
        ):
            worst[prediction.id] = mistake
    ranked = sorted(worst.values(), key=lambda each: (-each.severity, each.cell.id))
    kinds = {k: [m for m in ranked if m.kind == k] for k in (FALSE_POSITIVES, FALSE_NEGATIVES)}
    shown = {kind: mistakes[:size] for kind, mistakes in kinds.items()}
    ids = [mistake.cell.id for mistakes in shown.values() for mistake in mistakes]
    counts = {kind: len(mistakes) for kind, mistakes in kinds.items()}
    return Gallery(shown, counts, len(judged), _file_names(ids))


def _file_names(ids: Sequence[str]) -> dict[str, str]:
    """A name for the file of each clip: its id, as far as every file system takes it."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for clip in ids:
        plain = name = re.sub(r"[^A-Za-z0-9_.-]|^[.]", "_", clip)[:120]
        number = 2
        while name.lower() in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name.lower())
        names[clip] = name
    return names


def write_gallery(
    folder: Path,
    gallery: Gallery,
    data: Path,
    *,
    package: ModelPackage | None = None,
    calibrated: bool = False,
    on_clip: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write a page and a GIF of each mistake into a folder that exists.

    Only the clips to be shown are decoded, and with a package only they are scored again.

    Args:
        folder: Where to write.
        gallery: What to show.
        data: The folder of the mosaics.
        package: The model that made the mistakes; its exact map is then drawn beside each clip.
        calibrated: Whether the logits of the predictions are calibrated log-odds.
        on_clip: Told of clips done and clips in all.

    Raises:
        DataError: A mosaic is missing, of another size, or too short.
        OutputError: A file cannot be written.
    """
    mistakes = [mistake for each in gallery.shown.values() for mistake in each]
    for kind in gallery.shown:
        (folder / kind).mkdir()
    scorer = ClipScorer(package) if package is not None else None
    clips = read_clips(data, [mistake.cell for mistake in mistakes], CELL_SIDE)
    for done, (position, clip) in enumerate(clips, start=1):
        kind, name = mistakes[position].kind, gallery.names[mistakes[position].cell.id]
        write_gif(folder / kind / f"{name}.gif", _pictures(clip, scorer), GIF_FPS)
        on_clip(done, len(mistakes))
    page = _page(gallery, package, calibrated)
    write_whole(folder / PAGE, page.encode(), what="the gallery", hint=HINT)


def _pictures(clip: Picture, scorer: ClipScorer | None) -> list[Picture]:
    """The frames of a clip, each with its time; with a scorer also below the map of the whole."""
    activation = None if scorer is None else scorer.score(clip).activation
    pictures = []
    for number in range(0, len(clip), FRAME_STEP):
        panels, captions = [clip[number]], [f"{number * FRAME_INTERVAL_S:.0f} s"]
        if activation is not None:
            panels.append(logits_overlay(clip[number], activation, FULL_COLOUR_LOGIT))
            captions.append("red: smoke, blue: none")
        pictures.append(captioned(panels, captions))
    return pictures


def _page(gallery: Gallery, package: ModelPackage | None, calibrated: bool) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stcnet.evaluation", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    probability = _probability(package, calibrated)
    return environment.get_template("gallery.html.j2").render(
        version=stcnet.__version__,
        gallery=gallery,
        model=package and f"{package.name} {package.version}",
        full_colour=FULL_COLOUR_LOGIT,
        probability=probability,
        titles={FALSE_POSITIVES: "False positives", FALSE_NEGATIVES: "False negatives"},
    )


def _probability(package: ModelPackage | None, calibrated: bool) -> Callable[[float], float] | None:
    """From logits to probabilities, None where the logits are raw."""
    if package is not None:
        return package.calibration.probability
    return (lambda logit: float(expit(logit))) if calibrated else None
