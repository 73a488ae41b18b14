"""Durations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.cli.values import optional_duration, parse_duration
from stcnet.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5s", 5), ("5", 5), ("5 s", 5), (" 5s ", 5), ("2m", 120), ("2min", 120), ("1h", 3600),
        ("500ms", 0.5), ("0.2s", 0.2), (".5", 0.5), ("1.", 1), ("0", 0),
    ],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text, "--shortest") == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", "s", "5x", "-5s", "5s5", "five", "1e3", "nan", "inf", "1h30m", "\u0665s", "9" * 400],
)
def test_other_texts_are_refused_with_the_option_and_an_example(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_duration(text, "--merge-gap")
    assert str(caught.value).startswith("--merge-gap: this is not a length of time (got ")
    assert "such as 5s" in str(caught.value)


@given(st.floats(0, 1e6), st.sampled_from([("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)]))
def test_numbers_are_scaled_by_their_unit(number: float, unit: tuple[str, float]) -> None:
    name, seconds = unit
    assert parse_duration(f"{number:f}{name}", "--x") == pytest.approx(
        number * seconds, abs=1e-6 * seconds
    )


def test_what_is_not_given_stays_not_given() -> None:
    assert optional_duration(None, "--x") is None
    assert optional_duration("1m", "--x") == 60
