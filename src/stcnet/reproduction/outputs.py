"""The files of a table: written whole, again after every job."""

from __future__ import annotations

import json
from pathlib import Path

from stcnet.errors import ConfigError
from stcnet.files import write_whole
from stcnet.reproduction.benches import Bench
from stcnet.reproduction.jobs import HINT
from stcnet.reproduction.page import render
from stcnet.reproduction.plans import Budget
from stcnet.reproduction.records import as_csv, as_json
from stcnet.reproduction.results import Reproduction

STEM = "reproduction"
SETTINGS_FILE = "table.json"


def write_outputs(table: Reproduction, out: Path) -> None:
    """Write ``reproduction.html``, ``reproduction.csv`` and ``reproduction.json``.

    Raises:
        OutputError: The folder cannot be written.
    """
    contents = {"html": render(table), "csv": as_csv(table), "json": as_json(table)}
    for suffix, content in contents.items():
        path = out / f"{STEM}.{suffix}"
        write_whole(path, content.encode(), what="the table", hint=HINT, make_folder=True)


def claim_folder(out: Path, bench: Bench, budget: Budget) -> None:
    """Say what a folder of results is of; refuse one that is of something else.

    Raises:
        ConfigError: The folder holds a table of another budget or of other data.
        OutputError: The folder cannot be written.
    """
    path = out / SETTINGS_FILE
    ours = {"budget": budget, "data": bench.facts.title}
    for key, got in _claimed(path).items():
        if got != ours.get(key):
            raise ConfigError(
                f"the folder holds a table of {key} {got}, not {ours.get(key)}",
                where=out,
                hint="name another folder with --out",
            )
    content = json.dumps(ours, indent=1).encode()
    write_whole(path, content, what="the settings of a table", hint=HINT, make_folder=True)


def _claimed(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in content.items()}
