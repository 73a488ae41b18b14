"""Fixtures shared by every room."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# A busy machine misses any deadline; what is tested is what comes out.
settings.register_profile("stcnet", deadline=None)
settings.load_profile("stcnet")

# Before torch is imported, here and in the processes that tests start: sums over other numbers of
# threads are rounded otherwise, and some tests compare two processes to the last bit.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real clips beside the checkout; skips the test where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared real clips (../shared/data) are not beside this checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 48 planted clips in the layout of the shared cells; not to be changed."""
    from small_cells import write_folder

    return write_folder(tmp_path_factory.mktemp("small-data"))
