"""``stcnet evaluate --gallery``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from small_cells import make_cells
from stcnet.evaluation.predictions import Prediction, write_predictions

from .conftest import Run


def predictions_file(path: Path) -> Path:
    """All 48 cells, of which every fifth is misjudged the more, the later it stands."""
    said = [
        Prediction(c.id, f"leave-out-{c.split}", (2 * c.label - 1) * (1 if n % 5 else -1 - n / 10))
        for n, c in enumerate(make_cells())
    ]
    write_predictions(path, said)
    return path


def test_mistakes_are_shown_beside_the_scores(run: Run, small_data: Path, tmp_path: Path) -> None:
    path, folder = predictions_file(tmp_path / "p.csv"), tmp_path / "gallery"
    given = ["evaluate", "--predictions", path, "--data", small_data, "--gallery", folder]
    told = run(*given, "--gallery-size", "2")
    assert told.code == 0, told.err
    assert told.out.startswith("| clips of | fold |")
    assert told.errors[-1] == f"written: {folder / 'index.html'}"
    files = sorted(str(each.relative_to(folder)) for each in folder.rglob("*.gif"))
    assert files == [
        "false-negatives/clip-035.gif", "false-negatives/clip-045.gif",
        "false-positives/clip-030.gif", "false-positives/clip-040.gif",
    ]  # fmt: skip
    assert "probability" not in (folder / "index.html").read_text()
    again = run(*given, "--gallery-size", "1", "--calibrated")
    assert again.code == 0, again.err
    files = sorted(str(each.relative_to(folder)) for each in folder.rglob("*.gif"))
    assert files == ["false-negatives/clip-045.gif", "false-positives/clip-040.gif"]
    assert "probability" in (folder / "index.html").read_text()


def test_a_package_shows_its_maps(run: Run, small_data: Path, model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "gallery"
    told = run("evaluate", "--model", model, "--data", small_data, "--gallery", folder,
               "--gallery-size", "1")  # fmt: skip
    assert told.code == 0, told.err
    page = (folder / "index.html").read_text()
    assert "48 clips were judged by tiny 1.2.3" in page
    assert "The map is the exact one" in page
    assert 1 <= len(list(folder.rglob("*.gif"))) <= 2


Arguments = Callable[[Path, Path], list[object]]


def occupied(data: Path, folder: Path) -> list[object]:
    (folder / "mine").mkdir()
    (folder / "mine" / "holiday.gif").write_text("mine")
    return ["--predictions", predictions_file(folder / "p.csv"), "--data", data,
            "--gallery", folder / "mine"]  # fmt: skip


BAD: list[Any] = [
    pytest.param(lambda d, t: ["--predictions", predictions_file(t / "p.csv"),
                               "--gallery", t / "g"],
                 "--gallery shows the clips of --data", id="no data"),
    pytest.param(lambda d, t: ["--predictions", predictions_file(t / "p.csv"), "--data", d,
                               "--gallery-size", "3"],
                 "--gallery-size goes with --gallery", id="size alone"),
    pytest.param(lambda d, t: ["--predictions", predictions_file(t / "p.csv"), "--data", d,
                               "--gallery", t / "g", "--gallery-size", "0"],
                 "Invalid value for '--gallery-size'", id="size of nothing"),
    pytest.param(lambda d, t: ["--scores", t / "s.csv", "--truth", t / "t.csv", "--gallery", t],
                 "--scores and --truth go together", id="of a long video"),
    pytest.param(occupied, "the folder holds more than earlier results", id="own folder"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_are_one_line(
    run: Run, small_data: Path, tmp_path: Path, arguments: Arguments, message: str
) -> None:
    told = run("evaluate", *arguments(small_data, tmp_path))
    assert told.code == 2, told.out
    (line,) = told.errors
    assert message in line
    assert told.out == ""
    assert not (tmp_path / "g").exists()
