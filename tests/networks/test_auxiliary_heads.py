"""Heads for training only: each pathway's own, and nothing else changes."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from random_networks import random_input, settled_network
from stcnet.errors import ConfigError
from stcnet.networks import STCNet, build_model
from stcnet.packaging.graphs import export_graphs

PAIRS = [
    pytest.param("stcnet-lite0-lateral", {"head": "mean"}, id="lateral, mean"),
    pytest.param("stcnet-lite0", {}, id="sum, concat"),
    pytest.param("stcnet-mobilenetv2", {}, id="shared stages"),
]


def both(preset: str, **choices: Any) -> tuple[STCNet, STCNet]:
    """The same weights without and with auxiliary heads."""
    plain = settled_network(preset, **choices)
    helped = build_model(preset, frames=2, auxiliary_heads=True, **choices)
    assert isinstance(helped, STCNet)
    assert helped.load_state_dict(plain.state_dict(), strict=False).unexpected_keys == []
    return plain, helped.eval()


@pytest.mark.parametrize(("preset", "choices"), PAIRS)
def test_the_joint_judgement_is_as_without_them(preset: str, choices: dict[str, str]) -> None:
    plain, helped = both(preset, **choices)
    inputs = random_input(2, 2)
    assert torch.equal(helped(*inputs), plain(*inputs))
    heads = helped.supervised(*inputs)
    assert list(heads) == ["joint", "spatial", "temporal"]
    assert torch.equal(heads["joint"], plain(*inputs))


def test_a_fresh_network_starts_with_the_same_weights() -> None:
    torch.manual_seed(3)
    plain = build_model("stcnet-lite0").state_dict()
    torch.manual_seed(3)
    helped = build_model("stcnet-lite0", auxiliary_heads=True).state_dict()
    assert all(torch.equal(value, helped[name]) for name, value in plain.items())
    assert len(helped) == len(plain) + 4


def test_a_head_is_linear_on_its_pathways_last_map() -> None:
    _, helped = both("stcnet-lite0", fusion="none")
    frames, residuals = random_input(2, 2)
    heads = helped.supervised(frames, residuals)
    for name, given in (("spatial", frames), ("temporal", residuals)):
        backbone = helped.pathways.get_submodule(name)
        pooled: list[Tensor] = [
            torch.stack([backbone(frame[None])[-1][0].mean(dim=(1, 2)) for frame in clip])
            for clip in given
        ]
        expected = helped.auxiliary[name](torch.stack(pooled).mean(dim=1))
        torch.testing.assert_close(heads[name], expected, rtol=1e-3, atol=1e-4)


def test_every_parameter_learns() -> None:
    _, helped = both("stcnet-lite0", fusion="none")
    heads = helped.train().supervised(*random_input(2, 2))
    total = torch.stack([logits.square().sum() for logits in heads.values()]).sum()
    gradients = torch.autograd.grad(total, list(helped.auxiliary.parameters()))
    assert all(gradient.any() for gradient in gradients)


def test_they_cost_nothing_in_use() -> None:
    counts = []
    for choices in ({}, {"auxiliary_heads": True}):
        with torch.device("meta"):
            model = build_model("stcnet-lite0", **choices).eval()
            frames = torch.empty(1, 8, 3, 64, 64)
            with FlopCounterMode(display=False) as counter:
                model(frames, frames)
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1] > 0


@pytest.mark.slow
def test_they_stay_out_of_an_export() -> None:
    _, helped = both("stcnet-lite0-lateral", head="mean")
    names = export_graphs(helped, 32).weights
    assert names
    assert not [name for name in names if "auxiliary" in name]


@pytest.mark.parametrize(
    "choices",
    [
        pytest.param({"pathways": "spatial"}, id="one pathway"),
        pytest.param({"auxiliary_heads": "yes"}, id="no truth value"),
    ],
)
def test_wrong_choices_are_refused(choices: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"auxiliary_heads: .* true with pathways both, or false"):
        build_model("stcnet-lite0", **{"auxiliary_heads": True, **choices})
