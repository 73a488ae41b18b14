"""Do explanations follow the clip and the model? Plumes with a known place, and shuffled weights.

Renders a plume into smoke-free clips and measures how much more of each map lies on it than chance
would put there, beside the same maps of the clip without the plume and of a network whose weights
are all shuffled. Then shuffles the weights block by block from the head down, and prints how far
the maps still agree with those of the trained network.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stcnet.datasets import read_cells, read_clips
from stcnet.datasets.network_input import NetworkInput
from stcnet.explain.gradcam import TappedSTCNet, grad_cam, signed_maps
from stcnet.explain.sanity import energy_gain, randomised, rank_correlation
from stcnet.inference import ModelPackage, Sampling, bundled_package
from stcnet.networks import STCNet, smoke_logit
from stcnet.networks.packaged import restore_stcnet
from stcnet.preprocess import channels_first, phase_indices
from stcnet.synthesis.augment import paste_plumes
from stcnet.synthesis.scenes import render_clip
from stcnet.types import FloatArray, Picture

FIRST_SCENE = 1000
BLOCKS, LAST_STAGE = 5, 4


def main() -> None:
    """Print both tables."""
    given = arguments()
    torch.set_num_threads(given.threads)
    package = ModelPackage.load(given.model or bundled_package())
    manifest = package.manifest
    network = restore_stcnet(manifest.network, package.weights, where=package.source)
    network_input = NetworkInput(manifest.input.normalisation, manifest.input.residual)
    copies = {blocks: randomised(network, blocks) for blocks in range(1, BLOCKS + 1)}
    gains: dict[tuple[str, str], list[float]] = defaultdict(list)
    ranks: dict[tuple[int, str], list[float]] = defaultdict(list)
    size, sampling = manifest.input.size, manifest.sampling
    for seed, clip in enumerate(backgrounds(given, size, sampling)):
        bare = torch.from_numpy(channels_first(clip))[None].float()
        times_s = torch.arange(len(clip))[None] * sampling.interval_s * sampling.stride
        smoky, opacity = paste_plumes(bare, times_s, torch.Generator().manual_seed(seed))
        plume = opacity[0, :-1, 0].numpy()
        for case, model, pixels in (
            ("plume", network, smoky), ("no plume", network, bare),
            ("shuffled", copies[BLOCKS], smoky),
        ):  # fmt: skip
            for name, maps in all_maps(model, *network_input(pixels)):
                found = energy_gain(maps, plume) if maps.sum() > 0 else np.nan
                gains[name, case].append(found)
        for blocks, name, agreement in cascade(network, copies, *network_input(smoky)):
            ranks[blocks, name].append(agreement)
    print_gains(gains)
    print_ranks(ranks)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="model package; else the bundled one")
    parser.add_argument("--data", type=Path, help="take smoke-free clips of these cells")
    parser.add_argument("--clips", type=int, default=16, help="clips to render plumes into")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def backgrounds(given: argparse.Namespace, size: int, sampling: Sampling) -> Iterator[Picture]:
    """Smoke-free frames of one phase: rendered scenes, or clips that the data calls smoke-free."""
    frames = sampling.phase_frames
    if given.data is None:
        step_s = sampling.interval_s * sampling.stride
        for seed in range(FIRST_SCENE, FIRST_SCENE + given.clips):
            yield render_clip(seed, False, frames=frames, interval_s=step_s, size=(size, size))
        return
    free = [cell for cell in read_cells(given.data) if cell.label == 0]
    chosen = np.random.default_rng(0).choice(len(free), given.clips, replace=False)
    for _, clip in read_clips(given.data, [free[k] for k in chosen], size):
        yield clip[phase_indices(len(clip), frames)[0]]


def all_maps(
    network: STCNet, frames: Tensor, residuals: Tensor
) -> Iterator[tuple[str, FloatArray]]:
    """The exact map and Grad-CAM behind two stages, each 0 or more, (h, w) or (T, h, w)."""
    with torch.inference_mode():
        features = network.frame_features(frames[0], residuals[0])
        exact = smoke_logit(network.class_maps(features[None]))[0]
    yield "exact", exact.relu().numpy()
    for stage in (LAST_STAGE, 2):
        maps = grad_cam(TappedSTCNet(network, "smoke", stage), frames, residuals)
        yield from ((f"{name}, stage {stage}", each[0].numpy()) for name, each in maps.items())


def cascade(
    network: STCNet, copies: dict[int, STCNet], frames: Tensor, residuals: Tensor
) -> Iterator[tuple[int, str, float]]:
    """Agreement of the signed maps behind the last stage with those of shuffled networks."""
    trained = signed_maps(TappedSTCNet(network, "smoke", LAST_STAGE), frames, residuals)
    for blocks, copy in copies.items():
        maps = signed_maps(TappedSTCNet(copy, "smoke", LAST_STAGE), frames, residuals)
        for name, each in maps.items():
            yield blocks, name, rank_correlation(each.numpy(), trained[name].numpy())


def print_gains(gains: dict[tuple[str, str], list[float]]) -> None:
    """Print how much of each map lies on the plume."""
    print("| map | on the plume | before there was one | difference | weights shuffled |")
    print("| --- | --- | --- | --- | --- |")
    for name in dict.fromkeys(name for name, _ in gains):
        plume, bare, shuffled = (
            np.array(gains[name, case]) for case in ("plume", "no plume", "shuffled")
        )
        values = " | ".join(spread(each) for each in (plume, bare, plume - bare, shuffled))
        print(f"| {name} | {values} |")


def print_ranks(ranks: dict[tuple[int, str], list[float]]) -> None:
    """Print how far maps of shuffled networks agree with those of the trained one."""
    names = list(dict.fromkeys(name for _, name in ranks))
    print(f"\n| blocks shuffled | {' | '.join(names)} |")
    print("| --- " * (len(names) + 1) + "|")
    for blocks in range(1, BLOCKS + 1):
        print(f"| {blocks} | {' | '.join(spread(ranks[blocks, name]) for name in names)} |")


def spread(values: object) -> str:
    """Mean and its 95 % interval over the clips that have one, normal approximation."""
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < 2:
        return "n/a"
    error = 1.96 * numbers.std(ddof=1) / np.sqrt(len(numbers))
    return f"{numbers.mean():.2f} +- {error:.2f} ({len(numbers)})"


if __name__ == "__main__":
    main()
