"""Fixtures of the model package: tiny models on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stcnet.inference import ModelPackage
from tiny_model import Parts, make_parts


@pytest.fixture
def parts() -> Parts:
    """A model of T = 3 residuals and 2 phases: 8 frames a window."""
    return make_parts()


@pytest.fixture
def package(parts: Parts, tmp_path: Path) -> ModelPackage:
    return parts.write(tmp_path / "tiny.stcnet")


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., ModelPackage]:
    """Writes a model of other T, stride or residual."""

    def write(**changes: Any) -> ModelPackage:
        return make_parts(**changes).write(tmp_path / "built.stcnet")

    return write
