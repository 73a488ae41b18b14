"""Checkpoints: whole or absent, never half written; and refused where they do not fit."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from stcnet.errors import TrainingError
from stcnet.files import write_whole
from stcnet.networks import ClipNetwork
from stcnet.training.data import TrainingData
from stcnet.training.recipes.recipe import Recipe

CHECKPOINT_FILE = "last.ckpt"
WEIGHTS_FILE = "weights.safetensors"
RECIPE_FILE = "recipe.json"
DATA_FILE = "data.json"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: the number of finished epochs."""

    epochs: int


def save_checkpoint(
    folder: Path, recipe: Recipe, data: TrainingData, progress: Progress, parts: dict[str, Any]
) -> None:
    """Write the state of a run so that it can be resumed.

    Args:
        folder: Of the run.
        recipe: Of the run; resuming asks for the same.
        data: Of the run; resuming asks for the same.
        progress: Finished epochs.
        parts: State dicts of model, averaged weights, optimiser and scheduler.

    Raises:
        OutputError: The folder cannot be written; the previous checkpoint stays intact.
    """
    state = {
        "recipe": recipe.model_dump_json(),
        "data": data.sha256,
        "revisions": _revisions_of(data),
        "labels": data.labels_sha256,
        "epochs": progress.epochs,
        "parts": parts,
    }
    # Torch reports a full disk as an internal error, so the writing is left to Python.
    buffer = io.BytesIO()
    torch.save(state, buffer)
    replace_file(folder / CHECKPOINT_FILE, buffer.getbuffer())


def load_checkpoint(
    folder: Path, recipe: Recipe, data: TrainingData
) -> tuple[Progress, dict[str, Any]] | None:
    """The state of an earlier run in ``folder``, or None where there is none.

    Raises:
        TrainingError: The checkpoint is damaged, or is of another recipe, other clips, or other
            labels of them.
    """
    path = folder / CHECKPOINT_FILE
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        stored = Recipe.model_validate_json(state["recipe"])
        progress, parts = Progress(int(state["epochs"])), dict(state["parts"])
    except Exception as error:
        raise TrainingError(
            "the checkpoint is damaged",
            where=path,
            got=type(error).__name__,
            hint="remove it to start anew",
        ) from None
    if stored != recipe:
        raise _foreign(path, "another recipe")
    # The first checkpoints did not say what they were trained on.
    if state.get("data", data.sha256) != data.sha256:
        raise _foreign(path, "other training clips")
    labels = state.get("labels") or data.labels_sha256
    if state.get("revisions", "") != _revisions_of(data) or labels != data.labels_sha256:
        raise _foreign(path, "other labels of its clips")
    return progress, parts


def _revisions_of(data: TrainingData) -> str:
    """Hash of the file that revised the labels, empty where all are as published."""
    return "" if data.revisions is None else data.revisions.sha256


def check_checkpoint(folder: Path, recipe: Recipe, data: TrainingData) -> None:
    """Refuse a checkpoint that does not fit, before much is done for the run.

    Raises:
        TrainingError: As :func:`load_checkpoint`.
    """
    load_checkpoint(folder, recipe, data)


def check_finished(folder: Path, recipe: Recipe) -> None:
    """Refuse a folder where another recipe has finished, which leaves no checkpoint beside it.

    A larger soup is no other recipe: it has the members of the smaller one.

    Raises:
        TrainingError: It is another recipe's, or its recipe cannot be read.
    """
    path = folder / RECIPE_FILE
    if not path.exists():
        return
    try:
        earlier = Recipe.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise _foreign(path, "a recipe that cannot be read", "result") from None
    if earlier.model_copy(update={"soup": max(earlier.soup, recipe.soup)}) != recipe:
        raise _foreign(path, "another recipe", "result")


def _foreign(path: Path, owner: str, what: str = "checkpoint") -> TrainingError:
    return TrainingError(
        f"the {what} belongs to {owner}",
        where=path,
        hint="train into another folder, or remove it to start anew",
    )


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

    def network(self) -> ClipNetwork:
        """The trained network on the CPU, in evaluation mode.

        Raises:
            TrainingError: The weights are not those of the recipe's network.
        """
        model = self.recipe.network.untrained()
        expected = {name: value.shape for name, value in _state(model)}
        stored = {name: value.shape for name, value in self.weights.items()}
        wrong = sorted({name for name, _ in expected.items() ^ stored.items()})
        if wrong:
            raise TrainingError(
                "the weights do not fit the recipe's network",
                where=self.recipe.name,
                got=", ".join(wrong[:3]),
                hint="train again",
            )
        # Names of shared tensors are missing on purpose.
        model.load_state_dict(self.weights, strict=False)
        return model.eval()


def save_run(folder: Path, model: nn.Module, recipe: Recipe, data: TrainingData) -> None:
    """Write the result of a run: the weights, the recipe and the data that made them.

    Raises:
        OutputError: The folder cannot be written.
    """
    weights = {name: value.detach().cpu().contiguous() for name, value in _state(model)}
    replace_file(folder / WEIGHTS_FILE, safetensors.torch.save(weights))
    for name, record in ((RECIPE_FILE, recipe), (DATA_FILE, data)):
        replace_file(folder / name, record.model_dump_json(indent=2).encode())


def load_run(folder: Path) -> FinishedRun:
    """The result of a finished run.

    Raises:
        TrainingError: The folder holds no finished run.
    """
    try:
        recipe = Recipe.model_validate_json((folder / RECIPE_FILE).read_text(encoding="utf-8"))
        data = TrainingData.model_validate_json((folder / DATA_FILE).read_text(encoding="utf-8"))
        weights = safetensors.torch.load_file(folder / WEIGHTS_FILE)
    except (OSError, ValueError, SafetensorError) as error:
        raise TrainingError(
            "the folder holds no finished training run",
            where=folder,
            got=error,
            hint="train into it first",
        ) from None
    return FinishedRun(recipe, data, weights)


def _state(model: nn.Module) -> list[tuple[str, Tensor]]:
    """The state dict without the second names of shared tensors."""
    seen: set[int] = set()
    unique: list[tuple[str, Tensor]] = []
    for name, value in model.state_dict(keep_vars=True).items():
        if id(value) not in seen:
            seen.add(id(value))
            unique.append((name, value))
    return unique


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """Write a file of a run, whole or not at all.

    Raises:
        OutputError: It cannot be written; what was there before stays.
    """
    write_whole(
        path,
        content,
        what="a result of training",
        hint="free disk space or name another folder, then run the command again to resume",
        make_folder=True,
    )
