"""From a finished run to a model package with its card."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

import stcnet
from stcnet.datasets.cells.records import CLIP_FRAMES, FRAME_INTERVAL_S
from stcnet.errors import ConfigError, OutputError
from stcnet.inference import (
    InputSpec,
    ModelDescription,
    ModelPackage,
    Provenance,
    Sampling,
    write_package,
)
from stcnet.networks import STCNet
from stcnet.packaging.card import metrics_of, model_card
from stcnet.packaging.findings import Findings, HeldOut
from stcnet.packaging.graphs import export_graphs
from stcnet.synthesis.scenes import render_clip
from stcnet.training.checkpoint import FinishedRun
from stcnet.training.data import hash_ids
from stcnet.types import Picture

EXAMPLE_SIDE = 96
LIMITS = (
    "Trained on daylight time-lapse, one frame every 5 s: it does not know night pictures or"
    " infrared, and must be fed at that cadence.",
    "Trained on {clips} clips of a few plants; expect more misses and false alarms on a"
    " camera it has never seen, and check its first weeks by eye.",
    "Expect changing light, dark pictures and steam among its false alarms, smoke in the dark"
    " or beside much steam among its misses; `stcnet evaluate --causes` counts them on labelled"
    " clips.",
    "It says whether smoke is in the picture, not what it is made of, how dense it is, or whether a"
    " rule was broken.",
)


def export_package(
    run: FinishedRun,
    path: Path,
    *,
    version: str,
    held_out: HeldOut | None = None,
    created_at: datetime | None = None,
) -> ModelPackage:
    """Write the model package of a finished run.

    Args:
        run: The weights and what made them.
        path: The ``.stcnet`` file to write.
        version: Of the model.
        held_out: Source of calibration, scores and operating points; without it the package has
            none of them.
        created_at: Aware UTC; None for now, or the moment in SOURCE_DATE_EPOCH where that is set.

    Raises:
        ConfigError: SOURCE_DATE_EPOCH holds no number.
        DataError: The predictions do not belong to the clips, or cannot be calibrated.
        OutputError: The file cannot be written.
    """
    require_folder(path)
    created_at = created_at or moment_of_making()
    network = _require_stcnet(run)
    sampling = _sampling(network)
    findings = held_out.findings(sampling.window_s) if held_out else Findings()
    description = _describe(run, network, findings, version, created_at)
    graphs = export_graphs(network, description.input.size)
    return write_package(
        path,
        description,
        frame_graph=graphs.frame_graph,
        clip_graph=graphs.clip_graph,
        weights=graphs.weights,
        calibration=findings.calibration,
        example_frames=example_clips(sampling),
        card=model_card(description, findings),
    )


def _require_stcnet(run: FinishedRun) -> STCNet:
    """Only STCNet comes apart into a graph for each frame and one for the clip."""
    network = run.network()
    if not isinstance(network, STCNet):
        raise ConfigError(
            "only an STCNet can be exported to a model package",
            where="network.preset",
            got=run.recipe.network.preset,
            hint="judge this network by its predictions: stcnet evaluate --predictions",
        )
    return network


def _sampling(network: STCNet) -> Sampling:
    frames = network.choices.frames
    return Sampling(interval_s=FRAME_INTERVAL_S, stride=CLIP_FRAMES // (frames + 1), frames=frames)


def _describe(
    run: FinishedRun,
    network: STCNet,
    findings: Findings,
    version: str,
    created_at: datetime,
) -> ModelDescription:
    settings = run.recipe.network
    normalisation = settings.normalisation(network)
    return ModelDescription(
        name=run.recipe.name,
        version=version,
        preset=settings.preset,
        created_at=created_at,
        # The heads that only training sees are in no graph, and their weights not in the package.
        network=asdict(replace(network.choices, auxiliary_heads=False)),
        input=InputSpec(
            size=settings.input_size,
            mean=_of_rgb(normalisation.mean),
            std=_of_rgb(normalisation.std),
            residual=settings.residual,
        ),
        sampling=_sampling(network),
        provenance=_provenance(run),
        metrics=metrics_of(findings.scores),
        operating_points=findings.points,
        limits=_limits(run),
    )


def _limits(run: FinishedRun) -> tuple[str, ...]:
    count = len(run.data.seen)
    clips = "about a thousand" if round(count, -2) == 1000 else f"{count:,}"
    return tuple(limit.format(clips=clips) for limit in LIMITS)


def _of_rgb(values: tuple[float, ...]) -> tuple[float, float, float]:
    red, green, blue = values
    return red, green, blue


def example_clips(sampling: Sampling) -> Picture:
    """One rendered clip with smoke and one without, shape (2, T + 1, 96, 96, 3), uint8."""
    clips = [
        render_clip(
            scene_seed=7,
            with_smoke=with_smoke,
            frames=sampling.phase_frames,
            interval_s=sampling.interval_s * sampling.stride,
            size=(EXAMPLE_SIDE, EXAMPLE_SIDE),
        )
        for with_smoke in (True, False)
    ]
    return np.stack([np.asarray(clip, dtype=np.uint8) for clip in clips])


def require_folder(path: Path) -> None:
    """Say at once, not after the work is done, that there is nowhere to write.

    Raises:
        OutputError: The folder of ``path`` does not exist, or ``path`` is a folder itself.
    """
    if path.is_dir():
        raise OutputError(
            "the model package cannot be written",
            where=path,
            got="it is a folder",
            hint="name a file, such as model.stcnet",
        )
    if not path.parent.is_dir():
        raise OutputError(
            "the model package cannot be written",
            where=path,
            got=f"{path.parent} is no folder",
            hint="choose a folder that exists and can be written to",
        )


def moment_of_making() -> datetime:
    """Now, or the moment in SOURCE_DATE_EPOCH where that is set; aware UTC, in whole seconds.

    Raises:
        ConfigError: SOURCE_DATE_EPOCH holds no number.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    except (ValueError, OverflowError, OSError):
        raise ConfigError(
            "this is not a moment", where="SOURCE_DATE_EPOCH", got=epoch, allowed="seconds, UTC"
        ) from None
    return moment.replace(microsecond=0)


def _provenance(run: FinishedRun) -> Provenance:
    return Provenance(
        stcnet_version=stcnet.__version__,
        torch_version=torch.__version__,
        recipe=run.recipe.model_dump(mode="json"),
        data=run.data.description,
        clips=run.data.seen,
        data_sha256=hash_ids(run.data.seen),
        seed=run.recipe.seed,
        revisions=run.data.revisions,
    )
