"""``stcnet data show``: contact sheets of clips before and after augmentation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Collection as Several
    from collections.abc import Iterator, Sequence

    from stcnet.datasets.augmentation import AugmentationSettings
    from stcnet.datasets.clips import ClipSet
    from stcnet.datasets.collection import Collection, LabelledClip
    from stcnet.training.batches.contact_sheets import Shown
    from stcnet.types import Picture

PRESET = "cameras"
_SIZE, _SEGMENTS = 224, 9
_HINT = "free disk space or name another folder with --out"


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(show)


def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of any kind of data.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the sheets go.")],
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The recipe whose augmentation, size and frames are shown.",
            show_default="the preset cameras, 224 px, 9 frames",
        ),
    ] = None,
    clips: Annotated[int, typer.Option(metavar="N", min=1, help="Number of clips.")] = 4,
    view: Annotated[
        str | None, typer.Option(metavar="V", help="Show clips of this camera view only.")
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Decides everything that is drawn.")
    ] = 0,
    only: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Transforms to show, parted by commas; else all."),
    ] = None,
) -> None:
    """Write contact sheets: frames and residuals of clips before and after augmentation.

    clip-1.png and so on show all transforms, half of the clips with smoke if there are as many;
    transform-haze.png and so on show one transform alone, on the first clip.
    """
    from stcnet.cli.research import require_extra

    require_extra()
    import numpy as np

    from stcnet.cli.progress import shown_progress
    from stcnet.datasets.opening import open_collection
    from stcnet.folders import new_folder
    from stcnet.training.batches.contact_sheets import Shown, choose_clips

    settings, size, segments = _augmentation(recipe)
    if only is not None:
        settings = settings.only(_named(only, settings))
    collection = open_collection(folder)
    rng = np.random.default_rng(seed)
    chosen = choose_clips(_candidates(collection, folder, view), clips, rng)
    with new_folder(out, ()) as partial, shown_progress() as progress:
        progress("decoding", 0, None)
        decoded = collection.load(chosen, size)
        number = len(chosen) + len(settings.switched_on)
        sheets = _sheets(decoded, chosen, Shown(settings, segments, seed))
        for done, (name, picture) in enumerate(sheets, start=1):
            _write(partial / name, picture)
            progress("drawing", done, number)
    for place, clip in enumerate(chosen, start=1):
        typer.echo(f"clip-{place}.png: {_title(clip)}")
    typer.echo(f"{number} sheets: {out}")


def _augmentation(recipe: str | None) -> tuple[AugmentationSettings, int, int]:
    """Settings, side and number of frames that a recipe gives."""
    from stcnet.datasets.augmentation import AugmentationSettings
    from stcnet.training.recipes.recipe import load_recipe

    if recipe is None:
        return AugmentationSettings.model_validate(PRESET), _SIZE, _SEGMENTS
    read = load_recipe(recipe)
    network = read.network.outline()
    if network.channels != 3 or read.augmentation is None:
        raise ConfigError(
            "this recipe varies no pictures",
            where="--recipe",
            got=f"{recipe}: {'optical flow' if network.channels != 3 else 'augmentation: null'}",
            hint="name another",
        )
    segments = network.frames + network.takes_residuals
    return read.augmentation, read.network.size_in_training, segments


def _named(only: str, settings: AugmentationSettings) -> Several[str]:
    """The transforms of ``--only``, all of them switched on."""
    names = [name.strip() for name in only.split(",")]
    for name in names:
        if name not in settings.switched_on:
            raise ConfigError(
                "there is no such transform, or it is switched off",
                where="--only",
                got=repr(name),
                allowed=", ".join(settings.switched_on),
            )
    return names


def _candidates(collection: Collection, folder: Path, view: str | None) -> list[LabelledClip]:
    """The labelled clips of a view, or of all."""
    from stcnet.datasets.collection import labelled

    clips = labelled(collection.clips)
    found = [clip for clip in clips if view in {None, clip.view}]
    if not found:
        views = sorted({clip.view for clip in clips})
        raise DataError(
            "there is no labelled clip to show"
            if view is None
            else "no labelled clip has the view",
            where=folder,
            got=view,
            allowed=", ".join(views) or None,
        )
    return found


def _sheets(
    decoded: ClipSet, chosen: Sequence[LabelledClip], shown: Shown
) -> Iterator[tuple[str, Picture]]:
    """Names of files and what they show."""
    from stcnet.training.batches.contact_sheets import clip_sheet, transform_sheet

    for place, clip in enumerate(chosen):
        title = f"{_title(clip)}; seed {shown.seed}"
        yield f"clip-{place + 1}.png", clip_sheet(decoded, place, shown, title)
    for name in shown.settings.switched_on:
        yield f"transform-{name}.png", transform_sheet(decoded, 0, shown, name)


def _title(clip: LabelledClip) -> str:
    return f"{clip.id} ({'smoke' if clip.label else 'no smoke'}, view {clip.view})"


def _write(path: Path, picture: Picture) -> None:
    import io

    from PIL import Image

    from stcnet.files import write_whole

    data = io.BytesIO()
    Image.fromarray(picture).save(data, format="PNG")
    write_whole(path, data.getvalue(), what="the sheet", hint=_HINT)
