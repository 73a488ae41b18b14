"""The gallery of ``stcnet evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.errors import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stcnet.datasets import Collection
    from stcnet.evaluation.predictions import Prediction
    from stcnet.inference import CalibrationMethod

GalleryFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="With --data: write a page with the worst false positives and negatives as GIFs, "
        "with --model also their maps; an earlier gallery is replaced.",
    ),
]
GallerySize = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Clips of each kind in it.", show_default="40"),
]


def write_mistakes(
    folder: Path,
    size: int | None,
    predictions: Sequence[Prediction],
    collection: Collection,
    *,
    model: Path | None,
    method: CalibrationMethod | None,
) -> None:
    """Write the gallery of predictions on a collection, calibrated by ``method`` if there is one.

    Raises:
        DataError: Predictions do not fit the clips, or a video cannot be used.
        OutputError: The folder cannot be written, or holds something else.
        PackageError: The model cannot be used.
    """
    from stcnet.cli.progress import shown_progress
    from stcnet.cli.values import load_package
    from stcnet.evaluation.gallery import (
        DEFAULT_SIZE,
        GALLERY_FILES,
        PAGE,
        choose_mistakes,
        write_gallery,
    )
    from stcnet.evaluation.held_out import cross_calibrated
    from stcnet.folders import new_folder

    judged = cross_calibrated(predictions, collection, method) if method else predictions
    gallery = choose_mistakes(judged, collection, size or DEFAULT_SIZE)
    package = load_package(model) if model is not None else None
    with (
        new_folder(folder, GALLERY_FILES, overwrite=True, option="--gallery") as partial,
        shown_progress() as progress,
    ):
        write_gallery(
            *(partial, gallery, collection),
            package=package,
            calibrated=method is not None,
            on_clip=lambda done, total: progress("drawing", done, total),
        )
    say(f"written: {folder / PAGE}")
