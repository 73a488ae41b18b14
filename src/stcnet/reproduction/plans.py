"""What one row trains on one split: its recipe within the budget, and what it starts from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from stcnet.errors import ConfigError, DataError, TrainingError
from stcnet.reproduction.benches import Division
from stcnet.reproduction.rows import Row, Slot
from stcnet.training.recipes.recipe import Recipe, load_recipe
from stcnet.training.recipes.rehearsal import rehearsed

Budget = Literal["full", "quick"]
Pretrained = Mapping[Slot, Path]

QUICK_EPOCHS = 2
"""A quick run shows that everything works; its scores say nothing of the methods."""

QUICK_STEPS = 2
"""On which its batch-norm statistics are taken."""

QUICK_SIZE = 64
"""Side of its input, in pixels."""

QUICK_SCENES = 8
"""Rendered scenes, where its recipe has any."""


@dataclass(frozen=True, slots=True)
class Start:
    """The weights that training starts from.

    Attributes:
        text: In words, for the table.
        as_published: The method was published with such a start.
    """

    text: str
    as_published: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job does.

    Attributes:
        row: The method.
        recipe: Within the budget; names the weights it starts from.
        start: Those weights, in words.
        fingerprint: Hash of everything that decides the result: recipe, contents of the weights,
            training clips, clips that are judged.
    """

    row: Row
    recipe: Recipe
    start: Start
    fingerprint: str


def make_plan(
    row: Row,
    division: Division,
    budget: Budget,
    pretrained: Pretrained,
    earlier: tuple[Path, Start] | None = None,
) -> Plan:
    """The plan of a row on a split.

    Args:
        row: The method.
        division: The split.
        budget: ``full`` trains the recipe as it is; ``quick`` for two epochs of small pictures.
        pretrained: Files that the user names.
        earlier: Weights of the row that this one starts from (:attr:`Row.after`), with their own
            start.

    Raises:
        ConfigError: There is no such recipe.
        DataError: A file of weights is missing.
        TrainingError: The row that this one starts from is not finished.
    """
    recipe = recipe_within(row.recipe, budget)
    weights, start = _start(row, recipe, pretrained, earlier)
    if weights is not None:
        network = recipe.network.model_copy(update={"pretrained": str(weights)})
        recipe = recipe.model_copy(update={"network": network})
    return Plan(row, recipe, start, _fingerprint(recipe, weights, division))


@cache
def recipe_within(name: str, budget: Budget) -> Recipe:
    """A bundled recipe as it is, or cut down to two epochs of small pictures.

    Raises:
        ConfigError: There is no such recipe.
    """
    recipe = load_recipe(name)
    if budget == "full":
        return recipe
    quick = rehearsed(recipe, epochs=QUICK_EPOCHS, size=QUICK_SIZE, scenes=QUICK_SCENES)
    return quick.model_copy(update={"settling_steps": QUICK_STEPS})


def _start(
    row: Row, recipe: Recipe, pretrained: Pretrained, earlier: tuple[Path, Start] | None
) -> tuple[Path | None, Start]:
    if row.after is not None:
        if earlier is None:
            raise TrainingError(f"starts from {row.after} of the same split, which is not finished")
        weights, origin = earlier
        return weights, Start(f"{row.after} of the split ({origin.text})", origin.as_published)
    if row.slot is not None and row.slot in pretrained:
        path = pretrained[row.slot]
        if not path.is_file():
            raise DataError("the pretrained weights are missing", where=f"{row.slot}={path}")
        return path.resolve(), Start(f"{row.slot} ({path.name})", as_published=True)
    if recipe.network.pretrained == "imagenet":
        return None, Start("ImageNet (packaged)", as_published=row.slot is None)
    return None, Start("from scratch", as_published=row.slot is None)


def _fingerprint(recipe: Recipe, weights: Path | None, division: Division) -> str:
    settings = recipe.model_dump(mode="json")
    if weights is not None:  # the same file may lie elsewhere the next time
        settings["network"]["pretrained"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    held_out = division.held_out
    judged = [[clip, int(label)] for clip, label in zip(held_out.ids, held_out.labels, strict=True)]
    parts = [settings, division.training.sha256, judged]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def parse_budget(text: str) -> Budget:
    """The budget of a name.

    Raises:
        ConfigError: There is no such budget.
    """
    budgets: tuple[Budget, ...] = get_args(Budget)
    for budget in budgets:
        if budget == text:
            return budget
    raise ConfigError(
        "there is no such budget", where="--budget", got=text, allowed=", ".join(budgets)
    )


def parse_pretrained(texts: list[str]) -> dict[Slot, Path]:
    """``SLOT=PATH`` of the command line.

    >>> parse_pretrained(["kinetics-rgb=rgb.pt"])
    {'kinetics-rgb': PosixPath('rgb.pt')}

    Raises:
        ConfigError: There is no such slot, or no path.
    """
    slots: tuple[Slot, ...] = get_args(Slot)
    given: dict[Slot, Path] = {}
    for text in texts:
        name, _, path = text.partition("=")
        slot = next((slot for slot in slots if slot == name), None)
        if slot is None or not path:
            raise ConfigError(
                "the pretrained weights cannot be understood",
                where="--pretrained",
                got=text,
                allowed=", ".join(f"{slot}=PATH" for slot in slots),
            )
        given[slot] = Path(path)
    return given
