"""The data at hand: which splits it holds, and whether it is what was published."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from small_cells import make_cells
from stcnet.datasets.rise import RiseRecord, read_rise
from stcnet.datasets.rise.rendering import synthesise_rise
from stcnet.errors import DataError
from stcnet.reproduction import rise_bench
from stcnet.reproduction.opening import open_bench
from stcnet.reproduction.results import Ledger
from stcnet.reproduction.tables import check_text


@pytest.fixture(scope="module")
def rise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rise")
    synthesise_rise(folder, clips_per_view=1, days=3, size=32, frames=2, seed=5)
    return folder


def labelled(folder: Path) -> list[RiseRecord]:
    return [record for record in read_rise(folder) if record.judgement is not None]


def smoke(records: Sequence[RiseRecord]) -> int:
    return sum(record.judgement.label for record in records if record.judgement)


def test_cells_are_split_by_their_test_set(small_data: Path, tmp_path: Path) -> None:
    bench = open_bench(small_data)
    assert bench.splits == ("S0", "S1", "S2", "S4")
    assert bench.absent == {"S3": "not in the data", "S5": "not in the data"}
    division = bench.divide("S1")
    expected = [c.id for c in make_cells() if c.split == "S1" and c.site != "ijmond"]
    assert list(division.held_out.ids) == expected
    assert not set(expected) & set(division.training.clips)
    clips = division.held_out_clips(32)
    assert clips.ids == division.held_out.ids
    assert clips.labels.tolist() == division.held_out.labels.tolist()
    assert bench.facts.departure is not None


def test_rise_is_split_as_published(rise: Path) -> None:
    bench = open_bench(rise)
    division = bench.divide("S0")
    views = {name.rsplit("-")[1] for name in division.held_out.ids if name.startswith("0-")}
    assert views <= {"1", "7", "13"}
    assert len(set(division.held_out.clusters)) == len({
        (r.view, r.name.day) for r in labelled(rise) if r.file_name in division.held_out.ids
    })  # fmt: skip
    verdicts = {r.file_name: r.judgement.label for r in labelled(rise) if r.judgement}
    held_out = division.held_out
    assert held_out.labels.tolist() == [verdicts[name] for name in held_out.ids]
    assert not set(held_out.ids) & set(division.training.clips)
    assert "smoke" in division.training.description
    assert bench.published_logits("S0") is None


@pytest.mark.parametrize("whole", [True, False], ids=["all clips", "other counts"])
def test_only_all_of_rise_is_rise(rise: Path, monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    records = labelled(rise)
    if whole:
        monkeypatch.setattr(rise_bench, "CLIPS", len(records))
        monkeypatch.setattr(rise_bench, "SMOKE", smoke(records))
    facts = open_bench(rise).facts
    assert (facts.departure is None) == whole
    assert (facts.title == "RISE") == whole


def test_clips_without_a_video_are_left_out_and_counted(rise: Path, tmp_path: Path) -> None:
    folder = tmp_path / "part"
    (folder / "videos").mkdir(parents=True)
    (folder / "metadata.json").write_text((rise / "metadata.json").read_text())
    kept = labelled(rise)[::2]
    for record in kept:
        name = f"videos/{record.file_name}.mp4"
        (folder / name).write_bytes((rise / name).read_bytes())
    facts = open_bench(folder).facts
    missing = len(labelled(rise)) - len(kept)
    assert f"labelled clips without a video: {missing}" in str(facts.departure)
    assert f"{len(kept)} clips" in facts.title


def test_a_split_without_clips_is_absent_with_the_reason(rise: Path, tmp_path: Path) -> None:
    folder = tmp_path / "early"
    (folder / "videos").mkdir(parents=True)
    (folder / "metadata.json").write_text((rise / "metadata.json").read_text())
    for record in labelled(rise):
        if record.view not in {"0-1", "0-7", "0-13", "1-0", "2-0", "2-1", "2-2"}:
            name = f"videos/{record.file_name}.mp4"
            (folder / name).write_bytes((rise / name).read_bytes())
    bench = open_bench(folder)
    assert "S0" not in bench.splits
    assert bench.absent["S0"] == "no clip is left to test on"
    with pytest.raises(DataError, match="no clip is left to test on"):
        bench.divide("S0")


def test_an_empty_folder_is_told_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"allowed: cells\.json or metadata\.json"):
        open_bench(tmp_path)


@pytest.mark.real_data
def test_published_predictions_give_the_published_score(shared_data: Path, tmp_path: Path) -> None:
    bench = open_bench(shared_data / "rise-cells")
    table = Ledger(bench, "full", tmp_path).read()
    for split, scores in table.checks.items():
        row = next(result.row for result in table.rows if result.row.name == "rgb-i3d-tc")
        assert row.published is not None
        assert round(scores.values["smoke_f1"], 2) == row.published.scores[split]
    assert "give smoke F1 S0 .810 / .81, S1 .837 / .84," in check_text(table)
