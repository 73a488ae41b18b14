"""Parameters and multiply-adds of the literature's networks at 224 px, and where they stand."""

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from stcnet.networks import ClipNetwork, build_model, stcnet

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _shapes_only() -> Iterator[None]:
    with torch.device("meta"):
        yield


def parameters_m(model: nn.Module) -> float:
    """Parameters in millions."""
    return sum(parameter.numel() for parameter in model.parameters()) / 1e6


def clip_gmac(model: ClipNetwork) -> float:
    """Multiply-adds of one clip in billions."""
    frames = torch.empty(1, model.frames, model.channels, 224, 224)
    with FlopCounterMode(display=False) as counter:
        model.eval()(frames, frames.clone())
    return float(counter.get_total_flops()) / 2e9


@pytest.mark.parametrize(
    ("preset", "choices", "parameters", "gmac"),
    [
        pytest.param("plain-seresnext50", {}, 26.56, 34.1, id="plain, as coded"),
        pytest.param("stcnet-seresnext50", {}, 52.07, 67.9, id="SE-ResNeXt-50, as coded"),
        pytest.param("stcnet-mobilenetv2", {}, 3.69, 3.46, id="MobileNetV2, computed once"),
        pytest.param("stcnet-seresnext50-mean", {}, 51.61, 67.9, id="the independent one's head"),
        pytest.param("plain-lite0", {}, 3.57, 2.97, id="lite0, one pathway"),
        pytest.param("stcnet-lite0", {}, 6.53, 5.88, id="lite0"),
        pytest.param("stcnet-lite0-lateral", {"head": "mean"}, 6.10, 5.95, id="lite0, lateral"),
        # Published as 12.3 M and 62.7 G.
        pytest.param("i3d", {}, 12.29, 62.64, id="I3D"),
    ],
)
def test_cost(preset: str, choices: dict[str, Any], parameters: float, gmac: float) -> None:
    model = build_model(preset, **choices)
    assert parameters_m(model) == pytest.approx(parameters, abs=0.006)
    assert clip_gmac(model) == pytest.approx(gmac, abs=0.06 if gmac > 10 else 0.006)


def test_mobilenet_as_coded_computes_equal_stages_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(
        look: nn.Module, watch: nn.Module, spatial: Tensor, temporal: Tensor
    ) -> tuple[Tensor, Tensor]:
        return look(spatial), watch(temporal)

    monkeypatch.setattr(stcnet, "_stage", twice)
    assert clip_gmac(build_model("stcnet-mobilenetv2")) == pytest.approx(4.53, abs=0.006)


def test_a_lateral_exchange_costs_two_1x1_convolutions_and_norms() -> None:
    plain, lateral = build_model("stcnet-lite0"), build_model("stcnet-lite0-lateral")
    channels = (24, 40, 112)
    extra = sum(2 * (c * c + 2 * c) for c in channels)
    assert parameters_m(lateral) - parameters_m(plain) == pytest.approx(extra / 1e6)


def test_the_documented_table_is_the_computed_one() -> None:
    """`python benchmarks/network_costs.py` prints what docs/researchers.md shows."""
    script = runpy.run_path(str(ROOT / "benchmarks" / "network_costs.py"))
    assert script["table"]() in (ROOT / "docs" / "researchers.md").read_text(encoding="utf-8")
