"""The figures of the STCNet paper for one clip, and the numbers behind them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from PIL import Image

from stcnet.explain.drawing import (
    HEAT,
    LOCAL_LOGITS,
    captioned,
    heated,
    logits_overlay,
    residual_picture,
)
from stcnet.explain.explanation import Explanation
from stcnet.explain.gradcam import FUSED, SPATIAL, TEMPORAL
from stcnet.files import write_whole
from stcnet.types import FloatArray, Picture
from stcnet.video.writing import write_gif

GIF_FPS = 8
"""Moments a second; they lie 5 s apart at the usual cadence."""

FIGURE_FILES = (
    "rgb-strip.png",
    "residual-strip.png",
    "grad-cam.gif",
    "spatial.png",
    "temporal.png",
    "fused.png",
    "activation.png",
    "maps.npz",
    "explanation.json",
)
"""What a folder of an explanation may hold; a network of one pathway has only its own still."""

STILLS = {SPATIAL: "spatial pathway", TEMPORAL: "temporal pathway", FUSED: "both, fused"}
SIDE_IN = 4.6
HINT = "free disk space or name another folder with --out"


def write_figures(folder: Path, explanation: Explanation, name: str) -> list[Path]:
    """Write the files of :data:`FIGURE_FILES` into a folder that exists.

    Every map is drawn as a share of the largest value of all of them in the clip, so that colours
    compare between pathways and moments; clips cannot be compared by them.

    Args:
        folder: Where to write.
        explanation: What to draw.
        name: Of the clip.

    Returns:
        The files that were written.

    Raises:
        OutputError: A file cannot be written.
    """
    write_gif(folder / "grad-cam.gif", moments(explanation), GIF_FPS)
    content: dict[str, bytes] = {
        "rgb-strip.png": _png(rgb_strip(explanation)),
        "residual-strip.png": _png(residual_strip(explanation)),
        "activation.png": _drawn(activation_figure(explanation)),
        "maps.npz": _arrays(explanation),
        "explanation.json": (json.dumps(as_record(explanation, name), indent=1) + "\n").encode(),
    } | {f"{pathway}.png": _drawn(still(explanation, pathway)) for pathway in explanation.maps}
    for file, data in content.items():
        write_whole(folder / file, data, what="the figures", hint=HINT)
    return [folder / file for file in FIGURE_FILES if (folder / file).exists()]


def rgb_strip(explanation: Explanation) -> Picture:
    """The T frames that are judged together."""
    return _strip(explanation, lambda row: explanation.earlier[row])


def residual_strip(explanation: Explanation) -> Picture:
    """The residual frames of the same T frames, amplified."""
    return _strip(explanation, lambda row: _residual(explanation, row))


def moments(explanation: Explanation) -> list[Picture]:
    """A picture for each moment: what was seen, and Grad-CAM of each pathway, side by side."""
    return [
        captioned(
            [explanation.earlier[row], *(_overlay(explanation, p, row) for p in explanation.maps)],
            [f"{explanation.times_s[row]:.0f} s", *explanation.maps],
        )
        for row in range(len(explanation.earlier))
    ]


def still(explanation: Explanation, pathway: str) -> Figure:
    """Grad-CAM of a pathway at the moment with the most evidence, with its scale."""
    row = explanation.strongest
    title = f"Grad-CAM for {explanation.target}: {STILLS[pathway]}"
    moment = f"stage {explanation.stage}, at {explanation.times_s[row]:.0f} s"
    scale = ScalarMappable(Normalize(0, 1), colormaps[HEAT])
    return _scaled(
        *(_overlay(explanation, pathway, row), f"{title}\n{moment}", scale),
        "share of the clip's largest value",
    )


def activation_figure(explanation: Explanation) -> Figure:
    """The exact map of the verdict: local logits, whose mean is the logit, with their scale."""
    verdict = explanation.verdict
    limit = max(float(np.abs(verdict.activation).max()), 1e-6)
    picture = logits_overlay(explanation.earlier[explanation.strongest], verdict.activation, limit)
    scale = ScalarMappable(Normalize(-limit, limit), colormaps[LOCAL_LOGITS])
    title = f"Exact: mean {verdict.logit:+.2f} is the logit\nprobability {verdict.probability:.3f}"
    return _scaled(picture, title, scale, "local logit: none below 0, smoke above")


def as_record(explanation: Explanation, name: str) -> dict[str, Any]:
    """What ``explanation.json`` holds."""
    package, verdict = explanation.package, explanation.verdict
    return {
        "clip": name,
        "model": f"{package.name} {package.version}",
        "model_sha256": package.sha256,
        "logit": round(verdict.logit, 6),
        "probability": round(verdict.probability, 6),
        "threshold": package.calibration.threshold,
        "target": explanation.target,
        "stage": explanation.stage,
        "times_s": list(explanation.times_s),
        "strongest_s": explanation.times_s[explanation.strongest],
        "largest": {pathway: float(f"{v:.6g}") for pathway, v in explanation.peaks.items()},
    }


def _strip(explanation: Explanation, picture: Callable[[int], Picture]) -> Picture:
    rows = explanation.sampled
    return captioned(
        [picture(row) for row in rows], [f"{explanation.times_s[row]:.0f} s" for row in rows]
    )


def _residual(explanation: Explanation, row: int) -> Picture:
    return residual_picture(explanation.earlier[row], explanation.later[row])


def _overlay(explanation: Explanation, pathway: str, row: int) -> Picture:
    """The temporal pathway saw the residual, the others the frame: a map lies on what was seen."""
    seen = _residual(explanation, row) if pathway == TEMPORAL else explanation.earlier[row]
    largest = max(explanation.peaks.values()) or 1.0
    return heated(seen, explanation.maps[pathway][row] / np.float32(largest))


def _scaled(picture: Picture, title: str, scale: ScalarMappable, label: str) -> Figure:
    figure = Figure(figsize=(SIDE_IN * 1.15, SIDE_IN), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    axes.imshow(picture)
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_axis_off()
    figure.colorbar(scale, ax=axes, shrink=0.85, label=label)
    return figure


def _drawn(figure: Figure) -> bytes:
    data = io.BytesIO()
    figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()


def _png(picture: Picture) -> bytes:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, format="PNG")
    return data.getvalue()


def _arrays(explanation: Explanation) -> bytes:
    arrays: Mapping[str, FloatArray] = dict(explanation.maps) | {
        "activation": explanation.verdict.activation,
        "times_s": np.array(explanation.times_s, dtype=np.float32),
    }
    data = io.BytesIO()
    np.savez_compressed(data, allow_pickle=False, **arrays)
    return data.getvalue()
