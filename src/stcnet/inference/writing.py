"""Making a model package."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stcnet.errors import PackageError
from stcnet.files import write_whole
from stcnet.inference.archive import pack_members, read_members
from stcnet.inference.manifest import FORMAT_VERSION, Manifest, ModelDescription
from stcnet.inference.package import (
    MEMBER_BYTES,
    PACKAGE_BYTES,
    ModelPackage,
    read_package_file,
    unpack,
)
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


MANIFEST = "manifest.json"


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
    return _written(path, _pack(draft, packed_weights))


def recalibrate_package(
    package: ModelPackage,
    path: Path,
    *,
    description: ModelDescription,
    calibration: Calibration,
    card: str,
) -> ModelPackage:
    """Write a package with another calibration; graphs, weights and examples stay byte for byte.

    Args:
        package: As it was loaded; its file must still be there.
        path: The ``.stcnet`` file to write; one that exists is replaced.
        description: What the new manifest says of the model.
        calibration: From logits to probabilities.
        card: The model card, in Markdown.

    Raises:
        PackageError: The file of the package cannot be read or is another one by now.
        OutputError: The file cannot be written.
    """
    data = read_package_file(package.source)
    if hashlib.sha256(data).hexdigest() != package.sha256:
        raise PackageError(
            "the file is not the package that was loaded", where=package.source, hint="try again"
        )
    members = read_members(data, MEMBER_BYTES, PACKAGE_BYTES, package.source)
    members |= _said_of(calibration, card)
    return _written(path, _with_manifest(members, description))


def _written(path: Path, data: bytes) -> ModelPackage:
    """The package in the bytes, once they are on the disk."""
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
        "examples.npz": write_examples(_scored(draft)),
        **_said_of(draft.calibration, draft.card),
    }
    return _with_manifest(members, draft.manifest)


def _said_of(calibration: Calibration, card: str) -> dict[str, bytes]:
    """The members that follow from held-out predictions."""
    return {
        "calibration.json": calibration.model_dump_json(indent=2).encode(),
        "MODEL_CARD.md": card.encode(),
    }


def _with_manifest(members: Mapping[str, bytes], description: ModelDescription) -> bytes:
    """The archive of the members and of a manifest of the present format that has their hashes."""
    hashes = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in members.items()
        if name != MANIFEST
    }
    said = {name: getattr(description, name) for name in ModelDescription.model_fields}
    manifest = Manifest(**said, format_version=FORMAT_VERSION, files=hashes)
    return pack_members({**members, MANIFEST: manifest.model_dump_json(indent=2).encode()})


def _scored(draft: ModelPackage) -> Examples:
    check_examples(draft.examples, draft.manifest.sampling.phase_frames, draft.source)
    frames = draft.examples.frames
    return Examples(frames, np.array([draft.score_example(example).logit for example in frames]))
