"""Checkpoints: whole or absent, never half written; and refused where they do not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from stcnet.errors import OutputError, TrainingError
from stcnet.networks import STCNet
from stcnet.training.data import TrainingData
from stcnet.training.recipe import Recipe

CHECKPOINT_FILE = "last.ckpt"
WEIGHTS_FILE = "weights.safetensors"
RECIPE_FILE = "recipe.json"
DATA_FILE = "data.json"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: the number of finished epochs."""

    epochs: int


def save_checkpoint(
    folder: Path, recipe: Recipe, progress: Progress, parts: dict[str, Any]
) -> None:
    """Write the state of a run so that it can be resumed.

    Args:
        folder: Of the run.
        recipe: Of the run; resuming asks for the same.
        progress: Finished epochs.
        parts: State dicts of model, averaged weights, optimiser and scheduler.

    Raises:
        OutputError: The folder cannot be written; the previous checkpoint stays intact.
    """
    state = {"recipe": recipe.model_dump_json(), "epochs": progress.epochs, "parts": parts}
    _replace(folder / CHECKPOINT_FILE, lambda path: torch.save(state, path))


def load_checkpoint(folder: Path, recipe: Recipe) -> tuple[Progress, dict[str, Any]] | None:
    """The state of an earlier run in ``folder``, or None where there is none.

    Raises:
        TrainingError: The checkpoint is damaged, or is of another recipe.
    """
    path = folder / CHECKPOINT_FILE
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        stored, epochs, parts = state["recipe"], int(state["epochs"]), dict(state["parts"])
    except Exception as error:
        raise TrainingError(
            "the checkpoint is damaged",
            where=path,
            got=type(error).__name__,
            hint="remove it to start anew",
        ) from None
    if Recipe.model_validate_json(stored) != recipe:
        raise TrainingError(
            "the checkpoint belongs to another recipe",
            where=path,
            hint="train into another folder, or remove it to start anew",
        )
    return Progress(epochs), parts


@dataclass(frozen=True, slots=True, eq=False)
class FinishedRun:
    """The result of a run.

    Attributes:
        recipe: What was done.
        data: What it was done with.
        weights: State dict of the averaged network, without the second names of shared tensors.
    """

    recipe: Recipe
    data: TrainingData
    weights: dict[str, Tensor]

    def network(self) -> STCNet:
        """The trained network on the CPU, in evaluation mode."""
        model = STCNet(self.recipe.network.resolved())
        missing, unexpected = model.load_state_dict(self.weights, strict=False)
        known = {name for name, _ in _state(model)}
        if unexpected or known & set(missing):
            raise TrainingError(
                "the weights do not fit the recipe's network",
                where=self.recipe.name,
                got=", ".join([*unexpected, *sorted(known & set(missing))][:3]),
            )
        return model.eval()


def save_run(folder: Path, model: nn.Module, recipe: Recipe, data: TrainingData) -> None:
    """Write the result of a run: the weights, the recipe and the data that made them.

    Raises:
        OutputError: The folder cannot be written.
    """
    weights = {name: value.detach().cpu().contiguous() for name, value in _state(model)}
    _replace(folder / WEIGHTS_FILE, lambda path: save_file(weights, path))
    for name, record in ((RECIPE_FILE, recipe), (DATA_FILE, data)):
        _write_record(folder / name, record)


def load_run(folder: Path) -> FinishedRun:
    """The result of a finished run.

    Raises:
        TrainingError: The folder holds no finished run.
    """
    try:
        recipe = Recipe.model_validate_json((folder / RECIPE_FILE).read_text(encoding="utf-8"))
        data = TrainingData.model_validate_json((folder / DATA_FILE).read_text(encoding="utf-8"))
        weights = load_file(folder / WEIGHTS_FILE)
    except (OSError, ValueError, SafetensorError) as error:
        raise TrainingError(
            "the folder holds no finished training run",
            where=folder,
            got=error,
            hint="train into it first",
        ) from None
    return FinishedRun(recipe, data, weights)


def _write_record(path: Path, record: BaseModel) -> None:
    text = record.model_dump_json(indent=2)
    _replace(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def _state(model: nn.Module) -> list[tuple[str, Tensor]]:
    """The state dict without the second names of shared tensors."""
    seen: set[int] = set()
    unique: list[tuple[str, Tensor]] = []
    for name, value in model.state_dict(keep_vars=True).items():
        if id(value) not in seen:
            seen.add(id(value))
            unique.append((name, value))
    return unique


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside ``path`` and move into place."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(
            "a result of training cannot be written",
            where=path,
            got=error.strerror or error,
            hint="free disk space or name another folder, then run the command again to resume",
        ) from None
