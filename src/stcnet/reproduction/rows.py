"""The rows of the field's table on RISE: how each is trained here, and what was published of it.

The table is that of the README of Cao et al. (STCNet, https://arxiv.org/abs/2011.04863): its first
ten rows are taken from Hsu et al. (RISE, https://arxiv.org/abs/2005.06111), its last three are its
own. The two do not print the same F: see :class:`Published`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from stcnet.errors import ConfigError

SPLITS = ("S0", "S1", "S2", "S3", "S4", "S5")
"""The splits of RISE; S3 is by date, the others are by camera view."""

Slot = Literal[
    "kinetics-rgb",
    "kinetics-flow",
    "imagenet-seresnext50",
    "imagenet-mobilenetv2",
    "imagenet-ghostnetv2",
]
"""A file of pretrained weights that a user may name."""

FScore = Literal["smoke_f1", "weighted_f1"]

RISE = "Hsu et al., AAAI 2021 (RISE), as printed by Cao et al."
STCNET = "Cao et al., Multimedia Tools and Applications 81, 2022 (STCNet)"
MAZINGA = "MazingaSmoke v2, 2026"

FLOW = "TV-L1 by scikit-image, not by OpenCV: flows are alike, not equal"
FEATURES = "features standardised and averaged over time; RISE puts the steps side by side"
OPTIMISER = "AdamW and a cosine: the optimiser of the paper is not in its code"


@dataclass(frozen=True, slots=True)
class Published:
    """What was published of a method on RISE.

    Attributes:
        scores: F-score of each split, 0..1.
        average: As printed.
        metric: Which of our metrics may be set beside it. RISE prints F1 of the smoke class. The
            rows of STCNet do not say which F they are; over the splits they follow the F1 that is
            averaged over both classes by their prevalence, not the smoke F1.
        source: Where it was published.
        latency_ms: Of one clip on one RTX 2080 Ti.
        labels: ``revised`` where the test labels were changed first, which no score of the
            published labels can be set beside.
    """

    scores: Mapping[str, float]
    average: float
    metric: FScore
    source: str
    latency_ms: float | None = None
    labels: Literal["published", "revised"] = "published"

    @property
    def decimals(self) -> int:
        """With how many the scores of splits were printed."""
        exact = all(round(score, 2) == score for score in self.scores.values())
        return 2 if exact else 3


@dataclass(frozen=True, slots=True)
class Row:
    """One method of the table.

    Attributes:
        name: For the command line, and of its folder.
        title: As the table prints it.
        recipe: Bundled recipe that trains it, or the one whose network gives the features.
        classifier: ``network`` is trained end to end; ``svm`` is fitted to features of a network
            that stays as it starts.
        pictures: What it looks at.
        published: What is known of it, None for a method of our own.
        slot: The pretrained weights that it was published with; None where it starts from another
            row, or where the recipe's own start is as it should be.
        after: Row whose network, trained on the same split, it was published to start from.
        permuted: The frames of held-out clips stand in random order, as those of training do.
        departure: How ours is known to differ from what was published, for people.
    """

    name: str
    title: str
    recipe: str
    published: Published | None = None
    classifier: Literal["network", "svm"] = "network"
    pictures: Literal["rgb", "flow"] = "rgb"
    slot: Slot | None = None
    after: str | None = None
    permuted: bool = False
    departure: str | None = None


def _by_split(*scores: float) -> dict[str, float]:
    return dict(zip(SPLITS, scores, strict=True))


def _rise(*scores: float, average: float, latency_ms: float | None = None) -> Published:
    return Published(_by_split(*scores), average, "smoke_f1", RISE, latency_ms)


def _stcnet(*scores: float, average: float, latency_ms: float) -> Published:
    return Published(_by_split(*scores), average, "weighted_f1", STCNET, latency_ms)


ROWS: tuple[Row, ...] = (
    Row(
        "flow-svm",
        "Flow-SVM",
        "flow-i3d",
        _rise(0.42, 0.59, 0.47, 0.63, 0.52, 0.47, average=0.517),
        classifier="svm",
        pictures="flow",
        slot="kinetics-flow",
        departure=f"{FLOW}; {FEATURES}",
    ),
    Row(
        "flow-i3d",
        "Flow-I3D",
        "flow-i3d",
        _rise(0.55, 0.58, 0.51, 0.68, 0.65, 0.50, average=0.578),
        pictures="flow",
        slot="kinetics-flow",
        departure=FLOW,
    ),
    Row(
        "rgb-svm",
        "RGB-SVM",
        "i3d",
        _rise(0.57, 0.70, 0.67, 0.67, 0.57, 0.53, average=0.618),
        classifier="svm",
        slot="kinetics-rgb",
        departure=FEATURES,
    ),
    Row(
        "rgb-i3d",
        "RGB-I3D",
        "i3d",
        _rise(0.80, 0.84, 0.82, 0.87, 0.82, 0.75, average=0.817, latency_ms=30.56),
        slot="kinetics-rgb",
    ),
    Row(
        "rgb-i3d-nd",
        "RGB-I3D-ND",
        "i3d-nd",
        _rise(0.76, 0.79, 0.81, 0.86, 0.76, 0.68, average=0.777),
        slot="kinetics-rgb",
    ),
    Row(
        "rgb-i3d-fp",
        "RGB-I3D-FP",
        "i3d-fp",
        _rise(0.76, 0.81, 0.82, 0.87, 0.81, 0.71, average=0.797),
        slot="kinetics-rgb",
        permuted=True,
    ),
    Row(
        "rgb-i3d-tsm",
        "RGB-I3D-TSM",
        "i3d-tsm",
        _rise(0.81, 0.84, 0.82, 0.87, 0.80, 0.74, average=0.813, latency_ms=31.85),
        slot="kinetics-rgb",
    ),
    Row(
        "rgb-i3d-lstm",
        "RGB-I3D-LSTM",
        "i3d-lstm",
        _rise(0.80, 0.84, 0.82, 0.85, 0.83, 0.74, average=0.813, latency_ms=31.01),
        after="rgb-i3d",
    ),
    Row(
        "rgb-i3d-nl",
        "RGB-I3D-NL",
        "i3d-nl",
        _rise(0.81, 0.84, 0.83, 0.87, 0.81, 0.74, average=0.817, latency_ms=30.32),
        slot="kinetics-rgb",
        departure="non-local blocks behind the two 3x3x3 convolutions of the module, not all six",
    ),
    Row(
        "rgb-i3d-tc",
        "RGB-I3D-TC",
        "i3d-tc",
        _rise(0.81, 0.84, 0.84, 0.87, 0.81, 0.77, average=0.823, latency_ms=30.41),
        after="rgb-i3d",
    ),
    Row(
        "plain-seresnext50",
        "Plain SE-ResNeXt",
        "plain-seresnext50",
        _stcnet(0.83, 0.82, 0.84, 0.85, 0.78, 0.83, average=0.826, latency_ms=22.10),
        slot="imagenet-seresnext50",
        departure=OPTIMISER,
    ),
    Row(
        "stcnet-mobilenetv2",
        "STCNet (MobileNetV2)",
        "stcnet-mobilenetv2",
        _stcnet(0.86, 0.88, 0.87, 0.89, 0.84, 0.86, average=0.868, latency_ms=9.12),
        slot="imagenet-mobilenetv2",
        departure=OPTIMISER,
    ),
    Row(
        "stcnet-seresnext50",
        "STCNet (SE-ResNeXt-50)",
        "stcnet-seresnext50",
        _stcnet(0.88, 0.89, 0.90, 0.90, 0.86, 0.88, average=0.885, latency_ms=23.49),
        slot="imagenet-seresnext50",
        departure=OPTIMISER,
    ),
    Row(
        "mazinga",
        "MazingaSmoke v2",
        "mazinga",
        Published(
            _by_split(0.847, 0.880, 0.888, 0.921, 0.854, 0.813),
            0.867,
            "smoke_f1",
            MAZINGA,
            labels="revised",
        ),
        slot="imagenet-ghostnetv2",
        departure="without Lookahead, and trained on the labels as RISE published them",
    ),
    Row("flagship", "STCNet flagship (this package)", "flagship"),
)
"""In the order of the table."""


def named_row(name: str) -> Row:
    """The row of a name.

    Raises:
        ConfigError: There is no such row.
    """
    for row in ROWS:
        if row.name == name:
            return row
    raise ConfigError(
        "there is no such row",
        where="--rows",
        got=name,
        allowed=", ".join(row.name for row in ROWS),
    )


def chosen_rows(names: Sequence[str]) -> list[Row]:
    """The rows of these names and those they start from, in the order of the table.

    Args:
        names: All rows if there is none.

    Raises:
        ConfigError: There is no such row.

    >>> [row.name for row in chosen_rows(["flagship", "rgb-i3d-tc"])]
    ['rgb-i3d', 'rgb-i3d-tc', 'flagship']
    """
    asked = [named_row(name) for name in names] or list(ROWS)
    wanted = {row.name for row in asked} | {row.after for row in asked}
    return [row for row in ROWS if row.name in wanted]
