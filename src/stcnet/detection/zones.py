"""From the zones an operator names to rectangles of the picture."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from stcnet.errors import ZoneError
from stcnet.preprocess import centred_square
from stcnet.reports import ReportZone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stcnet.types import PixelBox, Zone
    from stcnet.video import SourceInfo

logger = logging.getLogger(__name__)

VIEW = "view"
"""Name of the one zone of a source for which none is named."""

MOST_UNJUDGED = 0.25
"""Share of the picture that the centred square may leave out without a warning."""

FEWEST_PIXELS = 16
"""Side in pixels below which a zone, or the whole picture, is warned of."""

MOST_STRETCHED = 2.0
"""Ratio of a zone's sides up to which it is squeezed into the model's square input silently."""


def place_zones(zones: Sequence[Zone], info: SourceInfo) -> list[ReportZone]:
    """Place zones in the pictures of a source; without any, the centred square is the one zone.

    What the operator should know (much of the picture not judged, a zone far from square) is
    logged as a warning.

    Raises:
        ZoneError: Two zones have one name, or a zone reaches outside the picture or covers less
            than one pixel.
    """
    if not zones:
        return [ReportZone(VIEW, _square(info))]
    name, count = Counter(zone.name for zone in zones).most_common(1)[0]
    if count > 1:
        raise ZoneError(
            f"{count} zones have the same name", got=name, hint="give each zone a name of its own"
        )
    placed = [ReportZone(zone.name, zone.to_pixels(info.width, info.height)) for zone in zones]
    for zone in placed:
        _warn_of_stretching(zone, info)
        _warn_of_smallness(zone, info)
    return placed


def _square(info: SourceInfo) -> PixelBox:
    side, longest = sorted((info.width, info.height))
    unjudged = 1 - side / longest
    if side < FEWEST_PIXELS:
        logger.warning(
            "%s: a picture of %dx%d pixels is too small to show smoke; film with more",
            *(info.name, info.width, info.height),
        )
    if unjudged > MOST_UNJUDGED:
        logger.warning(
            "%s: %.0f %% of the picture's %s is not judged; name zones with --zone",
            *(info.name, 100 * unjudged, "width" if info.width > info.height else "height"),
        )
    return centred_square(info.width, info.height)


def _warn_of_smallness(zone: ReportZone, info: SourceInfo) -> None:
    width, height = zone.box.width, zone.box.height
    if min(width, height) < FEWEST_PIXELS:
        logger.warning(
            "%s: zone %s of %dx%d pixels is too small to show smoke; make it larger, or give "
            "fractions that are all at most 1",
            *(info.name, zone.name, width, height),
        )


def _warn_of_stretching(zone: ReportZone, info: SourceInfo) -> None:
    width, height = zone.box.width, zone.box.height
    if max(width, height) > MOST_STRETCHED * min(width, height):
        logger.warning(
            "%s: zone %s of %dx%d pixels is squeezed into the model's square picture; "
            "make it nearer to a square",
            *(info.name, zone.name, width, height),
        )
