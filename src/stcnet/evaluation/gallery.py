"""What a model got wrong, to be looked at: clips as GIFs on one page, the worst first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import jinja2
import numpy as np
from scipy.special import expit

import stcnet
from stcnet.datasets import Cell, Collection, LabelledClip
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.cells.records import CELL_SIDE, FRAME_INTERVAL_S
from stcnet.datasets.collection import labelled
from stcnet.datasets.store.native import SizedCollection
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

PORTION = 128
"""Clips that are decoded at a time; 450 MB at 180 pixels."""

FULL_COLOUR_LOGIT: Final = 8.0
"""Local logit at which the colour of a map is full, the same on every page."""

FRAME_STEP, GIF_FPS = 2, 6
"""Every second frame is shown, so that a clip passes as fast as at 12 frames a second."""

HINT = "choose a folder that you may write to and that has room"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A clip that was misjudged.

    Attributes:
        clip: With a label.
        prediction: What was said of it.
        facts: What else is known of it, in words.
    """

    clip: LabelledClip
    prediction: Prediction
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Folder of the gallery that it belongs to."""
        return FALSE_NEGATIVES if self.clip.label else FALSE_POSITIVES

    @property
    def severity(self) -> float:
        """How far the logit lies on the wrong side of its threshold."""
        return abs(self.prediction.logit - self.prediction.threshold)


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
    predictions: Iterable[Prediction], collection: Collection, size: int = DEFAULT_SIZE
) -> Gallery:
    """The worst mistakes of each kind.

    A clip that several folds misjudge stands once, with the worst that was said of it.

    Args:
        predictions: What was said of some of the clips.
        collection: Holds them.
        size: The most mistakes of each kind.

    Raises:
        DataError: A prediction is of no labelled clip of the collection.
    """
    known = {clip.id: clip for clip in labelled(collection.clips)}
    tell = _teller(collection)
    worst: dict[str, Mistake] = {}
    judged: set[str] = set()
    for prediction in predictions:
        if prediction.id not in known:
            raise DataError("a prediction is of a clip that is not in the data", got=prediction.id)
        judged.add(prediction.id)
        clip = known[prediction.id]
        mistake = Mistake(clip, prediction, tell(clip))
        wrong = prediction.smoke != bool(clip.label)
        if wrong and (
            prediction.id not in worst or mistake.severity > worst[prediction.id].severity
        ):
            worst[prediction.id] = mistake
    ranked = sorted(worst.values(), key=lambda each: (-each.severity, each.clip.id))
    kinds = {k: [m for m in ranked if m.kind == k] for k in (FALSE_POSITIVES, FALSE_NEGATIVES)}
    shown = {kind: mistakes[:size] for kind, mistakes in kinds.items()}
    ids = [mistake.clip.id for mistakes in shown.values() for mistake in mistakes]
    counts = {kind: len(mistakes) for kind, mistakes in kinds.items()}
    return Gallery(shown, counts, len(judged), _file_names(ids))


def _teller(collection: Collection) -> Callable[[LabelledClip], dict[str, str]]:
    """Tells in words what is known of a clip."""
    if not isinstance(collection, CellCollection):
        return _facts_of_clip
    cells = {cell.id: cell for cell in collection.cells}
    return lambda clip: _facts_of_cell(cells[clip.id])


def _facts_of_clip(clip: LabelledClip) -> dict[str, str]:
    sure = "" if clip.label_weight == 1 else f", {clip.label_weight:.0%} sure"
    facts = {"label": f"{_SAID[clip.label == 1]}{sure}", "view": f"{clip.view}, {clip.plant}"}
    if clip.start is not None:
        facts["start"] = f"{clip.start:%Y-%m-%d %H:%M} UTC"
    if clip.weight != 1:
        facts["stands for"] = f"{clip.weight:.1f} clips"
    return facts


def _facts_of_cell(cell: Cell) -> dict[str, str]:
    baseline = _SAID[cell.baseline_prediction == 1]
    hidden = ", hidden by fog" if cell.view_confidence == "low" else ""
    return {
        "label": f"{_SAID[cell.label == 1]}; the baseline RGB-TC said {baseline}",
        "view": f"{cell.view}, {cell.site}{hidden}",
        "stands for": f"{cell.population_weight:.1f} clips of {cell.split}",
    }


_SAID: Final = {True: "smoke", False: "none"}


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
    collection: Collection,
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
        collection: Where its clips come from.
        package: The model that made the mistakes; its exact map is then drawn beside each clip.
        calibrated: Whether the logits of the predictions are calibrated log-odds.
        on_clip: Told of clips done and clips in all.

    Raises:
        DataError: A video cannot be used.
        OutputError: A file cannot be written.
    """
    mistakes = [mistake for each in gallery.shown.values() for mistake in each]
    for kind in gallery.shown:
        (folder / kind).mkdir()
    scorer = ClipScorer(package) if package is not None else None
    frames = _decoded(collection, [mistake.clip for mistake in mistakes])
    for done, (mistake, clip) in enumerate(zip(mistakes, frames, strict=True), start=1):
        name = gallery.names[mistake.clip.id]
        write_gif(folder / mistake.kind / f"{name}.gif", _pictures(clip, scorer), GIF_FPS)
        on_clip(done, len(mistakes))
    page = _page(gallery, collection, package, calibrated)
    write_whole(folder / PAGE, page.encode(), what="the gallery", hint=HINT)


def _decoded(collection: Collection, clips: Sequence[LabelledClip]) -> Iterator[Picture]:
    """The frames of each clip, shape (L, S, S, 3): as they were recorded where all are alike."""
    sizes = collection.sizes(clips) if isinstance(collection, SizedCollection) else set()
    side = sizes.pop() if len(sizes) == 1 else CELL_SIDE
    for start in range(0, len(clips), PORTION):
        decoded = collection.load(clips[start : start + PORTION], side).in_memory()
        for frames in decoded.frames:
            yield np.ascontiguousarray(frames.permute(0, 2, 3, 1).numpy())


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


def _page(
    gallery: Gallery, collection: Collection, package: ModelPackage | None, calibrated: bool
) -> str:
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
        data=collection.title,
        of_cells=isinstance(collection, CellCollection),
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
