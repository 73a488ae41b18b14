"""Raw scores of held-out and rendered clips under each condition, by the models of folds."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

from stcnet.datasets import Cell
from stcnet.datasets.cells.protocols import fold_test
from stcnet.datasets.cells.records import CELL_SIDE, read_clips
from stcnet.evaluation.conditions import Condition, score_phases
from stcnet.evaluation.protocol import GROUPS, RISE
from stcnet.evaluation.rendered_views import SITUATIONS, RenderedCondition, film_scene
from stcnet.inference import Sampling
from stcnet.inference.phases import PhaseScorer
from stcnet.types import Picture

Logits: TypeAlias = dict[tuple[str, str], dict[str, float]]
"""By condition and fold, the raw score of each clip by its name."""
Heard: TypeAlias = Callable[[int, int], None]
"""Told of clips done and clips in all."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class _Score(NamedTuple):
    condition: str
    fold: str
    clip: str
    logit: float


@dataclass(frozen=True, slots=True)
class FoldModel:
    """The model of a fold, which has not seen the clips that the fold tests.

    Attributes:
        scorer: Prepares and scores frames as a model package does.
        sampling: How many frames it judges together.
    """

    scorer: PhaseScorer
    sampling: Sampling


def held_out_cells(
    cells: Sequence[Cell], folds: Iterable[str], at_most: int | None = None
) -> dict[str, list[Cell]]:
    """The RISE clips that each fold tests, or a thinner sample of as many strata.

    Args:
        cells: All of them.
        folds: Names of the shared cells' folds.
        at_most: About how many clips a fold keeps; their weights grow so that they stand for as
            many clips as before. None for all.
    """
    tested = {fold: fold_test(cells, fold) or [] for fold in folds}
    kept = {fold: [cell for cell in own if GROUPS[RISE](cell)] for fold, own in tested.items()}
    return {
        fold: own if at_most is None or at_most >= len(own) else _thinned(own, at_most / len(own))
        for fold, own in kept.items()
        if own
    }


def _thinned(cells: Sequence[Cell], share: float) -> list[Cell]:
    """A share of each stratum, at least one clip, evenly chosen in its order."""
    strata: dict[object, list[Cell]] = defaultdict(list)
    for cell in cells:
        strata[cell.split, cell.label, cell.baseline_prediction, cell.site].append(cell)
    chosen: list[Cell] = []
    for members in strata.values():
        count = min(len(members), max(1, round(share * len(members))))
        part = [members[k * len(members) // count] for k in range(count)]
        whole = sum(cell.population_weight for cell in members)
        factor = whole / sum(cell.population_weight for cell in part)
        chosen += [
            cell.model_copy(update={"population_weight": factor * cell.population_weight})
            for cell in part
        ]
    return chosen


def score_recorded(
    folder: Path,
    models: Mapping[str, FoldModel],
    tested: Mapping[str, Sequence[Cell]],
    conditions: Sequence[Condition],
    *,
    threads: int = 1,
    heard: Heard = lambda done, total: None,
) -> Logits:
    """Score the clips of each fold under each condition; every mosaic is decoded once.

    Args:
        folder: Where the mosaics lie.
        models: By fold; all take their frames alike.
        tested: By fold, the clips that it tests.
        conditions: What is done to them.
        threads: Clips that are scored at a time.
        heard: Told of progress.

    Raises:
        DataError: A mosaic is missing, of another size, or too short.
        ScoringError: A network gives values that are not finite.
    """
    folds: dict[str, list[str]] = defaultdict(list)
    for fold, own in tested.items():
        for cell in own:
            folds[cell.id].append(fold)
    known = {cell.id: cell for own in tested.values() for cell in own}
    wanted = list(known.values())

    def score(found: tuple[int, Picture]) -> list[_Score]:
        name = wanted[found[0]].id
        own = {fold: models[fold] for fold in folds[name]}
        return [
            _Score(condition.name, fold, name, logit)
            for condition in conditions
            for fold, logit in _score(own, condition, found[1], name).items()
        ]

    clips = read_clips(folder, wanted, CELL_SIDE)
    return _gathered(_in_threads(score, clips, threads), len(wanted), heard)


def _score(
    models: Mapping[str, FoldModel], condition: Condition, clip: Picture, name: str
) -> dict[str, float]:
    """What the models of some folds, which take their frames alike, say of a clip."""
    sampling = next(iter(models.values())).sampling
    phases = condition.phases(clip, sampling, name)
    return {fold: score_phases(model.scorer, phases) for fold, model in models.items()}


def score_rendered(
    models: Mapping[str, FoldModel],
    conditions: Sequence[RenderedCondition],
    seeds: Sequence[int],
    *,
    threads: int = 1,
    heard: Heard = lambda done, total: None,
) -> Logits:
    """Score rendered scenes under each condition by the models of all folds.

    Args:
        models: By fold; all judge as many frames together.
        conditions: How the scenes are filmed.
        seeds: Of the scenes; each is filmed empty, with steam, with smoke and with both.
        threads: Clips that are filmed and scored at a time.
        heard: Told of progress.

    Raises:
        ScoringError: A network gives values that are not finite.
    """
    frames = next(iter(models.values())).sampling.phase_frames
    jobs = [
        (condition, seed, situation)
        for condition in conditions
        for seed in seeds
        for situation in SITUATIONS
    ]

    def score(number: int) -> list[_Score]:
        condition, seed, situation = jobs[number]
        film = film_scene(condition, seed, situation, frames)
        return [
            _Score(condition.name, fold, f"{seed}/{situation}", score_phases(model.scorer, [film]))
            for fold, model in models.items()
        ]

    return _gathered(_in_threads(score, range(len(jobs)), threads), len(jobs), heard)


def _in_threads(
    work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int
) -> Iterator[_Result]:
    """Results in the order of the items, few of which wait at a time: a clip takes megabytes."""
    waiting: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _gathered(found: Iterable[list[_Score]], total: int, heard: Heard) -> Logits:
    logits: Logits = defaultdict(dict)
    for done, scores in enumerate(found, start=1):
        for each in scores:
            logits[each.condition, each.fold][each.clip] = each.logit
        heard(done, total)
    return dict(logits)
