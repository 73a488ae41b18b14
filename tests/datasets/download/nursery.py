"""Starts ``stcnet data download`` many times, kills it, and looks at what it left.

Run as ``python nursery.py JOB``, an object: ``arguments`` of the command without ``--out``,
``place`` for the folders, ``clips`` with the SHA-256 of each video by its name, ``kills`` and
``seed``. A first download in this process imports what is needed, each other one runs in a fork
that kills itself at a random one of as many calls of functions as a whole download made, in
whichever thread. Downloads of one folder follow each other until one lives; then a new folder
begins. Prints the number of kills and of downloads that lived, and all that was wrong.
"""

import functools
import hashlib
import json
import os
import random
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from typer.main import get_command

import stcnet.cli.app
from stcnet.cli import main
from stcnet.datasets.download import read_manifest, verify

DEATHS = (-signal.SIGKILL, -signal.SIGSEGV)
"""About once in a thousand forks the profiling of all threads itself ends Python 3.11 with a
segmentation fault, which is as good a death: nothing wrong may be left of it either."""


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


def child(arguments: list[str], deadly: int | None, report: int) -> None:
    calls = Calls(deadly)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())
    vars(os)["fsync"] = lambda handle: None  # only a power cut would tell the difference
    threading.setprofile(calls)
    sys.setprofile(calls)
    code = main(arguments)
    sys.setprofile(None)
    os.write(report, str(calls.count).encode())
    os._exit(code)


def run(arguments: list[str], deadly: int | None = None) -> tuple[int, int]:
    """The code with which a download ended, and the number of calls that it made."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        child(arguments, deadly, writer)
    os.close(writer)
    with os.fdopen(reader) as report:
        count = int(report.read() or 0)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), count


def wrong_after_a_kill(folder: Path, clips: dict[str, str]) -> list[str]:
    """What a dead download must not leave: a video that is not whole, or not in the manifest."""
    entries = read_manifest(folder)
    faults = [f"manifest: {name}" for name in entries if entries[name].sha256 != clips[name]]
    for path in folder.glob("videos/[!.]*"):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if path.stem not in entries or digest != clips[path.stem]:
            faults.append(f"video: {path.name}")
    return faults


def wrong_at_the_end(folder: Path, clips: dict[str, str]) -> list[str]:
    faults = [str(finding) for finding in verify(folder).findings]
    there = {path.stem for path in folder.glob("videos/*")}
    if there != clips.keys() or not (folder / "missing.csv").is_file():
        faults.append(f"{folder.name}: {sorted(there)}")
    return faults


def work(job: dict[str, Any]) -> dict[str, Any]:
    moments = random.Random(job["seed"])
    place = Path(job["place"])
    kills, lived = 0, 0
    main([*job["arguments"], "--out", str(place / "preloaded")])
    code, whole = run([*job["arguments"], "--out", str(place / "0")])
    assert code == 0
    wrong = wrong_at_the_end(place / "0", job["clips"])
    while kills < job["kills"] or code != 0:
        folder = place / str(lived + 1)
        deadly = moments.randrange(whole) if kills < job["kills"] else None
        code, _ = run([*job["arguments"], "--out", str(folder)], deadly)
        if code == 0:
            lived += 1
            wrong += wrong_at_the_end(folder, job["clips"])
        elif code in DEATHS and deadly is not None:
            kills += 1
            wrong += wrong_after_a_kill(folder, job["clips"])
        else:
            raise SystemExit(f"ended with {code}")
    return {"kills": kills, "lived": lived, "wrong": wrong}


if __name__ == "__main__":
    # Half of all calls would build the command line, where no download can be hurt.
    vars(stcnet.cli.app)["get_command"] = functools.cache(get_command)
    sys.stdout.write(json.dumps(work(json.loads(sys.argv[1]))) + "\n")
