"""The training loop: steps and epochs of one run, on Lightning Fabric."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import lightning_fabric as lf
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from stcnet.datasets.clips import ClipSet, IndexArray
from stcnet.errors import DataError
from stcnet.networks import ClipNetwork
from stcnet.training.batches.making import Batch, BatchMaker
from stcnet.training.batches.placement import ClipsOn, place_clips
from stcnet.training.batches.sampling import epoch_order, scenes_beside, with_scenes
from stcnet.training.checkpoint import Progress
from stcnet.training.freezing import freeze, set_training
from stcnet.training.groundwork import BARE, Groundwork
from stcnet.training.losses import Objective
from stcnet.training.nonfinite import NotFiniteError
from stcnet.training.randomness import foreseen_rng, step_rng
from stcnet.training.recipes.optimisers import parameter_groups
from stcnet.training.recipes.recipe import Recipe
from stcnet.training.sharing import Share, share_of, share_statistics
from stcnet.training.statistics import settle_statistics
from stcnet.training.supervision import SupervisedNetwork


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What one epoch came to.

    Attributes:
        epoch: From 1.
        epochs: Of the whole run.
        loss: Mean training loss, in nats a clip.
        accuracy: Share of the training clips judged right, after augmentation.
        learning_rate: Of the backbones at its end.
    """

    epoch: int
    epochs: int
    loss: float
    accuracy: float
    learning_rate: float


class Listener:
    """Told of what a run does; this one keeps it to itself."""

    def on_scene(self, done: int, total: int) -> None:
        """After each scene that was rendered: scenes done and scenes of the whole bank."""

    def on_step(self, done: int, total: int) -> None:
        """After each step: steps done and steps of the whole run."""

    def on_epoch(self, report: EpochReport) -> None:
        """After each epoch, once its checkpoint is safe."""


SILENT = Listener()


@dataclass(frozen=True, slots=True)
class Length:
    """How long a training is.

    Attributes:
        epochs: Passes over the clips.
        steps: Of the optimiser, in all epochs.
    """

    epochs: int
    steps: int

    @classmethod
    def of(cls, recipe: Recipe, clips: int) -> Length:
        """The length of one training of a recipe on a number of real clips."""
        return cls(recipe.epochs, recipe.epochs * steps_an_epoch(recipe, clips))

    def times(self, count: int) -> Length:
        """The length of so many trainings, one after the other."""
        return Length(count * self.epochs, count * self.steps)

    def and_then(self, other: Length) -> Length:
        """The length of both, one after the other."""
        return Length(self.epochs + other.epochs, self.steps + other.steps)


class AsPart(Listener):
    """Tells of a training as a part of several in a row.

    Args:
        listener: Told.
        before: What goes before.
        whole: All of it.
    """

    def __init__(self, listener: Listener, before: Length, whole: Length) -> None:
        self._listener = listener
        self._before, self._whole = before, whole

    def on_step(self, done: int, total: int) -> None:
        """See :class:`Listener`."""
        self._listener.on_step(self._before.steps + done, self._whole.steps)

    def on_epoch(self, report: EpochReport) -> None:
        """See :class:`Listener`."""
        epoch = self._before.epochs + report.epoch
        self._listener.on_epoch(replace(report, epoch=epoch, epochs=self._whole.epochs))


def steps_an_epoch(recipe: Recipe, clips: int) -> int:
    """Steps of an epoch over a number of real clips, with the scenes that the recipe adds."""
    share = recipe.scenes.share if recipe.scenes is not None else 0.0
    return math.ceil((clips + scenes_beside(clips, share)) / recipe.batch_size)


class Training:
    """One run of a recipe over clips: model, averaged weights, optimiser and schedule.

    Args:
        recipe: What to do.
        clips: The training clips, on any device.
        fabric: Devices and precision.
        clips_on: Where the clips lie, see :func:`stcnet.training.batches.placement.place_clips`.
        groundwork: What was made ready before; None: nothing.

    Raises:
        DataError: The clips are not what the network looks at, or too short for it.
        ValueError: The recipe has scenes and the groundwork has none, or the other way round.
    """

    def __init__(
        self,
        recipe: Recipe,
        clips: ClipSet,
        fabric: lf.Fabric,
        clips_on: ClipsOn = "auto",
        groundwork: Groundwork = BARE,
    ) -> None:
        _require_fitting(recipe, clips)
        if (recipe.scenes is None) != (groundwork.scenes is None):
            raise ValueError("a recipe with scenes, and no other, needs a groundwork with scenes")
        step_rng(recipe.seed, 0, -1)
        self.recipe, self.fabric = recipe, fabric
        self.real = place_clips(clips, fabric.device, clips_on)
        self.clips = groundwork.beside(self.real)
        model = recipe.network.build()
        groundwork.start(model)
        freeze(model, recipe.network.frozen_stages)
        self.network_input = recipe.network.input_of(model).to(fabric.device)
        self.batches = BatchMaker(recipe, self.clips, self.network_input)
        self.objective = Objective(recipe.loss, recipe.label_smoothing)
        self.steps = steps_an_epoch(recipe, len(self.real))
        model.to(device=fabric.device)
        if recipe.channels_last:
            put_channels_last(model)
        optimiser = recipe.optimiser.build(parameter_groups(model, recipe.optimiser))
        self.schedule = LambdaLR(optimiser, self._rate)
        average = get_ema_multi_avg_fn(recipe.ema_decay)  # type: ignore[no-untyped-call]
        self.averaged = AveragedModel(model, multi_avg_fn=average, use_buffers=True)
        share_statistics(model, fabric)
        supervised = SupervisedNetwork(model, recipe.loss.heads)
        if recipe.compile:
            supervised.compile()
        self.model, self.optimiser = fabric.setup(supervised, optimiser)
        self.network: ClipNetwork = model
        self.finished = 0

    def _rate(self, step: int) -> float:
        settings, steps = self.recipe.optimiser, self.recipe.epochs * self.steps
        return settings.schedule.rate(step, steps, self.steps, settings.warmup)

    @property
    def result(self) -> ClipNetwork:
        """The averaged network."""
        network = self.averaged.module
        assert isinstance(network, ClipNetwork)
        return network

    def run_epoch(self, listener: Listener = SILENT) -> EpochReport:
        """One pass over the clips.

        Args:
            listener: Told of each step.

        Raises:
            NotFiniteError: Loss or gradient are no longer finite.
        """
        recipe, epoch = self.recipe, self.finished
        set_training(self.model, self.network, recipe.network.frozen_stages)
        order = self._order(epoch)
        totals = torch.zeros(2, device=self.fabric.device)
        for step in range(self.steps):
            rng = step_rng(recipe.seed, epoch, step)
            batch = self.batches.make(self._positions(order, step), rng, epoch)
            self._expect(order, step + 1)
            totals += self._step(batch, step)
            listener.on_step(epoch * self.steps + step + 1, recipe.epochs * self.steps)
        loss, accuracy = (self._of_all(totals) / len(order)).tolist()
        self.finished += 1
        rate = float(self.schedule.get_last_lr()[0])
        return EpochReport(self.finished, recipe.epochs, loss, accuracy, rate)

    def _order(self, epoch: int) -> IndexArray:
        """The clips of an epoch, rendered scenes among them."""
        scenes, rng = self.recipe.scenes, step_rng(self.recipe.seed, epoch, -1)
        order = self._real_order(rng)
        if scenes is None:
            return order
        return with_scenes(order, len(self.clips) - len(self.real), scenes.share, rng)

    def _real_order(self, rng: np.random.Generator) -> IndexArray:
        recipe = self.recipe
        return epoch_order(self.real, recipe.sampling_exponent, recipe.balance, rng)

    def _positions(self, order: IndexArray, step: int) -> IndexArray:
        size = self.recipe.batch_size
        return order[step * size : (step + 1) * size]

    def _expect(self, order: IndexArray, step: int) -> None:
        """Have the frames of the next step copied while this one is computed."""
        if step < self.steps:
            rng = foreseen_rng(self.recipe.seed, self.finished, step)
            self.batches.expect(self._positions(order, step), rng)

    def _step(self, whole: Batch, step: int) -> Tensor:
        """One step of the optimiser; gives loss and hits of this process, summed, shape (2,)."""
        share = share_of(whole, self.fabric)
        self.optimiser.zero_grad()
        # The processes normalise together, so each of them has the same number of pieces.
        fewest = max(1, len(whole) // self.fabric.world_size)
        totals = self._backward(share, min(self.recipe.accumulation, fewest))
        self._clip(totals[0] / len(share.batch), whole, step)
        self.optimiser.step()
        self.schedule.step()
        self.averaged.update_parameters(self.network)
        return totals * (share.clips > 0)

    def _backward(self, share: Share, count: int) -> Tensor:
        """Gather the gradient of a batch, piece by piece; gives its loss and hits, summed."""
        pieces = share.batch.split(count)
        totals = torch.zeros(2, device=self.fabric.device)
        for number, piece in enumerate(pieces, start=1):
            with self.fabric.no_backward_sync(self.model, enabled=number < len(pieces)):
                heads = self.model(piece.frames, piece.residuals)
                losses = self.objective.losses(heads, piece.targets, piece.weights, self.finished)
                self.fabric.backward(losses.sum() / len(share.batch) * share.factor)
            right = heads["joint"].argmax(dim=1) == piece.targets.argmax(dim=1)
            totals += torch.stack([losses.detach().sum(), right.float().sum()])
        return totals

    def _clip(self, loss: Tensor, batch: Batch, step: int) -> None:
        """Clip the gradient; stop before a step that would spoil the weights."""
        limit = self.recipe.optimiser.clip_norm or math.inf
        norm = self.fabric.clip_gradients(
            self.model, self.optimiser, max_norm=limit, error_if_nonfinite=False
        )
        assert norm is not None
        # The sum over the processes is finite only where each of them may go on.
        if not torch.isfinite(self._of_all(loss.detach() + norm)):
            where = f"{self.recipe.name}, epoch {self.finished + 1}, step {step + 1}"
            raise NotFiniteError(where, loss.item(), norm.item(), batch)

    def _of_all(self, value: Tensor) -> Tensor:
        """The sum over the processes."""
        total = self.fabric.all_reduce(value, reduce_op="sum")
        assert isinstance(total, Tensor)
        return total

    def settle(self) -> None:
        """Take the result's batch-norm statistics on plain clips; changes no weight."""
        recipe = self.recipe
        settle_statistics(self.result, self._plain_batches(), recipe.network.frozen_stages)

    def _plain_batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        recipe = self.recipe
        order = self._real_order(step_rng(recipe.seed, recipe.epochs, -1))
        steps = math.ceil(len(order) / recipe.batch_size)
        for step in range(min(recipe.settling_steps, steps)):
            positions = self._positions(order, step)
            yield self.batches.plain(positions, step_rng(recipe.seed, recipe.epochs, step))

    def state(self) -> dict[str, object]:
        """Everything that a resumed run needs."""
        return {
            "model": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
        }

    def restore(self, progress: Progress, parts: dict[str, dict[str, object]]) -> None:
        """Go on from a state of :meth:`state`."""
        self.network.load_state_dict(parts["model"])
        self.averaged.load_state_dict(parts["averaged"])
        self.optimiser.load_state_dict(parts["optimiser"])
        self.schedule.load_state_dict(parts["schedule"])
        self.finished = progress.epochs


def _require_fitting(recipe: Recipe, clips: ClipSet) -> None:
    network = recipe.network.outline()
    length, channels = clips.frames.shape[1:3]
    if channels != network.channels:
        raise DataError(
            f"the network looks at {network.channels} channels",
            where=recipe.network.preset,
            got=f"clips of {channels}",
            hint="optical flow has 2, see stcnet.datasets.optical_flow; RGB has 3",
        )
    if length < network.frames + network.takes_residuals:
        raise DataError(
            f"the clips are too short for {network.frames} frames",
            where=recipe.network.preset,
            got=f"clips of {length} frames",
            hint="lower network.choices.frames",
        )


def put_channels_last(model: nn.Module) -> None:
    """Lay the weights of all convolutions out in memory with the channels last, in place."""
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    for parameter in model.parameters():
        if parameter.dim() in formats:
            parameter.data = parameter.data.to(memory_format=formats[parameter.dim()])
