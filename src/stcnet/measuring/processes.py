"""Work in a process of its own, so that its memory can be told and its end ends nothing else."""

from __future__ import annotations

import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from textwrap import shorten
from typing import ParamSpec, TypeVar

ResultT = TypeVar("ResultT")
P = ParamSpec("P")

REASON_LENGTH = 200
GRACE_S = 10.0
"""What a process gets to clear up after it has told its result."""


class ProcessFailedError(Exception):
    """What ran in a process of its own failed; the message says why, in one line."""


def in_own_process(
    function: Callable[P, ResultT], *arguments: P.args, **named: P.kwargs
) -> ResultT:
    """Run a function in a fresh process and wait for what it returns.

    The process ends with this call, however it is left.

    Args:
        function: Of a module, so that the process can find it.
        *arguments: What it takes; must survive pickling, as must its result.
        **named: The same by name.

    Raises:
        ProcessFailedError: The function raised an error, or its process was killed.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(sender, function, arguments, named), daemon=True)
    process.start()
    sender.close()
    try:
        result, reason = receiver.recv()
    except EOFError:
        process.join()
        raise ProcessFailedError(_ending(process.exitcode)) from None
    else:
        process.join(GRACE_S)
    finally:
        process.kill()
        process.join()
        receiver.close()
    if reason is not None:
        raise ProcessFailedError(reason)
    told: ResultT = result
    return told


def _tell(
    sender: Connection,
    function: Callable[..., object],
    arguments: tuple[object, ...],
    named: dict[str, object],
) -> None:
    # Ctrl-C reaches every process of a terminal; the one that waits for this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sender.send((function(*arguments, **named), None))
    except Exception as error:  # whatever it is, it is the reason of a line in a table
        sender.send((None, describe(error)))


def describe(error: BaseException) -> str:
    """An error in one line of bounded length.

    >>> describe(ValueError("no"))
    'ValueError: no'
    """
    text = f"{type(error).__name__}: {error}".removesuffix(": ")
    return shorten(text.replace("|", "/"), REASON_LENGTH, placeholder=" ...")


def _ending(code: int | None) -> str:
    if code == -signal.SIGKILL:
        return "its process was killed, as the system does when memory is full"
    return f"its process ended with code {code}"
