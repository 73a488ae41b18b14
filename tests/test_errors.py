"""Errors are one line that says where, what, what would be right and what to do."""

import pickle

import pytest

from stcnet import errors
from stcnet.errors import CheckFailedError, SourceError, StcnetError

KINDS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)
]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(StcnetError("it broke"), "it broke", id="what alone"),
        pytest.param(StcnetError("it broke", where="a.mp4"), "a.mp4: it broke", id="where"),
        pytest.param(StcnetError("it broke", got=0), "it broke (got 0)", id="a got of zero"),
        pytest.param(
            StcnetError("it broke", allowed="1..3"), "it broke (allowed: 1..3)", id="allowed"
        ),
        pytest.param(StcnetError("it broke", hint="mend it"), "it broke; mend it", id="hint"),
        pytest.param(
            StcnetError("it broke", where="a.mp4", got=0, allowed="1..3", hint="mend it"),
            "a.mp4: it broke (got 0; allowed: 1..3); mend it",
            id="all parts",
        ),
        pytest.param(
            StcnetError("it broke", got=ValueError("line one\n\n   line two\r\n")),
            "it broke (got line one line two)",
            id="message of a library over several lines",
        ),
        pytest.param(
            StcnetError("it broke", where="two  spaces.mp4"),
            "two  spaces.mp4: it broke",
            id="a file name stays as it is",
        ),
    ],
)
def test_message(error: StcnetError, message: str) -> None:
    assert str(error) == message
    assert error.what == "it broke"


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_share_a_base_and_survive_the_way_between_processes(kind: type[Exception]) -> None:
    assert issubclass(kind, StcnetError)
    error = kind("it broke", where="a.mp4", hint="mend it")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.what) == (kind, "a.mp4: it broke; mend it", "it broke")


def test_exit_codes() -> None:
    assert SourceError("it broke").exit_code == 2
    assert CheckFailedError("it differs").exit_code == 1
    assert {kind for kind in KINDS if vars(kind).get("exit_code", 2) != 2} == {CheckFailedError}


@pytest.mark.parametrize(
    ("got", "shown"),
    [
        pytest.param("\x1b[2Jgone", r"\x1b[2Jgone", id="escape sequence"),
        pytest.param("\u202egpj.exe", r"\u202egpj.exe", id="right to left"),
        pytest.param("a\tb\0", r"a\tb\x00", id="tab and zero"),
        pytest.param("\udcff", r"\udcff", id="half a character"),
        pytest.param("fum\u00e9e \u70df", "fum\u00e9e \u70df", id="other scripts stay"),
    ],
)
def test_nothing_in_a_message_steers_the_terminal(got: str, shown: str) -> None:
    assert str(StcnetError("x", got=got)) == f"x (got {shown})"
