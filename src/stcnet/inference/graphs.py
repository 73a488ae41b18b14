"""The two ONNX graphs of a model, ready to run."""

from __future__ import annotations

import os
from textwrap import shorten
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import onnxruntime as ort

from stcnet.errors import PackageError, ScoringError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from stcnet.types import FloatArray

# Initialisers come from memory only: no folder of this name can exist, so that a graph cannot
# make ONNX Runtime read a file of its choice.
_NO_FOLDER = "/dev/null/none"
_FATAL = 4


class _Signature(NamedTuple):
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


_FRAME = _Signature("frame", ("frame", "residual"), ("features",))
_CLIP = _Signature("clip", ("features",), ("logit", "activation"))


class PhaseScore(NamedTuple):
    """What the network says of T residuals.

    Attributes:
        logit: Raw smoke logit.
        activation: float32, shape (h, w); its mean is ``logit``.
    """

    logit: float
    activation: FloatArray


class GraphRunner:
    """The frame graph and the clip graph of one model in ONNX Runtime, on the CPU.

    Safe to share between threads. Waiting threads sleep, so that a monitor that scores a picture
    every few seconds leaves the processor alone in between.

    Args:
        frame_graph: ONNX model: ``frame``, ``residual`` (N, 3, S, S) -> ``features`` (N, F, h, w).
        clip_graph: ONNX model: ``features`` (B, T, F, h, w) -> ``logit`` (B,), ``activation``
            (B, h, w).
        weights: The external initialisers of the graphs: ``frame/NAME`` is initialiser ``NAME``
            of the frame graph, ``clip/NAME`` of the clip graph. Each of them must be given and
            used.
        threads: Threads of each graph; None for one a core available to this process.
        where: The package, for messages.

    Raises:
        PackageError: ONNX Runtime refuses a graph, a weight is missing or not asked for, or a
            graph has other inputs or outputs.
    """

    def __init__(
        self,
        frame_graph: bytes,
        clip_graph: bytes,
        weights: Mapping[str, NDArray[Any]],
        *,
        threads: int | None = None,
        where: object = "model",
    ) -> None:
        _check_prefixes(weights, where)
        threads = threads or available_cores()
        # ONNX Runtime does not copy the values: they must live as long as the sessions.
        self._frame_values = _values_of(weights, "frame/")
        self._clip_values = _values_of(weights, "clip/")
        self._frame = _session(frame_graph, self._frame_values, threads, _FRAME, where)
        self._clip = _session(clip_graph, self._clip_values, threads, _CLIP, where)

    def features(self, frame: FloatArray, residual: FloatArray) -> FloatArray:
        """Feature map of one frame and its residual.

        Args:
            frame: Normalised frame, float32, shape (3, S, S).
            residual: What follows it: the residual to the next sampled frame, same shape.

        Returns:
            float32, shape (F, h, w).

        Raises:
            ScoringError: The graph cannot take this shape, or takes or gives values that are not
                finite.
        """
        # One frame a run, always: another batch size may round differently, and a stream must
        # give the numbers of a clip.
        inputs = {"frame": frame[np.newaxis], "residual": residual[np.newaxis]}
        (features,) = _run(self._frame, _FRAME, inputs)
        return _only(features, 3, "features")

    def phase(self, features: Sequence[FloatArray]) -> PhaseScore:
        """Judge the T feature maps of one phase, oldest first, each of shape (F, h, w).

        Raises:
            ScoringError: The graph cannot take this shape, or takes or gives values that are not
                finite.
        """
        logit, activation = _run(self._clip, _CLIP, {"features": np.stack(features)[np.newaxis]})
        return PhaseScore(float(_only(logit, 0, "logit")), _only(activation, 2, "activation"))


def available_cores() -> int:
    """Number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_prefixes(weights: Mapping[str, NDArray[Any]], where: object) -> None:
    for name in weights:
        if not name.startswith(("frame/", "clip/")):
            raise PackageError(
                "a weight belongs to no graph",
                where=where,
                got=repr(name),
                allowed="frame/NAME, clip/NAME",
            )


def _values_of(weights: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, ort.OrtValue]:
    return {
        name.removeprefix(prefix): ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))
        for name, array in weights.items()
        if name.startswith(prefix)
    }


def _options(values: Mapping[str, ort.OrtValue], threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", _NO_FOLDER
    )
    options.add_external_initializers(list(values), list(values.values()))
    return options


def _session(
    graph: bytes,
    values: Mapping[str, ort.OrtValue],
    threads: int,
    signature: _Signature,
    where: object,
) -> ort.InferenceSession:
    where = f"{where}, {signature.name}.onnx"
    try:
        session = ort.InferenceSession(
            graph, _options(values, threads), providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the errors of ONNX Runtime share no other base
        raise PackageError(
            "ONNX Runtime refuses the graph or its weights",
            where=where,
            got=_reason(error),
            hint=f"its external initialisers NAME must be just the weights {signature.name}/NAME",
        ) from error
    _check_signature(session, signature, where)
    return session


def _check_signature(session: ort.InferenceSession, signature: _Signature, where: str) -> None:
    inputs = sorted(node.name for node in session.get_inputs())
    outputs = sorted(node.name for node in session.get_outputs())
    if (inputs, outputs) != (sorted(signature.inputs), sorted(signature.outputs)):
        raise PackageError(
            "the graph has other inputs or outputs",
            where=where,
            got=f"{', '.join(inputs)} -> {', '.join(outputs)}",
            allowed=f"{', '.join(signature.inputs)} -> {', '.join(signature.outputs)}",
        )


def _run(
    session: ort.InferenceSession,
    signature: _Signature,
    inputs: dict[str, FloatArray],
) -> list[FloatArray]:
    for name, values in inputs.items():
        # Some kernels swallow a NaN: a verdict on it would look like any other.
        if not np.isfinite(values).all():
            raise ScoringError(
                f"the input {name} of the network holds values that are not finite",
                where=f"{signature.name}.onnx",
                hint="look at the pictures and at the normalisation they went through",
            )
    try:
        results: list[FloatArray] = session.run(list(signature.outputs), inputs)
    except Exception as error:  # the errors of ONNX Runtime share no other base
        raise ScoringError(
            "ONNX Runtime cannot run the graph",
            where=f"{signature.name}.onnx",
            got=_reason(error),
            hint="the package does not fit its own manifest; export the model again",
        ) from error
    for output, values in zip(signature.outputs, results, strict=True):
        if not np.isfinite(values).all():
            raise ScoringError(
                f"the network gives {output} values that are not finite",
                where=f"{signature.name}.onnx",
                hint="use another model package",
            )
    return results


def _reason(error: Exception) -> str:
    """The words of ONNX Runtime, which can run on for pages, on one line of bounded length."""
    return shorten(str(error), 240, placeholder=" ...")


def _only(values: FloatArray, dimensions: int, output: str) -> FloatArray:
    """The single item of a batch of one."""
    if values.ndim != dimensions + 1 or len(values) != 1 or values.dtype != np.float32:
        raise ScoringError(
            f"the network gives {output} of an unexpected form",
            got=f"{values.dtype} {values.shape}",
            allowed=f"float32, a batch of one, {dimensions} more dimensions",
        )
    return np.asarray(values[0])
