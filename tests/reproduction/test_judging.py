"""Scores of test sets and of their mean."""

import dataclasses
from pathlib import Path

import numpy as np

from small_cells import make_cells
from stcnet.evaluation.estimates import Replicated, mean_of
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.protocol import judge_protocol
from stcnet.reproduction.cells_bench import CellsBench
from stcnet.reproduction.judging import judge

from .conftest import FakeDivision


def test_the_cells_are_judged_as_their_protocol_judges_them(small_data: Path) -> None:
    bench, rng = CellsBench(small_data), np.random.default_rng(5)
    parts: list[Replicated] = []
    predictions: list[Prediction] = []
    for split in bench.splits:
        held_out = bench.divide(split).held_out
        logits = rng.normal(size=len(held_out))
        parts.append(judge(held_out, logits, seed=len(parts)))
        said = dict(zip(held_out.ids, logits, strict=True))
        predictions += [
            Prediction(cell.id, f"leave-out-{split}", float(said.get(cell.id, 0.0)))
            for cell in make_cells()
            if cell.split == split
        ]
    theirs = {row.fold: row for row in judge_protocol(predictions, make_cells())
              if row.group == "rise"}  # fmt: skip
    for split, ours in zip(bench.splits, parts, strict=True):
        row = theirs[f"leave-out-{split}"]
        assert ours.clips == row.clips
        assert ours.estimates()["weighted_f1"] == row.metrics["weighted_f1"]
    assert mean_of(parts).estimates()["smoke_f1"] == theirs["mean"].metrics["smoke_f1"]


def test_the_bootstrap_draws_whole_clusters() -> None:
    held_out = FakeDivision("S0").held_out
    logits = np.where(np.arange(len(held_out)) < 20, 1.0, -1.0)
    together = judge(held_out, logits).estimates()["accuracy"]
    loose = dataclasses.replace(held_out, clusters=held_out.ids)
    apart = judge(loose, logits).estimates()["accuracy"]
    assert together.value == apart.value == 0.5
    # Each day holds as many clips with smoke as without: drawn by days, nothing varies.
    assert (together.low, together.high) == (0.5, 0.5)
    assert apart.low < 0.4 < 0.6 < apart.high
