"""Long videos into time-lapse clips whose names carry view, zone, time and cadence.

Clips appear one by one, each whole. Cutting that was interrupted goes on where it was: a clip that
is there is not written again, a video that was cut to its end is not even decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from stcnet.datasets.cells.records import CLIP_FRAMES, FRAME_INTERVAL_S
from stcnet.datasets.collection import OnBad
from stcnet.datasets.own.candidates import said_by_name
from stcnet.datasets.own.cut_state import CutState
from stcnet.datasets.own.names import CutName, Offset, is_part, part_of_name
from stcnet.datasets.own.values import zone_text
from stcnet.errors import ConfigError, DataError, SourceError, ZoneError
from stcnet.preprocess import crop
from stcnet.types import Frame, Picture, PixelBox, Zone
from stcnet.video import FrameSource, Mp4Writer, SourceInfo, open_source, require_cadence
from stcnet.video.capture_times import without_time

_PLAYBACK_FPS = 12
_Window = Generator[None, Picture, None]

Listener = Callable[[str, float, float | None], None]
"""Told the video's name, and the seconds of it that are done and of all of it."""


@dataclass(frozen=True, slots=True)
class CutSettings:
    """How to cut.

    Attributes:
        every_s: World seconds between the frames of a clip.
        frames: Frames of a clip.
        stride: Frames from the start of a clip to the start of the next.
        zones: A clip is cut of each; none for one clip of the whole picture.
        view: Camera view; None to take it from the video's name.
        start: Capture time of the first frame, UTC; None to take it from the video's name, or the
            times of a folder's pictures.
        timezone: Of times without an offset in names.
        frame_interval_s: World seconds between the frames of a video that is itself a time-lapse.

    Raises:
        ConfigError: A value is out of range, or a name cannot stand in the name of a clip.
    """

    every_s: float = FRAME_INTERVAL_S
    frames: int = CLIP_FRAMES
    stride: int = CLIP_FRAMES
    zones: tuple[Zone, ...] = ()
    view: str | None = None
    start: datetime | None = None
    timezone: tzinfo = UTC
    frame_interval_s: float | None = None

    def __post_init__(self) -> None:
        if not 0.001 <= self.every_s < 1e6:
            raise ConfigError(
                "is out of range", where="--every", got=self.every_s, allowed="1 ms and more"
            )
        for option, number in (("--frames", self.frames), ("--stride", self.stride)):
            if not 1 <= number <= 100_000:
                raise ConfigError("is out of range", where=option, got=number, allowed="1..100000")
        names = [zone.name for zone in self.zones]
        if len(set(names)) < len(names):
            raise ConfigError("two zones have one name", where="--zone", got=", ".join(names))
        given = [("--zone", name) for name in names]
        given += [("--view", self.view)] if self.view else []
        for option, name in given:
            if not is_part(name):
                raise ConfigError(
                    "this cannot stand in the name of a clip",
                    where=option,
                    got=repr(name)[:60],
                    allowed="up to 60 bytes of letters and digits, single - or . between them",
                )

    @property
    def shape(self) -> dict[str, object]:
        """What all clips of a folder share."""
        return {
            "every_s": self.every_s,
            "frames": self.frames,
            "stride": self.stride,
            "zones": [zone_text(zone) for zone in self.zones],
            "frame_interval_s": self.frame_interval_s,
        }


@dataclass(slots=True)
class CutReport:
    """What was cut.

    Attributes:
        written: Clips written now.
        there: Clips that were there already.
        left_out: Videos that gave none, or not all.
    """

    written: int = 0
    there: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where the clips of a video come from: its view, and its start or else its name."""

    view: str
    start: datetime | None
    video: str

    def name(self, zone: Zone | None, time_s: float, every_s: float) -> CutName:
        moment = self.start and self.start + timedelta(seconds=time_s)
        return CutName(
            self.view, zone.name if zone else None, moment or Offset(self.video, time_s), every_s
        )


def cut_videos(
    videos: Sequence[Path],
    out: Path,
    settings: CutSettings,
    *,
    on_bad: OnBad,
    listener: Listener = lambda video, done_s, total_s: None,
) -> CutReport:
    """Cut videos into clips, ``out/<name>.mp4`` with names of :class:`CutName`.

    No clip reaches across a gap in the recording; what is left over at its end gives none.

    Args:
        videos: Files, or folders of pictures.
        out: Where the clips go; made if it is missing.
        settings: How.
        on_bad: Told of each video that cannot be cut, or not to its end; the others go on.
        listener: Told of progress.

    Raises:
        ConfigError: Two videos would give clips of one name, or the folder holds clips that were
            cut otherwise.
        DataError: ``cut.json`` cannot be read.
        OutputError: The folder cannot be written, or another process cuts into it.
    """
    origins = {video: _origin(video, settings) for video in videos}
    _require_distinct(origins)
    report = CutReport()
    with CutState.opened(out, settings.shape) as state:
        _cut_all(origins, state, settings, report, on_bad, listener)
    return report


def _cut_all(
    origins: Mapping[Path, _Origin],
    state: CutState,
    settings: CutSettings,
    report: CutReport,
    on_bad: OnBad,
    listener: Listener,
) -> None:
    for video, origin in origins.items():
        try:
            mark = _mark(video, origin)
            done = state.clips_of(mark)
            if done is None:
                anew = state.is_changed(mark)
                done = _cut(video, state.out, origin, settings, report, listener, anew=anew)
                state.finish(mark, done)
            else:
                report.there += len(done)
        except (DataError, SourceError) as error:
            report.left_out += 1
            on_bad(error)


def _origin(video: Path, settings: CutSettings) -> _Origin:
    stem = video.stem or video.name
    said = said_by_name(stem, settings.timezone)
    view = settings.view or said.view or part_of_name(without_time(stem), "view")
    start = settings.start or said.start
    return _Origin(view, start and _whole_ms(start), part_of_name(stem, "video"))


def _whole_ms(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _require_distinct(origins: dict[Path, _Origin]) -> None:
    """Refuse videos whose clips would take each other's names."""
    seen: dict[object, Path] = {}
    for video, origin in origins.items():
        key = origin.view, origin.start or origin.video
        if key in seen:
            raise ConfigError(
                "two videos would give clips of the same names",
                where=video,
                got=f"view and start of {seen[key]}",
                hint="cut them one by one with --view or --start",
            )
        seen[key] = video


def _mark(video: Path, origin: _Origin) -> str:
    """What says that a video is the same as when it was cut."""
    try:
        status = video.stat()
    except (OSError, ValueError) as error:
        raise SourceError("cannot be opened", where=video, got=error) from None
    place = origin.start.isoformat() if origin.start else origin.video
    return f"{origin.view} {place} {status.st_size} {status.st_mtime_ns}"


def _cut(
    video: Path,
    out: Path,
    origin: _Origin,
    settings: CutSettings,
    report: CutReport,
    listener: Listener,
    *,
    anew: bool,
) -> list[str]:
    """Cut one video, with ``anew`` over clips that are there; gives the names of its clips."""
    with open_source(video, frame_interval_s=settings.frame_interval_s) as source:
        require_cadence(source, settings.every_s)
        if origin.start is None and source.info.started_at is not None:
            origin = replace(origin, start=_whole_ms(source.info.started_at))
        boxes = _boxes(settings.zones, source.info, video)
        windows = _Windows(out, origin, settings, boxes, report, anew=anew)
        with windows.abandoned_at_the_end():
            for frame, run in _runs(source, settings.every_s):
                windows.take(frame, run)
                listener(video.name, frame.time_s, source.info.duration_s)
        if not windows.names:
            raise SourceError(
                f"is too short for a clip of {settings.frames} frames, one every "
                f"{settings.every_s:g} s",
                where=video,
                hint="if it is a time-lapse, give the time between its frames with "
                "--frame-interval",
            )
    return windows.names


def _boxes(
    zones: Sequence[Zone], info: SourceInfo, video: Path
) -> list[tuple[Zone | None, PixelBox]]:
    if not zones:
        return [(None, PixelBox(0, 0, info.width, info.height))]
    try:
        return [(zone, zone.to_pixels(info.width, info.height)) for zone in zones]
    except ZoneError as error:
        raise DataError(str(error), where=video) from None


def _runs(source: FrameSource, every_s: float) -> Iterator[tuple[Frame, int]]:
    """The frames at the cadence, and the number of each since the last gap, from 0."""
    run = 0
    for sample in source.sampled(every_s):
        run = 0 if sample.after_gap else run
        yield sample.frame, run
        run += 1


class _Windows:
    """The clips of a video that are being written."""

    def __init__(
        self,
        out: Path,
        origin: _Origin,
        settings: CutSettings,
        boxes: Sequence[tuple[Zone | None, PixelBox]],
        report: CutReport,
        *,
        anew: bool,
    ) -> None:
        self.names: list[str] = []
        self._out = out
        self._origin = origin
        self._settings = settings
        self._boxes = boxes
        self._report = report
        self._anew = anew
        self._open: dict[str, _Window] = {}

    def take(self, frame: Frame, run: int) -> None:
        """Give a frame to every clip that it belongs to; at a gap, drop those that are open."""
        if run == 0:
            self._abandon()
        if run % self._settings.stride == 0:
            self._begin(frame.time_s)
        for name, window in list(self._open.items()):
            try:
                window.send(frame.image)
            except StopIteration:
                del self._open[name]
                self.names.append(name)

    def _begin(self, time_s: float) -> None:
        for zone, box in self._boxes:
            name = f"{self._origin.name(zone, time_s, self._settings.every_s)}.mp4"
            window = self._window(self._out / name, box)
            next(window)
            self._open[name] = window

    def _window(self, path: Path, box: PixelBox) -> _Window:
        """Takes the pictures of one clip; written when it has all, else never."""
        if path.exists() and not self._anew:
            for _ in range(self._settings.frames):
                yield
            self._report.there += 1
            return
        # The same bytes each time: cut again, a clip is the same for the import.
        with Mp4Writer(path, _PLAYBACK_FPS, box.width, box.height, repeatable=True) as writer:
            for _ in range(self._settings.frames):
                image = yield
                writer.write(crop(image, box))
        self._report.written += 1

    def _abandon(self) -> None:
        for window in self._open.values():
            window.close()
        self._open.clear()

    @contextmanager
    def abandoned_at_the_end(self) -> Iterator[None]:
        """Whatever happens in the block, no unfinished clip stays."""
        try:
            yield
        finally:
            self._abandon()
