"""Own data in RISE's layout, for tools that know RISE alone.

RISE says less: views are numbers, labels come with one of five weights, every clip has a capture
time and 36 square frames. ``names.csv`` keeps what the numbers mean; what else is lost is counted.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from io import StringIO
from itertools import count
from pathlib import Path

from stcnet.datasets.cells.records import CLIP_FRAMES, FRAME_INTERVAL_S
from stcnet.datasets.collection import OnBad
from stcnet.datasets.own.footage import read_clip
from stcnet.datasets.own.records import VIDEO_FOLDER, OwnClip, read_clips_file
from stcnet.datasets.rise import METADATA_FILE, LabelState, RiseRecord, judge, video_path
from stcnet.datasets.rise.labels import Label
from stcnet.errors import ConfigError, DataError, OutputError, SourceError, ZoneError
from stcnet.files import write_whole
from stcnet.folders import new_folder
from stcnet.video import Mp4Writer, RiseName

NAMES_FILE = "names.csv"
DEFAULT_SIZE = 180
_PLAYBACK_FPS = 12
_SLACK_S = 0.05

_S = LabelState
States = tuple[LabelState, LabelState]
STATES: dict[Label, tuple[States, ...]] = {
    1: (
        (_S.STRONG_POSITIVE, _S.NONE),
        (_S.WEAK_POSITIVE, _S.STRONG_POSITIVE),
        (_S.NONE, _S.STRONG_POSITIVE),
        (_S.WEAK_POSITIVE, _S.NONE),
        (_S.STRONG_NEGATIVE, _S.STRONG_POSITIVE),
    ),
    0: (
        (_S.STRONG_NEGATIVE, _S.NONE),
        (_S.WEAK_NEGATIVE, _S.STRONG_NEGATIVE),
        (_S.NONE, _S.STRONG_NEGATIVE),
        (_S.WEAK_NEGATIVE, _S.NONE),
        (_S.STRONG_POSITIVE, _S.STRONG_NEGATIVE),
    ),
}
"""Verdicts of citizens and researchers for each weight that RISE knows, 1 down to .5."""
UNDECIDED: States = (_S.NONE, _S.NONE)


@dataclass(slots=True)
class ExportReport:
    """What was exported.

    Attributes:
        clips: In the new folder.
        copied: Those of them whose video is the same file; the others were encoded anew.
        left_out: Clips that RISE cannot hold; each was told of.
        reweighted: Clips whose label weight is another one there.
        largest_change: Of a label weight.
        spread: Clips of fewer than 36 frames, which repeat in the exported video.
    """

    clips: int = 0
    copied: int = 0
    left_out: int = 0
    reweighted: int = 0
    largest_change: float = 0.0
    spread: int = 0


def nearest_states(label: Label | None, weight: float) -> tuple[States, float]:
    """The verdicts that give a label with the weight nearest to one, and that weight.

    >>> states, weight = nearest_states(1, 0.8)
    >>> [state.name for state in states], weight
    (['WEAK_POSITIVE', 'STRONG_POSITIVE'], 0.83)
    """
    if label is None:
        return UNDECIDED, weight
    weights = {states: _weight(states) for states in STATES[label]}
    nearest = min(weights, key=lambda states: abs(weights[states] - weight))
    return nearest, weights[nearest]


def _weight(states: States) -> float:
    judgement = judge(*states)
    assert judgement is not None
    return judgement.weight


def export_rise(
    folder: Path,
    out: Path,
    *,
    size: int | None = None,
    timezone: tzinfo = UTC,
    on_bad: OnBad,
    listener: Callable[[int, int], None] = lambda done, total: None,
) -> ExportReport:
    """Write an own data set as RISE publishes its own: ``metadata.json`` and ``videos``.

    Args:
        folder: The own data set.
        out: The new folder; it appears whole or not at all.
        size: Side of the clips in pixels, even, 32..1024; None to copy the videos that are square
            clips of 36 frames already and to write the others with 180.
        timezone: Of the day in the file names.
        on_bad: Told of each clip that cannot be exported, and why; the others go on.
        listener: Told the number of clips done and of all.

    Raises:
        ConfigError: The size is out of range.
        DataError: The data set cannot be read, or no clip can be exported.
        OutputError: There is something at ``out``, or it cannot be written.
    """
    if size is not None and (not 32 <= size <= 1024 or size % 2):
        raise ConfigError(
            "is out of range", where="--size", got=size, allowed="even numbers from 32 to 1024"
        )
    clips = read_clips_file(folder)
    report = ExportReport()
    with new_folder(out, ()) as place:  # it may be RISE itself that lies there
        (place / VIDEO_FOLDER).mkdir()
        export = _Export(folder, place, size, timezone, _numbers(clips), report)
        records: list[RiseRecord] = []
        for done, clip in enumerate(clips, start=1):
            try:
                records.append(export.take(clip, number=len(records) + 1))
            except (DataError, SourceError, ZoneError) as error:
                report.left_out += 1
                on_bad(error)
            listener(done, len(clips))
        if not records:
            raise DataError("no clip can be exported", where=folder)
        _write_records(place, records)
        _write_names(place, export.numbers)
    report.clips = len(records)
    return report


View = tuple[str, str, str]
"""Plant, view, and zone or nothing: what is a view in RISE."""


def _view(clip: OwnClip) -> View:
    return clip.plant, clip.view, clip.area.name if clip.area else ""


def _numbers(clips: Iterable[OwnClip]) -> dict[View, tuple[int, int]]:
    """Numbers of camera and view; cameras count from 1, since RISE's 0 is Clairton."""
    views = sorted({_view(clip) for clip in clips})
    plants = sorted({plant for plant, _, _ in views})
    within = {plant: count() for plant in plants}
    return {view: (1 + plants.index(view[0]), next(within[view[0]])) for view in views}


class _Export:
    """One export under way."""

    def __init__(
        self,
        folder: Path,
        place: Path,
        size: int | None,
        timezone: tzinfo,
        numbers: dict[View, tuple[int, int]],
        report: ExportReport,
    ) -> None:
        self.numbers = numbers
        self._folder = folder
        self._place = place
        self._size = size
        self._timezone = timezone
        self._report = report
        self._of_day: Counter[object] = Counter()

    def take(self, clip: OwnClip, number: int) -> RiseRecord:
        """Write the video of a clip and make its record.

        Raises:
            DataError: It has no capture time, or its video is missing or wrong.
            SourceError: Its video cannot be decoded.
            ZoneError: Its zone does not lie in the picture.
        """
        if clip.start is None:
            raise DataError(
                "RISE has no clip without a capture time",
                where=clip.id,
                hint="import it again under a name, or with a column start, that tells it",
            )
        source = self._folder / VIDEO_FOLDER / clip.file
        if self._size in (None, clip.width) and is_rise_clip(clip):
            record = self._record(clip, number, clip.width, 0.0, clip.span_s)
            self._copy(source, record)
        else:
            side = self._size or DEFAULT_SIZE
            footage = read_clip(source, clip.interval_s, clip.area, side)
            record = self._record(clip, number, side, footage.first_s, footage.last_s)
            with Mp4Writer(
                video_path(self._place, record), _PLAYBACK_FPS, side, side, repeatable=True
            ) as writer:
                for frame in footage.frames:
                    writer.write(frame)
        self._report.spread += clip.frames < CLIP_FRAMES
        return record

    def _copy(self, source: Path, record: RiseRecord) -> None:
        if not source.is_file():
            raise DataError("the video is missing", where=source)
        try:
            shutil.copyfile(source, video_path(self._place, record))
        except OSError as error:
            raise OutputError(
                "the video cannot be copied", where=source, got=error.strerror or error
            ) from None
        self._report.copied += 1

    def _record(
        self, clip: OwnClip, number: int, side: int, first_s: float, last_s: float
    ) -> RiseRecord:
        camera, view = self.numbers[_view(clip)]
        name = self._name(clip, (camera, view), side, first_s, last_s)
        states, weight = nearest_states(clip.label, clip.label_weight)
        change = abs(weight - clip.label_weight)
        self._report.reweighted += change > 0
        self._report.largest_change = max(self._report.largest_change, change)
        return RiseRecord.model_validate(
            {
                "camera_id": camera,
                "view_id": view,
                "id": number,
                "label_state": states[0],
                "label_state_admin": states[1],
                "start_time": name.start_epoch,
                "file_name": str(name),
            }
        )

    def _name(
        self, clip: OwnClip, place: tuple[int, int], side: int, first_s: float, last_s: float
    ) -> RiseName:
        """The file name; as number of the first frame, that of the clip among those of its day."""
        assert clip.start is not None
        start = clip.start + timedelta(seconds=first_s)
        day = start.astimezone(self._timezone).date()
        self._of_day[place, day] += 1
        box = clip.box
        start_epoch = int(start.timestamp())
        return RiseName(
            *place,
            day,
            left=box.x,
            top=box.y,
            right=box.x + box.width,
            bottom=box.y + box.height,
            height=side,
            width=side,
            start_frame=self._of_day[place, day],
            start_epoch=start_epoch,
            end_epoch=start_epoch + max(1, round(last_s - first_s)),
        )


def is_rise_clip(clip: OwnClip) -> bool:
    """Whether the video as it is could be one of RISE's: an MP4 of 36 square frames, 5 s apart."""
    box = clip.box
    whole = (box.width, box.height) == (clip.width, clip.height)
    interval_s = clip.interval_s or 0.0
    regular = abs(interval_s - FRAME_INTERVAL_S) <= _SLACK_S * FRAME_INTERVAL_S
    exact = clip.frames == CLIP_FRAMES and abs(clip.span_s - interval_s * (CLIP_FRAMES - 1)) < 0.5
    square = clip.width == clip.height
    return whole and square and regular and exact and clip.file.endswith(".mp4")


def _write_records(place: Path, records: Sequence[RiseRecord]) -> None:
    metadata = [record.model_dump(mode="json") for record in records]
    _write(place / METADATA_FILE, json.dumps(metadata, indent=1))


def _write_names(place: Path, numbers: dict[View, tuple[int, int]]) -> None:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("camera_id", "view_id", "plant", "view", "zone"))
    writer.writerows((*number, *view) for view, number in numbers.items())
    _write(place / NAMES_FILE, text.getvalue())


def _write(path: Path, text: str) -> None:
    write_whole(
        path, text.encode(), what="the records", hint="name a place that has room with --out"
    )
