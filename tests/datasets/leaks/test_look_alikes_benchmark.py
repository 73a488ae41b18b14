"""``benchmarks/look_alikes.py`` counts what it says it counts."""

from collections.abc import Iterator
from types import ModuleType

import pytest
import torch

from benchmark_scripts import loaded
from filmed_clips import clip_set, film
from small_cells import record
from stcnet.datasets import Cell
from stcnet.datasets.leaks.look_alikes import LookAlike
from stcnet.datasets.leaks.signatures import signatures


@pytest.fixture(scope="module")
def benchmark() -> Iterator[ModuleType]:
    with loaded("look_alikes") as module:
        yield module


def test_recall_and_precision_are_of_the_listed_pairs(benchmark: ModuleType) -> None:
    groups = (1, 1, 1, 2, 2, 3)
    cells = [
        Cell.model_validate(record(number, duplicate_group=group))
        for number, group in enumerate(groups)
    ]
    listed = benchmark.listed_pairs(cells)
    assert listed == {(0, 1), (0, 2), (1, 2), (3, 4)}
    pairs = [LookAlike(*ends, 1.0, 1.0) for ends in ((0, 1), (1, 2), (3, 5))]
    line = benchmark.found_line("any", pairs, cells, listed)
    # Two of three are listed, two of the four listed are found; group 1 hangs together by them.
    assert line == "| any | 3 | 2 | 0.500 | 0.667 | 1 | 1 of 2 |"
    assert benchmark.found_line("none", [], cells, listed).startswith("| none | 0 | 0 | 0.000 | 0.")


def test_a_shifted_clip_starts_later(benchmark: ModuleType) -> None:
    clip = film(1)
    later = benchmark.shifted(clip, 5)
    assert later.shape == clip.shape
    assert (later[0].float() - clip[5].float()).abs().mean() < 4
    assert (later[-1].float() - clip[30].float()).abs().mean() < 4


def test_the_share_refused_is_of_clips_beside_their_counterparts(benchmark: ModuleType) -> None:
    clips = clip_set(film(1), film(2), film(3), film(4))
    others = clip_set(film(1), film(3), film(2), film(4, recording=1))
    assert benchmark.refused(clips, clips) == 1.0
    assert benchmark.refused(clips, others) == 0.25
    same = benchmark.changed(clips, lambda clip: clip)
    torch.testing.assert_close(same.frames, clips.frames)


def test_a_search_among_copies_finds_them(benchmark: ModuleType) -> None:
    _, found = benchmark.search_seconds(signatures(clip_set(film(1), film(2))), 6)
    assert 6 <= found <= 15
