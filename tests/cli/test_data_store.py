"""``stcnet data store``: from a data set to a store that stands in for it."""

import json
import shutil
from pathlib import Path

import pytest

from small_cells import MOSAICS
from stcnet.cli import main
from stcnet.datasets.store import STORE_FILE, Store


@pytest.fixture(scope="module")
def one_mosaic(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of two mosaics, of which one is missing."""
    folder = tmp_path_factory.mktemp("one-mosaic")
    records = json.loads((small_data / "cells.json").read_text())
    (folder / "cells.json").write_text(json.dumps(records[:8]))
    shutil.copy(small_data / next(iter(MOSAICS)), folder)
    return folder


def test_clips_that_do_not_decode_are_told_and_the_rest_is_stored(
    one_mosaic: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "store"
    assert main(["data", "store", str(one_mosaic), "--out", str(out), "--workers", "1"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("4 clips, 180 px, webp, ")
    assert said.out.endswith(f" MB, 4 left out: {out}\n")
    lines = [line for line in said.err.splitlines() if line.startswith("left out: ")]
    assert [line.split(":")[1].strip() for line in lines] == [f"clip-00{n}" for n in (2, 3, 6, 7)]
    assert all(line.endswith("odd.mp4: the mosaic is missing") for line in lines)
    assert [clip.id for clip in Store.open(out).clips] == [f"clip-00{n}" for n in (0, 1, 4, 5)]
    assert main(["data", "verify", str(out)]) == 0
    assert main(["data", "info", str(out)]) == 0
    again = ["data", "store", str(one_mosaic), "--out", str(out), "--codec", "jpeg"]
    assert main(again) == 2
    assert "holds another store (got 180 px (native), webp; " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--size", "7"], "--size: this is no size of frames (got 7; allowed: native, "
                     "or 8..4096 pixels)", id="small"),
        pytest.param(["--size", "\u0664\u0664"], "--size: this is no size", id="other digits"),
        pytest.param(["--codec", "gif"], "--codec: there is no such codec", id="codec"),
        pytest.param(["--workers", "0"], "--workers: the work takes at least one", id="workers"),
    ],
)  # fmt: skip
def test_wrong_options_are_one_line(
    one_mosaic: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    options: list[str], message: str,
) -> None:  # fmt: skip
    out = tmp_path / "store"
    assert main(["data", "store", str(one_mosaic), "--out", str(out), *options]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_a_folder_that_cannot_be_made(
    one_mosaic: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "store"
    assert main(["data", "store", str(one_mosaic), "--out", str(out)]) == 2
    assert "the folder of the store cannot be made (got Not a directory)" in capsys.readouterr().err


def test_a_damaged_record_is_one_line(
    one_mosaic: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / STORE_FILE).write_text('{"format": 1')
    assert main(["data", "store", str(one_mosaic), "--out", str(tmp_path)]) == 2
    assert f"{STORE_FILE}: the file is wrong" in capsys.readouterr().err
