"""Tiny models, built without PyTorch: two convolutions before the head, then a weighted sum."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from stcnet.inference import (
    Calibration,
    InputSpec,
    ModelDescription,
    ModelPackage,
    PlattCalibration,
    Provenance,
    Sampling,
    write_package,
)

SIZE = 16
CHANNELS = 4
Weights = dict[str, NDArray[Any]]


def external(name: str, shape: tuple[int, ...]) -> TensorProto:
    """An initialiser whose values lie in weights.safetensors."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.safetensors")
    return tensor


def values(name: str, *shape: Any) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def graph_bytes(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    initialisers: list[TensorProto],
) -> bytes:
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initialisers)
    opset = [helper.make_opsetid("", 18)]
    data: bytes = helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()
    return data


def frame_graph(last: str = "Tanh") -> bytes:
    """One strided convolution a pathway, batch norm on one of them, their sum, ``last``."""
    norm = ["scale", "shift", "mean", "var"]
    nodes = [
        helper.make_node("Conv", ["frame", "spatial.weight"], ["spatial"], strides=[4, 4]),
        helper.make_node("Conv", ["residual", "temporal.weight"], ["raw"], strides=[4, 4]),
        helper.make_node("BatchNormalization", ["raw", *norm], ["temporal"]),
        helper.make_node("Add", ["spatial", "temporal"], ["both"]),
        helper.make_node(last, ["both"], ["features"]),
    ]
    kernel = (CHANNELS, 3, 4, 4)
    return graph_bytes(
        nodes,
        [values("frame", "N", 3, "S", "S"), values("residual", "N", 3, "S", "S")],
        [values("features", "N", CHANNELS, "h", "w")],
        [external("spatial.weight", kernel), external("temporal.weight", kernel)]
        + [external(name, (CHANNELS,)) for name in norm],
    )


def clip_graph(frames: int) -> bytes:
    """A weighted sum over time and channels, which tells each of the T moments from the others."""
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])
    nodes = [
        helper.make_node("Mul", ["features", "head.weight"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "axes"], ["activation"], keepdims=0),
        helper.make_node("ReduceMean", ["activation", "axes"], ["logit"], keepdims=0),
    ]
    return graph_bytes(
        nodes,
        [values("features", "B", frames, CHANNELS, "h", "w")],
        [values("logit", "B"), values("activation", "B", "h", "w")],
        [external("head.weight", (1, frames, CHANNELS, 1, 1)), axes],
    )


def random_weights(frames: int, seed: int = 0) -> Weights:
    rng = np.random.default_rng(seed)
    shapes = {
        "frame/spatial.weight": (CHANNELS, 3, 4, 4),
        "frame/temporal.weight": (CHANNELS, 3, 4, 4),
        "frame/scale": (CHANNELS,),
        "frame/shift": (CHANNELS,),
        "frame/mean": (CHANNELS,),
        "frame/var": (CHANNELS,),
        "clip/head.weight": (1, frames, CHANNELS, 1, 1),
    }
    weights: Weights = {
        name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()
    }
    weights["frame/var"] = np.abs(weights["frame/var"]) + np.float32(0.5)
    return weights


def random_clip(frames: int, height: int = 20, width: int = 24, seed: int = 1) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def describe(frames: int, stride: int, residual: Any = "signed") -> ModelDescription:
    return ModelDescription(
        name="tiny",
        version="1.2.3",
        preset="none",
        created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        network={"backbone": "conv", "frames": frames, "shared": False, "dropout": 0.5},
        input=InputSpec(size=SIZE, mean=(120, 110, 100), std=(60, 61, 62), residual=residual),
        sampling=Sampling(interval_s=5, stride=stride, frames=frames),
        provenance=Provenance(
            stcnet_version="0",
            torch_version="0",
            recipe={"epochs": 3, "optimiser": {"name": "none"}},
            data="random numbers",
            data_sha256="0" * 64,
            seed=0,
        ),
        limits=("knows nothing",),
    )


CALIBRATION = PlattCalibration(
    slope=1.5,
    intercept=-0.25,
    threshold=0.5,
    alarm_threshold=0.6,
    off_threshold=0.4,
    basis="random numbers",
)


@dataclass(frozen=True)
class Parts:
    """The arguments of write_package; ``with_`` swaps some of them."""

    description: ModelDescription
    frame_graph: bytes
    clip_graph: bytes
    weights: Weights
    example_frames: NDArray[np.uint8]
    calibration: Calibration = CALIBRATION
    card: str = "# tiny\n"

    def with_(self, **changes: Any) -> "Parts":
        return replace(self, **changes)

    def write(self, path: Path) -> ModelPackage:
        return write_package(
            path,
            self.description,
            frame_graph=self.frame_graph,
            clip_graph=self.clip_graph,
            weights=self.weights,
            calibration=self.calibration,
            example_frames=self.example_frames,
            card=self.card,
        )


def make_parts(frames: int = 3, stride: int = 2, residual: str = "signed") -> Parts:
    return Parts(
        describe(frames, stride, residual),
        frame_graph(),
        clip_graph(frames),
        random_weights(frames),
        random_clip(2 * (frames + 1)).reshape(2, frames + 1, 20, 24, 3),
    )
