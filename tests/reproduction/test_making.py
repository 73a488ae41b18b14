"""Jobs run once, fail alone, and go on after whatever ended the command."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from stcnet.errors import ConfigError, DataError, OutputError
from stcnet.reproduction.benches import BenchFacts
from stcnet.reproduction.jobs import (
    FAILURE_FILE,
    PREDICTION_COLUMNS,
    PREDICTIONS_FILE,
    RECORD_FILE,
    Job,
)
from stcnet.reproduction.making import Made, chosen_jobs, make_table
from stcnet.reproduction.results import (
    PROTOCOL_NOTE,
    QUICK_NOTE,
    REVISED_NOTE,
    SCRATCH_NOTE,
    RowResult,
)
from stcnet.reproduction.rows import named_row
from stcnet.reproduction.tables import DEFINITIONS, markdown
from stcnet.reproduction.workshop import Workshop

from .conftest import FakeBench, FakeRunner

ROWS = ("rgb-i3d", "flagship")


def make(
    bench: FakeBench,
    runner: FakeRunner,
    out: Path,
    rows: tuple[str, ...] = ROWS,
    splits: tuple[str, ...] = (),
    budget: str = "full",
    **pretrained: Path,
) -> Made:
    given = {name.replace("_", "-"): path for name, path in pretrained.items()}
    workshop = Workshop(bench, budget, given, runner)  # type: ignore[arg-type]
    return make_table(workshop, chosen_jobs(bench, out, rows=rows, splits=splits), out)


def row_of(made: Made, name: str) -> RowResult:
    return next(result for result in made.table.rows if result.row.name == name)


def test_every_chosen_row_runs_on_every_split(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    made = make(bench, runner, tmp_path)
    assert runner.calls == ["rgb-i3d S0", "rgb-i3d S1", "flagship S0", "flagship S1"]
    assert made.failures == {}
    states = {split: cell.state for split, cell in row_of(made, "flagship").cells.items()}
    assert states == {"S0": "done", "S1": "done"} | dict.fromkeys(("S2", "S3", "S4", "S5"),
                                                                  "absent")  # fmt: skip
    assert row_of(made, "flagship").cells["S3"].reason == "not made up"
    assert row_of(made, "rgb-i3d-nl").cells["S0"].state == "open"
    scores = row_of(made, "flagship").done["S0"]
    assert scores.values["accuracy"] == 0.75


def test_what_is_finished_is_not_run_again(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    first = make(bench, runner, tmp_path, rows=("flagship",), splits=("S1",))
    runner.calls.clear()
    second = make(bench, runner, tmp_path)
    assert runner.calls == ["rgb-i3d S0", "rgb-i3d S1", "flagship S0"]
    assert second.failures == {}
    once, again = (row_of(made, "flagship").done["S1"] for made in (first, second))
    assert once.values == again.values


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit()], ids=lambda end: repr(end))
def test_an_interrupted_command_goes_on_with_the_interrupted_job(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path, end: BaseException
) -> None:
    runner.failures["rgb-i3d S1"] = end
    with pytest.raises(type(end)):
        make(bench, runner, tmp_path)
    stored = json.loads((tmp_path / "reproduction.json").read_text())
    states = next(row for row in stored["rows"] if row["row"] == "rgb-i3d")["splits"]
    assert [states[split]["state"] for split in ("S0", "S1")] == ["done", "open"]
    runner.failures.clear()
    runner.calls.clear()
    assert make(bench, runner, tmp_path).failures == {}
    assert runner.calls == ["rgb-i3d S1", "flagship S0", "flagship S1"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "MemoryError: "),
        (
            RuntimeError("CUDA out of memory.\nTried to allocate"),
            "RuntimeError: CUDA out of memory.",
        ),
        (DataError("the video is missing", where="a.mp4"), "a.mp4: the video is missing"),
    ],
    ids=["memory", "device memory", "data"],
)
def test_a_failure_is_told_and_the_others_go_on(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path, error: Exception, reason: str
) -> None:
    runner.failures["rgb-i3d S0"] = error
    made = make(bench, runner, tmp_path)
    assert made.failures == {"rgb-i3d S0": reason}
    assert len(runner.calls) == 4
    assert f"- rgb-i3d S0 failed: {reason}" in markdown(made.table)
    trace = (tmp_path / "rgb-i3d" / "S0" / FAILURE_FILE).read_text()
    assert trace.startswith("Traceback")
    runner.failures.clear()
    runner.calls.clear()
    mended = make(bench, runner, tmp_path)
    assert (mended.failures, runner.calls) == ({}, ["rgb-i3d S0"])
    assert row_of(mended, "rgb-i3d").cells["S0"].state == "done"
    assert not (tmp_path / "rgb-i3d" / "S0" / FAILURE_FILE).exists()


def test_a_full_disk_ends_the_command(bench: FakeBench, runner: FakeRunner, tmp_path: Path) -> None:
    runner.failures["rgb-i3d S0"] = OutputError("no room")
    with pytest.raises(OutputError):
        make(bench, runner, tmp_path)
    assert len(runner.calls) == 1


def test_missing_weights_fail_their_rows_alone(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    made = make(bench, runner, tmp_path, kinetics_rgb=tmp_path / "gone.pt")
    assert made.failures.keys() == {"rgb-i3d S0", "rgb-i3d S1"}
    assert "gone.pt: the pretrained weights are missing" in made.failures["rgb-i3d S0"]
    assert runner.calls == ["flagship S0", "flagship S1"]


def test_a_start_that_was_not_the_published_one_is_marked(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    scratch = row_of(make(bench, runner, tmp_path / "scratch"), "rgb-i3d")
    assert (scratch.start, scratch.notes) == ("from scratch", (SCRATCH_NOTE,))
    assert not scratch.comparable
    weights = tmp_path / "rgb.pt"
    weights.write_bytes(b"kinetics")
    given = row_of(make(bench, runner, tmp_path / "given", kinetics_rgb=weights), "rgb-i3d")
    assert (given.start, given.notes) == ("kinetics-rgb (rgb.pt)", ())
    assert given.comparable
    assert runner.plans[-3].recipe.network.pretrained == str(weights)


def test_a_row_starts_from_the_weights_of_another_of_the_split(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    make(bench, runner, tmp_path, rows=("rgb-i3d-tc",))
    assert runner.calls == ["rgb-i3d S0", "rgb-i3d S1", "rgb-i3d-tc S0", "rgb-i3d-tc S1"]
    started = runner.plans[-1].recipe.network.pretrained
    assert Path(started).read_text() == "rgb-i3d S1"
    assert runner.plans[-1].start.text == "rgb-i3d of the split (from scratch)"


def test_a_row_fails_where_the_one_that_it_starts_from_did(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    runner.failures["rgb-i3d S0"] = MemoryError()
    made = make(bench, runner, tmp_path, rows=("rgb-i3d-tc",))
    assert made.failures.keys() == {"rgb-i3d S0", "rgb-i3d-tc S0"}
    assert "starts from rgb-i3d of the same split" in made.failures["rgb-i3d-tc S0"]


def test_a_result_of_other_weights_is_not_passed_off(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    make(bench, runner, tmp_path)
    weights = tmp_path / "rgb.pt"
    weights.write_bytes(b"kinetics")
    made = make(bench, runner, tmp_path, kinetics_rgb=weights)
    assert made.failures.keys() == {"rgb-i3d S0", "rgb-i3d S1"}
    assert f"remove {tmp_path / 'rgb-i3d' / 'S0'}" in made.failures["rgb-i3d S0"]
    assert make(bench, runner, tmp_path).failures == {}, "the first result is still there"


def test_moved_weights_are_the_same_weights(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    for name in ("here.pt", "there.pt"):
        (tmp_path / name).write_bytes(b"kinetics")
        made = make(bench, runner, tmp_path / "out", kinetics_rgb=tmp_path / name)
        assert made.failures == {}
    assert len(runner.calls) == 4


@pytest.mark.parametrize("damage", [RECORD_FILE, PREDICTIONS_FILE])
def test_damaged_files_of_a_job(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path, damage: str
) -> None:
    make(bench, runner, tmp_path)
    (tmp_path / "flagship" / "S0" / damage).write_text("{")
    runner.calls.clear()
    made = make(bench, runner, tmp_path)
    if damage == RECORD_FILE:
        assert (runner.calls, made.failures) == (["flagship S0"], {})
    else:
        assert runner.calls == []
        assert row_of(made, "flagship").cells["S0"].state == "failed"


@pytest.mark.parametrize(
    ("changed", "budget", "message"),
    [
        (FakeBench(), "quick", "a table of budget full, not quick"),
        (
            FakeBench(BenchFacts("other", "", None, "")),
            "full",
            "a table of data made up, not other",
        ),
    ],
    ids=["budget", "data"],
)
def test_a_folder_holds_one_table(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path, changed: FakeBench, budget: str,
    message: str,
) -> None:  # fmt: skip
    make(bench, runner, tmp_path)
    with pytest.raises(ConfigError) as caught:
        make(changed, runner, tmp_path, budget=budget)
    assert message in str(caught.value)


def test_other_clips_under_the_same_name_are_noticed(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    make(bench, runner, tmp_path)
    made = make(FakeBench(clips=44), runner, tmp_path, rows=("rgb-i3d",))
    assert made.failures.keys() == {"rgb-i3d S0", "rgb-i3d S1"}
    cell = row_of(made, "flagship").cells["S0"]
    assert (cell.state, cell.scores) == ("failed", None)
    assert "the predictions are of other clips" in str(cell.reason)


def test_a_quick_table_says_so_everywhere(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    made = make(bench, runner, tmp_path, budget="quick")
    recipe = runner.plans[0].recipe
    assert (recipe.epochs, recipe.network.input_size) == (2, 64)
    assert QUICK_NOTE in row_of(made, "rgb-i3d").notes
    assert not row_of(made, "rgb-i3d").comparable
    assert "QUICK: not a reproduction" in markdown(made.table)
    assert "Quick: not a reproduction." in (tmp_path / "reproduction.html").read_text()
    assert json.loads((tmp_path / "reproduction.json").read_text())["reproduction"] is False
    lines = list(csv.DictReader(io.StringIO((tmp_path / "reproduction.csv").read_text())))
    assert {line["budget"] for line in lines} == {"quick"}


def test_scores_on_revised_labels_stand_beside_nothing(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    made = make(bench, runner, tmp_path, rows=("mazinga",))
    assert REVISED_NOTE in row_of(made, "mazinga").notes


def test_a_bench_that_is_not_the_published_one_is_told(runner: FakeRunner, tmp_path: Path) -> None:
    bench = FakeBench(BenchFacts("made up", "", "only <two> splits", ""))
    made = make(bench, runner, tmp_path)
    assert row_of(made, "rgb-i3d").notes == (SCRATCH_NOTE, PROTOCOL_NOTE)
    assert "only &lt;two&gt; splits" in (tmp_path / "reproduction.html").read_text()


def test_the_files_tell_the_same_numbers(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    made = make(bench, runner, tmp_path)
    stored = json.loads((tmp_path / "reproduction.json").read_text(), parse_constant=pytest.fail)
    row = next(row for row in stored["rows"] if row["row"] == "rgb-i3d")
    assert row["published"]["scores"]["S0"] == 0.8
    assert row["mean"]["splits"] == ["S0", "S1"]
    assert stored["metrics"].keys() == DEFINITIONS.keys() == row["mean"]["metrics"].keys()
    value, low, high = row["splits"]["S0"]["metrics"]["smoke_f1"]
    lines = csv.DictReader(io.StringIO((tmp_path / "reproduction.csv").read_text()))
    (line,) = [
        line for line in lines
        if (line["row"], line["split"], line["metric"]) == ("rgb-i3d", "S0", "smoke_f1")
    ]  # fmt: skip
    assert [float(line[name]) for name in ("value", "low", "high")] == [value, low, high]
    assert line["published"] == "0.8"
    shown = f"{value:.3f} ({low:.3f}-{high:.3f})".replace("0.", ".")
    assert f"| {shown} / .80 |" in markdown(made.table)
    page = (tmp_path / "reproduction.html").read_text()
    assert f'<td class="done">{shown}<span class="theirs">.80</span></td>' in page
    assert not re.search(r"(src|href)=|url\(", page), "the page needs no other file"


def test_the_published_mean_is_over_the_splits_that_are_done(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    made = make(bench, runner, tmp_path, splits=("S1",))
    assert row_of(made, "rgb-i3d").published_average == 0.84
    assert row_of(made, "rgb-i3d-nl").published_average is None
    assert row_of(made, "flagship").published_average is None


def test_a_split_that_the_data_does_not_hold(bench: FakeBench, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--splits: .*got S3; allowed: S0, S1\); not made up"):
        chosen_jobs(bench, tmp_path, splits=("S3",))


def test_predictions_are_those_of_any_run(
    bench: FakeBench, runner: FakeRunner, tmp_path: Path
) -> None:
    make(bench, runner, tmp_path, rows=("flagship",))
    job = Job(named_row("flagship"), "S0", tmp_path)
    first = (job.folder / PREDICTIONS_FILE).read_text().splitlines()[:2]
    assert first[0] == ",".join(PREDICTION_COLUMNS)
    assert first[1] == "S0-0,leave-out-S0,1.000000,S0-0,0,1,,0"
