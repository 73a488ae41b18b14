"""``stcnet demo``: the main job on the bundled sample with the bundled model."""

import json
from pathlib import Path

import pytest

from stcnet.demo import SMOKE_START_S, SMOKE_STOP_S
from stcnet.errors import PackageError
from stcnet.inference import bundled_package

from .conftest import Run


@pytest.fixture
def tiny_instead(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stcnet.inference.bundled_package", lambda: model)


@pytest.mark.usefixtures("tiny_instead")
def test_the_report_stays_though_a_model_finds_nothing(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcome = run("demo", "--out", out)
    assert outcome.code == 1
    assert outcome.errors == ["error: the smoke in the sample was not found"]
    assert outcome.out.startswith("No smoke found in 10 min 55 s observed\n")
    assert (out / "report.html").exists()


@pytest.mark.usefixtures("tiny_instead")
def test_earlier_results_are_replaced_but_nothing_else(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results = tmp_path / "stcnet-demo"
    results.mkdir()
    (results / "scores.csv").write_text("old")
    assert run("demo").code == 1
    assert (results / "scores.csv").read_text() != "old"
    (results / "thesis.tex").touch()
    outcome = run("demo")
    assert outcome.code == 2
    assert "thesis.tex" in outcome.err


def test_the_smoke_in_the_sample_is_found(run: Run, tmp_path: Path) -> None:
    try:
        bundled_package()
    except PackageError as error:
        pytest.skip(str(error))
    out = tmp_path / "out"
    outcome = run("demo", "--out", out)
    assert outcome.code == 0
    assert outcome.errors == []
    assert "stcnet detect" in outcome.out
    episodes = json.loads((out / "events.json").read_text())["episodes"]
    assert any(e["start_s"] < SMOKE_STOP_S and e["end_s"] > SMOKE_START_S for e in episodes)
