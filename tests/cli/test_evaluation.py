"""``stcnet evaluate``: parts, comparison, transfer, reports and long videos."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from small_cells import make_cells
from stcnet.demo import SAMPLE_PATH, SMOKE_START_S, SMOKE_STOP_S
from stcnet.evaluation.metrics import METRICS
from stcnet.evaluation.predictions import Prediction, write_predictions

from .conftest import Run

PUBLISHED = {"s0": ".810", "s1": ".837", "s2": ".841", "s4": ".812"}
"""Smoke F1 of RGB-TC."""
NAME = "0-{}-2018-06-{:02d}-6007-1008-6509-1510-180-180-{}-{}-{}"


def labelled_file(path: Path, noise: float = 1.0, seed: int = 0) -> Path:
    """120 clips of 3 views and 5 days; every second one shows smoke."""
    rng = np.random.default_rng(seed)
    lines = ["file_name,label,logit"]
    for number in range(120):
        start = 1528711200 + 86400 * (number // 3 % 5) + 600 * (number // 15)
        name = NAME.format(number % 3, 11 + number // 3 % 5, number, start, start + 175)
        lines.append(f"{name},{number % 2},{rng.normal(2 * (number % 2) - 1, noise):.4f}")
    path.write_text("\n".join(lines) + "\n")
    return path


def cells_file(path: Path, noise: float = 1.0) -> Path:
    rng = np.random.default_rng(0)
    write_predictions(path, [
        Prediction(c.id, f"leave-out-{c.split}", float(rng.normal(2 * c.label - 1, noise)))
        for c in make_cells()
    ])  # fmt: skip
    return path


def ijmond_file(path: Path) -> Path:
    chosen = [cell for cell in make_cells() if cell.site == "ijmond"]
    write_predictions(path, [Prediction(c.id, "mine", c.label - 0.5) for c in chosen])
    return path


def test_each_file_has_its_line_with_intervals(run: Run, tmp_path: Path) -> None:
    first, second = labelled_file(tmp_path / "a.csv"), labelled_file(tmp_path / "b.csv", 2)
    told = run("evaluate", "--predictions", first, "--predictions", second)
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert [line.split(" | ")[0] for line in lines[2:4]] == ["| a", "| b"]
    assert "| all | all | 120 | 60 | 15 | ." in lines[2]
    assert lines[-1] == "95 % bootstrap intervals; drawn together: view and day"
    rows = json.loads(run("evaluate", "--predictions", first, "--json").out)
    assert rows[0]["metrics"].keys() == METRICS.keys()
    low, high = rows[0]["metrics"]["smoke_f1"][1:]
    assert low < rows[0]["metrics"]["smoke_f1"][0] < high


def test_json_knows_no_nan(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("label,score\n1,0.9\n")
    told = run("evaluate", "--predictions", path, "--json")
    (row,) = json.loads(told.out, parse_constant=pytest.fail)
    assert row["metrics"]["roc_auc"] == [None, None, None]
    assert row["metrics"]["accuracy"] == [1.0, None, None]


def test_parts_transfer_and_comparison_are_printed_when_asked_for(run: Run, tmp_path: Path) -> None:
    ours, theirs = labelled_file(tmp_path / "a.csv"), labelled_file(tmp_path / "b.csv", 3, seed=1)
    told = run("evaluate", "--predictions", ours, "--predictions", theirs, "--against", theirs,
               "--against", theirs, "--by", "view", "--by", "hour", "--transfer",
               "--json")  # fmt: skip
    record = json.loads(told.out)
    assert record.keys() == {"scores", "parts", "transfer", "comparison"}
    parts = [row["part"] for row in record["parts"] if row["sample"] == "a"]
    assert parts == ["0-0", "0-1", "0-2", "06", "07"]
    assert sum(row["clips"] for row in record["parts"]) == 2 * 2 * 120
    # The two files judge the same clips: none is left to tune on for the other.
    assert [each["clips"] for each in record["transfer"]] == [120, 0, 0, 120]
    smoke_f1 = record["comparison"]["metrics"]["smoke_f1"]
    assert smoke_f1["difference"][0] == pytest.approx(
        smoke_f1["ours"][0] - smoke_f1["theirs"][0], abs=2e-4
    )
    assert smoke_f1["difference"][1] > 0


def test_what_was_asked_for_stands_below_the_scores(run: Run, tmp_path: Path) -> None:
    ours, theirs = labelled_file(tmp_path / "a.csv"), labelled_file(tmp_path / "b.csv", 3, seed=1)
    text = run("evaluate", "--predictions", ours, "--against", theirs, "--by", "month").out
    assert "| a | month | 2018-06 | 120 | 60 | 15 | " in text
    assert "| smoke F1 | " in text
    assert "McNemar's exact test: " in text
    text = run("evaluate", "--predictions", ours, "--predictions", theirs, "--transfer").out
    assert "| tuned on | used on a | used on b |" in text


def test_cells_are_compared_with_the_baseline_without_mcnemar(
    run: Run, small_data: Path, tmp_path: Path
) -> None:
    path = cells_file(tmp_path / "predictions.csv")
    told = run("evaluate", "--predictions", path, "--data", small_data, "--against", "baseline")
    assert told.code == 0, told.err
    assert "| rise | leave-out-S0 | " in told.out
    assert "| ROC AUC | ." in told.out
    assert "McNemar's test is left out: it knows no weights" in told.out
    assert told.out.endswith("drawn together: near-duplicates\n")


def test_verdicts_are_compared_with_those_from_one_half_on(
    run: Run, small_data: Path, tmp_path: Path
) -> None:
    path = cells_file(tmp_path / "predictions.csv", 4.0)
    told = run("evaluate", "--calibrated", "--predictions", path, "--data", small_data,
               "--against", "half", "--json")  # fmt: skip
    assert told.code == 0, told.err
    metrics = json.loads(told.out)["comparison"]["metrics"]
    for name, differs in {"recall": True, "roc_auc": False}.items():
        ours, theirs = metrics[name]["ours"], metrics[name]["theirs"]
        assert (ours != theirs) == differs
        assert metrics[name]["difference"][0] == pytest.approx(ours[0] - theirs[0], abs=2e-4)
    assert metrics["recall"]["difference"][0] > 0


def test_folds_are_calibrated_as_asked(run: Run, small_data: Path, tmp_path: Path) -> None:
    path = cells_file(tmp_path / "predictions.csv", 4.0)
    command = ("evaluate", "--calibrated", "--predictions", path, "--data", small_data, "--json")
    plain, platt, isotonic = (
        run(*command, *more).out
        for more in ((), ("--calibration", "platt"), ("--calibration", "isotonic"))
    )
    assert plain == platt != isotonic


def test_two_models_are_compared_fold_by_fold(run: Run, small_data: Path, tmp_path: Path) -> None:
    ours, theirs = cells_file(tmp_path / "a.csv", 0.1), cells_file(tmp_path / "b.csv", 5)
    told = run("evaluate", "--predictions", ours, "--data", small_data, "--against", theirs,
               "--calibrated", "--json")  # fmt: skip
    comparison = json.loads(told.out)["comparison"]
    rise = [cell for cell in make_cells() if cell.site != "ijmond"]
    assert comparison["clips"] == len(rise)
    assert comparison["metrics"]["roc_auc"]["difference"][0] > 0
    assert comparison["mcnemar"] is None


def test_a_report_holds_what_the_clips_tell(run: Run, tmp_path: Path) -> None:
    ours, report = labelled_file(tmp_path / "a.csv"), tmp_path / "report.html"
    told = run("evaluate", "--predictions", ours, "--report", report)
    assert told.code == 0, told.err
    assert "| view |" not in told.out
    page = report.read_text()
    assert "<td>month</td><td>2018-06</td>" in page
    record = json.loads(report.with_suffix(".json").read_text())
    assert record.keys() == {"scores", "parts", "calibration", "curves"}
    assert report.with_suffix(".csv").read_text().startswith("clips_of,fold,by,part,")


def test_a_report_replaces_reports_alone(run: Run, tmp_path: Path) -> None:
    ours = labelled_file(tmp_path / "a.csv")
    given = ours.read_bytes()
    told = run("evaluate", "--predictions", ours, "--report", tmp_path / "a.html")
    assert (told.code, told.out) == (2, "")
    (line,) = told.errors
    assert "a.csv: there is a file that is no file of a report; name another file with --re" in line
    assert ours.read_bytes() == given
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    for _ in range(2):
        assert run("evaluate", "--predictions", ours, "--report", tmp_path / "b.html").code == 0


def test_mistakes_of_two_models_stand_side_by_side(run: Run, tmp_path: Path) -> None:
    ours, theirs = labelled_file(tmp_path / "a.csv"), labelled_file(tmp_path / "b.csv", 3, seed=1)
    lines = theirs.read_text().splitlines()[1:]
    causes = tmp_path / "seen.csv"
    words = ("fog", "", "steam fog")
    causes.write_text("id,causes\n" + "".join(
        f"{line.split(',')[0]},{words[n // 2 % 3]}\n" for n, line in enumerate(lines)
    ))  # fmt: skip
    told = run("evaluate", "--predictions", ours, "--causes", causes)
    assert "| mistake | cause | clips | wrong | rate |" in told.out, told.err
    both = run("evaluate", "--predictions", ours, "--causes", causes, "--against", theirs)
    assert "| mistake | cause | clips | wrong, ours | wrong, theirs | rate, ours |" in both.out
    assert "| misses | steam | 20 | " in both.out
    as_json = run("evaluate", "--predictions", ours, "--causes", causes, "--against", theirs,
                  "--json")  # fmt: skip
    record = json.loads(as_json.out, parse_constant=pytest.fail)
    first = record["cause_changes"][0]
    assert first["ours"] == record["causes"][0]
    assert first["theirs"]["wrong"] > first["ours"]["wrong"]
    assert first["difference"][0] < 0


def test_a_report_of_no_rise_clip_holds_the_scores(
    run: Run, small_data: Path, tmp_path: Path
) -> None:
    path, report = ijmond_file(tmp_path / "i.csv"), tmp_path / "report.html"
    told = run("evaluate", "--predictions", path, "--data", small_data, "--report", report)
    assert told.code == 0, told.err
    assert "<td>ijmond</td>" in report.read_text()


def watch_files(folder: Path) -> tuple[Path, Path]:
    """Windows of 40 s, one every 10 s; smoke is seen from 100 s on."""
    scores, truth = folder / "scores.csv", folder / "truth.csv"
    lines = [f"gate,{10 * k},{10 * k + 40},{0.9 if 8 <= k < 20 else 0.1}" for k in range(40)]
    scores.write_text("zone,start_s,end_s,probability\n" + "\n".join(lines) + "\n")
    truth.write_text("start,end\n100,200\n")
    return scores, truth


def test_a_long_video_is_judged_by_its_alarms(run: Run, tmp_path: Path) -> None:
    scores, truth = watch_files(tmp_path)
    told = run("evaluate", "--scores", scores, "--truth", truth)
    assert told.code == 0, told.err
    assert "| any | 100 | 130 | 30 |" in told.out
    assert "missed 0 of 1; 0 of 1 alarms false in 0.08 h without smoke: 0 an hour" in told.out
    record = json.loads(run("evaluate", "--scores", scores, "--truth", truth, "--threshold",
                            "0.95", "--json").out)  # fmt: skip
    assert (record["missed"], record["alarms"], record["median_delay_s"]) == (1, 0, None)


def test_a_video_without_smoke_needs_no_event(run: Run, tmp_path: Path) -> None:
    scores, truth = watch_files(tmp_path)
    truth.write_text("start,end\n")
    told = run("evaluate", "--scores", scores, "--truth", truth)
    assert told.out == "missed 0 of 0; 1 of 1 alarms false in 0.12 h without smoke: 8.37 an hour\n"


def test_the_demo_is_noticed_soon(run: Run, tmp_path: Path) -> None:
    """The worked example of the researchers' page, without its pictures."""
    told = run("detect", SAMPLE_PATH, "--frame-interval", "5s", "--no-overlay", "--out",
               tmp_path / "demo")  # fmt: skip
    assert told.code == 0, told.err
    truth = tmp_path / "truth.csv"
    truth.write_text(f"start,end\n{SMOKE_START_S},{SMOKE_STOP_S}\n")
    told = run("evaluate", "--scores", tmp_path / "demo" / "scores.csv", "--truth", truth, "--json")
    record = json.loads(told.out)
    assert record["missed"] == 0
    assert 0 < record["median_delay_s"] < SMOKE_STOP_S - SMOKE_START_S
    assert record["false_alarms"] == 0


@pytest.mark.real_data
@pytest.mark.parametrize("split", PUBLISHED)
def test_published_predictions_give_the_published_score(
    run: Run, shared_data: Path, split: str
) -> None:
    path = shared_data / "published-predictions" / f"rgb-tc-{split}.csv"
    told = run("evaluate", "--predictions", path)
    assert told.code == 0
    line = told.out.splitlines()[2].split(" | ")
    assert line[6].startswith(f"{PUBLISHED[split]} (.")
    assert told.out.endswith("drawn together: view and day\n")


Arguments = Callable[[Path, Path], list[object]]


def judging(*options: object) -> Arguments:
    return lambda data, folder: [
        "evaluate", "--predictions", labelled_file(folder / "a.csv"), *options
    ]  # fmt: skip


def comparing_with(text: str) -> Arguments:
    def arguments(data: Path, folder: Path) -> list[object]:
        (folder / "b.csv").write_text(text)
        return [*judging("--against", folder / "b.csv")(data, folder)]

    return arguments


BAD: list[Any] = [
    pytest.param(judging("--by", "weekday"), "--by: clips cannot be divided by this (got weekday;",
                 id="dimension"),
    pytest.param(judging("--against", "gone.csv"), "gone.csv: the predictions cannot be read",
                 id="no file against"),
    pytest.param(judging("--calibration", "isotonic"), "--calibration goes with --calibrated",
                 id="calibration of raw scores"),
    pytest.param(judging("--against", "half"), "are of the calibrated predictions themselves (got",
                 id="half of raw scores"),
    pytest.param(judging("--against", "baseline"), "--against: the baseline stands in the records",
                 id="baseline without records"),
    pytest.param(comparing_with("file_name,label,logit\nx,1,1\n"),
                 "a: the two models were not judged on the same clips (got 121 of one only",
                 id="other clips"),
    pytest.param(lambda d, t: [*judging("--against", t / "a.csv", "--against", t / "a.csv")(d, t)],
                 "--against: there must be a file against each (got 2 for 1 file)",
                 id="too many against"),
    pytest.param(lambda d, t: [*judging("--predictions", t / "a.csv")(d, t)],
                 "--predictions: a file is given twice", id="file twice"),
    pytest.param(lambda d, t: judging("--report", t / "report.pdf")(d, t),
                 "--report: the report is a page (got report.pdf;", id="report that is no page"),
    pytest.param(lambda d, t: judging("--report", t / "no" / "report.html")(d, t),
                 "the report cannot be written", id="report without a folder"),
    pytest.param(lambda d, t: ["evaluate", "--predictions", ijmond_file(t / "i.csv"), "--data", d,
                               "--against", "baseline"],
                 "predictions: no clip of RISE is predicted", id="no clip of RISE"),
    pytest.param(judging("--transfer"), "--transfer: a threshold is carried from one file",
                 id="transfer to nowhere"),
    pytest.param(judging("--threshold", "0.5"), "--threshold goes with --scores and --truth",
                 id="threshold of clips"),
    pytest.param(judging("--calibrated"), "--calibrated goes with --predictions and --data",
                 id="calibration without clips"),
    pytest.param(lambda d, t: ["evaluate", "--predictions", cells_file(t / "c.csv"), "--data", d,
                               "--by", "hour"],
                 "leave-out-S0: the clips do not tell their hour (allowed: view, plant)",
                 id="untold dimension"),
    pytest.param(lambda d, t: ["evaluate", "--scores", watch_files(t)[0]],
                 "--scores and --truth go together", id="scores alone"),
    pytest.param(lambda d, t: ["evaluate", "--truth", watch_files(t)[1], "--scores",
                               watch_files(t)[0], "--calibrated"],
                 "--scores and --truth go together, and with --threshold and --json alone",
                 id="scores among others"),
    pytest.param(lambda d, t: ["evaluate", "--scores", watch_files(t)[1], "--truth",
                               watch_files(t)[1]],
                 "truth.csv: a column is missing (got start, end; allowed: zone, start_s",
                 id="columns of scores"),
    pytest.param(lambda d, t: ["evaluate", "--scores", watch_files(t)[0], "--truth",
                               watch_files(t)[1], "--threshold", "1.5"],
                 "--threshold: this is no probability (got 1.5", id="threshold of alarms"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_are_one_line(
    run: Run, small_data: Path, tmp_path: Path, arguments: Arguments, message: str
) -> None:
    outcome = run(*arguments(small_data, tmp_path))
    assert outcome.code == 2, outcome.out
    (line,) = outcome.errors
    assert line.startswith("error: ")
    assert message in line
    assert outcome.out == ""
