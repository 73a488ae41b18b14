"""Peak memory while smoke is looked for in an hour of video, against holding its frames.

Makes an hour of video (one frame a second, 640x360), then runs ``stcnet detect`` on it in one
process and a reader that keeps every frame the model would judge in another. Both say how much
memory they had needed at most by the time 5, 30 and 60 minutes of the video were behind them.
Linux only: the peak is read from ``/proc``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from stcnet.detection import detect_into
from stcnet.inference import ModelPackage, bundled_package
from stcnet.video import Mp4Writer, open_source

if TYPE_CHECKING:
    from stcnet.types import Frame, Picture

WIDTH, HEIGHT = 640, 360
MARKS_MIN = (5, 30, 60)
MIB = 1 << 20


class Marks:
    """The peak at each mark of the video, in MiB."""

    def __init__(self) -> None:
        self.peaks: dict[str, float] = {}

    def pass_by(self, time_s: float) -> None:
        """Note the peak for each mark that the video has now reached."""
        for minute in MARKS_MIN:
            if time_s >= 60 * minute - 5:
                self.peaks.setdefault(f"{minute} min", peak_mib())

    def end(self) -> None:
        """Note the peak of the whole run."""
        self.peaks["whole run"] = peak_mib()


def peak_mib() -> float:
    """The most memory this process has had resident, in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = [line for line in lines if line.startswith("VmHWM:")]
    return int(peak.split()[1]) * 1024 / MIB


def pictures(count: int) -> Iterator[Picture]:
    """A grey sky in which a darker cloud drifts."""
    sky = np.full((HEIGHT, WIDTH, 3), 180, np.uint8)
    for number in range(count):
        image = sky.copy()
        left = 2 * number % (WIDTH - 120)
        image[100:220, left : left + 120] = 90 + number % 40
        yield image


def write_video(path: Path) -> None:
    """An hour of video at one frame a second."""
    with Mp4Writer(path, 1, WIDTH, HEIGHT) as writer:
        for image in pictures(60 * MARKS_MIN[-1]):
            writer.write(image)


def streamed(video: Path, package: ModelPackage, marks: Marks) -> None:
    """What ``stcnet detect`` does, annotated video included."""

    def progress(stage: str, done_s: float, total_s: float | None) -> None:
        if stage == "judging":
            marks.pass_by(done_s)

    with open_source(video) as source:
        detect_into(video.with_name("out"), source, package, progress=progress)


def held(video: Path, package: ModelPackage, marks: Marks) -> None:
    """Keeps each frame that the model would judge; judges none."""
    frames: list[Frame] = []
    with open_source(video) as source:
        for sample in source.sampled(package.manifest.sampling.interval_s):
            frames.append(sample.frame)
            marks.pass_by(sample.frame.time_s)


WAYS = {"streamed": streamed, "held": held}


def measure(way: str, video: Path, model: Path) -> None:
    """Run one way in this process and print its marks as JSON."""
    marks = Marks()
    WAYS[way](video, ModelPackage.load(model), marks)
    marks.end()
    print(json.dumps(marks.peaks))


def compare(model: Path) -> None:
    """Run each way in a process of its own and print a table."""
    with TemporaryDirectory() as folder:
        video = Path(folder) / "hour.mp4"
        write_video(video)
        rows = {way: measured_apart(way, video, model) for way in WAYS}
    print(f"{'peak memory, MiB':<24}" + "".join(f"{way:>12}" for way in rows))
    for mark in rows["streamed"]:
        print(f"{mark:<24}" + "".join(f"{peaks[mark]:>12.0f}" for peaks in rows.values()))
    first, last = (f"{MARKS_MIN[k]} min" for k in (0, -1))
    growth = "".join(f"{peaks[last] / peaks[first]:>12.2f}" for peaks in rows.values())
    print(f"{f'growth, {first} to {last}':<24}{growth}")


def measured_apart(way: str, video: Path, model: Path) -> dict[str, float]:
    """The marks of one way, measured in a new process."""
    command = [sys.executable, __file__, "--model", str(model), "--measure", way, str(video)]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    peaks: dict[str, float] = json.loads(ended.stdout)
    return peaks


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--model", type=Path, help="a .stcnet package; the bundled one if absent")
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "VIDEO"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    model = arguments.model or bundled_package()
    if arguments.measure:
        way, video = arguments.measure
        measure(way, Path(video), model)
    else:
        compare(model)


if __name__ == "__main__":
    main()
