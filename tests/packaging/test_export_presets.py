"""Every STCNet, with every head, says in the runtime what it says in PyTorch.

An export takes its time for every layer, so that by default a few networks of one block of each
kind stand for all. The presets as they are take minutes:

    STCNET_FULL_EXPORT=1 python -m pytest tests/packaging/test_export_presets.py
"""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from random_networks import random_input, settled_network
from stcnet.inference import GraphRunner
from stcnet.networks import PRESETS, STCNet, backbones, ghostnet, smoke_logit
from stcnet.networks.heads import AttentionHead
from stcnet.networks.se_resnext import SEResNeXt
from stcnet.packaging.graphs import export_graphs

SIDE = 32
FRAMES = 2
TOLERANCE = 1e-4
FULL = pytest.mark.skipif("STCNET_FULL_EXPORT" not in os.environ, reason="takes minutes: see above")
SHALLOW = {"se_resnext50": lambda: SEResNeXt((1, 1, 1, 1))}
Stages = tuple[tuple[ghostnet.GhostBlock, ...], ...]
OTHER_HEADS = {"mean": {"head": "mean"}, "attention": {"head": "attention"}}


def network_of(preset: str, **choices: Any) -> STCNet:
    network = settled_network(preset, frames=FRAMES, **choices)
    if isinstance(network.head, AttentionHead):
        # It starts as the plain mean.
        tell = network.head.tell[-1]
        assert isinstance(tell, nn.Conv2d)
        nn.init.normal_(tell.weight, std=0.5)
    return network


def first_blocks(stages: Stages) -> Iterator[tuple[ghostnet.GhostBlock, ...]]:
    """Of each stage, up to the block that makes its maps smaller."""
    for blocks in stages:
        yield blocks[: 1 + next(n for n, block in enumerate(blocks) if block.stride > 1)]


def compare(network: STCNet) -> None:
    graphs = export_graphs(network, SIDE)
    runner = GraphRunner(graphs.frame_graph, graphs.clip_graph, graphs.weights, threads=1)
    frames, residuals = random_input(1, FRAMES, SIDE, SIDE)
    pairs = zip(frames[0].numpy(), residuals[0].numpy(), strict=True)
    features = np.stack([runner.features(*pair) for pair in pairs])
    score = runner.phase(list(features))
    with torch.no_grad():
        expected = network.frame_features(frames[0], residuals[0]).numpy()
        logit = float(smoke_logit(network(frames, residuals)))
    assert features.std() > 100 * TOLERANCE
    np.testing.assert_allclose(features, expected, rtol=TOLERANCE, atol=TOLERANCE)
    assert score.logit == pytest.approx(logit, abs=TOLERANCE, rel=TOLERANCE)
    assert float(score.activation.mean()) == pytest.approx(score.logit, abs=TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "choices"),
    [
        pytest.param("plain-seresnext50", {"head": "attention"}, id="pictures, attention"),
        pytest.param("stcnet-ghostnetv2", {"pathways": "temporal"}, id="residuals, ghost modules"),
    ],
)
def test_the_runtime_gives_the_numbers_of_a_shallow_network(
    preset: str, choices: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backbones, "BACKBONES", {**backbones.BACKBONES, **SHALLOW})
    monkeypatch.setattr(ghostnet, "STAGES", tuple(first_blocks(ghostnet.STAGES)))
    compare(network_of(preset, **choices))


@FULL
@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_the_runtime_gives_the_numbers_of_a_preset(preset: str) -> None:
    compare(network_of(preset))


@FULL
@pytest.mark.slow
@pytest.mark.parametrize("choices", OTHER_HEADS.values(), ids=OTHER_HEADS)
def test_the_runtime_gives_the_numbers_of_other_heads(choices: dict[str, Any]) -> None:
    compare(network_of("stcnet-lite0-lateral", **choices))
