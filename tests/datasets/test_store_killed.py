"""A builder of a store that is killed, wherever it may be, leaves nothing wrong behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

NURSERY = Path(__file__).with_name("store_nursery.py")
KILLS = 50


def test_killed_at_any_moment_and_run_again(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(NURSERY.parents[1]), *filter(None, [os.getenv("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, str(NURSERY), str(tmp_path), str(KILLS), "0"],
        check=False, timeout=300, capture_output=True, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["wrong"] == []
    assert outcome["killed"] == KILLS
    assert outcome["finished"] >= 3
