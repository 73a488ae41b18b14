"""The runner that trains: networks end to end, or a support vector machine on features."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import lightning_fabric as lf
import numpy as np
import torch

from stcnet.datasets.clips import ClipSet
from stcnet.datasets.leaks.look_alikes import Described, refuse_look_alikes
from stcnet.datasets.optical_flow import flow_clips
from stcnet.errors import ConfigError
from stcnet.evaluation.metrics import FloatArray
from stcnet.evaluation.predict import predict_logits
from stcnet.networks import I3D, ClipNetwork
from stcnet.reproduction.benches import Division
from stcnet.reproduction.plans import Plan
from stcnet.training.devices import make_fabric
from stcnet.training.finishing import fit_whole
from stcnet.training.loop import SILENT, Listener
from stcnet.training.pretraining import lay_groundwork
from stcnet.training.randomness import step_rng
from stcnet.training.start import refuse_seen, with_start
from stcnet.training.svm import FeatureMatrix, FeatureSVM, extract_features

PORTION = 256
"""Clips of all frames that are judged at a time; 1.4 GB at 224 pixels."""


class TrainingRunner:
    """Trains on one device.

    Args:
        flows: Folder where optical flow is kept between jobs.
        accelerator: ``auto``, ``cpu`` or ``cuda``.
        listener: Told of steps and epochs of every training.

    Raises:
        ConfigError: There is no such accelerator.
    """

    def __init__(self, flows: Path, accelerator: str = "auto", listener: Listener = SILENT) -> None:
        make_fabric(accelerator)
        self._flows, self._accelerator, self._listener = flows, accelerator, listener

    def __call__(self, plan: Plan, division: Division, folder: Path) -> FloatArray:
        """Do what the plan says; see :class:`stcnet.reproduction.workshop.Runner`.

        Raises:
            DataError: A training clip looks like one that is held out.
            TrainingError: The starting weights have seen a clip that is held out.
        """
        refuse_seen(plan.recipe, division.held_out.ids)
        gc.collect()  # an earlier training leaves cycles as large as its data set
        network = plan.recipe.network
        fabric = make_fabric(self._accelerator, precision=plan.recipe.precision)
        held_out = Described.of(division.held_out_clips(network.input_size))
        decoded = division.training_clips(network.size_in_training)
        division.training.require_told(decoded.ids)
        refuse_look_alikes(decoded, held_out)
        training = self._seen(plan, decoded)
        del decoded
        if plan.row.classifier == "svm":
            return judge_features(plan, training, self._held_out(plan, division), fabric)
        model = self._fitted(plan, training, division, folder, fabric)
        del training  # the two sides of RISE together are the largest thing in memory
        judged = self._held_out(plan, division)
        network_input = plan.recipe.network.input_of(model).to(fabric.device)
        parts = [
            predict_logits(model, network_input, part).numpy()
            for part in portions(judged, fabric.device)
        ]
        return np.concatenate(parts)

    def _fitted(
        self, plan: Plan, training: ClipSet, division: Division, folder: Path, fabric: lf.Fabric
    ) -> ClipNetwork:
        """The trained network; what comes before the first real clip is shared by all splits."""
        groundwork = lay_groundwork(plan.recipe, folder.parent, fabric, listener=self._listener)
        return fit_whole(
            plan.recipe,
            training,
            with_start(plan.recipe, division.training),
            folder,
            fabric=fabric,
            listener=self._listener,
            groundwork=groundwork,
        )

    def _held_out(self, plan: Plan, division: Division) -> ClipSet:
        clips = self._seen(plan, division.held_out_clips(plan.recipe.network.input_size))
        if clips.ids != division.held_out.ids:
            raise ValueError(f"split {division.split} holds out other clips than it decodes")
        return permuted(clips, plan.recipe.seed) if plan.row.permuted else clips

    def _seen(self, plan: Plan, clips: ClipSet) -> ClipSet:
        """The clips as the row looks at them."""
        if plan.row.pictures == "rgb":
            return clips
        workers, on_clip = os.cpu_count() or 1, self._listener.on_step
        return flow_clips(clips, cache=self._flows, workers=workers, on_clip=on_clip)


def permuted(clips: ClipSet, seed: int) -> ClipSet:
    """The same clips with the frames of each in an order of its own.

    Args:
        clips: Of L frames each.
        seed: Of the orders.
    """
    rng = step_rng(seed, 0, -1)
    count, length = clips.frames.shape[:2]
    orders = np.stack([rng.permutation(length) for _ in range(count)])
    return replace(clips.in_memory(), frames=clips.gather(np.arange(count), orders))


def judge_features(
    plan: Plan, training: ClipSet, held_out: ClipSet, fabric: lf.Fabric
) -> FloatArray:
    """Fit a support vector machine to what the plan's network makes of the training clips.

    The network stays as it starts.

    Args:
        plan: Of a row whose classifier is ``svm``.
        training: The clips to learn from.
        held_out: The clips to judge.
        fabric: Whose device extracts the features.

    Returns:
        Distance of each held-out clip on the side of smoke, shape (N,).

    Raises:
        ConfigError: The recipe's network is no I3D.
    """
    step_rng(plan.recipe.seed, 0, -1)
    settings = plan.recipe.network
    model = settings.build()
    if not isinstance(model, I3D):
        raise ConfigError("features are taken of an I3D", where=plan.recipe.name)
    model.eval().to(fabric.device)
    network_input = settings.input_of(model).to(fabric.device)

    def features(clips: ClipSet) -> FeatureMatrix:
        parts = portions(clips, fabric.device)
        return np.concatenate([extract_features(model, network_input, part) for part in parts])

    machine = FeatureSVM().fit(features(training), training.labels.numpy())
    return machine.decision(features(held_out))


def portions(clips: ClipSet, device: torch.device) -> Iterator[ClipSet]:
    """The clips, :data:`PORTION` at a time, on a device that need not hold all of them."""
    for start in range(0, len(clips), PORTION):
        yield clips.select(range(start, min(start + PORTION, len(clips)))).to(device)
