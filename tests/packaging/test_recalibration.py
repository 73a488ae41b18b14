"""A package calibrated anew is the same model with other promises."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from small_cells import make_cells, tiny_settings
from stcnet.cli import main
from stcnet.errors import ConfigError, PackageError, StcnetError
from stcnet.evaluation.calibration import calibrate
from stcnet.evaluation.predictions import Prediction, write_predictions
from stcnet.inference import ClipScorer, ModelPackage, Quantisation
from stcnet.inference.archive import read_members
from stcnet.inference.package import MEMBER_BYTES, PACKAGE_BYTES
from stcnet.packaging.card import metrics_of
from stcnet.packaging.findings import HeldOutCells
from stcnet.packaging.recalibration import recalibrate
from stcnet.training.recipes.recipe import Recipe
from tiny_model import make_parts

CELLS = make_cells()
MADE_AGAIN = {"manifest.json", "calibration.json", "MODEL_CARD.md"}


def said() -> list[Prediction]:
    rng = np.random.default_rng(1)
    return [
        Prediction(c.id, f"leave-out-{c.split}", float(rng.normal(2 * c.label - 1, 2)))
        for c in CELLS
    ]


HELD_OUT = HeldOutCells(said(), CELLS)


def package_in(folder: Path, **changes: Any) -> ModelPackage:
    """A tiny package whose manifest holds a whole recipe."""
    parts = make_parts()
    provenance = parts.description.provenance.model_copy(
        update={"recipe": Recipe.model_validate(tiny_settings()).model_dump(mode="json")}
    )
    description = parts.description.model_copy(update={"provenance": provenance, **changes})
    return parts.with_(description=description).write(folder / "old.stcnet")


def members(package: ModelPackage) -> dict[str, bytes]:
    return read_members(package.source.read_bytes(), MEMBER_BYTES, PACKAGE_BYTES, "here")


def test_graphs_weights_and_examples_stay_byte_for_byte(tmp_path: Path) -> None:
    old = package_in(tmp_path)
    before = old.source.read_bytes()
    new = recalibrate(old, tmp_path / "new.stcnet", HELD_OUT, version="2.0.0")
    assert old.source.read_bytes() == before
    ours, theirs = members(new), members(old)
    assert {name for name in ours if ours[name] != theirs[name]} == MADE_AGAIN
    loaded = ModelPackage.load(new.source)
    assert loaded.manifest == new.manifest
    same = {"version", "created_at", "metrics", "operating_points", "files"}
    assert new.manifest.model_dump(exclude=same) == old.manifest.model_dump(exclude=same)


def test_its_promises_are_those_of_the_predictions(tmp_path: Path) -> None:
    new = recalibrate(package_in(tmp_path), tmp_path / "new.stcnet", HELD_OUT, version="2.0.0")
    expected = calibrate(said(), CELLS)
    assert (new.version, new.calibration) == ("2.0.0", expected)
    findings = HELD_OUT.findings(new.manifest.sampling.window_s)
    assert new.manifest.operating_points == findings.points
    assert new.manifest.metrics == metrics_of(findings.scores) != ()
    assert new.card.startswith("# tiny 2.0.0\n")
    assert expected.basis in new.card
    assert f"is smoke from a probability of {expected.threshold:.3f}" in new.card
    frames = new.examples.frames[0]
    verdict = ClipScorer(new).score(frames)
    assert verdict.probability == pytest.approx(expected.probability(verdict.logit))


INT8 = {
    "precision": "int8",
    "quantisation": Quantisation(
        source_sha256="0" * 64, clips=1, basis="", in_float="", onnxruntime_version="1"
    ),
}


@pytest.mark.parametrize(
    ("changes", "version", "error", "message"),
    [
        pytest.param({}, "1.2.3", ConfigError, "--model-version: the package has this version",
                     id="same version"),
        pytest.param(INT8, "2.0.0", ConfigError, "be calibrated anew .got int8",
                     id="int8"),
        pytest.param({"provenance": make_parts().description.provenance}, "2.0.0", PackageError,
                     "the recipe in its manifest does not tell", id="no recipe"),
    ],
)  # fmt: skip
def test_what_cannot_be_calibrated_anew_is_one_line(
    tmp_path: Path,
    changes: dict[str, Any],
    version: str,
    error: type[StcnetError],
    message: str,
) -> None:
    old = package_in(tmp_path, **changes)
    with pytest.raises(error, match=message) as caught:
        recalibrate(old, tmp_path / "new.stcnet", HELD_OUT, version=version)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "new.stcnet").exists()


def test_a_package_that_was_replaced_meanwhile_is_refused(tmp_path: Path) -> None:
    old = package_in(tmp_path)
    package_in(tmp_path, version="1.2.4")
    with pytest.raises(PackageError, match="is not the package that was loaded"):
        recalibrate(old, tmp_path / "new.stcnet", HELD_OUT, version="2.0.0")


def test_the_command_writes_it(
    tmp_path: Path, small_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, path = package_in(tmp_path), tmp_path / "predictions.csv"
    write_predictions(path, said())
    out = tmp_path / "new.stcnet"
    code = main(["calibrate", str(old.source), "--predictions", str(path), "--data",
                 str(small_data), "--out", str(out), "--model-version", "3.0.0",
                 "--calibration", "isotonic", "--hours-per-day", "10"])  # fmt: skip
    told = capsys.readouterr()
    assert code == 0, told.err
    new = ModelPackage.load(out)
    first, *points = told.out.splitlines()
    assert first == f"{out}: tiny 3.0.0, sha256 {new.sha256}"
    assert points == [point.in_words for point in new.manifest.operating_points]
    assert new.calibration.method == "isotonic"
    assert {point.hours_per_day for point in new.manifest.operating_points} == {10.0}


def test_the_package_itself_is_left_alone(tmp_path: Path) -> None:
    old = package_in(tmp_path)
    before = old.source.read_bytes()
    with pytest.raises(ConfigError, match=r"old\.stcnet: this is the package"):
        recalibrate(old, old.source, HELD_OUT, version="2.0.0")
    assert old.source.read_bytes() == before
