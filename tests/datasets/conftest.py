"""Fixtures of the data sets."""

import tarfile
from pathlib import Path

import pytest

from stcnet.datasets.rise import RiseRecord, read_rise


@pytest.fixture(scope="session")
def published_splits(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the 18 published split files of RISE."""
    folder = tmp_path_factory.mktemp("rise-splits")
    with tarfile.open(shared_data / "rise-splits" / "rise-splits.tar.xz") as archive:
        for member in archive.getmembers():
            # extractall(filter="data") came with Python 3.11.4 only.
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                (folder / Path(member.name).name).write_bytes(content.read())
    return folder


@pytest.fixture(scope="session")
def published_records(published_splits: Path) -> list[RiseRecord]:
    """All 12,567 clips of RISE that have a label, without their videos."""
    return read_rise(published_splits)
