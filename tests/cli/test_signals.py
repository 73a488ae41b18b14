"""Whoever ends a command from outside finds nothing half done."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stcnet.cli.signals import ended_by_signals

from .conftest import Run, write_video


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_the_work_and_leaves_nothing(
    model: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    source = write_video(tmp_path / "long.mp4", 1500)
    # Whoever starts the tests in the background may have them ignore SIGINT or, with nohup, SIGHUP,
    # and children inherit.
    program = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    program += "signal.signal(signal.SIGHUP, signal.SIG_DFL);"
    program += "from stcnet.cli import main; sys.exit(main())"
    command: list[str | Path] = [
        sys.executable,
        "-c",
        program,
        "detect",
        source,
        "--frame-interval",
        "5s",
    ]
    command += ["--model", model, "--out", tmp_path / "deep" / "out"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert any(line == "drawing ...\n" for line in process.stderr)
        process.send_signal(number)
        said = process.stderr.read()
        assert process.wait() == code
    assert said in ("interrupted\n", "")
    assert list(tmp_path.iterdir()) == [source]


def test_sigterm_is_no_fault_of_what_it_interrupts(
    run: Run, monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    def loaded(path: Path | None) -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except Exception:
            pytest.fail("a handler of ordinary errors took the signal")

    monkeypatch.setattr("stcnet.cli.score.load_package", loaded)
    outcome = run("score", "clip.mp4", "--model", model)
    assert (outcome.code, outcome.out.splitlines()[:1]) == (143, [])


def test_an_ignored_hangup_stays_ignored() -> None:
    """As nohup has it."""
    earlier = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, earlier)
