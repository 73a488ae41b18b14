"""The page of data sets names what a download writes."""

from pathlib import Path
from typing import get_args

import pytest

from stcnet.datasets.download import MANIFEST_FILE, REPORT_FILE, Entry
from stcnet.datasets.download.report import COLUMNS
from stcnet.datasets.download.request import REQUEST_FILE
from stcnet.datasets.download.verification import Kind

PAGE = Path(__file__).parents[3] / "docs" / "data.md"


@pytest.mark.parametrize(
    "name",
    [MANIFEST_FILE, REPORT_FILE, REQUEST_FILE, *Entry.model_fields, *COLUMNS, *get_args(Kind)],
)
def test_named(name: str) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Downloading and verifying")[2]
    assert f"`{name}`" in section.partition("\n## ")[0]
