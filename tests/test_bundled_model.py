"""The model in the wheel: it scores as PyTorch does, and its card says what was measured."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from stcnet.cli.values import load_package
from stcnet.datasets import read_cells, read_clips
from stcnet.datasets.cells.collection import CellCollection
from stcnet.demo import SAMPLE_PATH
from stcnet.evaluation.calibration import calibrate, cross_calibrate
from stcnet.evaluation.operating_points import operating_points_of_cells, operating_table
from stcnet.evaluation.predictions import parse_predictions, read_rows
from stcnet.evaluation.protocol import judge_protocol
from stcnet.evaluation.tables import as_json, markdown_table
from stcnet.inference import ClipScorer, ModelPackage, StreamScorer, bundled_package
from stcnet.networks import CLASSES, STCNet, smoke_logit
from stcnet.networks.packaged import restore_stcnet
from stcnet.preprocess import (
    centred_square,
    crop_and_resize,
    normalise,
    phase_indices,
    residual_frames,
)
from stcnet.training.data import describe_clips
from stcnet.types import Picture
from stcnet.video import open_source

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs" / "results" / "flagship"
TOLERANCE = 1e-4
"""In probability."""


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return ModelPackage.load(bundled_package())


@pytest.fixture(scope="module")
def int8() -> ModelPackage:
    return ModelPackage.load(bundled_package("int8"))


@pytest.fixture(scope="module")
def network(package: ModelPackage) -> STCNet:
    return restore_stcnet(package.manifest.network, package.weights)


def torch_logit(network: STCNet, package: ModelPackage, clip: Picture) -> float:
    """The verdict's logit by PyTorch alone."""
    spec = package.manifest.input
    sampling = package.manifest.sampling
    box = centred_square(clip.shape[2], clip.shape[1])
    small = np.stack([crop_and_resize(frame, box, spec.size) for frame in clip])
    frames = torch.from_numpy(normalise(small, spec.normalisation))
    logits = []
    for rows in phase_indices(len(clip), sampling.phase_frames, sampling.stride):
        chosen = frames[torch.from_numpy(rows)]
        with torch.inference_mode():
            scores = network(chosen[None, :-1], residual_frames(chosen, spec.residual)[None])
        logits.append(smoke_logit(scores).item())
    return float(np.mean(logits))


def assert_all_agree(network: STCNet, package: ModelPackage, clip: Picture) -> None:
    probability = package.calibration.probability
    verdict = ClipScorer(package).score(clip)
    stream = StreamScorer(package)
    streamed = [stream.push(frame) for frame in clip][-1]
    assert streamed is not None
    expected = probability(torch_logit(network, package, clip))
    assert verdict.probability == pytest.approx(expected, abs=TOLERANCE)
    assert streamed.probability == pytest.approx(expected, abs=TOLERANCE)
    assert verdict.activation.mean() == pytest.approx(verdict.logit, abs=1e-4)


def test_pytorch_clip_and_stream_agree_on_the_sample(
    network: STCNet, package: ModelPackage
) -> None:
    with open_source(SAMPLE_PATH, frame_interval_s=5.0) as source:
        frames = [frame.image for frame in source]
    window = package.manifest.sampling.window_frames
    assert_all_agree(network, package, np.stack(frames[30 : 30 + window]))


@pytest.mark.real_data
def test_pytorch_clip_and_stream_agree_on_real_clips(
    network: STCNet, package: ModelPackage, shared_data: Path
) -> None:
    folder = shared_data / "rise-cells"
    cells = [cell for cell in read_cells(folder) if cell.file == "s2_label1_baseline0.mp4"][:6]
    for _, clip in read_clips(folder, cells, 180):
        assert_all_agree(network, package, clip)


def test_classes_stand_in_the_order_that_the_logit_is_taken_in(package: ModelPackage) -> None:
    assert package.manifest.classes == CLASSES
    logits = smoke_logit(torch.eye(len(CLASSES))).tolist()
    assert dict(zip(CLASSES, logits, strict=True)) == {"none": -1, "smoke": 1}


def test_the_readme_shows_the_stored_scores() -> None:
    table = (RESULTS / "scores.md").read_text(encoding="utf-8").strip()
    stored = json.loads((RESULTS / "scores.json").read_text(encoding="utf-8"))
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    values = {
        (row["group"], row["fold"], name): numbers[0]
        for row in stored
        for name, numbers in row["metrics"].items()
    }
    (headline,) = (row for row in table.splitlines() if row.startswith("| rise | mean |"))
    assert f"**{headline.split(' | ')[3]}**" in shown
    for line in table.splitlines()[2:]:
        group, fold, *_ = (part.strip() for part in line.strip("|").split("|"))
        assert (group, fold, "smoke_f1") in values
    copied = [line for line in shown.splitlines() if re.match(r"\| (rise|clairton|other)", line)]
    assert copied
    assert set(copied) <= set(table.splitlines())


def test_the_package_carries_the_stored_scores(package: ModelPackage) -> None:
    stored = json.loads((RESULTS / "scores.json").read_text(encoding="utf-8"))
    carried = {(m.group, m.protocol, m.name): m.value for m in package.manifest.metrics}
    for row in stored:
        for name, numbers in row["metrics"].items():
            if None not in numbers:
                assert carried[row["group"], row["fold"], name] == pytest.approx(numbers[0])
    table = (RESULTS / "scores.md").read_text(encoding="utf-8").strip()
    assert table in package.card


@pytest.mark.real_data
def test_the_stored_scores_come_from_the_stored_predictions(shared_data: Path) -> None:
    cells = read_cells(shared_data / "rise-cells")
    path = RESULTS / "predictions.csv"
    calibrated = cross_calibrate(parse_predictions(read_rows(path), path), cells, "isotonic")
    rows = judge_protocol(calibrated, cells)
    assert as_json(rows) == json.loads((RESULTS / "scores.json").read_text(encoding="utf-8"))
    assert markdown_table(rows) == (RESULTS / "scores.md").read_text(encoding="utf-8").strip()


def test_the_card_shows_the_stored_thresholds(package: ModelPackage) -> None:
    points = package.manifest.operating_points
    assert [point.alarms_per_day for point in points] == [1.0, 0.2, 0.05]
    assert operating_table(points) in package.card
    assert points[0].basis in package.card
    assert f"no rate under {points[0].least_rate:.2g} can be proven" in package.card
    assert package.calibration.formula in package.card
    assert package.calibration.basis in package.card
    assert package.manifest.provenance.data in package.card


def test_the_readme_tells_clips_and_window_as_the_package_does(package: ModelPackage) -> None:
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{len(package.manifest.provenance.clips):,} labelled clips" in shown
    minutes, seconds = divmod(package.manifest.sampling.window_s, 60)
    assert f"{minutes:g} min {seconds:g} s" in shown


@pytest.mark.real_data
def test_calibration_and_thresholds_come_from_the_stored_predictions(
    package: ModelPackage, shared_data: Path
) -> None:
    cells = read_cells(shared_data / "rise-cells")
    path = RESULTS / "predictions.csv"
    predictions = parse_predictions(read_rows(path), path)
    refitted = calibrate(predictions, cells, "isotonic")
    assert refitted.basis == package.calibration.basis
    # The predictions that were stored have six decimals.
    logits = np.linspace(-8, 8, 65)
    np.testing.assert_allclose(
        refitted.probabilities(logits), package.calibration.probabilities(logits), atol=1e-5
    )
    window_s = package.manifest.sampling.window_s
    points = operating_points_of_cells(
        cross_calibrate(predictions, cells, "isotonic"), cells, window_s=window_s
    )
    assert operating_table(points) == operating_table(package.manifest.operating_points)


@pytest.mark.real_data
def test_the_clips_of_the_training_are_told_as_they_are(
    package: ModelPackage, shared_data: Path
) -> None:
    data = CellCollection.open(shared_data / "rise-cells")
    told = describe_clips(data, data.clips)
    assert package.manifest.provenance.data == told.description
    assert package.manifest.provenance.clips == told.clips
    assert package.manifest.provenance.data_sha256 == told.sha256


def test_every_clip_of_the_training_is_named(package: ModelPackage) -> None:
    with (RESULTS / "predictions.csv").open(newline="", encoding="utf-8") as file:
        predicted = {row["id"] for row in csv.DictReader(file)}
    assert predicted == set(package.manifest.provenance.clips)


def test_the_int8_package_is_made_of_the_other_one(
    package: ModelPackage, int8: ModelPackage
) -> None:
    made = int8.manifest.quantisation
    assert made is not None
    assert made.source_sha256 == package.sha256
    assert int8.calibration == package.calibration
    assert int8.manifest.metrics == package.manifest.metrics
    assert int8.source.stat().st_size < 0.5 * package.source.stat().st_size


def test_the_int8_package_says_of_the_sample_what_the_other_one_does(
    package: ModelPackage, int8: ModelPackage
) -> None:
    with open_source(SAMPLE_PATH, frame_interval_s=5.0) as source:
        frames = [frame.image for frame in source]
    said = {}
    for each in (package, int8):
        stream = StreamScorer(each)
        verdicts = [stream.push(frame) for frame in frames]
        said[each.manifest.precision] = np.array([v.probability for v in verdicts if v])
    assert len(said["int8"]) == len(said["fp32"])
    alarm = package.calibration.alarm_threshold
    assert ((said["int8"] >= alarm) == (said["fp32"] >= alarm)).mean() > 0.95


def test_the_word_int8_names_the_bundled_package() -> None:
    assert load_package(Path("int8")).source == bundled_package("int8")
