"""The runner that trains: networks end to end, or a support vector machine on features."""

from __future__ import annotations

from pathlib import Path

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
        make_fabric(accelerator)
        self._accelerator, self._listener = accelerator, listener

    def __call__(self, plan: Plan, division: Division, folder: Path) -> FloatArray:
        """Do what the plan says; see :class:`stcnet.reproduction.workshop.Runner`."""
        settings = plan.recipe.network
        fabric = make_fabric(self._accelerator, precision=plan.recipe.precision)
        model = fit(
            plan.recipe,
            division.training_clips(settings.input_size),
            division.training,
            folder,
            fabric=fabric,
            listener=self._listener,
        )
        network_input = settings.input_of(model).to(fabric.device)
        clips = division.held_out_clips(settings.input_size).to(fabric.device)
        return predict_logits(model, network_input, clips).numpy()
