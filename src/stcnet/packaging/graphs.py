"""A trained network as the two ONNX graphs of the model package, its weights apart.

The weights keep the names and values of the network's state dict (batch norms are not folded into
convolutions here; ONNX Runtime does that when it loads), so that a package can be trained further.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnx_ir
import torch
from numpy.typing import NDArray
from onnxscript import optimizer, rewriter
from onnxscript.rewriter.rules import common
from torch import Tensor, nn

from stcnet.networks import STCNet, smoke_logit
from stcnet.networks.heads import HEAD_CHANNELS

WEIGHTS_MEMBER = "weights.safetensors"


class FrameGraph(nn.Module):
    """``frame``, ``residual`` (N, 3, S, S) -> ``features`` (N, 256, S / 32, S / 32)."""

    def __init__(self, network: STCNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor, residual: Tensor) -> Tensor:
        """Frame features, see :meth:`STCNet.frame_features`."""
        return self.network.frame_features(frame, residual)


class ClipGraph(nn.Module):
    """``features`` (B, T, 256, h, w) -> ``logit`` (B,) and ``activation`` (B, h, w)."""

    def __init__(self, network: STCNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The smoke logit and the map whose mean it is."""
        activation = smoke_logit(self.network.class_maps(features))
        return activation.mean(dim=(1, 2)), activation


@dataclass(frozen=True, slots=True, eq=False)
class ExportedNetwork:
    """A network as :func:`stcnet.inference.write_package` takes it.

    Attributes:
        frame_graph, clip_graph: ONNX models whose weights are external.
        weights: ``frame/NAME`` and ``clip/NAME`` for each external initialiser NAME.
    """

    frame_graph: bytes
    clip_graph: bytes
    weights: dict[str, NDArray[np.float32]]


def export_graphs(network: STCNet, size: int) -> ExportedNetwork:
    """Export a network in evaluation mode.

    Args:
        network: On the CPU.
        size: Side of the input in pixels.
    """
    pixels = torch.randn(2, 2, 3, size, size)
    frames, residuals = pixels.unbind(0)
    features = torch.randn(2, network.choices.frames, HEAD_CHANNELS, size // 32, size // 32)
    frame_model = _trace(FrameGraph(network), (frames, residuals), ["frame", "residual"])
    clip_model = _trace(ClipGraph(network), (features,), ["features"])
    weights: dict[str, NDArray[np.float32]] = {}
    names = {f"network.{name}" for name in network.state_dict()}
    for prefix, model in (("frame", frame_model), ("clip", clip_model)):
        for name, values in externalise(model, names).items():
            weights[f"{prefix}/{name}"] = values
    return ExportedNetwork(frame_model.SerializeToString(), clip_model.SerializeToString(), weights)


def _trace(module: nn.Module, inputs: tuple[Tensor, ...], names: list[str]) -> onnx.ModelProto:
    outputs = ["features"] if len(inputs) == 2 else ["logit", "activation"]
    batch = torch.export.Dim("batch")
    # It says at each export that torchvision is absent; this package needs none.
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # The exporter warns of its own internals (tree specs, unused axis names).
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            inputs,
            dynamo=True,
            optimize=False,
            verbose=False,
            input_names=names,
            output_names=outputs,
            dynamic_shapes=tuple({0: batch} for _ in inputs),
        )
    assert program is not None
    return onnx_ir.serde.serialize_model(_simplify(program.model))


def _simplify(model: onnx_ir.Model) -> onnx_ir.Model:
    """Fold constants and paddings; leave the weights as they are."""
    optimizer.fold_constants(model, input_size_limit=0)
    rules = rewriter.RewriteRuleSet(
        [common.normalize_pad_format_conv_rule, common.fuse_pad_into_conv_rule]
    )
    model = rewriter.rewrite(model, rules)
    optimizer.remove_unused_nodes(model)
    return model


def externalise(model: onnx.ModelProto, names: Collection[str]) -> dict[str, NDArray[Any]]:
    """Take the values of the named initialisers out of a graph, where they become external.

    Args:
        model: Changed in place.
        names: Of initialisers whose values stand in ``raw_data``.

    Returns:
        The values by name.
    """
    taken: dict[str, NDArray[Any]] = {}
    for tensor in model.graph.initializer:
        if tensor.name in names:
            taken[tensor.name] = np.array(onnx.numpy_helper.to_array(tensor))
            tensor.ClearField("raw_data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
            del tensor.external_data[:]
            entry = tensor.external_data.add()
            entry.key, entry.value = "location", WEIGHTS_MEMBER
    return taken
