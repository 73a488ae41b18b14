"""Making a model package."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stcnet.files import write_whole
from stcnet.inference.archive import pack_members
from stcnet.inference.manifest import FORMAT_VERSION, Manifest, ModelDescription
from stcnet.inference.package import ModelPackage, unpack
from stcnet.inference.tensors import (
    Examples,
    check_examples,
    read_weights,
    write_examples,
    write_weights,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from stcnet.inference.calibration import Calibration
    from stcnet.types import Picture


def write_package(
    path: str | Path,
    description: ModelDescription,
    *,
    frame_graph: bytes,
    clip_graph: bytes,
    weights: Mapping[str, NDArray[Any]],
    calibration: Calibration,
    example_frames: Picture,
    card: str,
) -> ModelPackage:
    """Write a model package: the same arguments always give the same bytes.

    The file appears whole or not at all. What it promises for its examples is what its own graphs
    say of them here.

    Args:
        path: The ``.stcnet`` file to write; one that exists is replaced.
        description: What the manifest says of the model.
        frame_graph: ONNX model: ``frame``, ``residual`` (N, 3, S, S) -> ``features`` (N, F, h, w),
            its large initialisers external.
        clip_graph: ONNX model: ``features`` (B, T, F, h, w) -> ``logit`` (B,), ``activation``
            (B, h, w) whose mean is the logit.
        weights: The external initialisers: ``frame/NAME`` is initialiser ``NAME`` of the frame
            graph, ``clip/NAME`` of the clip graph. The graphs see float16 as float32.
        calibration: From logits to probabilities.
        example_frames: Clips of one phase each: RGB, uint8, shape (E, T + 1, H, W, 3).
        card: The model card, in Markdown.

    Returns:
        The package, as :meth:`ModelPackage.load` would read it.

    Raises:
        PackageError: The parts do not fit together, so that the package would be refused.
        OutputError: The file cannot be written.
    """
    path = Path(path)
    packed_weights = write_weights(weights)
    draft = ModelPackage(
        manifest=Manifest(**{**dict(description), "format_version": FORMAT_VERSION, "files": {}}),
        calibration=calibration,
        frame_graph=frame_graph,
        clip_graph=clip_graph,
        weights=read_weights(packed_weights, path),
        examples=Examples(example_frames, np.zeros(len(example_frames))),
        card=card,
        sha256="",
        source=path,
    )
    data = _pack(draft, packed_weights)
    package = unpack(data, path)
    write_whole(
        path,
        data,
        what="the model package",
        hint="free disk space or choose a folder that can be written to",
    )
    return package


def _pack(draft: ModelPackage, packed_weights: bytes) -> bytes:
    members = {
        "frame.onnx": draft.frame_graph,
        "clip.onnx": draft.clip_graph,
        "weights.safetensors": packed_weights,
        "calibration.json": draft.calibration.model_dump_json(indent=2).encode(),
        "examples.npz": write_examples(_scored(draft)),
        "MODEL_CARD.md": draft.card.encode(),
    }
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    manifest = draft.manifest.model_copy(update={"files": hashes})
    return pack_members({**members, "manifest.json": manifest.model_dump_json(indent=2).encode()})


def _scored(draft: ModelPackage) -> Examples:
    check_examples(draft.examples, draft.manifest.sampling.phase_frames, draft.source)
    frames = draft.examples.frames
    return Examples(frames, np.array([draft.score_example(example).logit for example in frames]))
