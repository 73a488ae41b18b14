"""A trained network, its package and the scorers that run it say the same."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from zipfile import ZipFile

import numpy as np
import pytest
import torch

from random_networks import settled_network
from small_cells import make_cells, planted_clips, tiny_settings
from stcnet.datasets import read_cells, read_clips
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.network_input import NetworkInput
from stcnet.errors import ConfigError, DataError, OutputError, PackageError
from stcnet.evaluation.calibration import calibrate, cross_calibrate
from stcnet.evaluation.metrics import METRICS
from stcnet.evaluation.operating_points import operating_points_of_cells, operating_table
from stcnet.evaluation.predict import predict_logits
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.protocol import judge_protocol
from stcnet.evaluation.tables import markdown_table
from stcnet.inference import (
    CalibrationMethod,
    ClipScorer,
    LabelRevisions,
    ModelPackage,
    StreamScorer,
)
from stcnet.networks import STCNet, STCNetChoices
from stcnet.networks.packaged import restore_weights
from stcnet.packaging.export import export_package
from stcnet.packaging.findings import HeldOutCells
from stcnet.packaging.graphs import ExportedNetwork
from stcnet.training.checkpoint import FinishedRun, load_run, save_run
from stcnet.training.data import TrainingData
from stcnet.training.recipes.recipe import Recipe
from stcnet.types import Picture

SIZE = 64
TOLERANCE = 1e-4
"""In probability."""
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
REVISIONS = LabelRevisions(file="r.csv", sha256="0" * 64, to_smoke=1, to_none=0)
DATA = TrainingData(description="planted", clips=("a", "b"), revisions=REVISIONS)
CASES: dict[str, dict[str, Any]] = {
    "lateral, mean head, absolute": {
        "preset": "stcnet-lite0-lateral", "choices": {"frames": 3, "head": "mean"},
        "residual": "absolute",
    },
    "summed, concat head, shared stages": {
        "preset": "stcnet-mobilenetv2", "choices": {"frames": 8},
    },
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Exported:
    """A run, its network and the package made of it."""

    run: FinishedRun
    network: STCNet
    package: ModelPackage

    @property
    def network_input(self) -> NetworkInput:
        settings = self.run.recipe.network
        return NetworkInput(settings.normalisation(self.network), settings.residual)


@pytest.fixture(scope="module", params=CASES)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    values = CASES[request.param]
    folder = tmp_path_factory.mktemp("exported")
    network = settled_network(values["preset"], seed=1, **values["choices"])
    rest = {"pretrained": "none", "input_size": SIZE}
    recipe = Recipe.model_validate(tiny_settings(network=values | rest))
    save_run(folder, network, recipe, DATA)
    run = load_run(folder)
    path = folder / "tiny.stcnet"
    export_package(run, path, version="1.0.0", created_at=MOMENT)
    return Exported(run, network, ModelPackage.load(path))


def clip_set(clips: list[Picture]) -> ClipSet:
    frames = torch.from_numpy(np.stack(clips)).permute(0, 1, 4, 2, 3).contiguous()
    count = len(clips)
    return ClipSet(frames, torch.zeros(count, dtype=torch.int64), np.ones(count), ("",) * count)


def stream(package: ModelPackage, clip: Picture) -> Iterator[float]:
    scorer = StreamScorer(package, threads=1)
    for frame in clip[: package.manifest.sampling.window_frames]:
        verdict = scorer.push(frame)
        if verdict is not None:
            yield verdict.probability


def compare(exported: Exported, clips: list[Picture]) -> list[float]:
    """PyTorch, clip and stream scorer on each clip; gives the probabilities."""
    package = exported.package
    logits = predict_logits(exported.network, exported.network_input, clip_set(clips))
    expected = package.calibration.probabilities(logits.numpy())
    scorer = ClipScorer(package, threads=1)
    for clip, probability in zip(clips, expected, strict=True):
        verdict = scorer.score(clip)
        assert verdict.probability == pytest.approx(probability, abs=TOLERANCE)
        assert float(verdict.activation.mean()) == pytest.approx(verdict.logit, abs=1e-4)
        (streamed,) = stream(package, clip)
        assert streamed == pytest.approx(verdict.probability, abs=TOLERANCE)
    return [float(probability) for probability in expected]


def test_network_clips_and_streams_agree(exported: Exported) -> None:
    frames = planted_clips(3, SIZE).frames
    clips = [np.ascontiguousarray(clip) for clip in frames.permute(0, 1, 3, 4, 2).numpy()]
    probabilities = compare(exported, clips)
    # Nothing is equal because it is saturated.
    assert 0.001 < min(probabilities) < max(probabilities) < 0.999
    assert np.ptp(probabilities) > 10 * TOLERANCE


@pytest.mark.real_data
def test_they_agree_on_real_clips(exported: Exported, shared_data: Path) -> None:
    folder = shared_data / "rise-cells"
    cells = read_cells(folder)[:3]
    clips = dict(read_clips(folder, cells, SIZE))
    probabilities = compare(exported, [clips[position] for position in range(3)])
    assert 0.001 < min(probabilities) < max(probabilities) < 0.999


def test_the_weights_come_back_exactly(exported: Exported) -> None:
    restored = restore_weights(dict(exported.package.weights))
    state = exported.network.state_dict()
    learned = {name for name in exported.run.weights if not name.endswith("num_batches_tracked")}
    assert len(restored) == len(learned)
    assert all(torch.equal(state[name], value) for name, value in restored.items())
    fresh = STCNet(exported.network.choices)
    _, unexpected = fresh.load_state_dict(restored, strict=False)
    assert not unexpected
    for name, value in fresh.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(value, state[name]), name


def test_flipped_weights_are_refused(exported: Exported) -> None:
    flipped = dict(exported.package.weights)
    name = next(name for name in flipped if name.endswith("classifier.weight"))
    flipped[name] = -flipped[name]
    with pytest.raises(PackageError, match="does not come out as the package promises"):
        dataclasses.replace(exported.package, weights=flipped).verify()


def test_a_flipped_byte_is_refused(exported: Exported, tmp_path: Path) -> None:
    content = bytearray(exported.package.source.read_bytes())
    with ZipFile(exported.package.source) as archive:
        content[archive.getinfo("weights.safetensors").header_offset + 50_000] ^= 1
    (tmp_path / "flipped.stcnet").write_bytes(content)
    with pytest.raises(PackageError):
        ModelPackage.load(tmp_path / "flipped.stcnet", verify=False)


def test_the_package_says_what_made_it(exported: Exported) -> None:
    manifest, recipe = exported.package.manifest, exported.run.recipe
    assert (manifest.name, manifest.version) == ("tiny", "1.0.0")
    assert manifest.preset == recipe.network.preset
    assert Recipe.model_validate(manifest.provenance.recipe) == recipe
    assert manifest.provenance.clips == DATA.clips
    assert manifest.provenance.data_sha256 == DATA.sha256
    assert manifest.provenance.revisions == REVISIONS
    assert manifest.input.size == SIZE
    assert manifest.input.residual == recipe.network.residual
    assert manifest.sampling.window_frames == 36
    assert manifest.metrics == ()
    assert "None were given" in exported.package.card
    assert "random weights to start" in exported.package.card
    assert "\n\n\n" not in exported.package.card.replace("\r", "")


@pytest.mark.slow
@pytest.mark.parametrize("exported", ["summed, concat head, shared stages"], indirect=True)
def test_the_same_run_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exported: Exported
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(MOMENT.timestamp())))
    again = export_package(exported.run, tmp_path / "again.stcnet", version="1.0.0")
    assert again.sha256 == exported.package.sha256


@pytest.fixture
def graphs_at_hand(monkeypatch: pytest.MonkeyPatch, exported: Exported) -> None:
    """The graphs of the package for a network that is traced again, which takes seconds."""
    package = exported.package
    graphs = ExportedNetwork(package.frame_graph, package.clip_graph, dict(package.weights))
    monkeypatch.setattr("stcnet.packaging.export.export_graphs", lambda network, size: graphs)


@pytest.mark.usefixtures("graphs_at_hand")
@pytest.mark.parametrize("place", ["gone", "file"])
def test_a_place_that_is_no_folder_is_one_line(
    tmp_path: Path, exported: Exported, place: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"package cannot be written .*is no folder"):
        export_package(exported.run, tmp_path / place / "tiny.stcnet", version="1.0.0")


@pytest.mark.usefixtures("graphs_at_hand")
def test_a_moment_that_is_none_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exported: Exported
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(ConfigError, match="SOURCE_DATE_EPOCH: this is not a moment"):
        export_package(exported.run, tmp_path / "tiny.stcnet", version="1.0.0")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("graphs_at_hand")
def test_held_out_predictions_give_calibration_and_scores(
    tmp_path: Path, exported: Exported
) -> None:
    cells = make_cells()
    rng = np.random.default_rng(0)
    ours = [
        Prediction(c.id, f"leave-out-{c.split}", float(rng.normal(2 * c.label - 1, 2)))
        for c in cells
    ]  # fmt: skip
    package = export_package(
        exported.run, tmp_path / "tiny.stcnet", version="2.0.0", held_out=HeldOutCells(ours, cells)
    )
    assert package.calibration == calibrate(ours, cells)
    means = {
        m.name: m for m in package.manifest.metrics if (m.protocol, m.group) == ("mean", "rise")
    }
    assert means.keys() == METRICS.keys()
    assert means["smoke_f1"].n == sum(cell.site != "ijmond" for cell in cells)
    assert "| rise | mean | " in package.card
    assert "None were given" not in package.card
    points = package.manifest.operating_points
    assert [point.alarms_per_day for point in points] == [1.0, 0.2, 0.05]
    assert operating_table(points) in package.card
    assert "leave-plants-out" not in package.card


METHODS: tuple[CalibrationMethod, ...] = get_args(CalibrationMethod)


@pytest.mark.usefixtures("graphs_at_hand")
@pytest.mark.parametrize("exported", ["lateral, mean head, absolute"], indirect=True)
@pytest.mark.parametrize("method", METHODS)
def test_every_calibration_is_exported_and_measured_alike(
    tmp_path: Path, exported: Exported, method: CalibrationMethod
) -> None:
    """The package's curve, and the scores of folds on the curves of the others."""
    cells = make_cells()
    rng = np.random.default_rng(1)
    folds = [(c, f"leave-out-{c.split}") for c in cells]
    folds += [(c, "leave-out-plants") for c in cells if c.site == "other-plants"]
    ours = [Prediction(c.id, f, float(rng.normal(2 * c.label - 1, 2))) for c, f in folds]
    held_out = HeldOutCells(ours, cells, method, hours_per_day=8.0)
    package = export_package(
        exported.run, tmp_path / "tiny.stcnet", version="1.0.0", held_out=held_out
    )
    assert package.calibration == calibrate(ours, cells, method)
    calibrated = cross_calibrate(ours, cells, method)
    assert markdown_table(judge_protocol(calibrated, cells)) in package.card
    assert package.calibration.formula in package.card
    window_s = package.manifest.sampling.window_s
    assert package.manifest.operating_points == operating_points_of_cells(
        calibrated, cells, window_s=window_s, hours_per_day=8.0
    )
    assert f"--calibration {method} --hours-per-day 8 " in package.card
    assert "--protocol leave-plants-out" in package.card
    logit = float(package.examples.logits[0])
    probability = ClipScorer(package).score(package.examples.frames[0]).probability
    assert probability == pytest.approx(package.calibration.probability(logit), abs=TOLERANCE)


@pytest.mark.usefixtures("graphs_at_hand")
@pytest.mark.parametrize("exported", ["lateral, mean head, absolute"], indirect=True)
def test_heads_for_training_are_not_exported(tmp_path: Path, exported: Exported) -> None:
    values = CASES["lateral, mean head, absolute"]
    choices = values["choices"] | {"auxiliary_heads": True}
    rest = {"choices": choices, "pretrained": "none", "input_size": SIZE}
    loss = {"kind": "cross-entropy", "heads": {"joint": 1.0, "spatial": 0.3, "temporal": 0.3}}
    recipe = Recipe.model_validate(tiny_settings(network=values | rest, loss=loss))
    run = FinishedRun(recipe, DATA, recipe.network.untrained().state_dict())
    package = export_package(run, tmp_path / "tiny.stcnet", version="1.0.0")
    assert package.manifest.network["auxiliary_heads"] is False
    fresh = STCNet(STCNetChoices(**package.manifest.network))  # type: ignore[arg-type]
    missing, _ = fresh.load_state_dict(restore_weights(dict(package.weights)), strict=False)
    assert all(name.endswith("num_batches_tracked") for name in missing)


def test_only_an_stcnet_is_exported(tmp_path: Path) -> None:
    network = {"preset": "i3d", "pretrained": "none", "input_size": SIZE}
    recipe = Recipe.model_validate(tiny_settings(network=network))
    run = FinishedRun(recipe, DATA, recipe.network.untrained().state_dict())
    with pytest.raises(ConfigError, match=r"only an STCNet can be exported .* .got i3d.;"):
        export_package(run, tmp_path / "i3d.stcnet", version="1.0.0")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("graphs_at_hand")
def test_half_a_fold_of_predictions_is_refused(tmp_path: Path, exported: Exported) -> None:
    cells = make_cells()
    half = [
        Prediction(c.id, f"leave-out-{c.split}", float(c.label))
        for c in cells
        if c.split == "S1" or (c.split == "S0" and c in cells[:20])
    ]
    with pytest.raises(DataError, match="clips of the fold are not predicted"):
        export_package(
            exported.run,
            tmp_path / "tiny.stcnet",
            version="1.0.0",
            held_out=HeldOutCells(half, cells),
        )
    assert not list(tmp_path.iterdir())
