"""No score in a text without a stored result, and no stored result without its command."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stcnet.cli import main
from stcnet.inference import ModelPackage, bundled_package

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs" / "results"
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "benchmarks" / "README.md"]
SHARE = r"(?:(?<![\w.])\.\d{3}|\b1\.000)(?!\w)"
"""A score, as the tables print it: three decimals, no leading zero."""
LONE = r"(?<![\w.])\.\d{3}(?!\w)"
ESTIMATE = rf"({SHARE}) \(({SHARE})-({SHARE})\)"
ROUNDING = 0.00056
"""Of four stored decimals and three printed ones."""
SPLITS = ("s0", "s1", "s2", "s4")
CALIBRATED = ("--calibrated", "--calibration", "isotonic")
HELD_OUT = sorted(path.parent.name for path in RESULTS.glob("*/predictions.csv"))

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Stored:
    """What texts may quote.

    Attributes:
        lines: Of the stored tables.
        triples: Every metric with its interval.
        headlines: Smoke F1 of the mean over folds on RISE.
    """

    lines: frozenset[str]
    triples: tuple[Triple, ...]
    headlines: tuple[float, ...]


def stored_rows() -> Iterator[dict[str, Any]]:
    for path in sorted(RESULTS.glob("*/scores*.json")):
        yield from json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def stored() -> Stored:
    rows = list(stored_rows())
    names = ("scores", "verdicts", "against-*", "int8", "cameras")
    files = [path for name in names for path in RESULTS.glob(f"*/{name}.md")]
    tables = [path.read_text(encoding="utf-8") for path in files]
    return Stored(
        frozenset(line for table in tables for line in table.splitlines()),
        tuple(t for row in rows for t in row["metrics"].values() if None not in t),
        tuple(
            row["metrics"]["smoke_f1"][0]
            for row in rows
            if (row.get("group"), row.get("fold")) == ("rise", "mean")
        ),
    )


def unfounded(text: str, stored: Stored) -> list[str]:
    """The scores of a text that no stored result holds.

    Lines of a table of scores must be stored as they are, an estimate with its interval must be a
    stored one, and a figure alone must be a headline.
    """
    wrong: list[str] = []
    for line in text.splitlines():
        if line in stored.lines:
            continue
        if line.startswith("|") and len(re.findall(ESTIMATE, line)) > 1:
            wrong.append(line)
            continue
        for match in re.finditer(ESTIMATE, line):
            shown = [float(part) for part in match.groups()]
            if not any(near(shown, triple) for triple in stored.triples):
                wrong.append(match[0])
        for figure in re.findall(LONE, re.sub(ESTIMATE, "", line)):
            if not any(near([float(figure)], [value]) for value in stored.headlines):
                wrong.append(figure)
    return wrong


def near(shown: list[float], known: list[float] | Triple) -> bool:
    return all(abs(a - b) < ROUNDING for a, b in zip(shown, known, strict=True))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_score_of_a_page_is_stored(page: Path, stored: Stored) -> None:
    assert unfounded(page.read_text(encoding="utf-8"), stored) == []


def test_every_score_of_the_model_card_is_stored(stored: Stored) -> None:
    card = ModelPackage.load(bundled_package()).card
    assert re.search(ESTIMATE, card)
    assert unfounded(card, stored) == []


EXAMPLE = Stored(
    frozenset({"| a | .500 (.400-.600) | .300 (.200-.400) |", "| b | .300 | .100 (n/a) |"}),
    ((0.7004, 0.6, 0.8),),
    (0.7422,),
)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("| a | .500 (.400-.600) | .300 (.200-.400) |", []),
        ("| b | .300 | .100 (n/a) |", []),
        ("| b | .301 | .100 (n/a) |", [".301", ".100"]),
        ("| a | .500 (.400-.600) | .301 (.200-.400) |", ["the line"]),
        ("**.700 (.600-.800)** of", []),
        ("**.700 (.600-.801)** of", [".700 (.600-.801)"]),
        ("a mean of .742.", []),
        ("a mean of .743.", [".743"]),
        ("a mean of .700.", [".700"]),
        ("0.5, 1.25, 2.13.0, x.123, 12.345 and .5", []),
        ("1.000 (.900-1.000)", ["1.000 (.900-1.000)"]),
    ],
)
def test_a_drift_of_a_text_is_found(text: str, wrong: list[str]) -> None:
    assert unfounded(text, EXAMPLE) == [text if each == "the line" else each for each in wrong]


def test_every_stored_score_has_a_command() -> None:
    made = {f"{name}/{file}.json" for name in HELD_OUT for file in ("scores", "scores-logit-0")}
    stored = {str(path.relative_to(RESULTS)) for path in RESULTS.glob("*/scores*.json")}
    assert stored <= made | {"rgb-tc/scores.json"}
    assert {f"{name}/scores.json" for name in HELD_OUT} <= stored


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[str, Any]:
    """What ``stcnet evaluate`` prints, as text and as JSON."""
    command = ["evaluate", *map(str, arguments)]
    assert main(command) == 0
    text = capsys.readouterr().out
    assert main([*command, "--json"]) == 0
    return text, json.loads(capsys.readouterr().out)


@pytest.mark.real_data
@pytest.mark.parametrize("name", HELD_OUT)
def test_the_command_gives_the_stored_causes(
    name: str, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = RESULTS / name
    text, record = evaluated(
        capsys, *CALIBRATED, "--data", shared_data / "rise-cells",
        "--predictions", folder / "predictions.csv", "--causes", RESULTS / "causes" / "seen.csv",
    )  # fmt: skip
    assert (folder / "causes.md").read_text(encoding="utf-8").strip() in text
    assert {row["mistake"] for row in record["causes"]} == {"false alarms", "misses"}


def kept(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


@pytest.mark.real_data
@pytest.mark.parametrize("name", HELD_OUT)
def test_the_commands_give_the_stored_scores(
    name: str, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = RESULTS / name
    judged = ["--data", shared_data / "rise-cells", "--predictions", folder / "predictions.csv"]
    text, rows = evaluated(capsys, *judged, *CALIBRATED)
    assert rows == kept(folder, "scores.json")
    assert text.startswith((folder / "scores.md").read_text(encoding="utf-8").strip())
    if (folder / "scores-logit-0.json").exists():
        _, plain = evaluated(capsys, *judged)
        assert plain == kept(folder, "scores-logit-0.json")


@pytest.mark.real_data
@pytest.mark.parametrize(
    "table", [*RESULTS.glob("*/verdicts.md")], ids=lambda path: path.parent.name
)
def test_the_command_gives_the_stored_gain_of_the_threshold(
    table: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, record = evaluated(
        capsys, *CALIBRATED, "--data", shared_data / "rise-cells", "--against", "half",
        "--predictions", table.with_name("predictions.csv"),
    )  # fmt: skip
    assert table.read_text(encoding="utf-8").strip() in text
    assert record["comparison"]["metrics"]["recall"]["difference"][0] > 0


@pytest.mark.real_data
@pytest.mark.parametrize(
    "table",
    [*RESULTS.glob("*/against-*.md")],
    ids=lambda path: f"{path.parent.name} {path.stem}",
)
def test_the_command_gives_the_stored_comparison(
    table: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = table.stem.removeprefix("against-")
    text, _ = evaluated(
        capsys, *CALIBRATED, "--data", shared_data / "rise-cells",
        "--predictions", table.with_name("predictions.csv"),
        "--against", RESULTS / other / "predictions.csv",
        "--causes", RESULTS / "causes" / "seen.csv",
    )  # fmt: skip
    assert table.read_text(encoding="utf-8").strip() in text
    causes = table.with_name(f"causes-{table.name}")
    assert causes.read_text(encoding="utf-8").strip() in text


@pytest.mark.real_data
def test_published_predictions_give_the_stored_scores(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shared_data / "published-predictions"
    given = [part for split in SPLITS for part in ("--predictions", folder / f"rgb-tc-{split}.csv")]
    text, rows = evaluated(capsys, *given)
    assert rows == kept(RESULTS / "rgb-tc", "scores.json")
    assert text.startswith((RESULTS / "rgb-tc" / "scores.md").read_text(encoding="utf-8").strip())
