"""Values of options: durations, zones, the model package."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.errors import ConfigError

if TYPE_CHECKING:
    from stcnet.inference import ModelPackage
    from stcnet.types import Zone

_DURATION = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?(?P<unit>ms|s|m|min|h|)")
_UNIT_S = {"ms": 1e-3, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}

INT8 = "int8"
"""Stands for the bundled package in 8 bits."""

FrameInterval = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="World time between consecutive frames of a time-lapse, such as 5s; "
        "overrides what the source says.",
        show_default="from the source",
    ),
]
ModelPath = Annotated[
    Path | None,
    typer.Option(
        metavar="PACKAGE",
        help="The .stcnet model package; or int8, the bundled one in 8 bits.",
        show_default="the bundled one",
    ),
]
Stabilise = Annotated[
    bool,
    typer.Option("--stabilise", help="Hold the picture of a shaking camera still."),
]
Zones = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=x,y,w,h",
        help="Part of the picture to judge: left, top, width, height in pixels, or in fractions "
        "where none is above 1. May be given several times.",
        show_default="the centred square",
    ),
]
OneZone = Annotated[
    list[str] | None,
    typer.Option(
        "--zone",
        metavar="NAME=x,y,w,h",
        help="Part of the picture to judge, as for detect, but one.",
        show_default="the centred square",
    ),
]


def parse_duration(text: str, option: str) -> float:
    """Seconds in a text such as ``5s``, ``5``, ``500ms``, ``2m`` or ``1h``.

    Args:
        text: The value as it was given.
        option: The option it was given to, for the message.

    Raises:
        ConfigError: It has another form.

    >>> [parse_duration(text, "--shortest") for text in ("500ms", "5", "1.5m", "1h")]
    [0.5, 5.0, 90.0, 3600.0]
    """
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match["number"]) * _UNIT_S[match["unit"]] if match else math.nan
    if not math.isfinite(seconds):
        raise ConfigError(
            "this is not a length of time",
            where=option,
            got=repr(text),
            allowed="a number and ms, s, m or h, such as 5s",
        )
    return seconds


def optional_duration(text: str | None, option: str) -> float | None:
    """As :func:`parse_duration`; None stays None."""
    return None if text is None else parse_duration(text, option)


def parse_zones(texts: list[str] | None) -> list[Zone]:
    """The zones in the values of ``--zone``.

    Raises:
        ZoneError: One has another form or no area.
    """
    from stcnet.types import Zone

    return [Zone.parse(text) for text in texts or ()]


def parse_one_zone(texts: list[str] | None) -> Zone | None:
    """The zone in the values of ``--zone`` of a command that judges one; None without any.

    Raises:
        ConfigError: There are several.
        ZoneError: It has another form or no area.
    """
    zones = parse_zones(texts)
    if len(zones) > 1:
        raise ConfigError("a clip is judged in one zone", where="--zone", got=len(zones))
    return zones[0] if zones else None


def load_package(path: Path | None) -> ModelPackage:
    """Load a model package; None is the bundled one, and the word ``int8`` its smaller form.

    Raises:
        PackageError: It is missing, damaged, unsafe, or does not score as it promises.
    """
    from stcnet.inference import ModelPackage, bundled_package

    if path is None:
        path = bundled_package()
    elif path == Path(INT8):
        path = bundled_package("int8")
    return ModelPackage.load(path)
