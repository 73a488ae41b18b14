"""``stcnet data`` on rendered and on shared clips."""

import json
from pathlib import Path

import pytest

from .conftest import Run


def test_a_rendered_data_set_is_counted(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "rise"
    told = run("data", "synthesize", "--out", out, "--clips", 21, "--size", 32, "--seed", 4)
    assert (told.code, told.out) == (0, f"21 clips: {out}\n"), told.err
    assert "rendering ..." in told.err
    assert len(list((out / "videos").iterdir())) == 21

    table = run("data", "info", out)
    assert table.code == 0
    lines = table.out.splitlines()
    assert lines[0] == "| by | value | clips | labelled | smoke | prevalence | mean weight |"
    assert lines[2].startswith("| all | all | 21 | 19 | ")
    assert "| label_state_admin | bad video | 1 | 0 | 0 | n/a | n/a |" in lines
    assert lines[-2] == "videos: 21"
    assert lines[-1].startswith("test clips partly seen in training: S0 0, S1 0, ")

    (next((out / "videos").iterdir())).unlink()
    told = json.loads(run("data", "info", out, "--json").out)
    assert told["videos"] == 20
    assert told["counts"][0]["clips"] == 21
    assert {count["by"] for count in told["counts"]} >= {"view", "plant", "month", "hour", "S5"}

    again = run("data", "synthesize", "--out", out)
    assert again.code == 2
    assert again.errors == [
        f"error: {out}: the folder holds a metadata.json already; name another folder"
    ]


def test_shared_cells_are_counted(run: Run, small_data: Path) -> None:
    told = run("data", "info", small_data)
    assert told.code == 0
    assert "| all | all | 48 | 48 | 24 | 0.500 | " in told.out
    assert "| site | ijmond | " in told.out
    assert "videos" not in told.out
    counts = json.loads(run("data", "info", small_data, "--json").out)["counts"]
    assert counts[0] == {
        "by": "all", "value": "all", "clips": 48, "labelled": 48, "smoke": 24,
        "prevalence": 0.5, "mean_weight": counts[0]["mean_weight"],
    }  # fmt: skip


def test_alone_it_tells_its_commands(run: Run) -> None:
    told = run("data")
    assert (told.code, told.err) == (0, "")
    assert "synthesize" in told.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("info", "nowhere"), "nowhere: there is no such folder of data", id="no data"),
        pytest.param(
            ("info", "nowhere", "--html", "page.pdf"), "allowed: a name in .html", id="no page"
        ),
        pytest.param(("synthesize", "--out", "x", "--clips", 3), "allowed: 10..", id="few"),
        pytest.param(
            ("synthesize", "--out", "x", "--size", 33), "even numbers from 32 to 1024", id="odd"
        ),
        pytest.param(
            ("synthesize", "--out", "x", "--size", 100_000), "(got 100000; allowed:", id="huge"
        ),
        pytest.param(("synthesize", "--out", "x", "--seed", -1), "the seed is out of", id="seed"),
        pytest.param(("synthesize",), "Missing option '--out'", id="no place"),
        pytest.param(("look",), "No such command 'look'", id="no command"),
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


def test_the_group_explains_itself(run: Run) -> None:
    told = run("data", "--help")
    assert told.code == 0
    assert "synthesize" in told.out
    assert "info" in told.out
