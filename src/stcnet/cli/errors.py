"""From exceptions to one line on standard error and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import typer

from stcnet.cli.signals import Terminated
from stcnet.errors import OutputError, StcnetError

if TYPE_CHECKING:
    from collections.abc import Callable

FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
BAD_INPUT = 2
INTERRUPTED = 130
NOBODY_READS = 141
"""As a shell reports a command that SIGPIPE has ended."""


def exit_code_of(command: Callable[[], None]) -> int:
    """Run a command and say how it ended.

    What a user can mend becomes one line on standard error. Anything else is a fault of the
    program and keeps its traceback.
    """
    try:
        code = _completed(command)
        if sys.stdout is not None:  # closed by the caller
            sys.stdout.flush()
    except StcnetError as error:
        say(f"error: {error}")
        return error.exit_code
    except typer.TyperException as error:
        say(f"error: {' '.join(error.format_message().split())}")
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted")
        return INTERRUPTED
    except Terminated as ended:
        return ended.exit_code
    except BrokenPipeError:
        _discard_output()
        return NOBODY_READS
    return code


def _completed(command: Callable[[], None]) -> int:
    try:
        command()
    except typer.Exit as ended:
        return ended.exit_code
    except BrokenPipeError:
        raise
    except OSError as error:
        if _nowhere():
            raise OutputError(
                "the working folder is gone", got=error.strerror, hint="change to another"
            ) from None
        if error.errno not in FULL:
            raise
        _discard_output()
        raise OutputError(
            "the output cannot be written", got=error.strerror, hint="free disk space"
        ) from None
    return 0


def _nowhere() -> bool:
    """Whether the folder that the process works in was removed."""
    try:
        os.getcwd()  # noqa: PTH109
    except OSError:
        return True
    return False


def say(line: str) -> None:
    """Print a line on standard error, if there is one."""
    if sys.stderr is not None:
        print(line, file=sys.stderr)  # noqa: T201


def _discard_output() -> None:
    """Let the last flush at the end of the process go nowhere instead of failing again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
