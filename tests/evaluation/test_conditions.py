"""Which frames a condition judges, and that they pass the way of an operator's frames."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.errors import ConfigError
from stcnet.evaluation.conditions import (
    AS_TRAINED,
    CONDITIONS,
    REFERENCE,
    Condition,
    Pick,
    conditions_of,
    dropped,
    frozen,
    jittered,
    offsets,
    one_offset,
    score_phases,
    spaced,
)
from stcnet.inference import ClipScorer, ModelPackage, Sampling
from stcnet.inference.phases import PhaseScorer
from stcnet.preprocess import phase_indices
from tiny_model import make_parts, random_clip

LENGTH, SAMPLING = 36, Sampling()
USUAL = list(range(0, 36, 4))
COUNTS = {AS_TRAINED.name: 4, "two offsets, as a frame every 10 s gives": 2}
"""Offsets that a condition averages, where it is not one."""


def picked(pick: Pick, seed: int = 0) -> list[list[int]]:
    rows: list[list[int]] = pick(LENGTH, SAMPLING, np.random.default_rng(seed)).tolist()
    return rows


@pytest.mark.parametrize(
    ("pick", "rows"),
    [
        pytest.param(one_offset, [USUAL], id="one offset"),
        pytest.param(offsets(2), [USUAL, [k + 2 for k in USUAL]], id="two offsets"),
        pytest.param(offsets(64), phase_indices(36, 9, 4).tolist(), id="all offsets"),
        pytest.param(spaced(4), [USUAL], id="the usual spacing"),
        pytest.param(spaced(3), [list(range(4, 29, 3))], id="three frames"),
        pytest.param(spaced(2), [list(range(8, 25, 2))], id="two frames"),
        pytest.param(spaced(1), [list(range(12, 21))], id="neighbours"),
        pytest.param(dropped(0), [USUAL], id="none missing"),
        pytest.param(frozen(0), [USUAL], id="none frozen"),
        pytest.param(frozen(1), [[0] * 9], id="all frozen"),
    ],
)
def test_which_frames_are_judged(pick: Pick, rows: list[list[int]]) -> None:
    assert picked(pick) == rows


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_chance_keeps_to_its_bounds(seed: int, share: float) -> None:
    (late,) = picked(jittered, seed)
    assert all(abs(here - usual) <= 1 for here, usual in zip(late, USUAL, strict=True))
    (gaps,) = picked(dropped(share), seed)
    assert sorted(set(gaps)) == gaps
    assert set(gaps) <= set(range(LENGTH))
    (ice,) = picked(frozen(share), seed)
    assert sorted(ice) == ice
    assert set(ice) <= set(USUAL)
    assert all(len(row) == 9 for row in (late, gaps, ice))


@pytest.mark.parametrize("frames", [2, 3, 8])
@pytest.mark.parametrize("step", [1, 2])
def test_spacing_fits_other_models(frames: int, step: int) -> None:
    sampling = Sampling(stride=36 // (frames + 1), frames=frames)
    (row,) = spaced(step)(LENGTH, sampling, np.random.default_rng(0))
    assert np.diff(row).tolist() == [step] * frames
    assert 0 <= row[0] <= row[-1] < LENGTH


def small_clip() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return random_clip(LENGTH, 40, 40)


def test_no_two_conditions_share_a_name() -> None:
    assert len({condition.name for condition in CONDITIONS}) == len(CONDITIONS)


@pytest.mark.parametrize(
    "condition",
    [pytest.param(c, id=c.name) for c in CONDITIONS if "enlarged" not in c.name],
)
def test_the_same_draws_the_same(condition: Condition) -> None:
    clip = small_clip()
    phases = condition.phases(clip, SAMPLING, "a clip")
    again = condition.phases(clip, SAMPLING, "a clip")
    assert all(frames.shape[0] == 9 and frames.dtype == np.uint8 for frames in phases)
    assert len(phases) == COUNTS.get(condition.name, 1)
    for frames, others in zip(phases, again, strict=True):
        np.testing.assert_array_equal(frames, others)


@pytest.mark.parametrize(
    "condition",
    [c for c in CONDITIONS if c.group in ("file", "motion") and "as recorded" not in c.name],
)
def test_conditions_change_pixels(condition: Condition) -> None:
    clip = small_clip()
    (frames,) = condition.phases(clip, SAMPLING, "a clip")
    assert (frames != clip[USUAL]).mean() > 0.2


def test_another_clip_draws_another_chance() -> None:
    shaken = next(condition for condition in CONDITIONS if condition.name.startswith("shaken"))
    one, other = (shaken.phases(small_clip(), SAMPLING, name)[0] for name in ("a", "b"))
    assert (one != other).any()


def test_groups_come_with_what_every_table_needs() -> None:
    chosen = conditions_of(["motion"])
    assert chosen[:2] == (AS_TRAINED, REFERENCE)
    assert {condition.group for condition in chosen[2:]} == {"motion"}
    with pytest.raises(ConfigError, match=r"--only.*weather.*time, source, light, file, motion"):
        conditions_of(["weather"])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return make_parts().write(tmp_path_factory.mktemp("model") / "tiny.stcnet")


def test_frames_pass_the_way_of_an_operators(package: ModelPackage) -> None:
    sampling = package.manifest.sampling
    scorer = PhaseScorer(package.runner(1), package.manifest.input)
    clip = random_clip(sampling.window_frames, 50, 70)
    logit = score_phases(scorer, AS_TRAINED.phases(clip, sampling, "a clip"))
    assert logit == pytest.approx(ClipScorer(package, threads=1).score(clip).logit, abs=1e-6)


def test_a_4k_source_passes_whole(package: ModelPackage, tmp_path: Path) -> None:
    sampling = package.manifest.sampling
    scorer = PhaseScorer(package.runner(1), package.manifest.input)
    clip = np.repeat(random_clip(sampling.window_frames, 18, 18), 10, axis=1).repeat(10, axis=2)
    large = next(condition for condition in CONDITIONS if condition.name.startswith("2160"))
    (frames,) = large.phases(clip, sampling, "a clip")
    assert frames.shape[1:3] == (2160, 2160)
    same = replace(REFERENCE, name="same").phases(clip, sampling, "a clip")
    assert score_phases(scorer, [frames]) == pytest.approx(score_phases(scorer, same), abs=0.1)
