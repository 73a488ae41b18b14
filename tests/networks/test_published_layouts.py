"""Backbones in the names of torchvision and timm, built here a second time, fill our pathways."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from published_networks import randomise, timm_seresnext, torchvision_mobilenet
from stcnet.errors import ConfigError
from stcnet.networks import build_model
from stcnet.networks.backbones import build_backbone
from stcnet.networks.pretrained import load_pretrained
from stcnet.networks.published_layouts import translate

LAYOUTS: list[tuple[str, str, Callable[[], nn.Module]]] = [
    ("mobilenet_v2", "stcnet-mobilenetv2", torchvision_mobilenet),
    ("se_resnext50", "stcnet-seresnext50", lambda: timm_seresnext(legacy=False)),
    ("se_resnext50", "plain-seresnext50", lambda: timm_seresnext(legacy=True)),
]
NAMES = ["torchvision", "timm", "timm legacy"]


@pytest.mark.parametrize(("backbone", "preset", "published"), LAYOUTS, ids=NAMES)
def test_a_published_backbone_gives_its_own_maps(
    tmp_path: Path, backbone: str, preset: str, published: Callable[[], nn.Module]
) -> None:
    torch.manual_seed(0)
    theirs, ours = published().eval(), build_backbone(backbone).eval()
    randomise(theirs)
    ours.load_state_dict(translate(ours, theirs.state_dict()).tensors)
    pictures = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        maps = theirs(pictures)
        torch.testing.assert_close(ours(pictures)[-1] / maps.std(), maps / maps.std())

    classifier = {"classifier.1.weight": torch.zeros(1000, 8)}
    torch.save(theirs.state_dict() | classifier, tmp_path / "published.pt")
    network = build_model(preset)
    loaded = load_pretrained(network, tmp_path / "published.pt", allow_partial=True)
    assert not any(name.startswith("pathways.") for name in loaded.missing)
    assert not loaded.misshapen
    for prefix, filled in network.named_modules():
        if prefix in {"pathways.spatial", "pathways.temporal"}:
            state = filled.state_dict()
            assert all(
                torch.equal(state[name], tensor) for name, tensor in ours.state_dict().items()
            )


def test_the_weights_of_another_backbone_are_refused(tmp_path: Path) -> None:
    torch.save(torchvision_mobilenet().state_dict(), tmp_path / "mobile.pt")
    with pytest.raises(ConfigError, match="the weights do not fit the network"):
        load_pretrained(
            build_model("plain-seresnext50"), tmp_path / "mobile.pt", allow_partial=True
        )


def test_a_state_dict_in_our_names_stays_as_it_is() -> None:
    network = build_model("stcnet-mobilenetv2")
    state = network.state_dict()
    assert translate(network, state).tensors.keys() == state.keys()
