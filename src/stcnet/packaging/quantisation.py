"""Static quantisation: a model package whose frame graph computes mostly in 8-bit integers.

The frame graph runs for every picture and holds nearly all weights; the clip graph takes a few
hundredths of the time and stays as it is. Of the frame graph the first stage of each pathway stays
in 32 bits: thin smoke changes a picture by a few of 255 grey levels, and its residual, whose range
is twice as wide, would be rounded off before the network has looked at it.

Activations are unsigned 8-bit integers with one range a tensor, observed on clips. Weights are
signed integers with a scale for each output channel. A processor without VNNI instructions adds the
products of two neighbouring channels in 16 bits, which overflow at 8-bit weights (255 x 127 x 2)
and silently saturate. So weights of dense convolutions take 7 bits (255 x 64 x 2 < 2**15), and the
sums are exact everywhere. Depthwise convolutions have nothing to add in pairs and take 8.

What is rounded off has a mean, layer by layer, and the sum of it shifts all logits alike: that
hardly changes their order, but moves them past the threshold. So the convolution that ends the
frame graph stays in 32 bits, and its bias takes up what its output, channel by channel, differs by
in the mean (empirical bias correction: Nagel et al., "Data-Free Quantization Through Weight
Equalization and Bias Correction", ICCV 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from stcnet.errors import ConfigError
from stcnet.inference import ModelPackage, Quantisation, write_package
from stcnet.inference.phases import PhaseScorer
from stcnet.packaging.export import require_folder
from stcnet.packaging.footage import Footage
from stcnet.packaging.graphs import externalise
from stcnet.preprocess import centred_square, phase_indices, residual_frames

if TYPE_CHECKING:
    from stcnet.types import FloatArray, Picture

Feed = dict[str, "FloatArray"]
"""The two inputs of the frame graph, ``frame`` and ``residual``, each (1, 3, S, S)."""

OnClip = Callable[[int, int], None]

PASSES: Final = 3
"""How often the clips are gone through: once for the ranges, twice for the mean."""

FIRST_STAGE: Final = "stages.0."
"""Part of the names of the weights of every backbone's first stage."""

IN_FLOAT: Final = "the first stage of each pathway, the last convolution and the clip graph"
_QUANTISED_OPERATORS: Final = ["Conv", "Add", "Clip", "Relu"]


def quantise_package(
    package: ModelPackage,
    path: Path,
    footage: Footage,
    *,
    on_clip: OnClip = lambda done, total: None,
) -> ModelPackage:
    """Write the int8 form of a 32-bit package: the same model, mostly in 8-bit integers.

    The same package, clips and version of ONNX Runtime give the same bytes.

    Args:
        package: In 32 bits.
        path: The ``.stcnet`` file to write.
        footage: Its activations set the ranges. No clip of it should be one that the result is to
            be judged by.
        on_clip: Told of clips gone through and how often that will be in all.

    Returns:
        The package that was written. Its probabilities follow from the same calibration; its
        scores are those of the 32-bit package, and its worked examples its own.

    Raises:
        ConfigError: The package is quantised already, or has nothing that can be.
        OutputError: The file cannot be written.
        ValueError: There is no clip.
    """
    require_folder(path)
    require_float(package)
    feeds = Feeds(package, footage.clips, on_clip)
    frame_graph, values = quantise_frame_graph(package.frame_graph, package.weights, feeds)
    clip_values = {name: v for name, v in package.weights.items() if name.startswith("clip/")}
    quantisation = Quantisation(
        source_sha256=package.sha256,
        clips=len(feeds),
        basis=footage.basis,
        in_float=IN_FLOAT,
        onnxruntime_version=onnxruntime.__version__,
    )
    return write_package(
        path,
        package.manifest.model_copy(update={"precision": "int8", "quantisation": quantisation}),
        frame_graph=frame_graph,
        clip_graph=package.clip_graph,
        weights=values | clip_values,
        calibration=package.calibration,
        example_frames=package.examples.frames,
        card=package.card + _chapter(quantisation, footage.options),
    )


def require_float(package: ModelPackage) -> None:
    """Refuse to quantise what is quantised.

    Raises:
        ConfigError: The package is not in 32 bits.
    """
    if package.manifest.precision != "fp32":
        raise ConfigError(
            "the package is quantised already",
            where=package.source,
            got=package.manifest.precision,
            allowed="fp32",
            hint="name the 32-bit package that it was made of",
        )


def quantise_frame_graph(
    graph: bytes, weights: Mapping[str, NDArray[Any]], feeds: Feeds
) -> tuple[bytes, dict[str, NDArray[Any]]]:
    """The frame graph in 8-bit integers where :data:`IN_FLOAT` does not except it.

    Args:
        graph: As in a package, its weights external.
        weights: Of both graphs, by ``GRAPH/NAME``.
        feeds: Inputs on which the ranges of the activations are observed, and the mean of what is
            rounded off.

    Returns:
        The graph, and its external initialisers by ``frame/NAME``.

    Raises:
        ConfigError: Nothing in it can be quantised.
    """
    with TemporaryDirectory(prefix="stcnet-int8-") as folder:
        prepared, quantised = Path(folder, "prepared.onnx"), Path(folder, "int8.onnx")
        # Folds batch norms into convolutions.
        quant_pre_process(_whole(graph, weights), prepared, skip_symbolic_shape=True)
        model = onnx.load(prepared)
        quantize_static(
            prepared,
            quantised,
            _Reader(feeds),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_QUANTISED_OPERATORS,
            nodes_to_exclude=_nodes_in_float(model),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"TensorQuantOverrides": _of_8_bits(model)},
        )
        made = onnx.load(quantised)
    _correct_bias(made, model, feeds)
    return _taken_apart(made)


def _whole(graph: bytes, weights: Mapping[str, NDArray[Any]]) -> onnx.ModelProto:
    """The frame graph with its weights in it."""
    model = onnx.load_from_string(graph)
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            values = np.ascontiguousarray(weights[f"frame/{tensor.name}"])
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    return model


def _convolutions(model: onnx.ModelProto) -> Iterator[tuple[onnx.NodeProto, onnx.TensorProto]]:
    """The convolutions with their weights, (out, in / groups, h, w)."""
    values = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[1] in values:
            yield node, values[node.input[1]]


def _nodes_in_float(model: onnx.ModelProto) -> list[str]:
    """Names of the convolutions that stay in 32 bits.

    Raises:
        ConfigError: All of them would.
    """
    inputs = {each.name for each in model.graph.input}
    found = list(_convolutions(model))
    last = found[-1][0].name
    kept = [
        node.name
        for node, weight in found
        if FIRST_STAGE in weight.name or node.input[0] in inputs or node.name == last
    ]
    if len(kept) == len(found):
        raise ConfigError(
            "the package has no layer that can be quantised",
            where="frame.onnx",
            got=f"{len(found)} convolutions, each the last or in a first stage",
            hint="use it as it is",
        )
    return kept


def _correct_bias(model: onnx.ModelProto, exact: onnx.ModelProto, feeds: Feeds) -> None:
    """Let the last convolution's bias take up what its output differs by in the mean.

    Args:
        model: Quantised; changed in place.
        exact: The same graph in 32 bits.
        feeds: Inputs to take the mean over.
    """
    output = list(_convolutions(exact))[-1][0].output[0]
    shift = _mean_of(exact, output, feeds) - _mean_of(model, output, feeds)
    node = next(node for node in model.graph.node if output in node.output)
    if len(node.input) == 2:
        node.input.append(f"{node.input[1]}.bias")
        zeros = onnx.numpy_helper.from_array(np.zeros_like(shift), node.input[2])
        model.graph.initializer.append(zeros)
    bias = next(each for each in model.graph.initializer if each.name == node.input[2])
    corrected = onnx.numpy_helper.to_array(bias) + shift
    bias.CopyFrom(onnx.numpy_helper.from_array(corrected, bias.name))


def _mean_of(model: onnx.ModelProto, name: str, feeds: Feeds) -> NDArray[np.float32]:
    """Mean of an inner map (N, C, h, w) over the feeds and all places, float32, (C,)."""
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    if name not in {each.name for each in opened.graph.output}:
        opened.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    session = onnxruntime.InferenceSession(
        opened.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    means = [session.run([name], feed)[0].mean(axis=(0, 2, 3)) for feed in feeds]
    return np.asarray(np.mean(means, axis=0), dtype=np.float32)


def _of_8_bits(model: onnx.ModelProto) -> dict[str, list[dict[str, Any]]]:
    """The weights of depthwise convolutions, which ``reduce_range`` is not to reduce."""
    full = {"quant_type": QuantType.QInt8, "axis": 0, "symmetric": True, "reduce_range": False}
    return {
        weight.name: [dict(full)]
        for node, weight in _convolutions(model)
        if weight.dims[1] == 1 and _groups(node) == weight.dims[0]
    }


def _groups(convolution: onnx.NodeProto) -> int:
    given = [each.i for each in convolution.attribute if each.name == "group"]
    return given[0] if given else 1


def _taken_apart(model: onnx.ModelProto) -> tuple[bytes, dict[str, NDArray[Any]]]:
    """The graph without its values, and the values of more than one number."""
    names: set[str] = set()
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        # The quantiser keeps some numbers outside of ``raw_data``, where none are looked for.
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
        if values.size > 1:
            names.add(tensor.name)
    taken = externalise(model, names)
    return model.SerializeToString(), {f"frame/{name}": value for name, value in taken.items()}


class Feeds:
    """What the frame graph sees of some clips: of each every second pair of one phase, in turns.

    Its length is the number of clips. It can be gone through as often as one likes.

    Args:
        package: Whose frame graph.
        clips: Gone through once; RGB, uint8, (L, H, W, 3) each.
        on_clip: Told of clips gone through since the beginning, and of clips times passes.

    Raises:
        ValueError: There is no clip.
    """

    def __init__(
        self,
        package: ModelPackage,
        clips: Iterable[Picture],
        on_clip: OnClip = lambda done, total: None,
    ) -> None:
        self._on_clip, self._done = on_clip, 0
        sampling = package.manifest.sampling
        self._scorer = PhaseScorer(package.runner(), package.manifest.input)
        self._phases: list[Picture] = []
        for number, clip in enumerate(clips):
            phases = phase_indices(len(clip), sampling.phase_frames, sampling.stride)
            self._phases.append(clip[phases[number % len(phases)]])
        if not self._phases:
            raise ValueError("there is no clip to observe ranges on")

    def __len__(self) -> int:
        return len(self._phases)

    def __iter__(self) -> Iterator[Feed]:
        for number, phase in enumerate(self._phases):
            box = centred_square(phase.shape[2], phase.shape[1])
            prepared = [self._scorer.prepare(frame, box) for frame in phase]
            for pair in list(pairwise(prepared))[number % 2 :: 2]:
                residual = residual_frames(np.stack(pair), self._scorer.spec.residual)
                yield {"frame": pair[0][np.newaxis], "residual": residual}
            self._done += 1
            self._on_clip(self._done, PASSES * len(self))


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Feeds in the form that the quantiser asks for."""

    def __init__(self, feeds: Feeds) -> None:
        self._left = iter(feeds)

    def get_next(self) -> Feed | None:
        """The next input; None after the last."""
        return next(self._left, None)


def _chapter(quantisation: Quantisation, options: str) -> str:
    """What the card says of an int8 package besides."""
    return f"""
## In 8 bits

Computes mostly in 8-bit integers; {quantisation.in_float} stay in
32 bits. The scores above are those of the 32-bit package that it was made of by ONNX Runtime
{quantisation.onnxruntime_version}, SHA-256

    {quantisation.source_sha256}

The ranges of its activations were observed on {quantisation.basis}.
`python benchmarks/int8.py` measures what 8 bits cost in accuracy.

```
stcnet quantise PACKAGE --out FILE {options}
```
"""
