"""Processor time of a training step, with and without glibc giving memory back between steps.

Training allocates and frees the same large tensors in every step. By default glibc returns freed
blocks to the kernel, which must then hand out and clear the same pages again. Two environment
variables, read when a process starts, let it keep them. Each setting is measured in a process of
its own, on the network of the bundled model with random weights and random input. Linux with
glibc only; needs the ``train`` extra.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, astuple, dataclass
from typing import Final

import torch
from torch.nn import functional as F

from stcnet.networks import STCNet, build_model

PRESET: Final = "stcnet-lite0-lateral"
SIZE, CLIPS, FRAMES = 160, 8, 4
WARM_UP = 2
KEPT = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000"}
SETTINGS: dict[str, dict[str, str]] = {"returned (default)": {}, "kept": KEPT}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a step costs: seconds of processor time, of waiting, and pages that were handed out.

    Attributes:
        user_s, system_s: Processor time of the program, and of the kernel on its behalf.
        wall_s: Elapsed time.
        pages: Pages of memory that the kernel handed out.
    """

    user_s: float
    system_s: float
    wall_s: float
    pages: float

    @property
    def cpu_s(self) -> float:
        """All processor time."""
        return self.user_s + self.system_s


def now() -> Cost:
    """What this process has cost so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Cost(used.ru_utime, used.ru_stime, time.monotonic(), used.ru_minflt)


def step(model: STCNet, optimiser: torch.optim.Optimizer) -> None:
    """One step of training on random clips."""
    frames, residuals = torch.randn(2, CLIPS, FRAMES, 3, SIZE, SIZE)
    labels = torch.arange(CLIPS) % 2
    loss = F.cross_entropy(model(frames, residuals), labels)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def peak_mib() -> float:
    """The most memory this process has had resident, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(steps: int) -> Cost:
    """Mean cost of a step in this process, after two steps that do not count."""
    torch.manual_seed(0)
    model = build_model(PRESET, head="mean")
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(model.parameters())
    for _ in range(WARM_UP):
        step(model, optimiser)
    before = now()
    for _ in range(steps):
        step(model, optimiser)
    after = now()
    return Cost(*((b - a) / steps for a, b in zip(astuple(before), astuple(after), strict=True)))


def measured_apart(variables: dict[str, str], steps: int) -> tuple[Cost, float]:
    """The cost under some environment variables and the peak in MiB, from a new process."""
    environment = {name: value for name, value in os.environ.items() if name not in KEPT}
    command = [sys.executable, __file__, "--steps", str(steps), "--measure"]
    ended = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env={**environment, **variables}
    )
    cost, peak = json.loads(ended.stdout)
    return Cost(**cost), peak


def compare(steps: int) -> None:
    """Measure each setting and print a table."""
    print(f"{PRESET}, {SIZE} px, {CLIPS} clips of {FRAMES} frames, {steps} steps, means of a step")
    print_row("freed memory is", "CPU s", "kernel s", "wall s", "pages", "peak MiB")
    for name, variables in SETTINGS.items():
        cost, peak = measured_apart(variables, steps)
        seconds = (f"{value:.2f}" for value in (cost.cpu_s, cost.system_s, cost.wall_s))
        print_row(name, *seconds, f"{cost.pages:.0f}", f"{peak:.0f}")


def print_row(name: str, *cells: str) -> None:
    """Print a line of the table."""
    print(f"{name:<20}" + "".join(f"{cell:>10}" for cell in cells), flush=True)


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--steps", type=int, default=6, help="steps that count, from 1 on")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.steps < 1:
        parser.error(f"--steps must be 1 or more, got {arguments.steps}")
    if arguments.measure:
        print(json.dumps([asdict(measure(arguments.steps)), peak_mib()]))
    else:
        compare(arguments.steps)


if __name__ == "__main__":
    main()
