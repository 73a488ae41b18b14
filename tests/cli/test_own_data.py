"""``stcnet data import``, ``cut``, ``merge`` and ``export-rise``, as a user runs them."""

import json
from pathlib import Path

import pytest

from own_clips import write_clip
from stcnet.datasets.own.label_lines import LabelLine
from stcnet.datasets.own.labelled_tables import COLUMNS
from stcnet.datasets.own.merging import MERGED_COLUMNS
from stcnet.datasets.own.records import OwnClip

from .conftest import Run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "data.md"


def test_from_a_long_video_to_rises_layout(run: Run, tmp_path: Path) -> None:
    video = write_clip(tmp_path / "gate_2026-05-01T12-00-00.mp4", 72, fps=0.2)
    cut = run("data", "cut", video, "--out", tmp_path / "cut")
    assert (cut.code, cut.out) == (0, f"2 clips written, 0 there already: {tmp_path / 'cut'}\n")
    again = run("data", "cut", video, "--out", tmp_path / "cut")
    assert again.out == f"0 clips written, 2 there already: {tmp_path / 'cut'}\n"

    names = sorted(path.name for path in (tmp_path / "cut").glob("*.mp4"))
    votes = [f"{names[0]},anna,smoke", f"{names[0]},ben,smoke", f"{names[1]},anna,none"]
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(["clip,annotator,label", *votes, f"{names[1]},ben,steam"]))
    merged = tmp_path / "merged.csv"
    told = run("data", "merge", labels, "--out", merged)
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("Krippendorff's alpha (nominal): 1.000; 2 clips with two votes\n")
    assert "| anna, ben | 2 | 1.000 |" in told.out

    own = tmp_path / "own"
    taken = run("data", "import", merged, "--clips", tmp_path / "cut", "--out", own)
    assert (taken.code, taken.out) == (0, f"2 added, 0 there already, 0 left out: {own}\n")
    assert run("data", "verify", own).out == f"2 videos, unchanged since the import: {own}\n"
    (own / "videos" / "extra").touch()
    next((own / "videos").glob("*.mp4")).unlink()
    check = run("data", "verify", own)
    assert check.code == 1
    assert [line.partition(":")[0] for line in check.out.splitlines()] == ["extra", "wrong"]
    assert "1 of 2 videos wrong; remove the files it finds wrong" in check.err
    again = run("data", "import", merged, "--clips", tmp_path / "cut", "--out", own)
    assert again.out.startswith("0 added, 2 there already, 1 video restored, 0 left out")
    rise = tmp_path / "rise"
    exported = run("data", "export-rise", own, "--out", rise)
    assert exported.code == 0
    assert exported.out == f"2 clips, 2 of them copied as they are, 0 left out: {rise}\n"
    info = run("data", "info", rise)
    assert "| all | all | 2 | 2 | 1 | 0.500 | 1.000 |" in info.out


def test_what_is_left_out_is_told_and_is_exit_code_1(run: Run, tmp_path: Path) -> None:
    write_clip(tmp_path / "smoke" / "a.mp4", 20)
    (tmp_path / "smoke" / "b.mp4").write_bytes(b"garbage" * 100)
    own = tmp_path / "own"
    told = run("data", "import", tmp_path, "--out", own, "--interval", "5s")
    assert told.code == 1
    assert told.out.splitlines() == [
        f"1 added, 0 there already, 1 left out: {own}",
        "clips of fewer than 36 frames, which repeat: 1",
    ]
    left_out, error = (line for line in told.errors if line != "importing ...")
    assert left_out.startswith("left out: ")
    assert "b.mp4: cannot be read as a video" in left_out
    assert error == "error: clips or lines left out: 1; see the lines above"


@pytest.mark.parametrize(
    "command", [("synthesize", "--clips", 10), ("download", "rise")], ids=["synthesize", "download"]
)
def test_nothing_is_put_into_own_data(
    run: Run, tmp_path: Path, command: tuple[object, ...]
) -> None:
    (tmp_path / "clips.json").write_text("{}")
    told = run("data", *command, "--out", tmp_path)
    assert (told.code, told.out) == (2, "")
    assert "the folder holds other data: own data (got clips.json)" in told.err
    assert [path.name for path in tmp_path.iterdir()] == ["clips.json"]


def test_names_in_labels_do_not_steer_the_terminal(run: Run, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text('clip,annotator,label\n"a\nb",\x1b[31mx,smoke\n"a\nb",y,none\n')
    told = run("data", "merge", labels, "--out", tmp_path / "merged.csv")
    assert "  a?b: tie\n" in told.out
    assert "| ?[31mx, y | 1 | 0.000 |" in told.out


def test_merged_labels_as_json(run: Run, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("clip,annotator,label\na,x,smoke\na,y,none\nb,x,smoke\nb,y,fire\n")
    told = run("data", "merge", labels, "--out", tmp_path / "out.csv", "--json", "--fewest", 1)
    assert told.code == 1
    assert json.loads(told.out) == {
        "alpha": 0.0,
        "clips_with_two_votes": 1,
        "pairs": [{"one": "x", "other": "y", "clips": 1, "agreement": 0.0}],
        "clips": {"smoke": 1, "none": 0, "undecided": 1},
        "look_again": [{"clip": "a", "status": "tie"}],
    }
    assert "row 5: label is none of smoke" in told.errors[0]
    told = run("data", "merge", labels, "--out", tmp_path / "out.csv", "--researcher", "x")
    assert "a: tie" not in told.out
    assert (tmp_path / "out.csv").read_text().splitlines()[1] == "a,smoke,0.75,disagreed,1,1,0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("import", "gone", "--out", "x"), "no such folder, table or", id="no source"),
        pytest.param(("import", "gone"), "Missing option '--out'", id="no place"),
        pytest.param(
            ("import", ".", "--out", "x", "--timezone", "Mars"), "no such time zone", id="zone"
        ),
        pytest.param(
            ("import", ".", "--out", "x", "--view", "../a"), "--view: leads out of", id="view"
        ),
        pytest.param(
            ("import", ".", "--out", "x", "--interval", "0s"), "--interval", id="interval"
        ),
        pytest.param(("cut", "gone.mp4", "--out", "x", "--start", "noon"), "--start", id="start"),
        pytest.param(
            ("cut", "a", "b", "--out", "x", "--start", "2026-05-01"), "for one video", id="two"
        ),
        pytest.param(("cut", "a", "--out", "x", "--every", "0"), "--every: is out of", id="every"),
        pytest.param(("merge", "gone.csv", "--out", "x"), "the table cannot be read", id="table"),
        pytest.param(("merge", "x", "--out", "x"), "--out: is one of the tables", id="itself"),
        pytest.param(("import", ".", "--out", "x", "--clips", "."), "--clips: is for", id="clips"),
        pytest.param(
            ("export-rise", ".", "--out", "x"), "clips.json: the records cannot be", id="no data"
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[object, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    told = run("data", *arguments)
    assert (told.code, told.out) == (2, "")
    assert message in told.errors[0]
    assert len(told.errors) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(tuple(OwnClip.model_fields), id="clips.json"),
        pytest.param(tuple(LabelLine.model_fields), id="stcnet-labels"),
        pytest.param(COLUMNS, id="table"),
        pytest.param(MERGED_COLUMNS, id="merged"),
    ],
)
def test_every_field_is_documented(names: tuple[str, ...]) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("\n## Your own clips\n")[2]
    section = section.partition("\n## ")[0]
    assert [name for name in names if f"`{name}`" not in section] == []
