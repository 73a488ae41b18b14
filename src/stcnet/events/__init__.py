"""From window scores to episodes of smoke and their statistics: pure functions in seconds."""

from stcnet.events.attribution import TOUCH_TOLERANCE_S, attribute_time, scores_by_zone
from stcnet.events.episodes import EpisodeSettings, find_episodes
from stcnet.events.spans import gaps, intersection, total_s, union
from stcnet.events.statistics import Statistics, Summary, summarise

__all__ = [
    "TOUCH_TOLERANCE_S",
    "EpisodeSettings",
    "Statistics",
    "Summary",
    "attribute_time",
    "find_episodes",
    "gaps",
    "intersection",
    "scores_by_zone",
    "summarise",
    "total_s",
    "union",
]
