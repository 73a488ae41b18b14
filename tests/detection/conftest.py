"""A tiny model and sources made of numbers: pictures whose content is their number."""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self, TypeAlias

import numpy as np
import pytest

from stcnet.inference import ModelPackage
from stcnet.types import Frame, Picture
from stcnet.video import Sample, SourceInfo, sample
from tiny_model import make_parts

WIDTH, HEIGHT = 48, 32


def picture_at(number: int) -> Picture:
    """Random, but always the same for a number."""
    rng = np.random.default_rng(number)
    return rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


class MadeSource:
    """A recorded source that makes its pictures as they are asked for."""

    def __init__(self, times_s: Sequence[float], *, declared: int | None, name: str) -> None:
        self.times_s = times_s
        self.passes = 0
        self.info = SourceInfo(
            name=name,
            kind="file",
            width=WIDTH,
            height=HEIGHT,
            frame_count=declared,
            duration_s=None,
            frame_interval_s=None,
            started_at=None,
            timing="timestamps",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        self.passes += 1
        for number, time_s in enumerate(self.times_s):
            yield Frame(picture_at(number), number, time_s)

    def sampled(self, interval_s: float, *, tolerance: float = 0.5) -> Iterator[Sample]:
        return sample(self, interval_s, tolerance=tolerance)


MakeSource: TypeAlias = Callable[..., MadeSource]


@pytest.fixture
def make_source() -> MakeSource:
    """A source of frames at the given moments, in seconds."""

    def make(
        times_s: Sequence[float], declared: int | None = None, name: str = "made.mp4"
    ) -> MadeSource:
        return MadeSource(times_s, declared=declared, name=name)

    return make


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """A model of T = 3 residuals and 2 phases: 8 frames, one every 5 s, are a window of 35 s."""
    return make_parts().write(tmp_path_factory.mktemp("model") / "tiny.stcnet")
