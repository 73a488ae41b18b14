"""What quantising changes of a package, what it keeps, and that no processor's sums overflow."""

import dataclasses
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from planted_collection import LENGTH, planted_collection
from staged_model import int8_package, random_footage, staged_parts
from stcnet.errors import ConfigError, DataError, OutputError, PackageError
from stcnet.explain.explanation import explain_clip
from stcnet.inference import (
    ClipScorer,
    ModelPackage,
    Quantisation,
    StreamScorer,
    bundled_package,
)
from stcnet.inference.tensors import Examples
from stcnet.packaging.footage import Footage, rendered_footage, training_footage
from stcnet.packaging.quantisation import IN_FLOAT, Feeds, quantise_package
from stcnet.types import FloatArray
from tiny_model import make_parts, random_clip

IN_FIRST_STAGE = ("spatial.stages.0.weight", "temporal.stages.0.weight", "stages.0.1.weight")
BEHIND = ("stages.1.dense.weight", "stages.1.depthwise.weight", "stages.1.project.weight")
IN_FLOAT_TOO = "reduce.weight"
OVERFLOW = 2**15


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """In 32 bits."""
    return staged_parts().write(tmp_path_factory.mktemp("models") / "staged.stcnet")


@pytest.fixture(scope="module")
def quantised(source: ModelPackage, tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    path = tmp_path_factory.mktemp("models") / "int8.stcnet"
    quantise_package(source, path, random_footage(4))
    return ModelPackage.load(path)


def test_says_what_it_is_and_what_it_was_made_of(
    source: ModelPackage, quantised: ModelPackage
) -> None:
    manifest = quantised.manifest
    assert (source.manifest.precision, manifest.precision) == ("fp32", "int8")
    assert manifest.quantisation == Quantisation(
        source_sha256=source.sha256,
        clips=4,
        basis="4 clips of noise",
        in_float=IN_FLOAT,
        onnxruntime_version=onnxruntime.__version__,
    )
    same = {"precision", "quantisation", "files"}
    assert manifest.model_dump(exclude=same) == source.manifest.model_dump(exclude=same)
    assert quantised.calibration == source.calibration
    assert quantised.card.startswith(source.card)
    added = quantised.card.removeprefix(source.card)
    assert source.sha256 in added
    assert "observed on 4 clips of noise" in added
    assert "stcnet quantise PACKAGE --out FILE --clips 4" in added


def test_weights_behind_the_first_stage_are_integers(
    source: ModelPackage, quantised: ModelPackage
) -> None:
    for name in (*IN_FIRST_STAGE, IN_FLOAT_TOO):
        np.testing.assert_array_equal(
            quantised.weights[f"frame/{name}"], source.weights[f"frame/{name}"]
        )
    for name in BEHIND:
        assert quantised.weights[f"frame/{name}_quantized"].dtype == np.int8
        assert f"frame/{name}" not in quantised.weights
    assert quantised.clip_graph == source.clip_graph
    head = "clip/head.weight"
    np.testing.assert_array_equal(quantised.weights[head], source.weights[head])


def test_no_pair_of_products_overflows_16_bits(quantised: ModelPackage) -> None:
    """As on processors without VNNI; a depthwise convolution adds no pairs, so it has 8 bits."""
    largest = {
        name: int(np.abs(quantised.weights[f"frame/{name}_quantized"].astype(int)).max())
        for name in BEHIND
    }
    depthwise = largest.pop("stages.1.depthwise.weight")
    assert all(255 * 2 * weight < OVERFLOW for weight in largest.values())
    assert 255 * 2 * depthwise >= OVERFLOW


def test_scores_nearly_as_before_and_not_just_the_same(
    source: ModelPackage, quantised: ModelPackage
) -> None:
    clips = [random_clip(8, 20, 20, seed) for seed in range(20)]
    before, after = (
        np.array([ClipScorer(package).score(clip).logit for clip in clips])
        for package in (source, quantised)
    )
    errors = after - before
    assert np.abs(errors).max() > 0
    assert errors.std() < 0.1 * before.std()
    assert np.corrcoef(before, after)[0, 1] > 0.99


def test_what_is_rounded_off_shifts_no_mean(source: ModelPackage, quantised: ModelPackage) -> None:
    """On the clips that it was observed on; without the correction the maps' means differ."""
    feeds = Feeds(source, random_footage(4).clips)
    weights = dict(quantised.weights)
    weights["frame/reduce.weight.bias"] = np.zeros_like(weights["frame/reduce.weight.bias"])
    uncorrected = dataclasses.replace(quantised, weights=weights)
    exact, corrected, before = (mean_map(each, feeds) for each in (source, quantised, uncorrected))
    assert np.abs(before - exact).max() > 1e-3
    np.testing.assert_allclose(corrected, exact, atol=1e-5)


def mean_map(package: ModelPackage, feeds: Feeds) -> FloatArray:
    """Mean of each channel of what the frame graph gives, shape (F,)."""
    runner = package.runner(1)
    maps = [runner.features(feed["frame"][0], feed["residual"][0]) for feed in feeds]
    return np.asarray(np.mean(maps, axis=(0, 2, 3)))


def test_the_same_clips_give_the_same_bytes(
    source: ModelPackage, quantised: ModelPackage, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    again = quantise_package(
        source, tmp_path / "again.stcnet", random_footage(4), on_clip=lambda *at: told.append(at)
    )
    assert again.sha256 == quantised.sha256
    assert told == [(done, 12) for done in range(1, 13)]


def test_ranges_follow_the_clips(
    source: ModelPackage, quantised: ModelPackage, tmp_path: Path
) -> None:
    dark = Footage(iter([np.full((8, 16, 16, 3), 119, np.uint8)]), "dark", "--clips 1")
    other = quantise_package(source, tmp_path / "dark.stcnet", dark)
    assert other.frame_graph != quantised.frame_graph
    for name in BEHIND:
        stored = f"frame/{name}_quantized"
        np.testing.assert_array_equal(other.weights[stored], quantised.weights[stored])
    clip = random_clip(8, seed=3)
    assert ClipScorer(other).score(clip).logit != ClipScorer(quantised).score(clip).logit


@pytest.mark.parametrize(
    ("shift", "taken"),
    [
        pytest.param(0.01, True, id="a step more or less"),
        pytest.param(0.2, False, id="other sums"),
    ],
)
def test_examples_may_come_out_as_far_as_8_bits_round(
    shift: float, taken: bool, quantised: ModelPackage
) -> None:
    """In logits; the slope of the calibration makes 0.01 more than an fp32 package may be off."""
    off = Examples(quantised.examples.frames, quantised.examples.logits + shift)
    moved = dataclasses.replace(quantised, examples=off)
    if taken:
        moved.verify()
        as_float = moved.manifest.model_copy(update={"precision": "fp32", "quantisation": None})
        with pytest.raises(PackageError, match="does not come out as the package promises"):
            dataclasses.replace(moved, manifest=as_float).verify()
    else:
        with pytest.raises(PackageError, match=r"within 0\.02"):
            moved.verify()


def test_stream_and_clip_agree_to_the_last_bit(tmp_path: Path) -> None:
    package = int8_package(tmp_path / "window.stcnet", frames=8, stride=4)
    clip = random_clip(38, seed=5)
    stream, scorer = StreamScorer(package), ClipScorer(package)
    verdicts = [stream.push(frame) for frame in clip]
    for end, verdict in enumerate(verdicts[35:], start=36):
        assert verdict is not None
        whole = scorer.score(clip[end - 36 : end])
        assert (verdict.logit, verdict.probability) == (whole.logit, whole.probability)
        np.testing.assert_array_equal(verdict.activation, whole.activation)


@pytest.mark.slow
def test_the_bundled_model_shrinks_to_less_than_half(tmp_path: Path) -> None:
    bundled = ModelPackage.load(bundled_package(), verify=False)
    path = tmp_path / "int8.stcnet"
    made = quantise_package(bundled, path, rendered_footage(bundled, 1))
    assert path.stat().st_size < 0.5 * bundled.source.stat().st_size
    left = {name for name, values in made.weights.items() if values.ndim == 4}
    left = {name for name in left if made.weights[name].dtype == np.float32}
    assert left
    assert all("stages.0." in n or "reduce.0." in n or n.startswith("clip/") for n in left)


# --- what is refused


def test_ranges_need_a_clip(source: ModelPackage, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no clip"):
        quantise_package(source, tmp_path / "x.stcnet", Footage(iter([]), "none", ""))


def test_an_int8_package_is_not_quantised_again(quantised: ModelPackage, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"quantised already .got int8; allowed: fp32"):
        quantise_package(quantised, tmp_path / "twice.stcnet", random_footage(4))
    assert not list(tmp_path.iterdir())


def test_a_package_of_nothing_but_first_stages_is_refused(tmp_path: Path) -> None:
    tiny = make_parts().write(tmp_path / "tiny.stcnet")
    with pytest.raises(ConfigError, match=r"no layer that can be quantised .*got 2 convolutions"):
        quantise_package(tiny, tmp_path / "int8.stcnet", random_footage(4))
    assert list(tmp_path.iterdir()) == [tiny.source]


def test_a_place_that_is_no_folder_is_refused_at_once(source: ModelPackage, tmp_path: Path) -> None:
    footage = random_footage(4)
    with pytest.raises(OutputError, match="is no folder"):
        quantise_package(source, tmp_path / "gone" / "int8.stcnet", footage)
    assert len(list(footage.clips)) == 4


def test_an_int8_package_is_not_explained(quantised: ModelPackage) -> None:
    clip = random_clip(8, 16, 16)
    with pytest.raises(PackageError, match="no weights that gradients could be taken of"):
        explain_clip(quantised, clip, list(range(8)))


# --- the clips


def trained_on(source: ModelPackage, *ids: str) -> ModelPackage:
    provenance = source.manifest.provenance.model_copy(update={"clips": ids})
    manifest = source.manifest.model_copy(update={"provenance": provenance})
    return dataclasses.replace(source, manifest=manifest)


@pytest.mark.parametrize(
    ("count", "drawn"), [pytest.param(3, 3, id="some of them"), pytest.param(99, 6, id="all")]
)
def test_ranges_are_observed_on_training_clips_alone(
    count: int, drawn: int, source: ModelPackage
) -> None:
    collection = planted_collection(10)
    ids = [clip.id for clip in collection.clips]
    package = trained_on(source, *ids[:6], "elsewhere")
    footage = training_footage(package, collection, count)
    assert footage.basis == f"{drawn} of the 7 clips that it was trained on"
    assert footage.options == f"--data DATA --clips {count}"
    size = package.manifest.input.size
    allowed = collection.load(collection.clips[:6], size).frames.permute(0, 1, 3, 4, 2).numpy()
    shown = list(footage.clips)
    assert [clip.shape for clip in shown] == [(LENGTH, size, size, 3)] * drawn
    assert all(any(np.array_equal(clip, each) for each in allowed) for clip in shown)
    again = list(training_footage(package, collection, count).clips)
    assert all(np.array_equal(*pair) for pair in zip(shown, again, strict=True))


def test_data_without_a_training_clip_is_refused(source: ModelPackage) -> None:
    with pytest.raises(DataError, match="no clip that the package was trained on"):
        training_footage(trained_on(source, "elsewhere"), planted_collection())


def test_a_training_clip_that_cannot_be_read_is_refused(
    source: ModelPackage, tmp_path: Path
) -> None:
    collection = planted_collection(4, bad=[1])
    package = trained_on(source, *(clip.id for clip in collection.clips))
    with pytest.raises(DataError, match="the video is missing"):
        quantise_package(package, tmp_path / "x.stcnet", training_footage(package, collection))
    assert not list(tmp_path.iterdir())


def test_rendered_clips_are_as_the_package_asks(source: ModelPackage) -> None:
    footage = rendered_footage(source, 2)
    assert footage.basis == "2 rendered clips, every second one with smoke"
    assert [clip.shape for clip in footage.clips] == [(4, 16, 16, 3)] * 2
