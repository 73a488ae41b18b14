"""Random numbers: drawn from a generator on the CPU, or hashed from integers on any device."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

_MASK = 0xFFFFFFFF
Range = tuple[float, float]


def _mix(value: Tensor) -> Tensor:
    """Scramble 32-bit integers held in int64 (the finaliser of MurmurHash3)."""
    value = value ^ (value >> 16)
    value = (value * 0x85EBCA6B) & _MASK
    value = value ^ (value >> 13)
    value = (value * 0xC2B2AE35) & _MASK
    return value ^ (value >> 16)


def hashed_uniform(*keys: Tensor | int) -> Tensor:
    """Numbers in [0, 1) that depend on nothing but the integer keys.

    The same keys give the same bits on every device and in every batch, so a rendered frame needs
    no state and no neighbour.

    Args:
        keys: int64 tensors that broadcast together, or plain integers; at least one tensor.

    Returns:
        float32, of the broadcast shape.
    """
    value: Tensor | int = 0x2545F491
    for key in keys:
        value = (value * 0x9E3779B1 + key) & _MASK
        value = _mix(value) if isinstance(value, torch.Tensor) else value
    if not isinstance(value, torch.Tensor):
        raise TypeError("hashed_uniform needs at least one tensor among its keys")
    return (_mix(value) >> 8).to(torch.float32) * 2.0**-24


def hashed_normal_pair(*keys: Tensor | int) -> Tensor:
    """Two independent standard normal numbers per key, by the Box-Muller transform.

    Returns:
        float32, of the broadcast shape of the keys with an axis of length 2 appended.
    """
    device = next(key.device for key in keys if isinstance(key, torch.Tensor))
    apart = (key[..., None] if isinstance(key, torch.Tensor) else key for key in keys)
    first, second = hashed_uniform(*apart, torch.arange(1, 3, device=device)).unbind(-1)
    radius = torch.sqrt(-2 * torch.log1p(-first))
    angle = 2 * math.pi * second
    return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=-1)


def uniform(generator: torch.Generator, shape: tuple[int, ...], bounds: Range) -> Tensor:
    """Draw float32 numbers of the given shape, uniform between the two bounds."""
    low, high = bounds
    return low + (high - low) * torch.rand(shape, generator=generator)


def log_uniform(generator: torch.Generator, shape: tuple[int, ...], bounds: Range) -> Tensor:
    """Draw float32 numbers of the given shape whose logarithm is uniform; bounds above zero."""
    low, high = bounds
    return torch.exp(uniform(generator, shape, (math.log(low), math.log(high))))


def chance(generator: torch.Generator, shape: tuple[int, ...], probability: float) -> Tensor:
    """Draw booleans of the given shape that are true with the given probability."""
    return torch.rand(shape, generator=generator) < probability
