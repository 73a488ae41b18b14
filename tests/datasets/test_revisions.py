"""Revisions of labels: read, held against each other and the data, applied visibly."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from planted_collection import SIDE, planted_collection
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import LabelledClip, OnBad, refuse
from stcnet.datasets.folds.fold import Fold
from stcnet.datasets.opening import open_collection
from stcnet.datasets.revisions.collection import RevisedCollection
from stcnet.datasets.revisions.reading import (
    Revision,
    Revisions,
    change_among,
    read_revisions,
    require_fit,
)
from stcnet.datasets.store import build_store
from stcnet.errors import DataError, StcnetError

HEAD = "id,old,new,who,why,when\n"
FIRST = "a,0,1,Ada,faint plume on the left,2026-11-01\n"
KNOWN = {"a": 0, "b": 1, "c": None}


def write(folder: Path, text: str, name: str = "revisions.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_and_json_say_the_same(tmp_path: Path) -> None:
    text = "\ufeff" + HEAD + FIRST + "\n" + '"b",1,0,Bob,"steam, no smoke",\n'
    table = read_revisions(write(tmp_path, text))
    assert table.entries == {
        "row 2": Revision(
            id="a", old=0, new=1, who="Ada", why="faint plume on the left", when=date(2026, 11, 1)
        ),
        "row 4": Revision(id="b", old=1, new=0, who="Bob", why="steam, no smoke"),
    }
    assert table.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert (table.labels, len(table)) == ({"a": 1, "b": 0}, 2)

    entries = [entry.model_dump(mode="json") for entry in table.entries.values()]
    other = read_revisions(write(tmp_path, json.dumps(entries), "revisions.json"))
    assert list(other.entries.values()) == list(table.entries.values())
    assert list(other.entries) == ["record 0", "record 1"]
    assert require_fit(table, KNOWN) == table


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param(",0,1,Ada,x,", "row 3, column id: .*at least 1 character", id="no clip"),
        pytest.param("b,2,1,Ada,x,", r"row 3, column old: .*0 or 1 .got '2'", id="old"),
        pytest.param("b,1,none,Ada,x,", r"row 3, column new: .*0 or 1 .got 'none'", id="new"),
        pytest.param("b,1,0,,x,", "row 3, column who: ", id="nobody"),
        pytest.param("b,1,0,Ada,,", "row 3, column why: ", id="no reason"),
        pytest.param("b,1,0,Ada,x,soon", "row 3, column when: .*date", id="no day"),
        pytest.param("b,1,0,Ada,x,,y", "row 3, column without a name: ", id="too many values"),
        pytest.param("b,1", "row 3, column new: ", id="too few values"),
        pytest.param("b,1,1,Ada,x,", "row 3, column new: the new label is the old", id="same"),
        pytest.param("a,1,0,Bob,x,", "column id: .*in row 2 already, otherwise", id="contradicts"),
        pytest.param("a,0,1,Bob,x,", "column id: .*in row 2 already, alike", id="repeats"),
    ],
)
def test_a_wrong_row_is_named_and_the_rest_is_read(tmp_path: Path, rows: str, message: str) -> None:
    path = write(tmp_path, HEAD + FIRST + rows + "\n")
    with pytest.raises(DataError, match=rf"revisions\.csv, .*{message}") as caught:
        read_revisions(path)
    assert len(str(caught.value).splitlines()) == 1
    told: list[StcnetError] = []
    assert list(read_revisions(path, on_bad=told.append).labels) == ["a"]
    assert len(told) == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("r.csv", None, "cannot be read .*No such file", id="missing"),
        pytest.param("r.csv", "", "column is missing .*got no header", id="empty"),
        pytest.param("r.csv", HEAD, "the file revises nothing", id="header alone"),
        pytest.param("r.csv", "id,old,new\na,0,1\n", "missing .*got id, old, new;", id="columns"),
        pytest.param("r.csv", "id,id,old,new,who,why\n", "named twice", id="twice"),
        pytest.param("r.csv", HEAD + 'a,"0', "the revisions are no table", id="open quote"),
        pytest.param("r.json", "{", "are not JSON", id="no JSON"),
        pytest.param("r.json", "[" * 10**5, "are not JSON", id="bottomless"),
        pytest.param("r.json", "[1]", "no list of objects .got list", id="no objects"),
        pytest.param("r.json", '[{"id": "a"}]', "record 0, column old: Field req", id="no labels"),
        pytest.param(
            "r.json",
            '[{"id": "a", "old": 0, "new": 1, "who": "x", "why": "y", "note": 1}]',
            "record 0, column note: Extra inputs",
            id="unknown key",
        ),
    ],
)
def test_what_is_no_file_of_revisions_is_refused(
    tmp_path: Path, name: str, text: str | None, message: str
) -> None:
    path = tmp_path / name if text is None else write(tmp_path, text, name)
    with pytest.raises(DataError, match=message):
        read_revisions(path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param("z,0,1,Ada,x,", "row 2, column id: there is no such clip .*got z", id="clip"),
        pytest.param("b,0,1,Ada,x,", "row 2, column old: .*got 0 for b; allowed: 1", id="old"),
        pytest.param("c,0,1,Ada,x,", "column old: .*0 for c; allowed: undecided", id="undecided"),
    ],
)
def test_what_does_not_fit_the_data_is_refused(tmp_path: Path, row: str, message: str) -> None:
    revisions = read_revisions(write(tmp_path, f"{HEAD}{row}\n"))
    with pytest.raises(DataError, match=message):
        require_fit(revisions, KNOWN)
    told: list[StcnetError] = []
    assert len(require_fit(revisions, KNOWN, on_bad=told.append)) == 0
    assert len(told) == 1


labels = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.sampled_from((0, 1)))


@given(labels, st.data())
def test_changes_are_counted_by_direction(known: dict[str, int], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(sorted(known)), unique=True)) if known else []
    entries = {
        f"row {number}": Revision.model_validate(
            {"id": clip, "old": known[clip], "new": 1 - known[clip], "who": "x", "why": "y"}
        )
        for number, clip in enumerate(chosen)
    }
    revisions = Revisions(Path("r.csv"), "0" * 64, entries)
    require_fit(revisions, known)
    change = change_among(revisions, known)
    assert change.clips == len(known)
    assert change.to_none == sum(known[clip] for clip in chosen)
    assert change.revised == len(chosen)


@dataclass(frozen=True)
class Three:
    """Three clips of two frames, the last undecided."""

    title: str = "three clips"
    clips: tuple[LabelledClip, ...] = (
        LabelledClip("a", 0, "0-1", "x", None, None, label_weight=0.66, weight=3.0),
        LabelledClip("b", 1, "0-1", "x", None, None, label_weight=0.5),
        LabelledClip("c", None, "0-2", "x", None, None),
    )

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        assert all(clip in self.clips for clip in clips), "only its own clips"
        return ClipSet(
            torch.zeros((len(clips), 2, 3, size, size), dtype=torch.uint8),
            torch.tensor([clip.label for clip in clips]),
            np.array([clip.weight for clip in clips]),
            tuple(clip.id for clip in clips),
            np.array([clip.label_weight for clip in clips]),
        )


def test_a_revised_collection_says_that_it_is_one(tmp_path: Path) -> None:
    original = Three()
    revisions = read_revisions(write(tmp_path, HEAD + FIRST))
    revised = RevisedCollection.revise(original, revisions)
    assert revised.title == (
        "three clips, labels revised by revisions.csv (1 of 3: 1 to smoke, 0 to none)"
    )
    assert [clip.label for clip in revised.clips] == [1, 1, None]
    assert [clip.label_weight for clip in revised.clips] == [1.0, 0.5, 1.0]
    assert [clip.label for clip in original.clips] == [0, 1, None]
    clips = revised.load(tuple(reversed(revised.clips[:2])), 4)
    assert (clips.ids, clips.labels.tolist()) == (("b", "a"), [1, 1])
    assert clips.label_weights.tolist() == [0.5, 1.0]
    assert clips.weights.tolist() == [1.0, 3.0]


def test_folds_are_those_of_the_original(tmp_path: Path) -> None:
    revised = RevisedCollection.revise(Three(), read_revisions(write(tmp_path, HEAD + FIRST)))
    first, second, _ = Three().clips
    fold = revised.relabel(Fold("x", train=(second,), test=(replace(first, view="0-2"),)))
    assert [clip.id for clip in fold.test] == ["a"]
    assert (fold.train[0].label, fold.test[0].label, fold.name) == (1, 1, "x")
    other = replace(second, view="0-2")
    (trained,) = revised.relabel(Fold("x", train=(first,), test=(other,))).train
    assert (trained.label, trained.label_weight) == (1, 1.0)
    third = replace(second, view="0-3", id="c")
    revised = RevisedCollection(Three(clips=(first, other, third)), revised.revisions)
    (kept,) = revised.relabel(Fold("x", (other,), (third,), validation=(first,))).validation
    assert kept.label == 1


def test_a_store_is_revised_without_touching_a_frame(tmp_path: Path) -> None:
    planted = planted_collection(4)
    build_store(planted, tmp_path / "store")
    first = planted.clips[0]
    rows = f"{HEAD}{first.id},0,1,Ada,plume,\n"
    revisions = read_revisions(write(tmp_path, rows))
    revised = RevisedCollection.revise(open_collection(tmp_path / "store"), revisions)
    stored = revised.load(revised.clips, SIDE)
    plain = planted.load(planted.clips, SIDE)
    assert (plain.labels.tolist(), stored.labels.tolist()) == ([0, 1, 0, 1], [1, 1, 0, 1])
    every, frames = np.arange(4), np.zeros((4, 1), dtype=np.int64)
    assert torch.equal(stored.gather(every, frames), plain.gather(every, frames))


def test_revisions_of_other_data_are_not_applied(tmp_path: Path) -> None:
    revisions = read_revisions(write(tmp_path, HEAD + "b,0,1,Ada,x,\n"))
    with pytest.raises(DataError, match="the old label is not what the data say"):
        RevisedCollection.revise(Three(), revisions)
