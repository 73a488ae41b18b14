"""How often hosts are asked, by a clock that nobody waits for."""

import pytest

from stcnet.datasets.download.causes import FetchError
from stcnet.datasets.download.politeness import (
    GIVEN_UP_AFTER,
    LONGEST_PAUSE_S,
    Hosts,
    Pace,
    StoppedError,
    Waiter,
    retry_after_s,
)
from stcnet.errors import ConfigError

from .conftest import FakeWaiter


def moments(hosts: Hosts, waiter: FakeWaiter, *names: str) -> list[float]:
    asked = []
    for name in names:
        hosts.wait_for_turn(name)
        asked.append(waiter.now_s())
    return asked


def test_each_host_has_its_own_rate(waiter: FakeWaiter) -> None:
    hosts = Hosts(4.0, waiter)
    assert moments(hosts, waiter, "a", "b", "a", "a", "b") == [0, 0, 0.25, 0.5, 0.5]


def test_a_host_that_asks_for_it_is_left_alone(waiter: FakeWaiter) -> None:
    hosts = Hosts(4.0, waiter)
    hosts.pause("a", 60)
    hosts.pause("a", 1)
    assert moments(hosts, waiter, "b", "a", "a") == [0, 60, 60.25]
    hosts.pause("a", 10**9)
    assert moments(hosts, waiter, "a") == [60.25 + LONGEST_PAUSE_S]


def test_a_host_is_given_up_after_some_videos_in_a_row(waiter: FakeWaiter) -> None:
    hosts = Hosts(4.0, waiter)
    for _ in range(GIVEN_UP_AFTER - 1):
        hosts.failed("a")
    hosts.served("a")
    for _ in range(GIVEN_UP_AFTER):
        hosts.wait_for_turn("a")
        hosts.failed("a")
    with pytest.raises(FetchError, match="host given up: a failed 3 videos in a row"):
        hosts.wait_for_turn("a")
    hosts.wait_for_turn("b")


def test_waiting_ends_when_it_is_told_to() -> None:
    waiter = Waiter()
    waiter.check()
    waiter.sleep(0)
    waiter.stop()
    with pytest.raises(StoppedError):
        waiter.sleep(1000)
    with pytest.raises(StoppedError):
        waiter.check()


@pytest.mark.parametrize(
    "value",
    [
        "",
        None,
        "soon",
        "-1",
        "1.5",
        "\u00b2",
        "Sun, 99 Nov 2026 12:00:30 GMT",
        f"Sun, 22 Nov {'9' * 30} 12:00:30 GMT",
    ],
    ids=["empty", "none", "words", "negative", "fraction", "superscript", "no date", "no year"],
)
def test_no_retry_after(value: str | None) -> None:
    assert retry_after_s(value) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("workers", 0), ("workers", 33), ("rate", 0), ("rate", -1), ("rate", float("nan")),
     ("rate", 101), ("attempts", 0), ("timeout_s", 0)],
)  # fmt: skip
def test_a_pace_out_of_range(field: str, value: float) -> None:
    with pytest.raises(ConfigError, match="out of range"):
        Pace(**{field: value})  # type: ignore[arg-type]
