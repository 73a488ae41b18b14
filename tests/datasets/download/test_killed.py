"""A download that is killed, wherever it may be, leaves nothing wrong, and the next one goes on."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from video_host import Host, path_of, records_at, write_records

NURSERY = Path(__file__).with_name("nursery.py")
KILLS = 50


def test_killed_at_random_moments(host: Host, clips: list[bytes], tmp_path: Path) -> None:
    records = records_at(host, clips, count=5)
    metadata = write_records(tmp_path / "records", records)
    job = {
        "arguments": ["data", "download", "rise", "--metadata", str(metadata), "--rate", "100"],
        "place": str(tmp_path),
        "clips": {
            record["file_name"]: hashlib.sha256(host.files[path_of(record)]).hexdigest()
            for record in records
        },
        "kills": KILLS,
        "seed": 6,
    }
    done = subprocess.run(
        [sys.executable, str(NURSERY), json.dumps(job)], check=False, timeout=500,
        capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["wrong"] == []
    assert told["kills"] == KILLS
    assert told["lived"] > 0
