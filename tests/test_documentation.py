"""The documents name what the code has: options, columns, fields, and each other."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.main import get_command

from stcnet.cli.app import app
from stcnet.datasets.augmentation import AugmentationSettings
from stcnet.inference import (
    InputSpec,
    IsotonicCalibration,
    Manifest,
    Measured,
    Metric,
    OperatingPoint,
    PlattCalibration,
    Provenance,
    Quantisation,
    Sampling,
    TemperatureCalibration,
)
from stcnet.inference.package import MEMBER_BYTES
from stcnet.networks import NETWORKS
from stcnet.reports.tables import EVENT_COLUMNS, SCORE_COLUMNS
from stcnet.training.losses import (
    BootstrapSettings,
    CrossEntropySettings,
    FocalSettings,
    FramesSettings,
)
from stcnet.training.recipes.network import NetworkSettings
from stcnet.training.recipes.optimisers import AdamWSettings, SGDSettings
from stcnet.training.recipes.recipe import (
    PlumeSettings,
    PretrainingSettings,
    Recipe,
    SceneSettings,
    bundled_recipes,
)
from stcnet.training.recipes.schedules import StepSettings

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "benchmarks" / "README.md"]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)#:]*)(?:#(?P<anchor>[^)]+))?\)")
"""A link to a file of the project; pictures are not links."""
OPERATOR, RESEARCHER = "docs/operators.md", "docs/researchers.md"
DATA = "docs/data.md"


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def named_in_code(text: str) -> set[str]:
    """The words of the text that stand in backquotes or in an indented command."""
    code = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^    (.+)$", text, re.MULTILINE)
    return {word for part in code for word in re.findall(r"[\w.-]+", part)}


def options(command: str) -> Iterator[str]:
    found: Any = get_command(app)
    for name in command.split():
        found = found.commands[name]
    for parameter in found.params:
        yield from (name for name in parameter.opts if name.startswith("--"))


@pytest.mark.parametrize(
    ("command", "page"),
    [
        ("detect", OPERATOR),
        ("score", OPERATOR),
        ("train", RESEARCHER),
        ("evaluate", RESEARCHER),
        ("explain", RESEARCHER),
        ("export", RESEARCHER),
        ("calibrate", RESEARCHER),
        ("quantise", RESEARCHER),
        ("models", RESEARCHER),
        ("import-checkpoint", RESEARCHER),
        ("bench models", RESEARCHER),
        ("data check", DATA),
        ("data download", DATA),
        ("data verify", DATA),
        ("data import", DATA),
        ("data cut", DATA),
        ("data merge", DATA),
        ("data export-rise", DATA),
        ("data info", DATA),
        ("data revise", DATA),
        ("data store", DATA),
        ("data show", DATA),
        ("data split", DATA),
        ("data synthesize", DATA),
    ],
)
def test_every_option_is_documented(command: str, page: str) -> None:
    positive = {"--overlay"}  # documented by its opposite, the only one with an effect
    wanted = set(options(command)) - positive - {"--help"}
    assert wanted <= named_in_code(text_of(page))


@pytest.mark.parametrize("columns", [SCORE_COLUMNS, EVENT_COLUMNS], ids=["scores", "events"])
def test_every_column_is_documented(columns: tuple[str, ...]) -> None:
    assert set(columns) <= named_in_code(text_of(OPERATOR))


@pytest.mark.parametrize(
    ("model", "prefix"),
    [
        (Recipe, ""),
        (NetworkSettings, "network."),
        (AdamWSettings, "optimiser."),
        (SGDSettings, "optimiser."),
        (StepSettings, "optimiser.schedule."),
        (CrossEntropySettings, "loss."),
        (FocalSettings, "loss."),
        (FramesSettings, "loss."),
        (BootstrapSettings, "loss.bootstrap."),
        (PlumeSettings, "plumes."),
        (SceneSettings, "scenes."),
        (PretrainingSettings, "pretraining."),
        (AugmentationSettings, ""),
    ],
)
def test_every_field_of_a_recipe_is_documented(model: type[BaseModel], prefix: str) -> None:
    # Their own fields are documented.
    parts = {"network", "optimiser", "plumes", "scenes", "pretraining"}
    # ``kind`` of a schedule stands in its example.
    wanted = {f"{prefix}{name}" for name in model.model_fields if name not in parts}
    assert wanted - {"optimiser.schedule.kind"} <= named_in_code(text_of(RESEARCHER))


def test_every_recipe_is_documented() -> None:
    assert set(bundled_recipes()) <= named_in_code(text_of(RESEARCHER))


def test_every_network_is_documented() -> None:
    assert set(NETWORKS) <= named_in_code(text_of(RESEARCHER))


@pytest.mark.parametrize(
    ("model", "prefix"),
    [
        (Manifest, ""),
        (InputSpec, "input."),
        (Sampling, "sampling."),
        (Provenance, ""),
        (Quantisation, "quantisation."),
        (Metric, ""),
        (OperatingPoint, ""),
        (Measured, ""),
        (PlattCalibration, ""),
        (TemperatureCalibration, ""),
        (IsotonicCalibration, ""),
    ],
)
def test_every_field_of_a_package_is_documented(model: type[BaseModel], prefix: str) -> None:
    parts = {"input", "sampling", "quantisation"}
    wanted = {f"{prefix}{name}" for name in model.model_fields if name not in parts}
    assert wanted <= named_in_code(text_of("docs/model-package.md"))


def test_every_member_of_a_package_is_documented() -> None:
    assert MEMBER_BYTES.keys() <= named_in_code(text_of("docs/model-package.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link in LINK.finditer(page.read_text(encoding="utf-8")):
        target = page.parent / link["target"] if link["target"] else page
        assert target.exists(), link[0]
        if link["anchor"]:
            assert link["anchor"] in anchors(target), link[0]


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of the headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
