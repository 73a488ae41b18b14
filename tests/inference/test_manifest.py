import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.errors import PackageError
from stcnet.inference import Manifest, Sampling
from stcnet.inference.manifest import read_manifest
from tiny_model import describe

Content = dict[str, Any]


def manifest() -> Manifest:
    return Manifest(**dict(describe(8, 4)), files={"frame.onnx": "a" * 64})


def edited(edit: Callable[[Content], object]) -> bytes:
    content = json.loads(manifest().model_dump_json())
    edit(content)
    return json.dumps(content).encode()


def test_survives_the_way_through_json() -> None:
    original = manifest()
    copy = read_manifest(original.model_dump_json().encode(), "here")
    assert copy == original
    assert copy.network == {"backbone": "conv", "frames": 8, "shared": False, "dropout": 0.5}
    assert [type(value) for value in copy.network.values()] == [str, int, bool, float]
    assert copy.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@given(st.integers(1, 64), st.integers(1, 64), st.floats(0.04, 60))
def test_window_is_the_span_of_all_phases(stride: int, frames: int, interval_s: float) -> None:
    sampling = Sampling(interval_s=interval_s, stride=stride, frames=frames)
    last_of_last_phase = (stride - 1) + stride * frames
    assert sampling.window_frames == last_of_last_phase + 1
    assert sampling.window_s == pytest.approx(last_of_last_phase * interval_s)


REFUSED = [
    pytest.param(lambda c: c.update(surprise=1), "surprise", id="unknown key"),
    pytest.param(lambda c: c["input"].update(colour="RGB"), "input.colour", id="unknown inner key"),
    pytest.param(lambda c: c.pop("preset"), "preset", id="missing key"),
    pytest.param(lambda c: c.pop("format_version") and c.pop("name"), "name", id="no version"),
    pytest.param(lambda c: c.update(format_version=4), "upgrade stcnet", id="newer format"),
    pytest.param(lambda c: c.update(format_version=0), "export the model again", id="older format"),
    pytest.param(
        lambda c: c.update(format_version="x"), "format_version", id="version not a number"
    ),
    pytest.param(
        lambda c: c.update(created_at="2026-01-02T03:04:05"), "created_at", id="naive time"
    ),
    pytest.param(
        lambda c: c.update(created_at="2026-01-02T03:04:05+02:00"), "in UTC", id="other time zone"
    ),
    pytest.param(lambda c: c.update(classes=["none", "steam"]), "classes", id="other classes"),
    pytest.param(lambda c: c["input"].update(size=0), "input.size", id="no size"),
    pytest.param(lambda c: c["input"].update(std=[1, 0, 1]), "input.std.1", id="std of zero"),
    pytest.param(lambda c: c["input"].update(residual="squared"), "residual", id="other residual"),
    pytest.param(lambda c: c["sampling"].update(stride=0), "sampling.stride", id="no stride"),
    pytest.param(
        lambda c: c["sampling"].update(frames=10**9), "sampling.frames", id="endless window"
    ),
    pytest.param(lambda c: c["sampling"].update(interval_s=0), "interval_s", id="no interval"),
    pytest.param(lambda c: c["files"].update(x="f00"), "files.x", id="hash cut short"),
    pytest.param(
        lambda c: c.update(operating_points=[{"threshold": 0.5}]),
        "operating_points.0.alarms_per_day",
        id="half an operating point",
    ),
    pytest.param(lambda c: c.update(precision="fp16"), "precision", id="other precision"),
    pytest.param(
        lambda c: c.update(precision="int8"), "does not go with no quantisation", id="int8, no how"
    ),
    pytest.param(lambda c: c["network"].update(stages=[1]), "network.stages", id="nested network"),
]


@pytest.mark.parametrize(("edit", "message"), REFUSED)
def test_refuses(edit: Callable[[Content], object], message: str) -> None:
    with pytest.raises(PackageError) as caught:
        read_manifest(edited(edit), "x.stcnet, manifest.json")
    assert message in str(caught.value)
    assert str(caught.value).startswith("x.stcnet, manifest.json: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut short"),
        pytest.param(b"[1]", id="a list"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(b"[" * 100_000, id="nested without end"),
    ],
)
def test_refuses_what_is_not_a_json_object(data: bytes) -> None:
    with pytest.raises(PackageError):
        read_manifest(data, "here")
