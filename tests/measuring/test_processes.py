"""Work in a process of its own ends with it, and its failures come back as one line."""

import os
import signal

import pytest

from stcnet.measuring.processes import ProcessFailedError, describe, in_own_process


def double(number: int, *, offset: int = 0) -> tuple[int, int]:
    return 2 * number + offset, os.getpid()


def fail(message: str) -> None:
    raise ValueError(message)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_result_comes_from_another_process() -> None:
    number, process = in_own_process(double, 3, offset=1)
    assert number == 7
    assert process != os.getpid()


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        pytest.param(fail, ("two\nlines | and more",), "ValueError: two lines / and", id="raises"),
        pytest.param(die, (), "its process was killed, as the system does when", id="killed"),
    ],
)
def test_failures_are_told(function: object, arguments: tuple[str, ...], reason: str) -> None:
    assert callable(function)
    with pytest.raises(ProcessFailedError) as raised:
        in_own_process(function, *arguments)
    assert str(raised.value).startswith(reason)
    assert len(str(raised.value).splitlines()) == 1


def test_reasons_have_a_bounded_length() -> None:
    assert len(describe(RuntimeError("word " * 1000))) <= 200
    assert describe(MemoryError()) == "MemoryError"
