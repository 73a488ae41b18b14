"""``stcnet-labels``: the verdicts that people give in the monitor, as JSON lines.

The first line states format and version, each further line is one verdict of one reviewer. Keys
that are not known are passed over, so that later versions can add some.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from stcnet.datasets.collection import OnBad
from stcnet.datasets.own.candidates import Candidate, Defaults, Said, completed
from stcnet.datasets.own.inside import file_inside
from stcnet.datasets.own.names import shown
from stcnet.datasets.own.records import Place, Seconds, Utc, ZoneText
from stcnet.datasets.own.votes import by_majority
from stcnet.datasets.rise.labels import Label
from stcnet.errors import DataError
from stcnet.types import Zone

FORMAT = "stcnet-labels"
VERSION = 1
Verdict = Literal["smoke", "steam", "shadow", "other", "unsure"]
LABELS: dict[Verdict, Label | None] = {
    "smoke": 1,
    "steam": 0,
    "shadow": 0,
    "other": 0,
    "unsure": None,
}


def _named(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text.strip()


Named = Annotated[str, AfterValidator(_named)]


class LabelLine(BaseModel):
    """One verdict.

    Attributes:
        clip: The video, relative to the folder of the file, with ``/`` between its parts.
        sha256: Of the video as it was judged.
        camera: The camera; becomes the view.
        plant: What it looks at.
        zone: The part of the picture that was judged, as ``detect --zone`` takes it; null for the
            centred square.
        start, end: Capture times of the first and the last frame, ISO 8601 in UTC.
        interval_s: World seconds between the frames of a time-lapse; null where the video plays as
            fast as the world went.
        verdict: ``smoke``, ``steam``, ``shadow``, ``other`` or ``unsure``.
        reviewer: Who said so.
        judged: When, ISO 8601 in UTC.
        model: Name and version of the model that pointed at the clip.
        score: Its calibrated probability of smoke, 0..1.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    clip: str
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    camera: Place
    plant: Place | None = None
    zone: ZoneText | None = None
    start: Utc
    end: Utc
    interval_s: Seconds | None = None
    verdict: Verdict
    reviewer: Named
    judged: Utc
    model: str | None = None
    score: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)

    @model_validator(mode="after")
    def _check_times(self) -> LabelLine:
        if self.end <= self.start:
            raise ValueError("end is not after start")
        return self

    @property
    def area(self) -> Zone | None:
        """The zone; None for the centred square."""
        return Zone.parse(self.zone) if self.zone else None


def is_label_file(path: Path) -> bool:
    """Whether a file begins as this format does."""
    try:
        with path.open("rb") as file:
            return FORMAT.encode() in file.readline(1000)
    except OSError:
        return False


def read_label_lines(path: Path, on_bad: OnBad) -> list[LabelLine]:
    """The verdicts of a file.

    Args:
        path: The file.
        on_bad: Told of each line that is wrong, by line and key, which is then left out.

    Raises:
        DataError: The file cannot be read, or is of another format or version.
    """
    try:
        texts = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("the labels cannot be read", where=path, got=error) from None
    _require_format(texts[0], path)
    lines = []
    for number, text in enumerate(texts[1:], start=2):
        if not text.strip():
            continue
        try:
            lines.append(LabelLine.model_validate_json(text))
        except ValidationError as error:
            on_bad(_mistake(error, f"{path}, line {number}"))
    return lines


def _require_format(first: str, path: Path) -> None:
    try:
        head = json.loads(first)
    except ValueError:
        head = None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise DataError(f"line 1 does not say format {FORMAT}", where=path, got=repr(first)[:60])
    if head.get("version") != VERSION:
        raise DataError(
            "the labels are of another version",
            where=path,
            got=repr(head.get("version"))[:60],
            allowed=VERSION,
            hint="take a newer stcnet",
        )


def _mistake(error: ValidationError, where: str) -> DataError:
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, first["loc"]))
    message = first["msg"].removeprefix("Value error, ")
    if not key:
        return DataError(f"the line is wrong: {message}", where=where)
    got = None if first["type"] == "missing" else repr(first["input"])[:60]
    return DataError(f"{key} is wrong: {message}", where=where, got=got)


def label_candidates(path: Path, clips: Path, defaults: Defaults, on_bad: OnBad) -> list[Candidate]:
    """The clips of a file of labels, in the order they first occur.

    Of each reviewer the latest verdict on a clip (and zone) counts; several reviewers come to a
    label by :func:`~stcnet.datasets.own.votes.by_majority`, where one vote is enough.

    Args:
        path: The file.
        clips: The folder that the clips' names are relative to.
        defaults: What holds for clips that do not say otherwise.
        on_bad: Told of each line or clip that cannot be taken.

    Raises:
        DataError: The file cannot be read, or is of another format or version.
    """
    judged: dict[tuple[str, str | None], list[LabelLine]] = defaultdict(list)
    for line in read_label_lines(path, on_bad):
        judged[line.clip, line.zone].append(line)
    candidates = []
    for lines in judged.values():
        try:
            candidates.append(_candidate(lines, clips, defaults))
        except DataError as error:
            on_bad(error)
    return candidates


def _candidate(lines: list[LabelLine], clips: Path, defaults: Defaults) -> Candidate:
    line = lines[0]
    latest = _latest(lines)
    judged = sorted({each.sha256 for each in lines if each.sha256})
    if len(judged) > 1:
        raise DataError(
            "its lines tell of two files: their SHA-256 differ",
            where=shown(line.clip),
            got=f"{judged[0][:16]}... and {judged[1][:16]}...",
            hint="leave out the lines on the file that is not there",
        )
    outcome = by_majority([LABELS[each.verdict] for each in latest.values()], fewest=1)
    said = Said(
        view=line.camera,
        plant=line.plant,
        start=line.start,
        interval_s=line.interval_s,
        zone=line.area,
    )
    return completed(
        file_inside(clips, line.clip),
        line.clip,
        outcome.judgement.label if outcome.judgement else None,
        said,
        defaults,
        label_weight=outcome.judgement.weight if outcome.judgement else 1.0,
        judges=tuple(sorted(latest)),
        sha256=judged[0] if judged else None,
    )


def _latest(lines: Iterable[LabelLine]) -> dict[str, LabelLine]:
    """The latest verdict of each reviewer."""
    latest: dict[str, LabelLine] = {}
    for line in lines:
        if line.reviewer not in latest or latest[line.reviewer].judged <= line.judged:
            latest[line.reviewer] = line
    return latest
