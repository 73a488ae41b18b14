"""A folder of results appears whole or not at all, and never takes anything else with it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stcnet.detection import new_folder
from stcnet.errors import OutputError

Prepare = Callable[[Path], object]


def fill(folder: Path, text: str = "new") -> None:
    (folder / "scores.csv").write_text(text)


def break_off(folder: Path, error: BaseException) -> None:
    fill(folder)
    raise error


def earlier_results(place: Path) -> None:
    place.mkdir()
    fill(place, "old")
    (place / "overlay.mp4").write_text("old")


def everything_in(folder: Path) -> list[str]:
    return sorted(str(entry.relative_to(folder)) for entry in folder.rglob("*"))


@pytest.mark.parametrize("place", ["out", "deep/er/out"])
def test_the_folder_appears_at_the_end(tmp_path: Path, place: str) -> None:
    out = tmp_path / place
    with new_folder(out) as folder:
        fill(folder)
        assert not out.exists()
        assert folder.parent == out.parent
    assert everything_in(out) == ["scores.csv"]
    assert len(list(out.parent.iterdir())) == 1


@pytest.mark.parametrize("place", ["out", "deep/er/out"])
@pytest.mark.parametrize("error", [OutputError("no room"), KeyboardInterrupt()])
def test_after_an_error_nothing_is_left(tmp_path: Path, place: str, error: BaseException) -> None:
    with pytest.raises(type(error)), new_folder(tmp_path / place) as folder:
        break_off(folder, error)
    assert everything_in(tmp_path) == []


def test_earlier_results_are_replaced_only_by_complete_ones(tmp_path: Path) -> None:
    out = tmp_path / "out"
    earlier_results(out)
    with pytest.raises(KeyboardInterrupt), new_folder(out, overwrite=True) as folder:
        break_off(folder, KeyboardInterrupt())
    assert everything_in(tmp_path) == ["out", "out/overlay.mp4", "out/scores.csv"]
    assert (out / "scores.csv").read_text() == "old"
    with new_folder(out, overwrite=True) as folder:
        fill(folder)
    assert everything_in(tmp_path) == ["out", "out/scores.csv"]
    assert (out / "scores.csv").read_text() == "new"


def notes_beside_results(place: Path) -> None:
    earlier_results(place)
    (place / "notes.txt").write_text("mine")


@pytest.mark.parametrize(
    ("prepare", "overwrite", "message"),
    [
        pytest.param(earlier_results, False, "exists already", id="results, not to be replaced"),
        pytest.param(Path.mkdir, False, "exists already", id="empty folder"),
        pytest.param(Path.touch, True, "a file of that name", id="a file"),
        pytest.param(notes_beside_results, True, "not replaced .got notes.txt", id="own files"),
        pytest.param(lambda place: place.parent.rmdir() or place.parent.touch(), False,
                     "cannot be written", id="below a file"),
    ],
)  # fmt: skip
def test_what_must_not_be_replaced_is_refused_before_the_work(
    tmp_path: Path, prepare: Prepare, overwrite: bool, message: str
) -> None:
    out = tmp_path / "parent" / "out"
    out.parent.mkdir()
    prepare(out)
    before = everything_in(tmp_path)
    with (
        pytest.raises(OutputError, match=message),
        new_folder(out, overwrite=overwrite),
    ):
        pytest.fail("the work has started")
    assert everything_in(tmp_path) == before


def test_a_link_to_earlier_results_stays_a_link(tmp_path: Path) -> None:
    out, link = tmp_path / "out", tmp_path / "link"
    earlier_results(out)
    link.symlink_to(out)
    with new_folder(link, overwrite=True) as folder:
        fill(folder)
    assert link.is_symlink()
    assert (out / "scores.csv").read_text() == "new"


@pytest.mark.parametrize("out", [".", "..", "../out"])
def test_the_folder_one_stands_in_is_not_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    earlier_results(tmp_path / "out")
    monkeypatch.chdir(tmp_path / "out")
    with (
        pytest.raises(OutputError, match="the working folder cannot be replaced"),
        new_folder(Path(out), overwrite=True),
    ):
        pass
    assert everything_in(tmp_path) == ["out", "out/overlay.mp4", "out/scores.csv"]
