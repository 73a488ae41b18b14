"""Episode settings from a model's calibration and what the operator says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from stcnet.errors import ConfigError
from stcnet.events import EpisodeSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stcnet.inference import Calibration, OperatingPoint

OPTIONS = {"shortest_s": "--shortest", "merge_gap_s": "--merge-gap"}
"""How the operator says each length of time."""


def episode_settings(
    calibration: Calibration,
    *,
    threshold: float | None = None,
    off_threshold: float | None = None,
    shortest_s: float | None = None,
    merge_gap_s: float | None = None,
) -> EpisodeSettings:
    """The settings to use with a model: its own alarm thresholds where none are given.

    The threshold of its verdicts on clips has no say here.

    Args:
        calibration: The model's.
        threshold: Calibrated probability, above 0 and at most 1, that starts an episode. Given
            alone, it takes the model's off-threshold along, in proportion.
        off_threshold: Calibrated probability, at most ``threshold``, below which one ends.
        shortest_s: Episodes shorter than this many seconds are dropped.
        merge_gap_s: Episodes at most this many seconds apart become one.

    Raises:
        ConfigError: A value is out of range.
    """
    own = calibration.alarm_threshold
    on = own if threshold is None else threshold
    _require_thresholds(on, off_threshold)
    if off_threshold is None:
        ratio = calibration.off_threshold / own if own else 0.0
        off_threshold = min(on * ratio, on)
    given: dict[str, Any] = {"shortest_s": shortest_s, "merge_gap_s": merge_gap_s}
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return EpisodeSettings(on_threshold=on, off_threshold=off_threshold, **chosen)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        (name,) = first["loc"]
        raise ConfigError(
            first["msg"], where=f"{name} ({OPTIONS[str(name)]})", got=first["input"]
        ) from error


def _require_thresholds(on: float, off: float | None) -> None:
    if not 0 < on <= 1:
        raise ConfigError(
            "this is no probability that smoke can reach",
            where="--threshold",
            got=f"{on:g}",
            allowed="above 0, at most 1",
        )
    if off is not None and not 0 <= off <= on:
        raise ConfigError(
            "episodes cannot end above the probability at which they start",
            where="--off-threshold",
            got=f"{off:g}",
            allowed=f"0 to the threshold of {on:g}",
            hint="lower it, or raise --threshold",
        )


def operating_point(points: Sequence[OperatingPoint], alarms_per_day: float) -> OperatingPoint:
    """The operating point of a model for a rate of false alarms; it has a threshold.

    Args:
        points: The model's.
        alarms_per_day: Most false alarms a camera-day, as one of the points has it.

    Raises:
        ConfigError: The model states none for this rate, or none that its clips could show.
    """
    where = "--alarms-per-day"
    for point in points:
        if point.alarms_per_day == alarms_per_day:
            if point.threshold is None:
                raise ConfigError(
                    f"the model states no threshold for {alarms_per_day:g} a camera-day",
                    where=where,
                    got=point.reason,
                    hint="ask for a higher rate, or set a --threshold",
                )
            return point
    stated = ", ".join(f"{point.alarms_per_day:g}" for point in points)
    raise ConfigError(
        "the model states no operating point for this rate",
        where=where,
        got=f"{alarms_per_day:g}",
        allowed=stated or "none: the model was made without held-out predictions",
        hint="set a --threshold, or take another --model",
    )
