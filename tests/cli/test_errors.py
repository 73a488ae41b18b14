"""How a command ends: one line for what a user can mend, a traceback only for our own faults."""

import errno
import subprocess
import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from pathlib import Path

import pytest
import typer

from stcnet.cli.errors import exit_code_of
from stcnet.errors import CheckFailedError, SourceError

from .conftest import Run


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        pytest.param(SourceError("it is empty", where="a.mp4"), 2, "error: a.mp4: it is empty\n",
                     id="bad input"),
        pytest.param(CheckFailedError("it differs"), 1, "error: it differs\n", id="failed check"),
        pytest.param(typer.BadParameter("one\n  two"), 2, "error: Invalid value: one two\n",
                     id="usage"),
        pytest.param(KeyboardInterrupt(), 130, "interrupted\n", id="interrupted"),
        pytest.param(typer.Exit(7), 7, "", id="exit"),
    ],
)  # fmt: skip
def test_exit_codes(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(raising(error)) == code
    assert capsys.readouterr() == ("", line)


def test_success() -> None:
    assert exit_code_of(lambda: None) == 0


def test_our_own_faults_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_code_of(raising(ZeroDivisionError()))


def test_a_reader_that_has_gone_is_no_noise(video: Path, model: Path) -> None:
    program = (
        "import sys; from stcnet.cli import main; sys.stdin.read(); sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "score", "--model", str(model), str(video)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.close()
        said = process.stderr.read().decode().splitlines()
        assert process.wait() == 141
    assert [line for line in said if not line.startswith("warning: ")] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["detct"], "error: No such command 'detct'", id="unknown command"),
        pytest.param(["detect"], "error: Missing argument 'SOURCE'", id="missing argument"),
        pytest.param(["detect", "a.mp4", "--zones", "x"], "error: No such option: --zones",
                     id="unknown option"),
        pytest.param(["detect", "a.mp4", "--threshold", "high"],
                     "error: Invalid value for '--threshold': Input should be a valid number",
                     id="not a number"),
        pytest.param(["score"], "error: Missing argument 'CLIP'", id="no clip"),
    ],
)  # fmt: skip
def test_usage_errors_are_one_line(run: Run, arguments: list[str], message: str) -> None:
    outcome = run(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith(message)
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG])
def test_output_that_finds_no_room_is_one_line(
    number: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stcnet.cli.errors._discard_output", lambda: None)

    def command() -> None:
        raise OSError(number, "no room")

    assert exit_code_of(command) == 2
    assert capsys.readouterr().err == (
        "error: the output cannot be written (got no room); free disk space\n"
    )


@pytest.mark.parametrize("arguments", [["detect", "a.mp4"], ["detect", "/a.mp4", "--out", "b"]])
def test_a_working_folder_that_is_gone_is_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()
    outcome = run(*arguments)
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith("error: ")


def test_ctrl_c_while_modules_are_imported_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(MetaPathFinder):
        def find_spec(self, name: str, path: object, target: object = None) -> None:
            if name == "stcnet.cli.app":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "stcnet.cli.app")
    monkeypatch.delattr("stcnet.cli.app")
    monkeypatch.setattr("sys.meta_path", [Interrupted(), *sys.meta_path])
    outcome = run("--version")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "interrupted\n")
