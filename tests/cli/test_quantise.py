"""``stcnet quantise``: a smaller package, or one line and nothing lost."""

from pathlib import Path

import pytest

from cli.conftest import Run
from staged_model import staged_parts
from stcnet.cli.quantise import quantise
from stcnet.inference import ModelPackage
from stcnet.packaging.footage import CLIPS


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return staged_parts().write(tmp_path / "staged.stcnet").source


def test_writes_a_package_that_every_command_takes(
    run: Run, package: Path, video: Path, tmp_path: Path
) -> None:
    out = tmp_path / "int8.stcnet"
    outcome = run("quantise", package, "--out", out, "--clips", 2)
    assert (outcome.code, outcome.errors) == (0, ["quantising ..."])
    made = ModelPackage.load(out)
    assert made.manifest.quantisation is not None
    assert made.manifest.quantisation.basis.startswith("2 rendered clips")
    assert f"{out}: tiny 1.2.3 in int8, sha256 {made.sha256}" in outcome.out
    assert "MB, in 32 bits " in outcome.out
    assert run("score", video, "--model", out, "--json").code == 0


def test_its_default_is_that_of_the_code_behind_it() -> None:
    assert quantise.__defaults__ is not None
    assert quantise.__defaults__[-1] == CLIPS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--out", "staged.stcnet"], "--out: this is PACKAGE", id="over itself"),
        pytest.param(["--out", "gone/x.stcnet"], "is no folder", id="no folder"),
        pytest.param(["--out", "."], "it is a folder", id="a folder"),
        pytest.param(["--out", "x", "--data", "gone"], "no such folder of data", id="no data"),
        pytest.param(["--out", "x", "--clips", "0"], "--clips", id="no clips"),
    ],
)
def test_refuses(
    arguments: list[str], message: str, run: Run, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(package.parent)
    before = package.read_bytes()
    outcome = run("quantise", package.name, *arguments)
    assert outcome.code == 2
    assert message in outcome.err
    assert {path.name: path.read_bytes() for path in package.parent.iterdir()} == {
        package.name: before
    }
