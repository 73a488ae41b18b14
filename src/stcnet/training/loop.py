"""The training loop: steps and epochs of one run, on Lightning Fabric."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import lightning_fabric as lf
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from stcnet.datasets.clips import ClipSet, IndexArray, draw_order
from stcnet.datasets.network_input import NetworkInput
from stcnet.networks import STCNet
from stcnet.training.batches import Batch, BatchMaker
from stcnet.training.checkpoint import Progress
from stcnet.training.nonfinite import NotFiniteError
from stcnet.training.placement import ClipsOn, place_clips
from stcnet.training.randomness import foreseen_rng, step_rng
from stcnet.training.recipe import OptimiserSettings, Recipe
from stcnet.training.sharing import share_of, share_statistics
from stcnet.training.statistics import settle_statistics


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

    def on_step(self, done: int, total: int) -> None:
        """After each step: steps done and steps of the whole run."""

    def on_epoch(self, report: EpochReport) -> None:
        """After each epoch, once its checkpoint is safe."""


SILENT = Listener()


class Training:
    """One run of a recipe over clips: model, averaged weights, optimiser and schedule.

    Args:
        recipe: What to do.
        clips: The training clips, on any device.
        fabric: Devices and precision.
        clips_on: Where the clips lie, see :func:`stcnet.training.placement.place_clips`.
    """

    def __init__(
        self, recipe: Recipe, clips: ClipSet, fabric: lf.Fabric, clips_on: ClipsOn = "auto"
    ) -> None:
        step_rng(recipe.seed, 0, -1)
        self.recipe, self.fabric = recipe, fabric
        self.clips = place_clips(clips, fabric.device, clips_on)
        model = recipe.network.build()
        _freeze(model, recipe.network.frozen_stages)
        self.network_input = NetworkInput(
            recipe.network.normalisation(model), recipe.network.residual
        ).to(fabric.device)
        self.batches = BatchMaker(recipe, self.clips, self.network_input)
        self.steps = math.ceil(len(clips) / recipe.batch_size)
        model.to(device=fabric.device)
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser = AdamW(parameter_groups(model, recipe.optimiser))
        self.schedule = LambdaLR(optimiser, self._rate)
        average = get_ema_multi_avg_fn(recipe.ema_decay)  # type: ignore[no-untyped-call]
        self.averaged = AveragedModel(model, multi_avg_fn=average, use_buffers=True)
        share_statistics(model, fabric)
        self.model, self.optimiser = fabric.setup(model, optimiser)
        self.network: STCNet = model
        self.finished = 0

    def _rate(self, step: int) -> float:
        return cosine_rate(step, self.recipe.epochs * self.steps, self.recipe.optimiser.warmup)

    @property
    def result(self) -> STCNet:
        """The averaged network."""
        network = self.averaged.module
        assert isinstance(network, STCNet)
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
        order = draw_order(
            self.clips.weights, recipe.sampling_exponent, step_rng(recipe.seed, epoch, -1)
        )
        totals = torch.zeros(2, device=self.fabric.device)
        for step in range(self.steps):
            rng = step_rng(recipe.seed, epoch, step)
            batch = self.batches.make(self._positions(order, step), rng)
            self._expect(order, step + 1)
            totals += self._step(batch, step)
            listener.on_step(epoch * self.steps + step + 1, recipe.epochs * self.steps)
        loss, accuracy = (self.fabric.all_reduce(totals, reduce_op="sum") / len(order)).tolist()
        self.finished += 1
        rate = float(self.schedule.get_last_lr()[0])
        return EpochReport(self.finished, recipe.epochs, loss, accuracy, rate)

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
        batch = share.batch
        logits = self.model(batch.frames, batch.residuals)
        loss = F.cross_entropy(
            logits.float(), batch.targets, label_smoothing=self.recipe.label_smoothing
        )
        self.optimiser.zero_grad()
        self.fabric.backward(loss * share.factor)
        self._clip(loss, whole, step)
        self.optimiser.step()
        self.schedule.step()
        self.averaged.update_parameters(self.network)
        right = (logits.argmax(dim=1) == batch.targets.argmax(dim=1)).float().mean()
        return torch.stack([loss.detach(), right]) * share.clips

    def _clip(self, loss: Tensor, batch: Batch, step: int) -> None:
        """Clip the gradient; stop before a step that would spoil the weights."""
        limit = self.recipe.optimiser.clip_norm
        norm = self.fabric.clip_gradients(
            self.model, self.optimiser, max_norm=limit, error_if_nonfinite=False
        )
        assert norm is not None
        # The sum over the processes is finite only where each of them may go on.
        if not torch.isfinite(self.fabric.all_reduce(loss.detach() + norm, reduce_op="sum")):
            where = f"{self.recipe.name}, epoch {self.finished + 1}, step {step + 1}"
            raise NotFiniteError(where, loss.item(), norm.item(), batch)

    def settle(self) -> None:
        """Take the result's batch-norm statistics on plain clips; changes no weight."""
        recipe = self.recipe
        settle_statistics(self.result, self._plain_batches(), recipe.network.frozen_stages)

    def _plain_batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        recipe = self.recipe
        rng = step_rng(recipe.seed, recipe.epochs, -1)
        order = draw_order(self.clips.weights, recipe.sampling_exponent, rng)
        for step in range(min(recipe.settling_steps, self.steps)):
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


def cosine_rate(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up over the share ``warmup`` of ``steps``, then half a cosine to zero.

    >>> [round(cosine_rate(step, 10, 0.2), 2) for step in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def parameter_groups(model: STCNet, settings: OptimiserSettings) -> list[dict[str, object]]:
    """Trainable parameters by learning rate and weight decay."""
    in_backbone = {id(p) for backbone in model.backbones() for p in backbone.parameters()}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in model.parameters():
        if not parameter.requires_grad:
            continue
        multiplier = 1.0 if id(parameter) in in_backbone else settings.head_multiplier
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((settings.learning_rate * multiplier, decay), []).append(parameter)
    return [{"params": p, "lr": lr, "weight_decay": wd} for (lr, wd), p in groups.items()]


def _freeze(model: STCNet, stages: int) -> None:
    for backbone in model.backbones():
        for stage in backbone.stages[:stages]:
            stage.requires_grad_(requires_grad=False)


def set_training(model: nn.Module, network: STCNet, frozen_stages: int) -> None:
    """Training mode for all but the spatial pathway's frozen stages.

    Their batch norms keep the statistics of ordinary pictures, which is what they see.
    """
    model.train()
    if network.pathways.spatial is not None:
        for stage in network.pathways.spatial.stages[:frozen_stages]:
            stage.eval()
