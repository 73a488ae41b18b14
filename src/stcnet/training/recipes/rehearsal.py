"""Recipes cut down to see that everything works; their scores say nothing of the method."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from stcnet.errors import ConfigError
from stcnet.training.recipes.recipe import Recipe


def rehearsed(
    recipe: Recipe,
    *,
    epochs: int | None = None,
    size: int | None = None,
    scenes: int | None = None,
) -> Recipe:
    """A recipe made shorter or smaller, with all of its parts.

    Args:
        recipe: The whole one.
        epochs: Of training, pretraining and finishing; None: as they are.
        size: Side of the pictures in training and testing, in pixels; None: as it is.
        scenes: Rendered scenes, where it has any; None: as many as it has.

    Raises:
        ConfigError: One of them is out of range.
    """
    settings: dict[str, Any] = recipe.model_dump(mode="json")
    if epochs is not None:
        settings["epochs"] = epochs
        for part in ("pretraining", "finishing"):
            if settings[part] is not None:
                settings[part]["epochs"] = epochs
    if size is not None:
        settings["network"] |= {"input_size": size, "training_size": None}
    if scenes is not None and settings["scenes"] is not None:
        settings["scenes"]["clips"] = scenes
    try:
        return Recipe.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            first["msg"].removeprefix("Value error, "),
            where=".".join(map(str, first["loc"])) or recipe.name,
            got=first["input"],
        ) from None
