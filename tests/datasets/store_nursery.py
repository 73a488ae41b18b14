"""Builds a store, is killed, builds on: again and again.

Run as ``python store_nursery.py FOLDER KILLS SEED``. Each builder runs in a fork, with two threads
at work, and kills itself with SIGKILL at a call of a function, or within an fsync, that is drawn.
After every death whatever there is of a store must verify. A builder that finishes is compared,
file by file, with one that nobody disturbed, and a new store is begun. Prints a JSON object:
``killed``, how many builders died, ``finished``, how many stores were finished after a death, and
``wrong``, what was found wrong. Moments are counted in calls, as time would say little.
"""

import hashlib
import json
import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from planted_collection import planted_collection
from stcnet.datasets.store import STORE_FILE, build_store, building, verify

CLIPS, SHARD_CLIPS = 12, 3


class Death:
    """Kills the process at a call of a function or within an fsync, counted in all threads."""

    def __init__(self, at: int) -> None:
        self.count, self.at = 0, at

    def __call__(self) -> None:
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def at_calls(self) -> None:
        def profile(frame: FrameType, event: str, argument: Any) -> None:
            if event in {"call", "c_call"}:
                self()

        threading.setprofile(profile)
        sys.setprofile(profile)

    def at_syncs(self) -> None:
        sync: Callable[[int], None] = os.fsync

        def deadly(handle: int) -> None:
            self()
            sync(handle)

        vars(os)["fsync"] = deadly


def build(folder: Path, kind: str, at: int) -> tuple[bool, int]:
    """Whether a builder in a fork was not killed, and what it counted."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        death = Death(at)
        getattr(death, kind)()
        build_store(planted_collection(CLIPS), folder, workers=2)
        sys.setprofile(None)
        os.write(writer, str(death.count).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as report:
        count = int(report.read() or 0)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in {0, -signal.SIGKILL}:
        raise SystemExit(f"a builder ended with {code}")
    return code == 0, count


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def main(root: Path, kills: int, seed: int) -> dict[str, Any]:
    building.SHARD_CLIPS = SHARD_CLIPS
    draw = random.Random(seed)
    whole = {kind: build(root / kind, kind, 0)[1] for kind in ("at_calls", "at_syncs")}
    undisturbed = contents(root / "at_calls")
    wrong = [] if contents(root / "at_syncs") == undisturbed else ["two builders differ"]
    killed = finished = stores = deaths_of_store = 0
    while killed < kills or deaths_of_store:
        folder = root / f"store-{stores}"
        kind = "at_syncs" if killed % 4 == 3 else "at_calls"
        at = draw.randint(1, whole[kind]) if killed < kills else 0
        done, _ = build(folder, kind, at)
        if (folder / STORE_FILE).exists() and not verify(folder, workers=1).passed:
            wrong.append(f"{folder.name}: does not verify after {kind} {at}")
        killed, deaths_of_store = killed + (not done), deaths_of_store + (not done)
        if done:
            if contents(folder) != undisturbed:
                wrong.append(f"{folder.name}: is not the store that nobody disturbed")
            finished += deaths_of_store > 0
            stores, deaths_of_store = stores + 1, 0
    return {"killed": killed, "finished": finished, "wrong": wrong}


if __name__ == "__main__":
    outcome = main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(json.dumps(outcome) + "\n")
