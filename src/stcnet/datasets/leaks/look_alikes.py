"""Clips that show one recording or one scene again, and the guard that keeps them apart.

Thresholds were chosen on the shared cells of RISE; ``benchmarks/look_alikes.py`` prints how well
they find the duplicate groups that are listed there, and clips that were coded, scaled, brightened
or shifted anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.leaks.signatures import (
    MOTION_SHAPE,
    SHADES_SIZE,
    Signatures,
    parted,
    signatures,
)
from stcnet.errors import DataError
from stcnet.wording import counted

if TYPE_CHECKING:
    from stcnet.datasets.clips import ClipSet

SAME_MOTION: Final = 0.72
"""Agreement of motion from which two clips are one recording."""
SAME_SCENE: Final = 0.98
"""Agreement of scenes from which two clips are of one place in one light, minutes apart."""
SAME_SHADES: Final = 0.985
"""Agreement of the shades of two dim pictures from which their scenes are the same."""
DIM: Final = 14.0
"""Contrast of a picture in grey levels, as root mean square, below which it is dim, as in fog."""
STILL_SCENE: Final = 0.995
"""The same for clips in which nothing moves: they are then one recording."""
LEAST_SCENE: Final = 0.9
"""Agreement of scenes below which motion is not looked at."""

_NEVER: Final = 2.0
"""More than any agreement."""
_STILL: Final = 0.03
"""Motion in grey levels, as root mean square, below which a clip is still."""
_LEAST_OVERLAP: Final = 12
"""Differences that two shifted clips must have in common."""
_SHORT_OVERLAP: Final = 0.25
"""Power of the common share by which agreement over a part counts less: chance does more there."""
_CLIPS: Final = 1024
_PAIRS: Final = 4096


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Two clips that look alike.

    Attributes:
        first, second: Their positions.
        scene: Agreement of their scenes, at most 1; just enough for one scene where only their
            shades agree.
        motion: Agreement of their motion, at most 1; 0 where one of them is still.
    """

    first: int
    second: int
    scene: float
    motion: float

    @property
    def same_recording(self) -> bool:
        """Whether they show the same moments; if not, the same place in the same light."""
        return self.motion >= SAME_MOTION

    @property
    def similarity(self) -> float:
        """What they were found by: agreement of motion in one recording, else of scenes."""
        return self.motion if self.same_recording else self.scene

    def __str__(self) -> str:
        return f"motion {self.motion:.2f}, scene {self.scene:.3f} alike"


def near_duplicates(
    rows: Signatures,
    others: Signatures | None = None,
    *,
    least_scene: float | None = SAME_SCENE,
) -> list[LookAlike]:
    """Find the pairs of clips that show one recording or one scene.

    Takes time with the square of the clips: for all of RISE see ``benchmarks/look_alikes.py``.

    Args:
        rows: Of :func:`~stcnet.datasets.leaks.signatures.signatures`, shape (N, D).
        others: Compare with these, shape (M, D); left out, the clips among themselves.
        least_scene: Agreement of scenes that makes a pair whatever moves; None: only one
            recording makes a pair.

    Returns:
        The pairs, those of one recording first, then by falling similarity; ``second`` counts in
        ``others`` where given, else ``first < second``.
    """
    scenes, shades, motions = ours = parted(rows)
    other_scenes, other_shades, other_motions = ours if others is None else parted(others)
    enough = _NEVER if least_scene is None else least_scene
    found = []
    one, two = (scenes, shades), (other_scenes, other_shades)
    for pairs, alike in _alike_scenes(one, two, within=others is None):
        agreed = motion_agreement(motions[pairs[:, 0]], other_motions[pairs[:, 1]], alike)
        kept = (agreed >= SAME_MOTION) | (alike >= enough)
        found += [
            LookAlike(first, second, scene, motion)
            for (first, second), scene, motion in zip(
                pairs[kept].tolist(), alike[kept].tolist(), agreed[kept].tolist(), strict=True
            )
        ]
    return sorted(found, key=lambda pair: (not pair.same_recording, -pair.similarity, pair.first))


Still = tuple[Tensor, Tensor]
"""Scenes and shades of some clips."""


def _alike_scenes(one: Still, two: Still, *, within: bool) -> Iterator[tuple[Tensor, Tensor]]:
    """Positions, shape (P, 2), and agreement, shape (P,), of pairs of one view, by blocks."""
    for row in range(0, len(one[0]), _CLIPS):
        for column in range(row if within else 0, len(two[0]), _CLIPS):
            scores = _scene_agreement(
                (one[0][row : row + _CLIPS], one[1][row : row + _CLIPS]),
                (two[0][column : column + _CLIPS], two[1][column : column + _CLIPS]),
            )
            if within and row == column:
                scores = scores.triu(1)
            pairs = (scores >= LEAST_SCENE).nonzero()
            alike = scores[pairs[:, 0], pairs[:, 1]]
            pairs += torch.tensor([row, column])
            for start in range(0, len(pairs), _PAIRS):
                yield pairs[start : start + _PAIRS], alike[start : start + _PAIRS]


def _scene_agreement(one: Still, two: Still) -> Tensor:
    """Agreement of the scenes of each pair, shape (N, M); of dim pictures the shades may decide."""
    scores = one[0] @ two[0].T
    sizes = [shades.norm(dim=1) for _, shades in (one, two)]
    most = DIM * SHADES_SIZE**0.5
    dim = (sizes[0] < most)[:, None] & (sizes[1] < most)
    shared = one[1] @ two[1].T / (sizes[0][:, None] * sizes[1]).clamp(min=1.0)
    return torch.where(dim & (shared >= SAME_SHADES), scores.clamp(min=SAME_SCENE), scores)


def motion_agreement(one: Tensor, two: Tensor, alike: Tensor) -> Tensor:
    """The best correlation of two motions over all shifts in time, for each of P pairs.

    Args:
        one: Motions, shape (P, 32, 64).
        two: Those of the other clips.
        alike: Agreement of their scenes, shape (P,); it decides for pairs that are both still.

    Returns:
        Shape (P,), at most 1.
    """
    moments = MOTION_SHAPE[0]
    products = one @ two.transpose(1, 2)
    noise = _STILL**2 * MOTION_SHAPE[1]
    first = one.square().sum(2) + noise
    second = two.square().sum(2) + noise
    best = torch.zeros(len(one))
    for shift in range(_LEAST_OVERLAP - moments, moments - _LEAST_OVERLAP + 1):
        common = moments - abs(shift)
        early, late = max(0, -shift), max(0, shift)
        strength = first[:, early : early + common].sum(1) * second[:, late : late + common].sum(1)
        shared = products.diagonal(shift, 1, 2).sum(1) / strength.sqrt()
        best = best.maximum(shared * (common / moments) ** _SHORT_OVERLAP)
    still = (first.mean(1) < 2 * noise) & (second.mean(1) < 2 * noise)
    return torch.where(still, (alike >= STILL_SCENE).float(), best)


def look_alike_groups(clips: int, pairs: Sequence[LookAlike]) -> list[tuple[int, ...]]:
    """The clips that hang together by pairs, in the order of their first clip.

    Args:
        clips: Number of all clips.
        pairs: Which of them look alike.

    Returns:
        Positions in rising order, two or more a group.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.array([(pair.first, pair.second) for pair in pairs], dtype=np.int64).reshape(-1, 2)
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(clips, clips))
    _, numbers = connected_components(links, directed=False)
    members: dict[int, list[int]] = {}
    for position, number in enumerate(numbers.tolist()):
        members.setdefault(number, []).append(position)
    return [tuple(group) for group in members.values() if len(group) > 1]


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """What is kept of clips to compare others with, once their frames are gone.

    Attributes:
        ids: Of N clips.
        rows: Their signatures, shape (N, D).
    """

    ids: tuple[str, ...]
    rows: Signatures

    @classmethod
    def of(cls, clips: ClipSet) -> Described:
        """Describe decoded clips."""
        return cls(clips.ids, signatures(clips))


BOTH_LISTED: Final = "leave one of the two out; stcnet data duplicates lists all of a data set"


def refuse_look_alikes(
    train: ClipSet | Described, test: ClipSet | Described, *, hint: str = BOTH_LISTED
) -> None:
    """The guard that looks: no test clip may be trained on under another name.

    It finds a clip that was coded, scaled, brightened or cut anew. Another clip of the same scene,
    minutes away, is left to the guard that knows times and groups: static cameras see one scene in
    one light on other days too.

    Args:
        train: The clips trained on, decoded, RGB; or what is kept of them.
        test: The clips tested on, likewise.
        hint: What to do about it, for the message.

    Raises:
        DataError: A clip of the one shows the recording of a clip of the other.
        ValueError: The clips are not RGB.
    """
    ours, theirs = (
        side if isinstance(side, Described) else Described.of(side) for side in (train, test)
    )
    pairs = near_duplicates(ours.rows, theirs.rows, least_scene=None)
    if pairs:
        raise DataError(
            "a training clip shows a test clip again",
            where=ours.ids[pairs[0].first],
            got=f"{pairs[0]} test clip {theirs.ids[pairs[0].second]}{_more(len(pairs))}",
            hint=hint,
        )


def _more(pairs: int) -> str:
    return f", and {counted(pairs - 1, 'more pair')}" if pairs > 1 else ""
