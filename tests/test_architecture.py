"""The page of the architecture shows the rooms that are there, on the rows that are checked."""

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRACTS = {each["name"]: each for each in SETTINGS["tool"]["importlinter"]["contracts"]}
NO_ROOMS = {"__init__", "__main__", "models"}
"""The bundled model is a file; nothing imports its folder, nor the way in of ``python -m``."""


def checked_rows() -> list[set[str]]:
    rows = CONTRACTS["Arrows run one way"]["layers"]
    return [{room.strip().removeprefix("stcnet.") for room in row.split("|")} for row in rows]


def shown_rows() -> list[set[str]]:
    """From the table of rooms, by the number of their row."""
    rows: dict[int, set[str]] = defaultdict(set)
    for number, room in re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE, re.MULTILINE):
        rows[int(number)].add(room)
    assert sorted(rows) == list(range(1, len(rows) + 1))
    return [rows[number] for number in sorted(rows)]


def test_the_page_shows_the_rows_that_are_checked() -> None:
    assert shown_rows() == checked_rows()


def test_every_room_has_its_row() -> None:
    there = {path.stem for path in (ROOT / "src" / "stcnet").iterdir() if not is_hidden(path)}
    assert set.union(*checked_rows()) == there - NO_ROOMS


def is_hidden(path: Path) -> bool:
    return path.name.startswith((".", "__pycache__", "py.typed"))


@pytest.mark.parametrize("name", ["store", "monitor", "web", "cluster"])
def test_a_future_room_is_not_there_yet(name: str) -> None:
    future = PAGE.partition("## Where future rooms go")[2]
    assert f"| `{name}` |" in future
    assert name not in set.union(*checked_rows())
