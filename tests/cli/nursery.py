"""Starts ``stcnet train`` many times, kills it, and says how it ended.

Run as ``python nursery.py JOBS``, a JSON list of jobs: ``arguments`` of the command line, and
``after``, the moment of SIGKILL as a share of the calls that the first job made, or ``at_sync``,
the number of the fsync within which the process kills itself. Prints the codes with which they
ended. The modules are imported once, each job runs in a fork. Moments are counted in calls of
functions, as time would say little on a busy machine.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import kornia.augmentation
import torch.utils.tensorboard

import stcnet.cli
import stcnet.training.folds
from stcnet.cli import main

PRELOADED = (kornia.augmentation, torch.utils.tensorboard, stcnet.training.folds)


def dying(fsync: Callable[[int], None], at: int) -> Callable[[int], None]:
    """An fsync that kills the process in the middle of its n-th call."""
    calls = 0

    def deadly(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        fsync(handle)

    return deadly


class Calls:
    """Counts the calls of all functions and kills the process at one of them."""

    def __init__(self, deadly: int | None) -> None:
        self.count = 0
        self.deadly = deadly

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event in {"call", "c_call"}:
            self.count += 1
            if self.count == self.deadly:
                os.kill(os.getpid(), signal.SIGKILL)


def child(job: dict[str, Any], whole: int, report: int) -> None:
    if "at_sync" in job:
        vars(os)["fsync"] = dying(os.fsync, job["at_sync"])
    calls = Calls(round(job["after"] * whole) if "after" in job else None)
    sys.setprofile(calls)
    code = main(job["arguments"])
    sys.setprofile(None)
    sys.stdout.flush()
    os.write(report, str(calls.count).encode())
    os._exit(code)


def run(job: dict[str, Any], whole: int) -> tuple[int, int]:
    """The code with which a job ended, and the number of calls that it made."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        child(job, whole, writer)
    os.close(writer)
    with os.fdopen(reader) as report:
        count = int(report.read() or 0)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), count


if __name__ == "__main__":
    first, *others = json.loads(sys.argv[1])
    code, whole = run(first, 0)
    codes = [code, *(run(job, whole)[0] for job in others)]
    sys.stdout.write(json.dumps(codes) + "\n")
