"""Several processes train as one."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from stcnet.errors import ConfigError
from stcnet.training import loop
from stcnet.training.devices import by_all, by_first, gather, launch, make_fabric

from .two_processes import LONG_S, main, settle_norms

SCRIPT = Path(__file__).with_name("two_processes.py")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@dataclass
class Outcome:
    """What the processes told, by rank, and what the first kept of its gradients and weights."""

    ranks: list[dict[str, Any]]
    gradients: dict[str, Tensor]
    started: dict[str, Tensor]
    weights: dict[str, Tensor]


def start_two(folder: Path) -> None:
    """Run the script until the last process is gone and the pipes close."""
    done = subprocess.run([sys.executable, str(SCRIPT), str(folder), "2"], check=False,
                          timeout=LONG_S, capture_output=True, text=True,
                          env=ENVIRONMENT)  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert done.stdout == ""


def outcome(folder: Path, processes: int) -> Outcome:
    ranks = [json.loads((folder / f"{rank}.json").read_text()) for rank in range(processes)]
    names = ("gradients", "started", "weights")
    return Outcome(
        ranks, *(safetensors.torch.load_file(folder / f"{name}.safetensors") for name in names)
    )


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Outcome]:
    """Of one process and of two, by their number."""
    if (os.cpu_count() or 1) < 2:
        pytest.skip("two processes want two processors")
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    start_two(two)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "set_training", settle_norms)
        main(one, 1)
    return {1: outcome(one, 1), 2: outcome(two, 2)}


def test_both_processes_end_with_the_same_weights(outcomes: dict[int, Outcome]) -> None:
    one, two = outcomes[2].ranks
    assert one["pid"] != two["pid"]
    assert one["weights"] == two["weights"]


@pytest.mark.parametrize("step", range(4))
def test_the_gradient_is_that_of_one_process(outcomes: dict[int, Outcome], step: int) -> None:
    """The last batch holds one clip: the second process has none of it."""
    alone, together = (outcomes[count].gradients[str(step)] for count in (1, 2))
    assert alone.norm() > 0.1
    assert (alone - together).norm() <= 1e-4 * alone.norm()


def test_two_processes_go_where_one_does(outcomes: dict[int, Outcome]) -> None:
    """Far less exactly than the gradients agree: a ReLU that rounding flips leads elsewhere."""
    way = apart = 0.0
    for name, value in outcomes[1].weights.items():
        way += float((value - outcomes[1].started[name]).double().norm() ** 2)
        apart += float((value - outcomes[2].weights[name]).double().norm() ** 2)
    assert way > 0
    assert apart <= 0.2**2 * way


def test_both_report_the_loss_of_the_whole_batch(outcomes: dict[int, Outcome]) -> None:
    (alone,) = outcomes[1].ranks
    for rank in outcomes[2].ranks:
        assert rank["losses"] == pytest.approx(alone["losses"], rel=0.05)
        assert rank["accuracies"] == pytest.approx(alone["accuracies"], abs=1.5 / 13)


def test_the_clips_to_predict_are_shared(outcomes: dict[int, Outcome]) -> None:
    one, two = outcomes[2].ranks
    assert one["logits"] == two["logits"] == pytest.approx(one["alone"], rel=1e-4, abs=1e-5)
    assert len(set(one["logits"])) == 5


def test_what_the_first_does_all_get(outcomes: dict[int, Outcome]) -> None:
    one, two = outcomes[2].ranks
    assert one["by_first"] == two["by_first"] == one["pid"]
    assert [one["by_all"], two["by_all"]] == [one["pid"], two["pid"]]
    assert one["gathered"] == two["gathered"] == [0, 1]


def test_what_stops_one_stops_all(outcomes: dict[int, Outcome]) -> None:
    for rank in outcomes[2].ranks:
        assert rank["first_failed"] == "of 0"
        assert rank["last_failed"] == "of 1"


def test_all_name_the_batch_that_spoilt_the_run(outcomes: dict[int, Outcome]) -> None:
    one, two = outcomes[2].ranks
    assert one["spoilt"] == two["spoilt"]
    assert one["spoilt"].startswith("tiny, epoch 3, step 1: loss or gradient are no longer finite")
    path = Path(one["spoilt"].rpartition(" kept in ")[2])
    assert len(safetensors.torch.load_file(path)["frames"]) == 4


def test_one_process_asks_nobody() -> None:
    fabric = make_fabric("cpu")
    launch(fabric)
    assert by_first(fabric, lambda: 3) == 3
    assert by_all(fabric, lambda: 4) == 4
    assert gather(fabric, 5) == [5]
    assert str(fabric.device) == "cpu"


def test_the_other_processes_end_with_the_one_that_started_them(
    outcomes: dict[int, Outcome],
) -> None:
    pid = outcomes[2].ranks[1]["pid"]
    give_up = time.monotonic() + 60
    while is_at_work(pid):
        assert time.monotonic() < give_up
        time.sleep(0.1)


def is_at_work(pid: int) -> bool:
    """Whether a process has not ended; one that nobody has asked after yet has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"accelerator": "tpu"}, "--accelerator: there is no such accelerator (got tpu",
                     id="accelerator"),
        pytest.param({"precision": "8-bit"}, "--precision: there is no such precision (got 8-bit",
                     id="precision"),
        pytest.param({"devices": 0}, "--devices: this machine has not as many processors (got 0",
                     id="no device"),
        pytest.param({"devices": 4096}, "(got 4096; allowed: 1..", id="too many devices"),
        pytest.param({"nodes": 0}, "--nodes: a run takes at least one machine (got 0",
                     id="no machine"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_fabric(**{"accelerator": "cpu", **settings})
    assert message in str(caught.value)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_precision_is_as_asked_for(precision: str) -> None:
    fabric = make_fabric("cpu", precision=precision)
    model = fabric.setup(torch.nn.Linear(3, 2))
    with fabric.autocast():
        inner = model.module(torch.ones(1, 3)).dtype
    assert inner == (torch.bfloat16 if precision == "bf16-mixed" else torch.float32)
