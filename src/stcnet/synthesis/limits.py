"""Ranges of what describes a scene, checked where it is made."""

from __future__ import annotations

import math

Limits = tuple[float, float]


def require_within(described: object, **limits: Limits) -> None:
    """Check numbers, or every number of tuples, of an object against their limits.

    Args:
        described: What has the attributes.
        limits: Least and greatest value of each attribute by its name, both included.

    Raises:
        ValueError: A number lies outside its limits or is not finite.

    >>> from types import SimpleNamespace
    >>> require_within(SimpleNamespace(fog=1.5), fog=(0, 0.99))
    Traceback (most recent call last):
    ...
    ValueError: SimpleNamespace.fog is 1.5; allowed: 0 to 0.99
    """
    for name, (low, high) in limits.items():
        value = getattr(described, name)
        for number in value if isinstance(value, tuple) else (value,):
            if not (low <= number <= high and math.isfinite(number)):
                owner = f"{type(described).__name__}.{name}"
                allowed = f"{low:g} or more" if math.isinf(high) else f"{low:g} to {high:g}"
                raise ValueError(f"{owner} is {number:g}; allowed: {allowed}")
