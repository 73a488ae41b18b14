"""Starts ``stcnet train`` many times, kills it, and says how it ended.

Run as ``python nursery.py JOBS``, a JSON list of jobs: ``arguments`` of the command line, and
``after``, processor time until SIGKILL as a share of what the first job took, or ``at_sync``, the
number of the fsync within which the process kills itself. Prints the codes with which they ended.
The modules are imported once, each job runs in a fork.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
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


def child(job: dict[str, Any]) -> None:
    if "at_sync" in job:
        vars(os)["fsync"] = dying(os.fsync, job["at_sync"])
    code = main(job["arguments"])
    sys.stdout.flush()
    os._exit(code)


def used_s(pid: int) -> float:
    """Processor time of a child; elapsed time would say little on a busy machine."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kill_after(pid: int, seconds: float) -> None:
    """Kill a child that has worked for so long, if it has not ended before."""
    while used_s(pid) < seconds:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.003)
    os.kill(pid, signal.SIGKILL)


def run(job: dict[str, Any], whole_s: float) -> tuple[int, float]:
    """The code with which a job ended, and the processor time it took."""
    pid = os.fork()
    if pid == 0:
        child(job)
    if "after" in job:
        kill_after(pid, job["after"] * whole_s)
    _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    first, *others = json.loads(sys.argv[1])
    code, whole_s = run(first, 0.0)
    codes = [code, *(run(job, whole_s)[0] for job in others)]
    sys.stdout.write(json.dumps(codes) + "\n")
