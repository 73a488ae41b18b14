"""A published checkpoint gives, once imported, the numbers of the network it was published with."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from published_networks import (
    AuthorsMobileNet,
    AuthorsSEResNeXt,
    IndependentSTCNet,
    timm_seresnext,
    torchvision_mobilenet,
)
from random_networks import random_input, settle
from stcnet.errors import ConfigError
from stcnet.networks import build_model, load_pretrained
from stcnet.networks.importing import read_checkpoint


def empty_network(name: str) -> nn.Module:
    """A network whose weights are whatever was in the memory."""
    with torch.device("meta"):
        network = build_model(name)
    return network.to_empty(device="cpu").eval()


WHOLE: list[tuple[Callable[[], nn.Module], str, str, int]] = [
    (AuthorsSEResNeXt, "stcnet-seresnext50", "STCNet as its authors name it", 6),
    (AuthorsMobileNet, "stcnet-mobilenetv2", "STCNet as its authors name it", 0),
    (IndependentSTCNet, "stcnet-seresnext50-mean", "STCNet as ChangyWen's", 4),
]


@pytest.mark.parametrize(
    ("published", "network", "layout", "classifiers"),
    WHOLE,
    ids=["authors, SE-ResNeXt-50", "authors, MobileNetV2", "independent"],
)
def test_a_whole_network_keeps_its_numbers(
    published: Callable[[], nn.Module], network: str, layout: str, classifiers: int, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    theirs = published()
    settle(theirs, *random_input(1, 8, 32, 64, seed=4))
    wrapped = {f"module.{name}": value for name, value in theirs.state_dict().items()}
    torch.save({"state_dict": wrapped, "epoch": 7}, tmp_path / "published.pth")

    checkpoint = read_checkpoint(tmp_path / "published.pth", network)
    assert checkpoint.weights.misfits() == ""
    assert checkpoint.weights.layout.startswith(layout)
    checkpoint.write(tmp_path / "ours.safetensors")
    ours = empty_network(network)
    assert load_pretrained(ours, tmp_path / "ours.safetensors").misfits() == ""

    clips = random_input(2, 8, 32, 64, seed=5)
    with torch.no_grad():
        expected, got = theirs(*clips), ours(*clips)
    assert (expected[0] - expected[1]).abs().max() > 1e-3, "the clips must differ"
    # One of them gives log-probabilities: the same up to what both classes have in common.
    torch.testing.assert_close(got.log_softmax(1), expected.log_softmax(1), rtol=1e-5, atol=1e-5)

    unused = [name for name in checkpoint.weights.unused if "feature_" not in name]
    assert len(unused) == classifiers
    assert all("last_linear" in name or "FLOW" in name for name in unused)
    given = set(checkpoint.weights.origins.values()) | set(checkpoint.weights.unused)
    assert given == theirs.state_dict().keys()


BACKBONES: list[tuple[Callable[[], nn.Module], str, str]] = [
    (torchvision_mobilenet, "stcnet-mobilenetv2", "torchvision"),
    (lambda: timm_seresnext(legacy=True), "stcnet-seresnext50", "pretrained-models"),
    (lambda: timm_seresnext(legacy=False), "plain-seresnext50", "timm names it"),
]


@pytest.mark.parametrize(
    ("published", "network", "layout"),
    BACKBONES,
    ids=["torchvision", "Cadene", "timm"],
)
def test_a_backbone_alone_is_a_partial_import(
    published: Callable[[], nn.Module], network: str, layout: str, tmp_path: Path
) -> None:
    path, out = tmp_path / "imagenet.pth", tmp_path / "ours.safetensors"
    state = {name: value.half() for name, value in published().state_dict().items()}
    classifier = {"fc.weight": torch.zeros(1000, 8), "fc.bias": torch.zeros(1000)}
    torch.save(state | classifier, path)
    checkpoint = read_checkpoint(path, network)
    weights = checkpoint.weights
    assert layout in weights.layout
    assert weights.unexpected == ("fc.weight", "fc.bias")
    assert weights.misshapen == ()
    assert {name.partition(".")[0] for name in weights.missing} == {"reduce", "head", "classifier"}
    with pytest.raises(ConfigError, match="or ask for a partial load"):
        checkpoint.write(out)
    assert not out.exists()

    checkpoint.write(out, allow_partial=True)
    written = safetensors.torch.load_file(out)
    assert all(tensor.dtype in {torch.float32, torch.int64} for tensor in written.values())
    assert not any(name.startswith(("reduce", "head", "classifier")) for name in written)
    start = read_checkpoint(out, network).weights
    assert (start.unexpected, start.misshapen, start.missing) == ((), (), weights.missing)
    with safetensors.safe_open(out, "pt") as file:
        assert file.metadata()["source_sha256"] == checkpoint.sha256
        assert file.metadata()["network"] == network


def test_a_deeper_backbone_fills_the_deeper_network_only(tmp_path: Path) -> None:
    with torch.device("meta"):
        published = timm_seresnext(legacy=True, depths=(3, 4, 23, 3))
    state = {name: torch.zeros(()).expand(t.shape) for name, t in published.state_dict().items()}
    torch.save(state, tmp_path / "imagenet.pth")
    deep = read_checkpoint(tmp_path / "imagenet.pth", "stcnet-seresnext101").weights
    assert (deep.unexpected, deep.misshapen) == ((), ())
    assert {name.partition(".")[0] for name in deep.missing} == {"reduce", "head", "classifier"}
    shallow = read_checkpoint(tmp_path / "imagenet.pth", "plain-seresnext50").weights
    blocks = {tuple(name.split(".")[:2]) for name in shallow.unexpected}
    assert blocks == {("layer3", str(number)) for number in range(6, 23)}


def small_i3d() -> dict[str, Tensor]:
    torch.manual_seed(2)
    state = build_model("i3d").state_dict()
    return {name: value for name, value in state.items() if not name.endswith("tracked")}


def test_the_report_names_every_tensor(tmp_path: Path) -> None:
    path = tmp_path / "rgb.pt"
    kinetics = small_i3d()
    kinetics |= {"logits.conv3d.weight": torch.randn(400, 1024, 1, 1, 1), "extra": torch.ones(1)}
    del kinetics["logits.conv3d.bias"]
    torch.save(kinetics, path)
    checkpoint = read_checkpoint(path, "i3d")
    assert list(checkpoint.weights.listing()) == [
        "not in the file: logits.conv3d.bias",
        "not in the network: extra",
        "of another shape: logits.conv3d.weight, (400, 1024, 1, 1, 1) for (2, 1024, 1, 1, 1)",
    ]
    report = json.loads(json.dumps(checkpoint.as_json()))
    assert report["layout"].endswith("as pytorch-i3d")
    assert len(report["matched"]) == 57 * 5
    assert report["not_in_the_network"] == ["extra"]
    (misshapen,) = report["of_another_shape"]
    assert (misshapen["name"], misshapen["network"][0]) == ("logits.conv3d.weight", 2)


@pytest.mark.parametrize(
    ("change", "out", "message"),
    [
        pytest.param(
            {"Mixed_3b.b0.bn.bias": torch.full((64,), float("nan"))},
            "ours.safetensors",
            "the checkpoint holds values that are not finite",
            id="NaN",
        ),
        pytest.param({}, "ours.pt", "weights are written as safetensors", id="another ending"),
    ],
)
def test_what_is_not_written(
    change: dict[str, Tensor], out: str, message: str, tmp_path: Path
) -> None:
    torch.save(small_i3d() | change, tmp_path / "rgb.pt")
    with pytest.raises(ConfigError, match=message):
        read_checkpoint(tmp_path / "rgb.pt", "i3d").write(tmp_path / out)
    assert [path.name for path in tmp_path.iterdir()] == ["rgb.pt"]


def test_the_checkpoint_itself_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "rgb.safetensors"
    safetensors.torch.save_file(small_i3d(), path)
    content = path.read_bytes()
    with pytest.raises(ConfigError, match="this is the checkpoint itself"):
        read_checkpoint(path, "i3d").write(path)
    assert path.read_bytes() == content
