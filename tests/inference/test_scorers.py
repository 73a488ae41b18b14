import gc
import os
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from staged_model import int8_package
from stcnet.errors import ScoringError, StcnetError, ZoneError
from stcnet.inference import ClipScorer, GraphRunner, ModelPackage, StreamScorer, available_cores
from stcnet.preprocess import crop_and_resize
from stcnet.types import PixelBox, Verdict
from tiny_model import Parts, frame_graph, make_parts, random_clip

Build = Callable[..., ModelPackage]
Clip = NDArray[np.uint8]


def assert_same(one: Verdict, other: Verdict) -> None:
    """Bit for bit."""
    assert one.logit == other.logit
    assert one.probability == other.probability
    np.testing.assert_array_equal(one.activation, other.activation)


def push_all(scorer: StreamScorer, frames: Clip) -> list[Verdict | None]:
    return [scorer.push(frame) for frame in frames]


def tanh_model(package: ModelPackage, clip: Clip) -> tuple[float, NDArray[np.float64]]:
    """The tiny model in float64, without ONNX Runtime: an independent implementation."""
    manifest, weights = package.manifest, package.weights
    stride = manifest.sampling.stride
    side = min(clip.shape[1:3])
    top, left = (clip.shape[1] - side) // 2, (clip.shape[2] - side) // 2
    box = PixelBox(left, top, side, side)
    pixels = np.stack([crop_and_resize(frame, box, manifest.input.size) for frame in clip])
    frames = (pixels.astype(np.float64) - manifest.input.mean) / manifest.input.std
    residuals = frames[stride:] - frames[:-stride]
    if manifest.input.residual == "absolute":
        residuals = np.abs(residuals)
    scale = weights["frame/scale"] / np.sqrt(weights["frame/var"] + 1e-5)
    temporal = convolve(residuals, weights["frame/temporal.weight"]) - weights["frame/mean"]
    temporal = temporal * scale + weights["frame/shift"]
    features = np.tanh(convolve(frames[:-stride], weights["frame/spatial.weight"]) + temporal)
    head = weights["clip/head.weight"][0, :, :, 0, 0]
    maps = [
        np.einsum("thwc,tc->hw", features[phase::stride][: len(head)], head)
        for phase in range(stride)
    ]
    activation = np.mean(maps, axis=0)
    return float(activation.mean()), activation


def convolve(frames: NDArray[Any], kernel: NDArray[Any]) -> NDArray[Any]:
    """Convolution of kernel 4 and stride 4 over (N, H, W, C)."""
    count, height, width, _ = frames.shape
    blocks = frames.reshape(count, height // 4, 4, width // 4, 4, 3)
    return np.asarray(np.einsum("nhiwjc,kcij->nhwk", blocks, kernel))


# --- the numbers


@pytest.mark.parametrize("residual", ["signed", "absolute"])
def test_clip_gives_the_numbers_of_an_independent_implementation(
    residual: str, build: Build
) -> None:
    package = build(frames=3, stride=2, residual=residual)
    clip = random_clip(8, 32, 48)
    verdict = ClipScorer(package).score(clip)
    logit, activation = tanh_model(package, clip)
    assert verdict.logit == pytest.approx(logit, abs=1e-5)
    np.testing.assert_allclose(verdict.activation, activation, atol=1e-5)
    assert verdict.probability == package.calibration.probability(verdict.logit)


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("frames", range(1, 9))
def test_stream_gives_exactly_the_numbers_of_its_clips(
    frames: int, stride: int, build: Build
) -> None:
    package = build(frames=frames, stride=stride)
    window = package.manifest.sampling.window_frames
    clip = random_clip(window + 3, seed=frames * 10 + stride)
    verdicts = push_all(StreamScorer(package), clip)
    assert verdicts[: window - 1] == [None] * (window - 1)
    scorer = ClipScorer(package)
    for end, verdict in enumerate(verdicts[window - 1 :], start=window):
        assert verdict is not None
        assert_same(verdict, scorer.score(clip[end - window : end]))


@pytest.fixture(scope="module", params=["fp32", "int8"])
def flagship_shape(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> ModelPackage:
    """T = 8, stride 4: windows of 36 frames; in either precision."""
    path = tmp_path_factory.mktemp("models") / "tiny.stcnet"
    if request.param == "int8":
        return int8_package(path, frames=8, stride=4)
    return make_parts(8, 4).write(path)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), height=st.integers(1, 40), width=st.integers(1, 40))
def test_stream_and_clip_agree_for_any_picture_size(
    seed: int, height: int, width: int, flagship_shape: ModelPackage
) -> None:
    clip = random_clip(36, height, width, seed)
    verdict = push_all(StreamScorer(flagship_shape), clip)[-1]
    assert verdict is not None
    assert_same(verdict, ClipScorer(flagship_shape).score(clip))
    assert verdict.activation.mean() == pytest.approx(verdict.logit, abs=1e-4)


def test_order_of_time_matters(package: ModelPackage) -> None:
    clip = random_clip(8)
    scorer = ClipScorer(package)
    assert scorer.score(clip).logit != pytest.approx(scorer.score(clip[::-1]).logit, abs=1e-3)


@pytest.mark.parametrize("count", [4, 5, 7, 9, 30])
def test_clip_of_any_length_gets_a_verdict(count: int, package: ModelPackage) -> None:
    verdict = ClipScorer(package).score(random_clip(count))
    assert 0 < verdict.probability < 1
    assert verdict.activation.mean() == pytest.approx(verdict.logit, abs=1e-4)


def test_shortest_clip_is_one_phase(package: ModelPackage) -> None:
    frames = package.examples.frames[0]
    verdict = ClipScorer(package).score(frames)
    assert verdict.logit == pytest.approx(package.examples.logits[0], abs=1e-6)


def test_box_is_cut_out(package: ModelPackage) -> None:
    clip = random_clip(8, 40, 50)
    cut = np.ascontiguousarray(clip[:, 10:30, 5:25])
    expected = ClipScorer(package).score(cut)
    box = PixelBox(5, 10, 20, 20)
    assert_same(ClipScorer(package).score(clip, box), expected)
    streamed = push_all(StreamScorer(package, box), clip)[-1]
    assert streamed is not None
    assert_same(streamed, expected)


def test_default_box_is_the_centred_square(package: ModelPackage) -> None:
    clip = random_clip(8, 20, 50)
    assert_same(
        ClipScorer(package).score(clip), ClipScorer(package).score(clip, PixelBox(15, 0, 20, 20))
    )


# --- the stream's promises


def test_reset_makes_it_as_new(package: ModelPackage) -> None:
    stream = StreamScorer(package)
    push_all(stream, random_clip(11, seed=5))
    stream.reset()
    verdicts = push_all(stream, random_clip(8, seed=6))
    assert verdicts[:-1] == [None] * 7
    assert verdicts[-1] is not None
    assert_same(verdicts[-1], ClipScorer(package).score(random_clip(8, seed=6)))


class CountingRunner(GraphRunner):
    """Counts the runs of each graph."""

    runs: list[str]

    def features(self, *args: Any) -> Any:
        self.runs.append("frame")
        return super().features(*args)

    def phase(self, *args: Any) -> Any:
        self.runs.append("clip")
        return super().phase(*args)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs of the graphs of all packages, in order."""
    monkeypatch.setattr(CountingRunner, "runs", [], raising=False)
    monkeypatch.setattr("stcnet.inference.package.GraphRunner", CountingRunner)
    return CountingRunner.runs


def test_frame_costs_at_most_one_run_of_each_graph(runs: list[str], build: Build) -> None:
    stream = StreamScorer(build(frames=8, stride=4))
    costs = []
    for frame in random_clip(40):
        runs.clear()
        stream.push(frame)
        costs.append(tuple(runs))
    assert costs == [()] * 4 + [("frame",)] * 28 + [("frame", "clip")] * 8


@pytest.mark.parametrize(
    ("count", "frame_runs"),
    [
        pytest.param(36, 32, id="window: every pair once"),
        pytest.param(9, 8, id="shortest clip: the phases are one"),
    ],
)
def test_clip_runs_each_pair_once(
    count: int, frame_runs: int, runs: list[str], build: Build
) -> None:
    scorer = ClipScorer(build(frames=8, stride=4))
    runs.clear()
    scorer.score(random_clip(count))
    assert (runs.count("frame"), runs.count("clip")) == (frame_runs, 4)


def test_memory_of_a_stream_is_bounded(package: ModelPackage) -> None:
    stream = StreamScorer(package)
    frames = random_clip(50, 64, 64)
    tracemalloc.start()
    try:
        held = []
        for _ in range(4):
            push_all(stream, frames)
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    # One prepared frame is 3 KiB: 150 frames that stay would be 450 KiB.
    assert held[-1] - held[0] < 100_000


def test_zones_and_threads_share_one_pair_of_graphs(package: ModelPackage) -> None:
    clip = random_clip(30, 40, 40)
    boxes = [PixelBox(x, y, 16, 16) for x in (0, 12, 24) for y in (0, 12, 24)]

    def run(box: PixelBox) -> list[Verdict | None]:
        return push_all(StreamScorer(package, box, threads=1), clip)

    expected = [run(box) for box in boxes]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(run, boxes))
    for one, other in zip(expected, found, strict=True):
        for verdict, again in zip(one, other, strict=True):
            if verdict is None or again is None:
                assert verdict is again
            else:
                assert_same(verdict, again)


# --- what is refused


CLIPS: list[tuple[str, Any, str]] = [
    ("too few frames", random_clip(3), "got 3; allowed: 4 or more"),
    ("no frame", random_clip(0), "too few frames"),
    ("floats", random_clip(8).astype(np.float32), "float32"),
    ("grey", random_clip(8)[..., 0], "(N, H, W, 3)"),
    ("four channels", np.zeros((8, 9, 9, 4), np.uint8), "(8, 9, 9, 4)"),
    ("channels first", np.zeros((8, 3, 20, 24), np.uint8), "(8, 3, 20, 24)"),
    ("empty pictures", np.zeros((8, 0, 9, 3), np.uint8), "(0, 9, 3)"),
]


@pytest.mark.parametrize(
    ("clip", "message"), [pytest.param(clip, text, id=name) for name, clip, text in CLIPS]
)
def test_refuses_a_clip(clip: Any, message: str, package: ModelPackage) -> None:
    with pytest.raises(ScoringError) as caught:
        ClipScorer(package).score(clip)
    assert message in str(caught.value)


BOXES = [
    pytest.param(PixelBox(-1, 0, 5, 5), id="left of the picture"),
    pytest.param(PixelBox(20, 0, 5, 5), id="right of it"),
    pytest.param(PixelBox(0, -1, 5, 5), id="above it"),
    pytest.param(PixelBox(0, 16, 5, 5), id="below it"),
    pytest.param(PixelBox(0, 0, 0, 5), id="no width"),
    pytest.param(PixelBox(0, 0, 5, 0), id="no height"),
]


@pytest.mark.parametrize("box", BOXES)
def test_refuses_a_box(box: PixelBox, package: ModelPackage) -> None:
    with pytest.raises(ZoneError, match="24x20 pixels"):
        ClipScorer(package).score(random_clip(8), box)
    with pytest.raises(ZoneError, match="24x20 pixels"):
        StreamScorer(package, box).push(random_clip(1)[0])


PICTURES = [
    pytest.param(random_clip(1, 20, 26)[0], "got 26x20 pixels; allowed: 24x20", id="other size"),
    pytest.param(random_clip(1)[0][..., 0], "(20, 24)", id="grey"),
    pytest.param(random_clip(1)[0].astype(np.int64), "int64", id="other type"),
    pytest.param(np.zeros((0, 24, 3), np.uint8), "(0, 24, 3)", id="empty"),
]


@pytest.mark.parametrize(("picture", "message"), PICTURES)
def test_stream_refuses_a_picture_and_starts_anew(
    picture: Any, message: str, package: ModelPackage
) -> None:
    stream = StreamScorer(package)
    clip = random_clip(10)
    assert push_all(stream, clip)[-1] is not None
    with pytest.raises(ScoringError) as caught:
        stream.push(picture)
    assert message in str(caught.value)
    assert [verdict is None for verdict in push_all(stream, clip)] == [True] * 7 + [False] * 3


def test_network_that_gives_no_number_is_an_error(parts: Parts, tmp_path: Any) -> None:
    # The logarithm of what two all-positive convolutions make of bright, unchanging pictures is
    # finite; of dark ones it is not.
    positive = {name: np.abs(array) for name, array in parts.weights.items()}
    positive["frame/mean"] = np.zeros(4, np.float32)
    bright = np.full_like(parts.example_frames, 250)
    package = parts.with_(
        frame_graph=frame_graph("Log"), weights=positive, example_frames=bright
    ).write(tmp_path / "log.stcnet")
    dark = np.zeros((8, 20, 24, 3), np.uint8)
    assert np.isfinite(ClipScorer(package).score(dark + 250).logit)
    with pytest.raises(ScoringError, match="not finite"):
        ClipScorer(package).score(dark)
    stream = StreamScorer(package)
    with pytest.raises(StcnetError, match="not finite"):
        push_all(stream, dark)
    assert push_all(stream, dark + 250)[-1] is not None


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_threads_follow_the_cores_that_the_process_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert available_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert available_cores() == len(allowed)
