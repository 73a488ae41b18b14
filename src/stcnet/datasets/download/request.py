"""What a download was asked for; kept beside the videos, so that a check knows what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydantic import TypeAdapter, ValidationError

from stcnet.datasets.rise.splits import PARTS, SPLITS
from stcnet.errors import ConfigError, DataError
from stcnet.files import write_whole

REQUEST_FILE = "download.json"
DatasetName = Literal["rise", "ijmond"]
DATASETS: tuple[DatasetName, ...] = get_args(DatasetName)
SIZES = (180, 320)


@dataclass(frozen=True, slots=True)
class Request:
    """Which videos are wanted, and which archives may hold them.

    Attributes:
        dataset: ``rise`` or ``ijmond``.
        size: Side of RISE's videos in pixels, 180 or 320. None for IJmond's, which are published
            in one size only.
        split: One of RISE's splits: only clips with a label; None for all clips.
        part: ``train``, ``validation`` or ``test`` of the split; None for all three.
        limit: So many clips at most, drawn by their names: the same ones every time, and a
            larger number holds those of a smaller one.
        archives: Zip archives, tried before the addresses of the records.

    Raises:
        ConfigError: A value is not allowed, or does not go with another.
    """

    dataset: DatasetName
    size: int | None = None
    split: str | None = None
    part: str | None = None
    limit: int | None = None
    archives: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        _require("DATASET", self.dataset, DATASETS)
        if self.dataset == "rise":
            _require("--size", self.size, SIZES)
        elif self.size is not None:
            _require("--size", self.size, ())
        if self.split is not None:
            _require("--split", self.split, SPLITS if self.dataset == "rise" else ())
        if self.part is not None:
            _require("--part", self.part, PARTS)
            if self.split is None:
                raise ConfigError("a part is one of a split", where="--part", hint="give --split")
        if self.limit is not None and self.limit < 1:
            raise ConfigError("no clip is wanted", where="--limit", got=self.limit, allowed="1..")


def _require(where: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise ConfigError(
            "the value is not known",
            where=where,
            got=value,
            allowed=", ".join(map(str, allowed)) or "none, this data set has no choice",
        )


_FORM = TypeAdapter(Request)


def write_request(folder: Path, request: Request) -> None:
    """Keep a request in a folder, in the place of an earlier one.

    Raises:
        OutputError: It cannot be written.
    """
    content = _FORM.dump_json(request, indent=1) + b"\n"
    write_whole(folder / REQUEST_FILE, content, what="the request", hint="free disk space")


def read_request(folder: Path) -> Request:
    """The latest request of a folder.

    Raises:
        DataError: There is none, or it is damaged.
        ConfigError: It holds a value that is not allowed.
    """
    path = folder / REQUEST_FILE
    try:
        return _FORM.validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(
            "it is not known which videos were wanted",
            where=path,
            got=error.strerror,
            hint="run stcnet data download into this folder",
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(
            f"the request is damaged: {' '.join(map(str, (*first['loc'], first['msg'])))}",
            where=path,
            hint="remove it and run stcnet data download again",
        ) from None
