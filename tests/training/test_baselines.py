"""The baselines of RISE and later networks train through the same loop as STCNet."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from small_cells import planted_clips, tiny_recipe
from stcnet.networks import BASELINES
from stcnet.training.devices import make_fabric
from stcnet.training.loop import SILENT, Training, put_channels_last

LATER = {"mazinga-v2": {"joint": 1.0, "spatial": 1.0, "temporal": 1.0}, "x3d-s": {"joint": 1.0}}
"""Their supervised heads."""


@pytest.mark.parametrize("name", LATER)
def test_a_later_network_learns_what_was_planted(name: str) -> None:
    network = {"preset": name, "choices": {"frames": 4, "dropout": 0}, "pretrained": "none"}
    recipe = tiny_recipe(
        network=network | {"input_size": 32},
        optimiser={"learning_rate": 3e-4, "head_multiplier": 1, "warmup": 0},
        loss={"kind": "focal", "heads": LATER[name]},
        epochs=4,
        batch_size=12,
    )
    training = Training(recipe, planted_clips(12), make_fabric("cpu"))
    first, *_, last = [training.run_epoch(SILENT).loss for _ in range(4)]
    assert last < 0.9 * first


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_learns_what_was_planted(name: str) -> None:
    clips = planted_clips(12)
    if name == "i3d-flow":
        clips = replace(clips, frames=clips.frames[:, :, :2].contiguous())
    choices = {"frames": 4, "dropout": 0}
    network = {"preset": name, "choices": choices, "pretrained": "none", "input_size": 32}
    gentle = {"learning_rate": 3e-4, "head_multiplier": 1, "warmup": 0}
    recipe = tiny_recipe(network=network, optimiser=gentle, epochs=3, batch_size=12)
    training = Training(recipe, clips, make_fabric("cpu"))
    first, *_, last = [training.run_epoch(SILENT).loss for _ in range(3)]
    assert last < 0.9 * first


def test_channels_last_keeps_every_weight() -> None:
    flat, deep, linear = nn.Conv2d(3, 4, 3), nn.Conv3d(4, 5, 3), nn.Linear(6, 7)
    model = nn.Sequential(flat, deep, linear)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    put_channels_last(model)
    after = list(model.parameters())
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))
    assert flat.weight.is_contiguous(memory_format=torch.channels_last)
    assert deep.weight.is_contiguous(memory_format=torch.channels_last_3d)
    assert linear.weight.is_contiguous()
