"""``stcnet train``, ``evaluate`` and ``export`` on a small data folder."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from small_cells import make_cells, tiny_settings
from stcnet.evaluation.predictions import Prediction, read_rows, write_predictions
from stcnet.inference import ModelPackage

from .conftest import Run, write_video


def write_recipe(folder: Path, **changes: Any) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(tiny_settings(epochs=1, **changes)))
    return path


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return write_recipe(tmp_path)


def test_one_fold_is_trained_predicted_and_printed(
    run: Run, small_data: Path, recipe: Path, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    told = run("train", recipe, "--data", small_data, "--out", out, "--protocol", "leave-out-S0",
               "--accelerator", "cpu")  # fmt: skip
    assert told.code == 0, told.err
    assert "| clips of | fold |" in told.out
    assert "| rise | leave-out-S0 | " in told.out
    assert f"predictions: {out / 'predictions.csv'}" in told.out
    assert "epoch 1/1" in told.err
    rows = read_rows(out / "predictions.csv")
    held_out = [cell.id for cell in make_cells() if cell.split == "S0"]
    assert [row.values["id"] for row in rows] == held_out
    trained = json.loads((out / "leave-out-S0" / "data.json").read_text())["clips"]
    assert set(trained).isdisjoint([*held_out, "clip-002"])
    assert len(trained) == 48 - len(held_out) - 1
    own = out / "leave-out-S0" / "predictions.csv"
    assert own.read_bytes() == (out / "predictions.csv").read_bytes()

    again = run("train", recipe, "--data", small_data, "--out", out, "--protocol", "leave-out-S0",
                "--accelerator", "cpu")  # fmt: skip
    assert again.code == 0
    assert again.out == told.out
    assert "epoch 1/1" not in again.err

    table = run("evaluate", "--predictions", out / "predictions.csv", "--data", small_data)
    assert told.out.startswith(table.out.strip())
    assert "not calibrated, smoke is called above logit 0: predictions: a fold can" in told.err


def test_frozen_chance_is_told(run: Run, small_data: Path, tmp_path: Path) -> None:
    frozen = tmp_path / "frozen.yaml"
    frozen.write_text(
        "name: frozen\nnetwork: {preset: stcnet-lite0, pretrained: none, frozen_stages: 2}\n"
    )
    # Refused at the fold, which is looked up after the recipe was read.
    told = run("train", frozen, "--data", small_data, "--out", tmp_path / "o", "--protocol", "x")
    assert told.code == 2
    assert told.err.startswith("frozen: the first 2 stages are frozen at random weights; name")


def test_trained_on_everything_exported_and_scored(
    run: Run, small_data: Path, recipe: Path, tmp_path: Path
) -> None:
    folder, package = tmp_path / "all", tmp_path / "tiny.stcnet"
    told = run("train", recipe, "--data", small_data, "--out", folder, "--accelerator", "cpu")
    assert (told.code, told.out) == (0, f"trained on 48 clips: {folder}\n"), told.err
    predictions = tmp_path / "predictions.csv"
    rng = np.random.default_rng(0)
    write_predictions(predictions, [
        Prediction(c.id, f"leave-out-{c.split}", float(rng.normal(2 * c.label - 1, 1.5)))
        for c in make_cells()
    ])  # fmt: skip
    exported = run("export", folder, "--out", package, "--predictions", predictions, "--data",
                   small_data, "--model-version", "3.1.4", "--calibration", "temperature",
                   "--hours-per-day", "10")  # fmt: skip
    assert exported.code == 0, exported.err
    first, *points = exported.out.splitlines()
    assert first.startswith(f"{package}: tiny 3.1.4, sha256 ")
    loaded = ModelPackage.load(package)
    assert points == [point.in_words for point in loaded.manifest.operating_points]
    assert [line.split()[0] for line in points] == ["1", "0.2", "0.05"]
    clip = write_video(tmp_path / "clip.mp4", frames=36)
    scored = run("score", clip, "--model", package, "--json")
    assert scored.code == 0, scored.err
    verdict = json.loads(scored.out)
    assert 0 <= verdict["probability"] <= 1
    assert verdict["threshold"] == loaded.calibration.threshold
    assert loaded.calibration.basis.startswith("Temperature scaling on ")
    assert {point.hours_per_day for point in loaded.manifest.operating_points} == {10.0}

    refused = run("evaluate", "--model", package, "--data", small_data)
    assert refused.code == 2
    (line,) = [line for line in refused.errors if not line.endswith("...")]
    assert "training and scoring share a clip" in line


def test_a_soup_tells_of_all_its_trainings(run: Run, small_data: Path, tmp_path: Path) -> None:
    folder, recipe = tmp_path / "soup", write_recipe(tmp_path, soup=2, settling_steps=1)
    command = ["train", recipe, "--data", small_data, "--out", folder, "--accelerator", "cpu"]
    told = run(*command)
    assert (told.code, told.out) == (0, f"trained on 48 clips: {folder}\n"), told.err
    lines = [line.partition(",")[0] for line in told.errors if "epoch" in line]
    assert lines == ["tiny: epoch 1/2", "tiny: epoch 2/2"]
    assert run(*command).err.count("epoch") == 0


def test_a_model_is_evaluated_on_clips_it_has_not_seen(
    run: Run, small_data: Path, model: Path
) -> None:
    told = run("evaluate", "--model", model, "--data", small_data, "--protocol", "leave-out-S1",
               "--json")  # fmt: skip
    assert told.code == 0, told.err
    rows = json.loads(told.out)
    assert {row["fold"] for row in rows} == {"tiny"}
    held_out = [c for c in make_cells() if c.split == "S1" and c.site != "ijmond"]
    assert rows[0]["group"] == "rise"
    assert rows[0]["clips"] == len(held_out)


def csv_of(folder: Path, text: str = "label,score\n1,0.9\n0,0.2\n1,0.4\n") -> Path:
    path = folder / "scores.csv"
    path.write_text(text)
    return path


def test_intervals_as_json(run: Run, small_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    cells = [cell for cell in make_cells() if cell.split == "S1"]
    write_predictions(path, [Prediction(c.id, "leave-out-S1", c.label - 0.5) for c in cells])
    told = run("evaluate", "--predictions", path, "--data", small_data, "--json")
    rows = json.loads(told.out)
    assert rows[0]["fold"] == "leave-out-S1"
    assert rows[0]["metrics"]["smoke_f1"] == [1.0, 1.0, 1.0]


Arguments = Callable[[Path, Path], list[object]]


def training(*changes: object) -> Arguments:
    """A training command; options that are given later replace those given before."""
    return lambda data, tmp: [
        "train", write_recipe(tmp), "--data", data, "--out", tmp / "out", *changes
    ]  # fmt: skip


def trained_with(**settings: Any) -> Arguments:
    return lambda data, tmp: [
        "train", write_recipe(tmp, **settings), "--data", data, "--out", tmp / "out"
    ]  # fmt: skip


BAD: list[Any] = [
    pytest.param(lambda d, t: ["train", "nothing", "--data", d, "--out", t / "out"],
                 "RECIPE: there is no such recipe (got nothing;", id="recipe"),
    pytest.param(trained_with(optimiser={"learning_rate": 0}),
                 "tiny.yaml: optimiser.learning_rate: Input should be greater than 0 (got 0)",
                 id="value in a recipe"),
    pytest.param(trained_with(network={"preset": "stcnet-mobilenetv2", "input_size": 32}),
                 "pretrained: no installable package carries ImageNet weights",
                 id="no pretrained weights"),
    pytest.param(training("--data", "nowhere"), "nowhere: there is no such folder of data",
                 id="data"),
    pytest.param(training("--protocol", "all"),
                 "--protocol: there is no such protocol for this data (got all;", id="protocol"),
    pytest.param(training("--protocol", ""),
                 "--protocol: there is no such protocol for this data (got ;",
                 id="empty protocol"),
    pytest.param(training("--accelerator", "tpu"), "--accelerator: there is no such accelerator",
                 id="accelerator"),
    pytest.param(training("--accelerator", "cuda"), "--accelerator: no GPU is available", id="GPU",
                 marks=pytest.mark.skipif("__import__('torch').cuda.is_available()")),
    pytest.param(training("--accelerator", "cpu", "--devices", "4096"),
                 "--devices: this machine has not as many processors (got 4096; allowed: 1..",
                 id="devices"),
    pytest.param(training("--nodes", "0"), "--nodes: a run takes at least one machine (got 0)",
                 id="nodes"),
    pytest.param(training("--precision", "half"), "--precision: there is no such precision (got",
                 id="precision"),
    pytest.param(training("--clips-on", "moon"), "--clips-on: there is no such place for clips",
                 id="place of the clips"),
    pytest.param(lambda d, t: training("--out", csv_of(t) / "below")(d, t),
                 "the folder cannot be made", id="out below a file"),
    pytest.param(lambda d, t: ["train", write_recipe(t), "--data", d], "Missing option '--out'",
                 id="no out"),
    pytest.param(lambda d, t: ["evaluate"], "one of --predictions and --model is needed",
                 id="nothing to evaluate"),
    pytest.param(lambda d, t: ["evaluate", "--predictions", csv_of(t), "--model", t, "--data", d],
                 "one of --predictions and --model is needed", id="predictions and a model"),
    pytest.param(lambda d, t: ["evaluate", "--model", t], "--model needs the clips to score",
                 id="model without clips"),
    pytest.param(lambda d, t: ["evaluate", "--predictions", csv_of(t), "--protocol", "all"],
                 "--protocol goes with --model", id="protocol without a model"),
    pytest.param(lambda d, t: ["evaluate", "--predictions", t / "gone.csv"],
                 "gone.csv: the predictions cannot be read", id="predictions missing"),
    pytest.param(lambda d, t: ["evaluate", "--predictions", csv_of(t), "--data", d],
                 "a column is missing (got label, score; allowed: id, fold, logit)",
                 id="columns of others"),
    pytest.param(lambda d, t: ["evaluate", "--predictions", csv_of(t, "label,score\n1,x\n")],
                 "scores.csv:2: a score is wrong (got 'x'", id="no number"),
    pytest.param(lambda d, t: ["export", t, "--out", t / "a.stcnet"],
                 "the folder holds no finished training run", id="no run"),
    pytest.param(lambda d, t: ["export", t, "--out", t / "a.stcnet", "--data", d],
                 "--predictions and --data go together", id="data alone"),
    pytest.param(lambda d, t: ["export", t, "--out", t / "a.stcnet", "--calibration", "platt"],
                 "--calibration and --hours-per-day go with --predictions", id="nothing to fit"),
    pytest.param(lambda d, t: ["export", t, "--out", t / "a.stcnet", "--hours-per-day", "25"],
                 "'--hours-per-day': Input should be less than or equal to 24", id="a long day"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_are_one_line(
    run: Run, small_data: Path, tmp_path: Path, arguments: Arguments, message: str
) -> None:
    outcome = run(*arguments(small_data, tmp_path))
    errors = [line for line in outcome.errors if not line.endswith("...")]
    assert outcome.code == 2
    assert len(errors) == 1, outcome.err
    assert errors[0].startswith("error: ")
    assert message in errors[0]
    assert outcome.out == ""
    assert not list(tmp_path.glob("out/*.csv"))


WITHOUT = """
import sys
sys.modules[{module!r}] = None
from stcnet.cli import main
sys.exit(main({arguments!r}))
"""


@pytest.mark.parametrize("module", ["torch", "lightning_fabric", "tensorboard", "sklearn"])
@pytest.mark.parametrize(
    "arguments",
    [["train", "flagship", "--data", ".", "--out", "out"], ["evaluate", "--predictions", "x"],
     ["export", ".", "--out", "x.stcnet"]],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_without_the_extra_the_commands_say_what_to_install(
    tmp_path: Path, module: str, arguments: list[str]
) -> None:
    script = WITHOUT.format(module=module, arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=os.environ, check=False,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        f"error: this command needs the training packages (got no {module}); install"
    )
    assert "pip install" in line
    assert not list(tmp_path.iterdir())
