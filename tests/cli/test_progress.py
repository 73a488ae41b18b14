"""Plain lines where nobody watches a terminal, a bar where somebody does."""

import io
import sys

import pytest

from stcnet.cli.errors import say
from stcnet.cli.progress import PlainLines, shown_progress


class Clock:
    """A clock that is set by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_plain_lines_come_at_each_stage_and_every_ten_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    lines = PlainLines(clock)
    told = [
        (0, "judging", 0, 200), (9, "judging", 50, 200), (10, "judging", 60, 200),
        (19, "judging", 90, 200), (21, "judging", 210, 200), (22, "drawing", 0, None),
        (33, "drawing", 75, None),
    ]  # fmt: skip
    for clock.now_s, stage, done_s, total_s in told:
        lines(stage, done_s, total_s)
    assert capsys.readouterr().err.splitlines() == [
        "judging ...", "judging ... 30 %", "judging ... 100 %", "drawing ...", "drawing ... 75 s"
    ]  # fmt: skip


def test_without_a_terminal_lines_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress() as progress:
        progress("judging", 0, None)
    assert capsys.readouterr() == ("", "judging ...\n")


class Terminal(io.StringIO):
    """A screen of which every character is kept."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("total_s", [100.0, None])
def test_on_a_terminal_a_bar_is_drawn_and_taken_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], total_s: float | None
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with shown_progress() as progress:
        for done_s in (0.0, 50.0, 100.0):
            progress("judging", done_s, total_s)
        say("warning: dark")
    assert "judging" in screen.getvalue()
    assert "warning: dark" in screen.getvalue()
    assert capsys.readouterr().out == ""
