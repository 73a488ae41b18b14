"""From clips to the tensors of one training step."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from stcnet.datasets.augmentation import (
    AugmentationSettings,
    build_augmentation,
    draw_varied_frames,
)
from stcnet.datasets.cells.records import FRAME_INTERVAL_S
from stcnet.datasets.clips import ClipSet, IndexArray, JoinedClips
from stcnet.datasets.network_input import NetworkInput
from stcnet.networks import CLASSES
from stcnet.synthesis.augment import paste_plumes
from stcnet.synthesis.draws import DENSE_SMOKE, SMOKE
from stcnet.training.batches.placement import StreamedClips
from stcnet.training.batches.sampling import ClipWeights
from stcnet.training.batches.transplants import transplant
from stcnet.training.recipes.recipe import PlumeSettings, Recipe


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Input and soft targets of one step.

    Attributes:
        frames: Normalised frames, shape (B, T, C, S, S).
        residuals: Residual frames, shape (B, T, C, S, S); (B, 0, C, S, S) for networks that take
            none.
        targets: Probability of each class, shape (B, 2).
        weights: How much each clip counts in the loss, shape (B,).
        positions: Of the clips in their set, shape (B,).
        indices: Frames drawn of each clip, shape (B, K).
    """

    frames: Tensor
    residuals: Tensor
    targets: Tensor
    weights: Tensor
    positions: IndexArray
    indices: IndexArray

    def __len__(self) -> int:
        return len(self.targets)

    def rows(self, chosen: slice) -> Batch:
        """Some of its clips."""
        return Batch(
            self.frames[chosen],
            self.residuals[chosen],
            self.targets[chosen],
            self.weights[chosen],
            self.positions[chosen],
            self.indices[chosen],
        )

    def split(self, pieces: int) -> list[Batch]:
        """The batch cut into pieces, at most one a clip; their sizes differ by one at most."""
        pieces = min(pieces, len(self))
        edges = [len(self) * piece // pieces for piece in range(pieces + 1)]
        return [self.rows(slice(*ends)) for ends in pairwise(edges)]


class BatchMaker:
    """Samples, renders, augments and normalises clips on the device they lie on.

    Args:
        recipe: How.
        clips: What from; of two sets joined, the first are the real ones.
        network_input: The last step before the network.
    """

    def __init__(self, recipe: Recipe, clips: ClipSet, network_input: NetworkInput) -> None:
        self.recipe = recipe
        self.clips = clips
        self.real = clips.first if isinstance(clips, JoinedClips) else clips
        self.network_input = network_input
        network = recipe.network.outline()
        self.segments = network.frames + network.takes_residuals
        self.weights = ClipWeights(clips, recipe.loss)
        self.augment = _augmentation(recipe, network.channels)

    def make(self, positions: IndexArray, rng: np.random.Generator, epoch: int = 0) -> Batch:
        """The batch of the clips at ``positions``, drawn with ``rng`` and torch's generator.

        Args:
            positions: Shape (B,).
            rng: Source of randomness.
            epoch: Finished epochs; decides whether clips are still mixed.
        """
        indices = self._draw(len(positions), rng, self.recipe.augmentation)
        pixels = self.clips.gather(positions, indices).float()
        given = self.clips.labels[torch.as_tensor(positions, device=pixels.device)]
        times_s = torch.as_tensor(indices * FRAME_INTERVAL_S, device=pixels.device).float()
        pixels, labels = render_plumes(pixels, given, times_s, self.recipe.plumes, rng)
        weights = self.weights.of(positions, labels != given)
        if self.recipe.transplants:
            chance = self.recipe.transplants
            pixels, labels = transplant(self.real, indices, pixels, labels, chance, rng)
        targets = F.one_hot(labels, len(CLASSES)).float()
        pixels = self.augment(pixels)
        if self.recipe.mixes(epoch):
            pixels, targets, weights = mix(self.recipe.mixup, rng, pixels, targets, weights)
        return Batch(*self._inputs(pixels), targets, weights, positions, indices)

    def expect(self, positions: IndexArray, rng: np.random.Generator) -> None:
        """Have the frames copied that :meth:`make` will ask for with these arguments."""
        if isinstance(self.clips, StreamedClips):
            indices = self._draw(len(positions), rng, self.recipe.augmentation)
            self.clips.feed.expect(positions, indices)

    def plain(self, positions: IndexArray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Frames and residuals of the clips at ``positions``, neither rendered into nor varied.

        They have the size of testing, S = ``network.input_size``.
        """
        indices = self._draw(len(positions), rng, None)
        pixels = self.clips.gather(positions, indices)
        return self._inputs(resized(pixels, self.recipe.network.input_size))

    def _draw(
        self, clips: int, rng: np.random.Generator, varied: AugmentationSettings | None
    ) -> IndexArray:
        """Frames of each clip: as many in a row as the network takes, or pairs among them."""
        length = self.clips.frames.shape[1]
        indices = draw_varied_frames(clips, length, self.segments, varied, rng)
        pairs = self.recipe.training_frames
        return indices if pairs is None else draw_pairs(indices, pairs, rng)

    def _inputs(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Frames and residuals, shape (B, T, C, S, S), or those of each drawn pair."""
        pairs = self.recipe.training_frames
        if pairs is None:
            frames, residuals = self.network_input(pixels)
            return frames, residuals
        shape = (len(pixels), pairs, *pixels.shape[2:])
        frames, residuals = self.network_input(pixels.reshape(-1, 2, *pixels.shape[2:]))
        return frames.reshape(shape), residuals.reshape(shape)


def _augmentation(recipe: Recipe, channels: int) -> nn.Module:
    if recipe.augmentation is None:
        return nn.Identity()
    return build_augmentation(recipe.augmentation, recipe.network.size_in_training, channels)


def resized(pixels: Tensor, size: int) -> Tensor:
    """Pictures of another size, by bilinear interpolation that does not alias.

    Args:
        pixels: Pixels in 0..255, shape (B, K, C, S, S).
        size: Wanted side; pictures that have it stay as they are.

    Returns:
        Shape (B, K, C, size, size), 0..255.
    """
    if pixels.shape[-1] == size:
        return pixels
    pictures = pixels.flatten(0, 1).float()
    scaled = F.interpolate(pictures, (size, size), mode="bilinear", antialias=True)
    return scaled.reshape(*pixels.shape[:-2], size, size)


def draw_pairs(indices: IndexArray, pairs: int, rng: np.random.Generator) -> IndexArray:
    """Some of the neighbouring pairs of sampled frames.

    Args:
        indices: Sampled frames, shape (B, T + 1).
        pairs: How many pairs of each clip, at most T.
        rng: Source of randomness.

    Returns:
        First and second frame of each pair in turn, shape (B, 2 * pairs); no pair twice.
    """
    places = rng.permuted(np.tile(np.arange(indices.shape[1] - 1), (len(indices), 1)), axis=1)
    first = np.sort(places[:, :pairs], axis=1)
    both = np.stack([first, first + 1], axis=2).reshape(len(indices), -1)
    return np.take_along_axis(indices, both, axis=1)


def render_plumes(
    pixels: Tensor,
    labels: Tensor,
    times_s: Tensor,
    settings: PlumeSettings,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Paste steam into some clips and smoke into some smoke-free ones.

    Args:
        pixels: Pixels in 0..255, shape (B, K, 3, S, S).
        labels: 1 smoke, 0 none, shape (B,).
        times_s: Time of each frame in seconds, shape (B, K).
        settings: How often.
        rng: Source of randomness.

    Returns:
        Pixels and labels; a clip that got smoke is labelled smoke.
    """
    smoke = (rng.random(len(labels)) < settings.smoke) & (labels.cpu().numpy() == 0)
    steam = rng.random(len(labels)) < settings.steam
    dense = smoke & _drawn(settings.dense, len(labels), rng)
    for chosen, as_steam, ranges in (
        (steam, True, SMOKE),
        (smoke & ~dense, False, SMOKE),
        (dense, False, DENSE_SMOKE),
    ):
        rows = torch.as_tensor(np.flatnonzero(chosen), device=pixels.device)
        if len(rows) == 0:
            continue
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        pasted, _ = paste_plumes(
            pixels[rows], times_s[rows], generator, steam=as_steam, smoke_ranges=ranges
        )
        pixels = pixels.index_copy(0, rows, pasted)
        if not as_steam:
            labels = labels.index_fill(0, rows, 1)
    return pixels, labels


def _drawn(chance: float, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which of a number of clips; what can never be draws nothing, as before it could be asked."""
    return rng.random(count) < chance if chance else np.zeros(count, bool)


def mix(concentration: float, rng: np.random.Generator, *parts: Tensor) -> tuple[Tensor, ...]:
    """MixUp (Zhang et al., ICLR 2018): each clip of a batch blended with another.

    Args:
        concentration: Both parameters of the Beta distribution of the share, above 0.
        rng: Source of randomness.
        *parts: What belongs to the clips (pixels, targets, weights), each of shape (B, ...).

    Returns:
        The parts, all blended alike.
    """
    share = float(rng.beta(concentration, concentration))
    partner = torch.from_numpy(rng.permutation(len(parts[0])))
    return tuple(part.lerp(part[partner.to(part.device)], 1 - share) for part in parts)
