"""Tables in Markdown and JSON."""

import json
from dataclasses import replace

import pytest

from stcnet.evaluation.bootstrap import Estimate
from stcnet.evaluation.metrics import METRICS
from stcnet.evaluation.protocol import GroupScores
from stcnet.evaluation.tables import as_json, format_estimate, markdown_table

NAN = float("nan")
ROW = GroupScores(
    "leave-out-S0", "rise", 120, dict.fromkeys(METRICS, Estimate(0.71239, 0.66, 0.7549))
)


def test_the_table_has_every_metric_of_every_row() -> None:
    head, rule, first, second = markdown_table([ROW, replace(ROW, fold="mean")]).splitlines()
    columns = head.strip("| ").split(" | ")
    assert columns[:3] == ["clips of", "fold", "n"]
    assert len(columns) == 3 + len(METRICS)
    assert rule == "| " + " | ".join(["---"] * len(columns)) + " |"
    assert first == "| rise | leave-out-S0 | 120 | " + " | ".join(
        [".712 (.660-.755)"] * len(METRICS)
    ) + " |"  # fmt: skip
    assert "| mean |" in second


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(1.0, 0.9999, 1.0), "1.000 (1.000-1.000)"),
        (Estimate(0.0, 0.0, 0.0005), ".000 (.000-.001)"),
        (Estimate(NAN, NAN, NAN), "n/a"),
        (Estimate(0.5, NAN, NAN), ".500 (n/a)"),
        (Estimate(-0.0004, -0.2, 0.1), ".000 (-.200 to .100)"),
    ],
)
def test_estimates(estimate: Estimate, text: str) -> None:
    assert format_estimate(estimate) == text


def test_json_holds_the_same_numbers_and_is_valid() -> None:
    unknown = replace(ROW, metrics={"roc_auc": Estimate(NAN, NAN, NAN)})
    first, second = json.loads(json.dumps(as_json([ROW, unknown]), allow_nan=False))
    assert first["metrics"]["smoke_f1"] == [0.7124, 0.66, 0.7549]
    assert (first["fold"], first["group"], first["clips"]) == ("leave-out-S0", "rise", 120)
    assert second["metrics"] == {"roc_auc": [None, None, None]}
