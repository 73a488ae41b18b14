"""A tiny model that can be quantised: a first stage, dense and depthwise convolutions behind."""

from pathlib import Path
from typing import Any

import numpy as np
from onnx import helper

from stcnet.inference import ModelPackage
from stcnet.packaging.footage import Footage
from stcnet.packaging.quantisation import quantise_package
from tiny_model import (
    CHANNELS,
    Parts,
    Weights,
    clip_graph,
    describe,
    external,
    graph_bytes,
    random_clip,
    random_weights,
    values,
)

WIDTH = 16
SHAPES = {
    "spatial.stages.0.weight": (WIDTH, 3, 4, 4),
    "temporal.stages.0.weight": (WIDTH, 3, 4, 4),
    "stages.0.1.weight": (WIDTH, WIDTH, 1, 1),
    "stages.1.dense.weight": (WIDTH, WIDTH, 1, 1),
    "stages.1.depthwise.weight": (WIDTH, 1, 3, 3),
    "stages.1.project.weight": (WIDTH, WIDTH, 1, 1),
    "reduce.weight": (CHANNELS, WIDTH, 1, 1),
}
"""Of all convolutions: three of a first stage, three behind it, and the last."""


def staged_graph() -> bytes:
    def conv(name: str, source: str, result: str, **attributes: Any) -> Any:
        return helper.make_node("Conv", [source, name], [result], name=name, **attributes)

    nodes = [
        conv("spatial.stages.0.weight", "frame", "seen", strides=[4, 4]),
        conv("temporal.stages.0.weight", "residual", "moved", strides=[4, 4]),
        helper.make_node("Add", ["seen", "moved"], ["both"]),
        conv("stages.0.1.weight", "both", "first"),
        helper.make_node("Relu", ["first"], ["first_rectified"]),
        conv("stages.1.dense.weight", "first_rectified", "dense"),
        helper.make_node("Relu", ["dense"], ["dense_rectified"]),
        conv("stages.1.depthwise.weight", "dense_rectified", "deep", group=WIDTH, pads=[1] * 4),
        helper.make_node("Relu", ["deep"], ["deep_rectified"]),
        conv("stages.1.project.weight", "deep_rectified", "projected"),
        conv("reduce.weight", "projected", "features"),
    ]
    return graph_bytes(
        nodes,
        [values("frame", "N", 3, "S", "S"), values("residual", "N", 3, "S", "S")],
        [values("features", "N", CHANNELS, "h", "w")],
        [external(name, shape) for name, shape in SHAPES.items()],
    )


def staged_parts(frames: int = 3, stride: int = 2) -> Parts:
    rng = np.random.default_rng(0)
    weights: Weights = {
        f"frame/{name}": rng.normal(0, 1.5 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)
        for name, shape in SHAPES.items()
    }
    # Logits of about 1, where a probability shows how far a logit is off.
    weights["clip/head.weight"] = random_weights(frames)["clip/head.weight"] / 4
    examples = random_clip(2 * (frames + 1)).reshape(2, frames + 1, 20, 24, 3)
    return Parts(describe(frames, stride), staged_graph(), clip_graph(frames), weights, examples)


def random_footage(frames: int, count: int = 4) -> Footage:
    clips = (random_clip(2 * frames, 16, 16, seed) for seed in range(100, 100 + count))
    return Footage(clips, f"{count} clips of noise", f"--clips {count}")


def int8_package(path: Path, frames: int = 3, stride: int = 2) -> ModelPackage:
    """Written beside its 32-bit form, whose name ends in ``.fp32.stcnet``."""
    source = staged_parts(frames, stride).write(path.with_suffix(".fp32.stcnet"))
    return quantise_package(source, path, random_footage(frames + 1))
