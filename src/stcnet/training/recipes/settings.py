"""What all parts of a recipe have in common."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Precision = Literal["auto", "32-true", "bf16-mixed"]
"""Of the arithmetic; ``auto`` is the last on a GPU and the second on a CPU."""


class Settings(BaseModel):
    """A part of a recipe: unknown keys and infinite numbers are refused, and nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
