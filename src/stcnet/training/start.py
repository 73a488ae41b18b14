"""The weights that a run starts from, and what they have seen already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from stcnet.datasets import Collection, Fold
from stcnet.datasets.leaks.guard import refuse_leaks
from stcnet.datasets.leaks.look_alikes import refuse_look_alikes
from stcnet.datasets.leaks.searching import describe
from stcnet.errors import ConfigError, DataError, TrainingError
from stcnet.inference import ModelPackage
from stcnet.training.checkpoint import DATA_FILE, RECIPE_FILE, WEIGHTS_FILE
from stcnet.training.data import StartingWeights, TrainingData
from stcnet.training.recipes.packages import FLAGSHIP, SUFFIX, weights_file
from stcnet.training.recipes.recipe import Recipe
from stcnet.wording import counted

WITHOUT_FILE = ("imagenet", "none")
"""Values of ``network.pretrained`` that name no file: such weights have seen no clip."""


def refuse_taught(recipe: Recipe, fold: Fold, collection: Collection) -> None:
    """Refuse to test on clips that the starting weights have seen.

    Records are compared first; then looks, of those clips of the collection that the weights have
    seen and the fold does not train on, as the others are compared anyway.

    Args:
        recipe: May start from a file; one that an earlier run left knows what that run saw.
        fold: Its test clips must be new to the weights.
        collection: Where its clips come from.

    Raises:
        TrainingError: The weights have seen a test clip, or one that shows the same.
        ConfigError: What lies beside the file is no record of a run.
        DataError: A video of these clips cannot be used.
        SourceError: One cannot be decoded.
    """
    start = start_of(recipe)
    if start is None:
        return
    seen = [clip for clip in collection.clips if clip.id in set(start.clips)]
    trained = {clip.id for clip in fold.train}
    others = [clip for clip in seen if clip.id not in trained and clip.label is not None]
    try:
        refuse_leaks({"pretraining": seen, "test": fold.test})
    except DataError as error:
        raise _taught(recipe, _first_part(error)) from None
    if not others:
        return
    one, other = describe(collection, others), describe(collection, fold.test)
    try:
        refuse_look_alikes(one, other)
    except DataError as error:
        raise _taught(recipe, _first_part(error)) from None


def refuse_seen(recipe: Recipe, tested: Iterable[str]) -> None:
    """Refuse to test on clips that the starting weights have seen, as far as their ids tell.

    Raises:
        TrainingError: They have seen one.
        ConfigError: As :func:`start_of`.
    """
    start = start_of(recipe)
    both = sorted(set(start.clips) & set(tested)) if start is not None else []
    if both:
        raise _taught(recipe, f"{both[0]}, {counted(len(both), 'clip')} in all")


def with_start(recipe: Recipe, data: TrainingData) -> TrainingData:
    """The record of a training set, told of the file of weights that the run starts from.

    Raises:
        ConfigError: The file cannot be read, or what lies beside it is no record of a run.
    """
    start = start_of(recipe)
    if start is None:
        return data
    described = f"{data.description}; started from {start.in_words}"
    return data.model_copy(update={"description": described, "start": start})


def start_of(recipe: Recipe) -> StartingWeights | None:
    """The file of weights that a recipe starts from, None where it names none.

    Raises:
        ConfigError: The file cannot be read, or what lies beside it is no record of a run.
        PackageError: The file is no model package, as its name says.
    """
    if recipe.network.pretrained in WITHOUT_FILE:
        return None
    path = weights_file(recipe.network.pretrained)
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(
            "the weights cannot be read", where=path, got=error.strerror or error
        ) from None
    clips, complete = _seen_by(path)
    return StartingWeights(file=path.name, sha256=sha256, clips=clips, complete=complete)


def _seen_by(path: Path) -> tuple[tuple[str, ...], bool]:
    """Ids of the clips that went into a file of weights, and whether these are all."""
    if path.suffix == SUFFIX:
        return _seen_by_package(path)
    record = path.with_name(DATA_FILE)
    if path.name != WEIGHTS_FILE or not record.is_file():
        return (), False
    try:
        data = TrainingData.model_validate_json(record.read_text(encoding="utf-8"))
        recipe = json.loads(path.with_name(RECIPE_FILE).read_text(encoding="utf-8"))
        bare = recipe["network"]["pretrained"] in WITHOUT_FILE
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            "what lies beside the weights is no record of a run",
            where=path,
            got=error,
            hint="name the weights where training left them",
        ) from None
    return data.seen, bare if data.start is None else data.start.complete


def _seen_by_package(path: Path) -> tuple[tuple[str, ...], bool]:
    """The same of a model package, which names all clips behind its weights that are known."""
    provenance = ModelPackage.load(path, verify=False).manifest.provenance
    network = provenance.recipe.get("network")
    start = network.get("pretrained") if isinstance(network, dict) else None
    return provenance.clips, start in (*WITHOUT_FILE, FLAGSHIP)


def _first_part(error: DataError) -> str:
    """Where and what, without what to do about it."""
    return str(error).partition(" (")[0]


def _taught(recipe: Recipe, got: str) -> TrainingError:
    return TrainingError(
        "the weights to start from have seen a test clip",
        where=recipe.network.pretrained,
        got=got,
        hint="start from a run of the same fold, or from weights that know none of these clips",
    )
