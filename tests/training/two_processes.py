"""Trains in as many processes as it is told, and says what each of them came to.

Run as ``python two_processes.py FOLDER PROCESSES``; process R leaves ``FOLDER/R.json``, the first
one also its gradients and the weights it began and ended with. Batch norms keep the statistics of
plain clips, because CPUs cannot share those of a batch. In the end the first process dies and
leaves the other one waiting.
"""

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

sys.path.insert(0, str(Path(__file__).parents[1]))

from small_cells import planted_clips, tiny_recipe
from stcnet.errors import DataError, OutputError, StcnetError
from stcnet.evaluation.predict import predict_logits
from stcnet.training import loop
from stcnet.training.devices import by_all, by_first, gather, launch, make_fabric
from stcnet.training.fitting import kept_batch
from stcnet.training.folds import predict_together
from stcnet.training.loop import Training
from stcnet.training.recipes.recipe import Recipe
from stcnet.training.statistics import settle_statistics

LONG_S = 400
CLIPS = 13
"""One more than three batches hold, so that a process has no clip of the last one."""


def recipe(rate: float) -> Recipe:
    return tiny_recipe(
        optimiser={"kind": "sgd", "learning_rate": rate, "clip_norm": 1.0},
        augmentation={}, mixup=0.2, plumes={"smoke": 0.3, "steam": 0.3},
    )  # fmt: skip


def settle_norms(model: nn.Module, *others: Any) -> None:
    """Training mode for all but the batch norms."""
    model.train()
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.eval()


def start(rate: float, fabric: Fabric) -> Training:
    """A run whose norms hold the statistics of its clips, so that its signals do not fade."""
    training = Training(recipe(rate), planted_clips(CLIPS), fabric)
    settle_statistics(training.network, training._plain_batches(), 0)
    return training


def gradients(fabric: Fabric) -> dict[str, Tensor]:
    """Of each step of an epoch in which the weights stay where they are."""
    training = start(1e-30, fabric)
    found: list[Tensor] = []
    clip = training._clip

    def seen(*arguments: Any) -> None:
        parameters = training.network.parameters()
        found.append(torch.cat([p.grad.flatten() for p in parameters if p.grad is not None]))
        clip(*arguments)

    vars(training)["_clip"] = seen
    training.run_epoch()
    return {str(step): gradient for step, gradient in enumerate(found)}


def packed_weights(training: Training) -> bytes:
    state = training.network.state_dict()
    return safetensors.torch.save({name: value.contiguous() for name, value in state.items()})


def told(action: Callable[[], object]) -> str:
    """What an action raised."""
    try:
        action()
    except StcnetError as error:
        return str(error)
    return "nothing"


def fail(error: StcnetError) -> object:
    raise error


def spoilt_epoch(training: Training, folder: Path) -> None:
    with kept_batch(folder, training.clips, training.fabric):
        training.run_epoch()


def main(folder: Path, processes: int) -> None:
    vars(loop)["set_training"] = settle_norms
    fabric = make_fabric("cpu", devices=processes)
    launch(fabric)
    rank = fabric.global_rank
    steps = gradients(fabric)
    training = start(1e-3, fabric)
    started = packed_weights(training)
    reports = [training.run_epoch(), training.run_epoch()]
    packed = packed_weights(training)
    model, clips = training.result.eval(), planted_clips(5)
    logits = predict_together(training.recipe, model, clips, fabric)
    alone = predict_logits(model, training.network_input, clips)
    with torch.no_grad():
        next(training.network.parameters())[0] = float("nan")
    record = {
        "spoilt": told(lambda: spoilt_epoch(training, folder)),
        "pid": os.getpid(),
        "weights": hashlib.sha256(packed).hexdigest(),
        "losses": [report.loss for report in reports],
        "accuracies": [report.accuracy for report in reports],
        "logits": logits.tolist(),
        "alone": alone.tolist(),
        "by_first": by_first(fabric, os.getpid),
        "by_all": by_all(fabric, os.getpid),
        "gathered": gather(fabric, rank),
        "first_failed": told(lambda: by_first(fabric, lambda: fail(OutputError(f"of {rank}")))),
        "last_failed": told(
            lambda: by_all(
                fabric,
                lambda: fail(DataError(f"of {rank}")) if rank == processes - 1 else None,
            )
        ),
    }
    (folder / f"{rank}.json").write_text(json.dumps(record))
    if fabric.is_global_zero:
        safetensors.torch.save_file(steps, folder / "gradients.safetensors")
        (folder / "started.safetensors").write_bytes(started)
        (folder / "weights.safetensors").write_bytes(packed)
    fabric.barrier()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
    if os.environ["LOCAL_RANK"] == "0":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(LONG_S)
