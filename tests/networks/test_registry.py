"""Presets mean what the literature says, and wrong names are told by what is allowed."""

from typing import Any

import pytest
import torch

from stcnet.errors import ConfigError
from stcnet.networks import (
    BACKBONES,
    PRESETS,
    STCNet,
    STCNetChoices,
    build_backbone,
    build_model,
    resolve_choices,
)


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("stcnet-mobilenetv2", ("mobilenet_v2", "both", "sum", "concat", 8, 3)),
        ("stcnet-seresnext50", ("se_resnext50", "both", "sum", "concat", 8, 0)),
        ("stcnet-seresnext101", ("se_resnext101", "both", "sum", "concat", 8, 0)),
        ("stcnet-seresnext50-mean", ("se_resnext50", "both", "sum", "linear", 8, 0)),
        ("plain-seresnext50", ("se_resnext50", "spatial", "sum", "concat", 8, 0)),
        ("stcnet-mobilenetv2-lateral", ("mobilenet_v2", "both", "lateral", "concat", 8, 3)),
        ("stcnet-seresnext50-lateral", ("se_resnext50", "both", "lateral", "concat", 8, 0)),
        ("stcnet-seresnext101-lateral", ("se_resnext101", "both", "lateral", "concat", 8, 0)),
        ("stcnet-lite0", ("efficientnet_lite0", "both", "sum", "concat", 8, 0)),
        ("stcnet-lite0-lateral", ("efficientnet_lite0", "both", "lateral", "concat", 8, 0)),
        ("plain-lite0", ("efficientnet_lite0", "spatial", "sum", "concat", 8, 0)),
    ],
)
def test_presets(preset: str, expected: tuple[object, ...]) -> None:
    backbone, pathways, fusion, head, frames, shared = expected
    choices = resolve_choices(preset)
    assert isinstance(choices, STCNetChoices)
    assert (choices.backbone, choices.pathways, choices.fusion) == (backbone, pathways, fusion)
    assert (choices.head, choices.frames, choices.shared_stages) == (head, frames, shared)


def test_overrides_replace_only_what_they_name() -> None:
    changed = resolve_choices("stcnet-mobilenetv2", head="mean", dropout=0.2)
    assert changed == STCNetChoices(
        backbone="mobilenet_v2", head="mean", shared_stages=3, dropout=0.2
    )
    assert PRESETS["stcnet-mobilenetv2"].head == "concat"


def test_a_network_without_choices_is_the_default_one() -> None:
    with torch.device("meta"):
        assert STCNet().choices == STCNetChoices() == PRESETS["stcnet-lite0"]


@pytest.mark.parametrize(
    ("preset", "choices", "message"),
    [
        pytest.param(
            "stcnet-lite9",
            {},
            "preset: there is no such network (got stcnet-lite9; allowed: stcnet-mobilenetv2, ",
            id="preset",
        ),
        pytest.param(
            "stcnet-lite0",
            {"heads": "mean", "fuse": "sum"},
            "stcnet-lite0: there is no such choice (got fuse; allowed: auxiliary_heads, backbone, "
            "dropout, frames, fusion, head, pathways, shared_stages)",
            id="name of a choice",
        ),
        pytest.param(
            "stcnet-lite0",
            {"backbone": "resnet18"},
            "backbone: not a value of this choice (got resnet18; allowed: efficientnet_lite0, ",
            id="backbone",
        ),
        pytest.param(
            "stcnet-lite0",
            {"pathways": "all"},
            "pathways: not a value of this choice (got all; allowed: both, spatial, temporal)",
            id="pathways",
        ),
        pytest.param(
            "stcnet-lite0",
            {"fusion": "cross"},
            "fusion: not a value of this choice (got cross; allowed: sum, lateral, none)",
            id="fusion",
        ),
        pytest.param(
            "stcnet-lite0",
            {"head": "pyramid"},
            "head: not a value of this choice (got pyramid; allowed: concat, mean, attention, "
            "linear)",
            id="head",
        ),
        pytest.param("stcnet-lite0", {"frames": 0}, "frames: not a value", id="no frame"),
        pytest.param("stcnet-lite0", {"frames": 2.5}, "frames: not a value", id="half a frame"),
        pytest.param("stcnet-lite0", {"frames": "8"}, "frames: not a value", id="text"),
        pytest.param(
            "stcnet-lite0",
            {"shared_stages": 5},
            "shared_stages: not a value of this choice (got 5; allowed: a whole number, 0..4)",
            id="more stages than there are",
        ),
        pytest.param("stcnet-lite0", {"shared_stages": -1}, "shared_stages: not", id="negative"),
        pytest.param("stcnet-lite0", {"dropout": 1.5}, "dropout: not a value", id="above 1"),
        pytest.param(
            "stcnet-lite0", {"dropout": float("nan")}, "dropout: not a value", id="not a number"
        ),
    ],
)
def test_wrong_choices(preset: str, choices: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        build_model(preset, **choices)
    assert str(raised.value).startswith(message)


def test_unknown_backbone() -> None:
    with pytest.raises(
        ConfigError, match=r"^backbone: .*got resnet18; allowed: efficientnet_lite0"
    ):
        build_backbone("resnet18")


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_makes_a_network(name: str) -> None:
    frames = torch.empty(1, 8, 3, 64, 96, device="meta")
    with torch.device("meta"):
        assert build_model("stcnet-lite0", backbone=name)(frames, frames).shape == (1, 2)
