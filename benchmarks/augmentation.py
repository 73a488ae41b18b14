"""What augmentation costs on this machine, set by set and transform by transform.

The clips are noise on smooth pictures, in memory; nothing is decoded and nothing is trained. Each
transform is measured alone, in every clip (``often: 1``), beside clips that only pass the pipeline
with all of them switched off. On a CPU the processor time counts, of all threads together, so that
other work on the machine does not; on a GPU the elapsed time. Needs the ``train`` extra.
"""

from __future__ import annotations

import argparse
import time

import torch
from torch import Tensor

from stcnet.datasets.augmentation import PRESETS, AugmentationSettings, ClipAugmentation

SETS = {"none": "none", "the defaults": {}} | {name: name for name in PRESETS if name != "none"}


def make_clips(count: int, frames: int, size: int, device: torch.device) -> Tensor:
    """Smooth coloured pictures with noise, 0..255, shape (count, frames, 3, size, size)."""
    torch.manual_seed(0)
    coarse = torch.rand(count * frames, 3, 8, 8) * 160 + 40
    smooth = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic")
    noisy = smooth + 8 * torch.randn(smooth.shape)
    return noisy.clamp(0, 255).reshape(count, frames, 3, size, size).to(device)


def seconds(settings: AugmentationSettings, clips: Tensor, rounds: int) -> float:
    """Median of the time of a batch, after one that does not count; on a CPU processor time."""
    clock = time.perf_counter if clips.is_cuda else time.process_time
    augment = ClipAugmentation(settings, clips.shape[-1])
    times = []
    for number in range(rounds + 1):
        torch.manual_seed(number)
        started = clock()
        augment(clips)
        if clips.is_cuda:
            torch.cuda.synchronize()
        times.append(clock() - started)
    return sorted(times[1:])[rounds // 2]


def rows() -> dict[str, AugmentationSettings]:
    """What is measured: whole sets, then each transform of the preset ``cameras`` alone."""
    sets = {name: AugmentationSettings.model_validate(given) for name, given in SETS.items()}
    cameras = sets["cameras"]
    in_time = {"slow", "even"}  # these draw frames and touch no pixel
    return sets | {
        f"{name} alone": cameras.alone(name) for name in cameras.switched_on if name not in in_time
    }


def main() -> None:
    """Read the arguments, measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--clips", type=int, default=8, help="clips of a batch")
    parser.add_argument("--frames", type=int, default=9, help="frames of a clip")
    parser.add_argument("--size", type=int, default=160, help="side in pixels")
    parser.add_argument("--rounds", type=int, default=3, help="batches that count")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    given = parser.parse_args()
    if min(given.clips, given.frames, given.rounds) < 1 or given.size < 16:
        parser.error("--clips, --frames and --rounds are 1 or more, --size 16 or more")
    clips = make_clips(given.clips, given.frames, given.size, torch.device(given.device))
    print(
        f"batches of {given.clips} clips of {given.frames} frames, {given.size} px, on "
        f"{given.device}, {torch.get_num_threads()} threads; median of {given.rounds} batches\n"
    )
    print("| augmentation | clips/s | ms a clip |\n|---|---|---|")
    for name, settings in rows().items():
        spent = seconds(settings, clips, given.rounds)
        print(
            f"| {name} | {given.clips / spent:.0f} | {1000 * spent / given.clips:.1f} |", flush=True
        )


if __name__ == "__main__":
    main()
