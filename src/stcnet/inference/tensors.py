"""The numbers in a model package: its weights and its worked examples."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from stcnet.errors import PackageError
from stcnet.inference.archive import pack_members, read_members

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stcnet.types import Picture

MAX_EXAMPLES = 64
"""The most worked examples in a package: each is scored whenever the package is loaded."""

_EXAMPLE_BYTES = {"frames.npy": 1 << 28, "logits.npy": 1 << 16}


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Clips of one phase each, and the logits that they must give.

    Attributes:
        frames: uint8, shape (E, T + 1, H, W, 3).
        logits: Raw logits, float64, shape (E,).
    """

    frames: Picture
    logits: NDArray[np.float64]


def write_weights(weights: Mapping[str, NDArray[Any]]) -> bytes:
    """Weights by name as the bytes of a safetensors file."""
    return safetensors.numpy.save(
        {name: np.ascontiguousarray(weights[name]) for name in sorted(weights)}
    )


def read_weights(data: bytes, where: object) -> dict[str, NDArray[Any]]:
    """Weights by name from the bytes of a safetensors file; float16 comes out as float32.

    Args:
        data: The whole file.
        where: The package and member, for the message.

    Raises:
        PackageError: It is not a safetensors file, or holds numbers that numpy does not know.
    """
    try:
        stored = safetensors.numpy.load(data)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise PackageError("the weights cannot be read", where=where, got=error) from error
    return {name: _at_least_float32(array) for name, array in stored.items()}


def _at_least_float32(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.float32) if array.dtype == np.float16 else array


def write_examples(examples: Examples) -> bytes:
    """Examples as the bytes of an ``.npz`` file; the same examples always give the same bytes."""
    return pack_members(
        {"frames.npy": _to_npy(examples.frames), "logits.npy": _to_npy(examples.logits)}
    )


def read_examples(data: bytes, phase_frames: int, where: object) -> Examples:
    """Examples from the bytes of an ``.npz`` file, unpacked with limits and without pickle.

    Args:
        data: The whole file.
        phase_frames: Number T + 1 of frames that each example must have.
        where: The package and member, for the message.

    Raises:
        PackageError: It is not such a file, or holds arrays of another kind.
    """
    members = read_members(data, _EXAMPLE_BYTES, sum(_EXAMPLE_BYTES.values()), where)
    frames = _from_npy(members["frames.npy"], f"{where}, frames.npy")
    logits = _from_npy(members["logits.npy"], f"{where}, logits.npy")
    examples = Examples(frames, logits)
    check_examples(examples, phase_frames, where)
    return examples


def check_examples(examples: Examples, phase_frames: int, where: object) -> None:
    """Refuse examples of another form than :class:`Examples` states.

    Args:
        examples: The examples.
        phase_frames: Number T + 1 of frames that each of them must have.
        where: The package and member, for the message.

    Raises:
        PackageError: A type or shape is wrong, a logit is not finite, or there is no example or
            too many.
    """
    frames, logits = examples.frames, examples.logits
    count = len(logits) if logits.ndim == 1 else 0
    if (
        not 1 <= count <= MAX_EXAMPLES
        or logits.dtype != np.float64
        or not np.isfinite(logits).all()
        or frames.dtype != np.uint8
        or frames.ndim != 5
        or frames.shape[:2] != (count, phase_frames)
        or frames.shape[4] != 3
        or 0 in frames.shape
    ):
        raise PackageError(
            "the examples have the wrong form",
            where=where,
            got=f"frames {frames.dtype} {frames.shape}, logits {logits.dtype} {logits.shape}",
            allowed=f"frames uint8 (E, {phase_frames}, H, W, 3), "
            f"logits float64 (E,), finite, E in 1..{MAX_EXAMPLES}",
        )


def _to_npy(array: NDArray[Any]) -> bytes:
    buffer = BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _from_npy(data: bytes, where: object) -> NDArray[Any]:
    try:
        array = np.lib.format.read_array(BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, MemoryError, TypeError, OverflowError) as error:
        raise PackageError("the array cannot be read", where=where, got=error) from error
    return np.asarray(array)
