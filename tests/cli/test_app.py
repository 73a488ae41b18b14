"""The command as such: help, version, and that they are quick."""

import subprocess
import sys

import pytest

from stcnet import __version__

from .conftest import Run


def test_version(run: Run) -> None:
    assert run("--version") == run("--version")
    outcome = run("--version")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"stcnet {__version__}\n", "")


def test_alone_it_prints_its_help(run: Run) -> None:
    alone = run()
    assert alone.code == 0
    assert alone.err == ""
    assert all(command in alone.out for command in ("demo", "detect", "score", "--version"))
    assert run("--help").out == alone.out


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], 0), (["nope"], 2)], ids=["done", "no such command"]
)
def test_python_runs_it_as_a_module(arguments: list[str], code: int, run: Run) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "stcnet", *arguments], capture_output=True, text=True, check=False
    )
    assert ended.returncode == code
    assert (ended.stdout, ended.stderr) == (run(*arguments).out, run(*arguments).err)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("demo", ["--out"]),
        ("detect", ["--out", "--zone", "--frame-interval", "--threshold", "--off-threshold",
                    "--shortest", "--merge-gap", "--no-overlay", "--overwrite", "--model"]),
        ("score", ["--json", "--frame-interval", "--zone", "--model"]),
    ],
)  # fmt: skip
def test_help_names_every_option(run: Run, command: str, options: list[str]) -> None:
    outcome = run(command, "--help")
    assert outcome.code == 0
    assert all(option in outcome.out for option in options)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["detect", "--help"], ["nope"]])
def test_nothing_heavy_is_imported_before_there_is_work(arguments: list[str]) -> None:
    program = (
        "import sys; from stcnet.cli import main; main(sys.argv[1:]);"
        "print(sorted({'onnxruntime', 'cv2', 'torch', 'av', 'numpy'} & sys.modules.keys()))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"
