"""The runner that trains: networks end to end, or a support vector machine on features."""

from __future__ import annotations

from pathlib import Path

from stcnet.datasets.network_input import NetworkInput
from stcnet.evaluation.metrics import FloatArray
from stcnet.evaluation.predict import predict_logits
from stcnet.reproduction.benches import Division
from stcnet.reproduction.plans import Plan
from stcnet.training.devices import make_fabric
from stcnet.training.fitting import fit
from stcnet.training.loop import SILENT, Listener


class TrainingRunner:
    """Trains on one device.

    Args:
        accelerator: ``auto``, ``cpu`` or ``cuda``.
        listener: Told of steps and epochs of every training.

    Raises:
        ConfigError: There is no such accelerator.
    """

    def __init__(self, accelerator: str = "auto", listener: Listener = SILENT) -> None:
        self._fabric = make_fabric(accelerator)
        self._listener = listener

    def __call__(self, plan: Plan, division: Division, folder: Path) -> FloatArray:
        """Do what the plan says; see :class:`stcnet.reproduction.workshop.Runner`."""
        size = plan.recipe.network.input_size
        model = fit(
            plan.recipe,
            division.training_clips(size),
            division.training,
            folder,
            fabric=self._fabric,
            listener=self._listener,
        )
        settings, device = plan.recipe.network, self._fabric.device
        network_input = NetworkInput(settings.normalisation(model), settings.residual)
        clips = division.held_out_clips(size)
        logits = predict_logits(model, network_input.to(device), clips.to(device))
        return logits.numpy()
