"""``benchmarks/ablation.py`` changes a recipe row by row, and rows share what they can."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from benchmark_scripts import loaded
from small_cells import planted_clips, tiny_settings
from stcnet.cli.errors import exit_code_of
from stcnet.datasets import Collection, Fold
from stcnet.datasets.clips import ClipSet
from stcnet.evaluation.predictions import Prediction
from stcnet.training.checkpoint import RECIPE_FILE
from stcnet.training.data import TrainingData
from stcnet.training.groundwork import Groundwork
from stcnet.training.recipes.recipe import Recipe, load_recipe

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "ablation.py"
RESULTS = ROOT / "docs" / "results" / "ablation"
RECIPE: dict[str, Any] = {
    "scenes": {"clips": 4, "share": 0.25},
    "pretraining": {"epochs": 1},
    "transplants": 0.25,
    "epochs": 1,
}
FOLDS = [*(f"leave-out-S{number}" for number in (0, 1, 2, 4)), "leave-out-plants"]
ROWS = ("flagship", "focal loss", "half as long", "no pretraining", "no rendered scenes")


@pytest.fixture(scope="module")
def benchmark() -> Iterator[ModuleType]:
    with loaded("ablation") as module:
        yield module


@dataclass
class Trained:
    """Stands in for all that trains, and keeps what it was asked."""

    laid: list[tuple[Recipe, Path, Path]] = field(default_factory=list)
    folds: list[tuple[str, str, Groundwork]] = field(default_factory=list)
    fitted: list[tuple[Recipe, tuple[str, ...]]] = field(default_factory=list)

    def lay_groundwork(
        self, recipe: Recipe, folder: Path, fabric: object, *, bank: Path
    ) -> Groundwork:
        self.laid.append((recipe, folder, bank))
        return Groundwork(planted_clips(4))

    def run_fold(
        self, recipe: Recipe, fold: Fold, collection: Collection, folder: Path, *,
        fabric: object, groundwork: Groundwork,
    ) -> list[Prediction]:  # fmt: skip
        self.folds.append((folder.name, fold.name, groundwork))
        keep(recipe, folder / fold.name)
        return [Prediction(c.id, fold.name, 2.0 * (c.label or 0) - 1) for c in fold.test]

    def fit_whole(
        self, recipe: Recipe, clips: ClipSet, data: TrainingData, folder: Path, *, fabric: object
    ) -> None:
        data.require_told(clips.ids)
        self.fitted.append((recipe, clips.ids))
        keep(recipe, folder)


def keep(recipe: Recipe, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECIPE_FILE).write_text(recipe.model_dump_json(), encoding="utf-8")


@dataclass
class Run:
    """Runs the script in this process on rows of a recipe that stands in a file."""

    benchmark: ModuleType
    data: Path
    folder: Path
    patch: pytest.MonkeyPatch
    output: pytest.CaptureFixture[str]
    trained: Trained = field(default_factory=Trained)

    def __call__(self, *options: str, **settings: Any) -> tuple[int, str, str]:
        recipe = self.folder / "tiny.yaml"
        recipe.write_text(yaml.safe_dump(tiny_settings(**RECIPE | settings)), encoding="utf-8")
        given = ["--data", self.data, "--out", self.folder / "out", "--recipe", recipe, *options]
        self.patch.setattr(sys, "argv", [str(SCRIPT), *map(str, given), "--accelerator", "cpu"])
        for name in ("lay_groundwork", "run_fold", "fit_whole"):
            self.patch.setattr(self.benchmark, name, getattr(self.trained, name))
        return exit_code_of(self.benchmark.main), *self.output.readouterr()

    def stored(self, folder: Path, *options: str) -> tuple[int, str, str]:
        given = ["--data", self.data, "--stored", folder, *options]
        self.patch.setattr(sys, "argv", [str(SCRIPT), *map(str, given)])
        return exit_code_of(self.benchmark.main), *self.output.readouterr()


@pytest.fixture
def run(
    benchmark: ModuleType, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:  # fmt: skip
    changes = yaml.safe_load(benchmark.ROWS.read_text(encoding="utf-8"))
    rows = tmp_path / "rows.yaml"
    chosen = {name: changes[name] for name in (*ROWS, benchmark.RENDERED)}
    rows.write_text(yaml.safe_dump(chosen, sort_keys=False), encoding="utf-8")
    monkeypatch.setattr(benchmark, "ROWS", rows)
    return Run(benchmark, small_data, tmp_path, monkeypatch, capsys)


def test_rows_share_what_was_made_by_the_same_settings(run: Run) -> None:
    code, out, err = run("--rows", ",".join(ROWS))
    assert code == 0, err
    laid, trained = run.trained.laid, run.trained.folds
    assert [fold for _, fold, _ in trained] == len(ROWS) * FOLDS
    assert {bank.name for _, _, bank in laid} == {"scenes-4-32px-0"}
    plain, focal, longer, bare = (folder for _, folder, _ in laid)
    assert plain == longer
    assert len({plain, focal, bare}) == 3
    without = {row for row, _, groundwork in trained if groundwork.scenes is None}
    assert without == {"no-rendered-scenes"}
    record = json.loads((run.folder / "out/ablation.json").read_text(encoding="utf-8"))
    assert list(record) == list(ROWS)
    assert out.endswith((run.folder / "out/ablation.md").read_text(encoding="utf-8"))


def test_a_finished_row_is_not_trained_again_nor_taken_for_another(run: Run) -> None:
    first = run("--rows", "flagship")
    assert first[0] == 0
    code, again, _ = run("--rows", "flagship")
    assert (code, len(run.trained.folds)) == (0, len(FOLDS))
    assert first[1].endswith(again)
    code, _, err = run("--table", batch_size=8)
    assert code == 2
    assert "recipe.json: a finished run is of another recipe; name another folder" in err


def test_rows_can_be_trained_and_compared_on_some_folds_alone(run: Run) -> None:
    two = ("leave-out-S2", "leave-out-S0")
    code, out, err = run("--rows", "flagship,focal loss", "--folds", ",".join(two))
    assert code == 0, err
    assert {fold for _, fold, _ in run.trained.folds} == set(two)
    names = [line.split(" | ")[0] for line in out.splitlines()[-2:]]
    assert names == ["| flagship", "| focal loss"]
    code, out, _ = run("--table")
    assert (code, len(out.splitlines())) == (0, 2), "no row is finished on all splits"


def test_the_row_of_rendered_clips_sees_no_real_one(run: Run) -> None:
    run.patch.setattr(
        run.benchmark,
        "predict_together",
        lambda recipe, model, clips, fabric: clips.labels.double() - 0.5,
    )
    code, _, err = run("--rows", run.benchmark.RENDERED, scenes=None, pretraining=None)
    assert code == 0, err
    ((recipe, _, bank), *_) = run.trained.laid
    assert (recipe.scenes, bank.name) == (run.benchmark.RENDERED_SCENES, "scenes-768-32px-0")
    assert not run.trained.folds
    for fitted, clips in run.trained.fitted:
        assert clips == planted_clips(4).ids
        assert (fitted.scenes, fitted.pretraining) == (None, None)
    assert len(list((run.folder / "out").glob("rendered-clips-only/*/predictions.csv"))) == 5


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--rows", "no luck"), "error: --rows: there is no such row (got no luck; allowed: flag"),
        (("--folds", "S0"), "error: --folds: there is no such fold (got S0; allowed: leave-"),
        (("--epochs", "0"), "error: epochs: Input should be greater than or equal to 1 (got 0)"),
        (("--scenes", "0"), "error: scenes.clips: Input should be greater than or equal to 1"),
    ],
    ids=["row", "fold", "epochs", "scenes"],
)
def test_what_cannot_be_trained_is_one_line(run: Run, options: tuple[str, ...], line: str) -> None:
    code, out, err = run(*options)
    assert (code, out) == (2, "")
    assert line in err
    assert len(err.splitlines()) == 1


def test_a_row_that_would_change_nothing_is_left_out(run: Run) -> None:
    code, _, err = run("--rows", "no pretraining", scenes=None, pretraining=None)
    assert code == 2
    assert "there is no such row (got no pretraining; allowed: flagship, focal loss, half" in err


def test_rows_are_compared_with_the_base_on_the_same_clips(run: Run) -> None:
    assert run("--rows", "flagship")[0] == 0
    stored = run.folder / "stored"
    stored.mkdir()
    lines = [
        path.read_text(encoding="utf-8").splitlines()
        for path in sorted((run.folder / "out/flagship").glob("*/predictions.csv"))
    ]
    plain = [lines[0][0], *(line for each in lines for line in each[1:])]
    fold_and_id = [line.rsplit(",", 1) for line in plain[1:]]
    turned = [f"{names},{-float(logit)}" for names, logit in fold_and_id]
    (stored / "a-turned-round.csv").write_text("\n".join([plain[0], *turned]), encoding="utf-8")
    (stored / "right.csv").write_text("\n".join(plain), encoding="utf-8")
    code, out, err = run.stored(stored, "--base", "right")
    assert code == 0, err
    right, turned_round = (line.split(" | ") for line in out.strip().splitlines()[-2:])
    assert right[0] == "| right"
    assert right[4:7] == ["1.000 (1.000-1.000)", ".000 (.000-.000)", "1.000"]
    assert turned_round[0] == "| a turned round"
    assert turned_round[5] == "-1.000 (-1.000 to -1.000)"


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ((), "stored: no predictions lie there (allowed: files ROW.csv)"),
        (("a.csv",), "--base: no such row is finished (got b"),
    ],
    ids=["empty folder", "no such row"],
)
def test_what_cannot_be_compared_is_one_line(run: Run, files: tuple[str, ...], line: str) -> None:
    stored = run.folder / "stored"
    stored.mkdir()
    for name in files:
        (stored / name).write_text("fold,id,logit\nleave-out-S0,x,1.0\n", encoding="utf-8")
    code, out, err = run.stored(stored, "--base", "b")
    assert (code, out) == (2, "")
    assert line in err
    assert len(err.splitlines()) == 1


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("folder", "base"),
    [
        ("", "base"),
        ("two-splits", "base"),
        ("two-splits-at-128", "base"),
        ("s2-at-128", "base"),
        ("soup", "soup of three"),
    ],
)
def test_the_stored_predictions_give_the_stored_table(
    run: Run, shared_data: Path, folder: str, base: str
) -> None:
    run.data = shared_data / "rise-cells"
    code, out, err = run.stored(RESULTS / folder, "--base", base)
    assert code == 0, err
    assert out.strip() in (RESULTS / "README.md").read_text(encoding="utf-8")


def test_the_stored_soup_is_the_flagship() -> None:
    held_out = RESULTS.parent / "flagship" / "predictions.csv"
    assert (RESULTS / "soup" / "soup-of-three.csv").read_bytes() == held_out.read_bytes()


def test_the_recipe_of_the_stored_rows_is_the_flagship_but_short_and_without_scenes() -> None:
    whole = load_recipe("flagship")
    changed = {"name": "ablation", "epochs": 10, "soup": 1, "scenes": None, "pretraining": None}
    short = load_recipe(str(SCRIPT.with_name("ablation-recipe.yaml")))
    assert short == whole.model_copy(update=changed)
