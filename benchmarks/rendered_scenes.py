"""What a model package says of rendered scenes whose truth is known.

Watches empty scenes with hurried clouds, shadows, a camera that flickers and shakes, for a day in
all, and counts the events; then judges single clips of each kind: empty, steam alone, smoke, both,
by day and by night, and opaque smoke before a clear background. The scenes follow from their seeds
alone, so that two models can be compared row by row; ``--json`` keeps the numbers. ``--kinds``
picks rows; those of things that move and are no smoke are all called "empty, ...".
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import torch
from scipy.stats import binomtest

from stcnet.detection import episode_settings
from stcnet.events import find_episodes
from stcnet.inference import ClipScorer, ModelPackage, StreamScorer, bundled_package
from stcnet.synthesis.bustle import MOVERS
from stcnet.synthesis.draws import COLOURS, PlumeRanges
from stcnet.synthesis.scenes import Scene, Shot, shoot
from stcnet.synthesis.views import (
    BUSY,
    CLEAR,
    DAYLIGHT,
    DUSK,
    NIGHT,
    RESTLESS,
    STEAMING,
    Situation,
    ViewRanges,
    random_view,
)
from stcnet.types import WindowScore

SIDE: Final = 180
FIRST_SEED: Final = 5000
SCENE_HOURS: Final = 1
"""The day is made of scenes of an hour, each another plant in another weather."""

SMOKE: Final = PlumeRanges(
    extent=(0.25, 1.8),
    speed=(0.006, 0.08),
    lifetime_s=(4.0, 150.0),
    radius=(0.008, 0.04),
    opening=(0.0, 0.2),
    strength=(0.6, 8.0),
    spread=(0.05, 0.25),
    veer=(0.0, 0.0),
    churn=(0.08, 0.08),
    texture=(0.2, 0.9),
    period_s=(6.0, 60.0),
    brightness=(0.55, 1.1),
    steady=0.8,
    palette=(
        (COLOURS["white"], 3.0),
        (COLOURS["grey"], 3.0),
        (COLOURS["blue"], 2.0),
        (COLOURS["dark"], 2.0),
        (COLOURS["brown"], 1.5),
        (COLOURS["yellow"], 1.0),
        (COLOURS["rust"], 0.5),
        ((0.10, 0.10, 0.10), 0.6),
        (COLOURS["black"], 0.4),
    ),
)
"""Ranges of the judged smoke, apart from those of training: no model is judged on what its training
drew, and a seed gives the same scene to every model ever judged here."""
STEAM: Final = replace(
    SMOKE,
    extent=(0.15, 1.5),
    radius=(0.01, 0.06),
    opening=(0.0, 0.05),
    strength=(6.0, 40.0),
    spread=(0.08, 0.28),
    rise_share=(0.3, 1.0),
    texture=(0.4, 0.9),
    ambient=(0.3, 0.65),
    evaporation=(0.2, 1.0),
    brightness=(0.95, 1.15),
    steady=0.95,
    palette=(((0.88, 0.89, 0.90), 3.0), ((0.75, 0.76, 0.78), 1.0)),
)
"""The judged steam likewise."""
LENS: Final = (0.002, 0.006)
"""The judged lens likewise: its blur in picture heights."""
OPAQUE: Final = replace(
    SMOKE,
    extent=(0.5, 1.8),
    radius=(0.015, 0.04),
    strength=(10.0, 25.0),
    steady=1.0,
    intermittency=(0.0, 0.4),
    palette=tuple((COLOURS[name], 1.0) for name in ("black", "dark", "brown", "white")),
)
"""The judged opaque smoke likewise."""
HARD_EDGED: Final = replace(RESTLESS, shadow_edge=(0.0, 0.05))
"""Shadows with wisps and holes that no cloud casts; they look like thin, dark smoke."""
MANY_VENTS: Final = replace(DAYLIGHT, vents=STEAMING)
"""Days over a plant that lets off steam in many places, of which training draws none."""
_OPAQUE_ALPHA, _CLEAR_CHANGE, _CLEAR_SHARE = 0.9, 25.0, 0.01
_MOVER_CHANGE, _MOVER_SHARE = 8.0, 5e-4


@dataclass(frozen=True, slots=True)
class Kind:
    """Clips of one kind.

    Attributes:
        name: For the table.
        scene: The scene of a seed.
        wants: ``alarm`` or ``none``: what the model ought to say.
        goal: What is asked for, in words; empty where nothing is.
        fits: Whether a shot shows what the kind says; others are passed over.
    """

    name: str
    scene: Callable[[int], Scene]
    wants: str
    goal: str = ""
    fits: Callable[[Shot], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Row:
    """How often the model raised an alarm on the clips of a kind; the bounds are Wilson's 95 %."""

    kind: str
    wants: str
    goal: str
    clips: int
    alarms: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Day:
    """What came of the watch over empty scenes."""

    hours: float
    frames: int
    windows: int
    windows_alarmed: int
    events: int


def opaque_and_clear(shot: Shot) -> bool:
    """Whether opaque smoke changes a hundredth of the picture or more in half of the frames."""
    change = (shot.clean() - shot.background).abs().amax(1) > _CLEAR_CHANGE
    seen = (change & (shot.alpha() > _OPAQUE_ALPHA)).float().mean((1, 2)) > _CLEAR_SHARE
    return bool(seen.float().mean() >= 0.5)


def view(
    seed: int, situation: Situation, ranges: ViewRanges = DAYLIGHT, smoke: PlumeRanges = SMOKE
) -> Scene:
    """The judged view of a seed."""
    return random_view(seed, situation, replace(ranges, blur=LENS), smoke=smoke, steam=STEAM)


def coloured(*names: str) -> PlumeRanges:
    """The judged opaque smoke, of these colours alone."""
    return replace(OPAQUE, palette=tuple((COLOURS[name], 1.0) for name in names))


def mover_seen(shot: Shot) -> bool:
    """Whether something that is no smoke changes 16 pixels or more of 180 x 180 in some frame."""
    change = (shot.clean() - shot.background).abs().amax(1) > _MOVER_CHANGE
    moving = change & (shot.alpha("mover") > 0)
    return bool(moving.float().mean((1, 2)).max() > _MOVER_SHARE)


def moving(name: str) -> Kind:
    """Views without plumes in which a mover of this name can be seen, and nothing hurries."""
    ranges = replace(DAYLIGHT, movers=((name, 1.0),))
    return Kind(f"empty, {name}", lambda seed: view(seed, "empty", ranges), "none", "", mover_seen)


KINDS: Final = (
    Kind("empty", lambda seed: view(seed, "empty"), "none"),
    Kind("empty, hurried clouds and shadows, flicker, shake",
         lambda seed: view(seed, "empty", RESTLESS), "none"),
    Kind("empty, the same with hard-edged shadows",
         lambda seed: view(seed, "empty", HARD_EDGED), "none"),
    Kind("empty, the same without shadows",
         lambda seed: view(seed, "empty", replace(RESTLESS, shadow=(0.0, 0.0))), "none"),
    Kind("empty, night", lambda seed: view(seed, "empty", NIGHT), "none"),
    Kind("steam alone", lambda seed: view(seed, "steam"), "none", "under 5 %"),
    Kind("steam and its shadow on the land",
         lambda seed: view(seed, "steam", replace(CLEAR, sunlit=1.0)), "none"),
    Kind("steam alone, night", lambda seed: view(seed, "steam", NIGHT), "none"),
    Kind("many vents: steam", lambda seed: view(seed, "steam", MANY_VENTS), "none"),
    Kind("many vents: smoke and steam", lambda seed: view(seed, "mixed", MANY_VENTS), "alarm"),
    Kind("opaque smoke, clear background",
         lambda seed: view(seed, "smoke", CLEAR, smoke=OPAQUE), "alarm", "over 99 %",
         opaque_and_clear),
    Kind("opaque smoke, black to brown",
         lambda seed: view(seed, "smoke", CLEAR, smoke=coloured("black", "dark", "brown")), "alarm",
         "", opaque_and_clear),
    Kind("opaque smoke, white",
         lambda seed: view(seed, "smoke", CLEAR, smoke=coloured("white")), "alarm",
         "", opaque_and_clear),
    Kind("smoke, thin to thick", lambda seed: view(seed, "smoke"), "alarm"),
    Kind("smoke and steam", lambda seed: view(seed, "mixed"), "alarm"),
    Kind("smoke, night", lambda seed: view(seed, "smoke", NIGHT), "alarm"),
    Kind("smoke, grey picture",
         lambda seed: view(seed, "smoke", replace(DAYLIGHT, grey=1.0)), "alarm"),
    Kind("empty, sunrise or sunset", lambda seed: view(seed, "empty", DUSK), "none"),
    *(moving(name) for name in MOVERS),
    Kind("smoke, much else moves", lambda seed: view(seed, "smoke", BUSY), "alarm"),
)  # fmt: skip


def shots(kind: Kind, clips: int, times_s: torch.Tensor) -> Iterator[Shot]:
    """The first ``clips`` shots of a kind that show what it says, by their seeds."""
    seed, given = FIRST_SEED, 0
    while given < clips:
        shot = shoot(kind.scene(seed), times_s, SIDE, SIDE)
        seed += 1
        if kind.fits(shot):
            given += 1
            yield shot


def judge(kind: Kind, clips: int, package: ModelPackage, threads: int) -> Row:
    """Judge clips of a kind at the package's alarm threshold."""
    sampling = package.manifest.sampling
    times_s = torch.arange(sampling.window_frames) * sampling.interval_s
    scorer = ClipScorer(package, threads=threads)
    alarms = sum(
        scorer.score(shot.frames).probability >= package.calibration.alarm_threshold
        for shot in shots(kind, clips, times_s)
    )
    bounds = binomtest(alarms, clips).proportion_ci(method="wilson")
    return Row(
        kind.name, kind.wants, kind.goal, clips, alarms, alarms / clips, bounds.low, bounds.high
    )


def watch(hours: float, package: ModelPackage, threads: int) -> Day:
    """Watch empty scenes frame by frame, as ``stcnet detect`` does, and count the events."""
    settings = episode_settings(package.calibration)
    frames, scores, events = 0, [], 0
    for number in range(max(1, round(hours / SCENE_HOURS))):
        seen, found = watch_scene(number, min(hours, SCENE_HOURS), package, threads)
        frames, events = frames + seen, events + len(find_episodes(found, settings))
        scores += found
    alarmed = sum(score.probability >= settings.on_threshold for score in scores)
    return Day(hours, frames, len(scores), alarmed, events)


def watch_scene(
    number: int, hours: float, package: ModelPackage, threads: int
) -> tuple[int, list[WindowScore]]:
    """Frames seen and windows judged of one scene."""
    sampling, scorer = package.manifest.sampling, StreamScorer(package, threads=threads)
    scene = view(FIRST_SEED + number, "empty", RESTLESS)
    times_s = torch.arange(round(3600 * hours / sampling.interval_s)) * sampling.interval_s
    scores = []
    for part, chunk in enumerate(torch.split(times_s, sampling.window_frames)):
        # Shake and flicker follow from seed and time; only the noise needs another seed each part.
        frames = shoot(scene, chunk, SIDE, SIDE, grain=part).frames
        for time_s, frame in zip(chunk.tolist(), frames, strict=True):
            if verdict := scorer.push(frame):
                start_s = time_s - sampling.window_s
                scores.append(WindowScore("view", start_s, time_s, verdict.probability))
    return len(times_s), scores


def print_tables(day: Day | None, rows: list[Row]) -> None:
    """Print the numbers as Markdown."""
    if day:
        share = day.windows_alarmed / max(1, day.windows)
        print("| empty scenes, hours | frames | windows | of these with an alarm | events |")
        print("| --- | --- | --- | --- | --- |")
        print(f"| {day.hours:g} | {day.frames} | {day.windows} | {share:.3f} | {day.events} |\n")
    if not rows:
        return
    print("| clips | wanted | goal | n | alarms | share | 95 % interval |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        numbers = f"{row.clips} | {row.alarms} | {row.share:.3f} | {row.low:.3f}..{row.high:.3f}"
        print(f"| {row.kind} | {row.wants} | {row.goal or '-'} | {numbers} |")


def chosen_kinds(start: str) -> list[Kind]:
    """Kinds whose name begins so."""
    return [kind for kind in KINDS if kind.name.startswith(start)]


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--model", type=Path, help="model package; else the bundled one")
    parser.add_argument("--hours", type=float, default=24.0, help="of empty scenes; 0: none")
    parser.add_argument("--clips", type=int, default=100, help="of each kind; 0: none")
    parser.add_argument("--kinds", default="", help="only kinds whose name begins with this")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    given = parser.parse_args()
    if not chosen_kinds(given.kinds):
        known = "; ".join(kind.name for kind in KINDS)
        parser.error(f"--kinds {given.kinds!r}: no kind begins so; known: {known}")
    return given


def main() -> None:
    """Measure and print."""
    given = arguments()
    torch.set_num_threads(given.threads)
    package = ModelPackage.load(given.model or bundled_package())
    day = watch(given.hours, package, given.threads) if given.hours > 0 else None
    kinds = chosen_kinds(given.kinds) if given.clips > 0 else []
    rows = [judge(kind, given.clips, package, given.threads) for kind in kinds]
    print(f"Model {package.source.name}, sha256 {package.sha256}, "
          f"alarm threshold {package.calibration.alarm_threshold:.3f}\n")  # fmt: skip
    print_tables(day, rows)
    if given.json:
        stored = {
            "model": package.source.name,
            "sha256": package.sha256,
            "threshold": package.calibration.alarm_threshold,
            "day": asdict(day) if day else None,
            "kinds": [asdict(row) for row in rows],
        }
        given.json.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
