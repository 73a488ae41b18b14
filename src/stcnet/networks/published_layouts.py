"""State dicts under the names that others published them with, in the names of our networks.

Whole networks: STCNet as the authors' code names it, for SE-ResNeXt and for MobileNetV2, and as the
independent implementation of ChangyWen does. Backbones alone, which every pathway gets: MobileNetV2
as torchvision's ``mobilenet_v2``; SE-ResNeXt as in pretrained-models by Cadene, which timm calls
``legacy_seresnext50_32x4d`` and the code of STCNet starts from, and as timm's
``seresnext50_32x4d``; GhostNetV2 as its authors and timm's ``ghostnetv2_100``. Timm's SE-ResNeXt
pads its first pooling where the others and ours do not: its maps come out half a pixel aside. The
names of pytorch-i3d are those of our I3D.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from stcnet.networks.backbone import Backbone
from stcnet.networks.ghostnet import GhostBottleneck, GhostNetV2
from stcnet.networks.mobile import InvertedResidual, MobileNetV2
from stcnet.networks.se_resnext import SEResNeXt, SEResNeXtBlock

Names = Iterator[tuple[str, str]]
"""Names of layers, ours and theirs."""

OWN = "this package's own"
I3D_SIGN = "Conv3d_1a_7x7.conv3d.weight"
MOBILE_STAGES = ("feature_1", "feature_2", "feature_4", "feature_6")
"""What the authors call the stages of MobileNetV2; only the last one has a double."""

GHOST_BLOCKS = tuple(
    f"blocks.{stage}.{block}"
    for stage, blocks in enumerate((1, 1, 1, 1, 1, 1, 5, 1, 4))
    for block in range(blocks)
)
"""What the authors call the bottlenecks of GhostNetV2."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a published state dict names what our networks name otherwise.

    Attributes:
        title: For people.
        sign: A tensor that every such state dict holds.
        spatial, temporal: What stands before the names of each pathway's backbone.
        head: Our names of the layers behind the backbones -> theirs.
        unused: Starts of the names of tensors that the published network holds, but that nothing
            it says depends on.
    """

    title: str
    sign: str
    spatial: str = ""
    temporal: str = ""
    head: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()


LAYOUTS = (
    Layout(
        "STCNet as its authors name it",
        "conv_fuse_RGB.weight",
        "base_model.",
        "branch_model.",
        {
            "reduce.0": "conv_fuse_RGB",
            "head.aggregate.0": "cls_module.0",
            "head.aggregate.1": "cls_module.1",
            "classifier": "last_fc",
        },
        (
            "conv_fuse_FLOW.",
            "base_model.last_linear.",
            "branch_model.last_linear.",
            *(f"branch_model.{stage}." for stage in MOBILE_STAGES[:-1]),
        ),
    ),
    Layout(
        "STCNet as ChangyWen's implementation names it",
        "layer_cls.conv1.weight",
        "spatial_path.",
        "temporal_path.",
        {
            "reduce.0": "layer_cls.conv1",
            "head.project": "layer_cls.conv2",
            "classifier": "layer_out.last_linear",
        },
        ("spatial_path.last_linear.", "temporal_path.last_linear."),
    ),
    Layout("a backbone as torchvision names it", "features.0.0.weight"),
    Layout("a backbone as pretrained-models and timm's legacy name it", "layer0.conv1.weight"),
    Layout("a backbone as timm names it", "layer1.0.se.fc1.weight"),
    Layout(
        "a GhostNetV2 as its authors and timm name it", "blocks.0.0.ghost1.primary_conv.0.weight"
    ),
)
"""The layouts that are known, besides our own."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A state dict in the names of a network.

    Attributes:
        layout: Which one it was in, for people.
        tensors: By our names.
        origins: Our names -> those in the state dict; a name that is not here stayed as it was.
        unknown: Names in it that stand for nothing of the network.
        unused: Names in it that stand for nothing its own network computes with.
    """

    layout: str
    tensors: Mapping[str, Tensor]
    origins: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def translate(network: nn.Module, published: Mapping[str, Tensor]) -> Translation:
    """A state dict in the names of the network, where it is published in others.

    Of a backbone alone every pathway gets the same weights.

    Args:
        network: Whose names are wanted.
        published: A state dict, in a published layout or not.
    """
    layout = _recognise(network, published)
    if layout is None:
        return Translation(f"{OWN}, as pytorch-i3d" if I3D_SIGN in published else OWN, published)
    places: dict[str, list[str]] = {}
    for ours, theirs in _layers(network, layout, published):
        places.setdefault(theirs, []).append(ours)
    origins: dict[str, str] = {}
    for name in published:
        layer, _, part = name.rpartition(".")
        origins |= {f"{ours}.{part}": name for ours in places.get(layer, ())}
    left = [name for name in published if name.rpartition(".")[0] not in places]
    unused = tuple(name for name in left if name.startswith(layout.unused))
    return Translation(
        layout.title,
        {ours: published[theirs] for ours, theirs in origins.items()},
        origins,
        tuple(name for name in left if name not in unused),
        unused,
    )


def _recognise(network: nn.Module, published: Mapping[str, Tensor]) -> Layout | None:
    """The layout of a state dict, None where it is in the network's own names, or in unknown ones.

    The names of a network may hold a sign by chance, so its own come first.
    """
    own = network.state_dict().keys()
    if 2 * sum(name in own for name in published) > len(published):
        return None
    return next((layout for layout in LAYOUTS if layout.sign in published), None)


def _layers(network: nn.Module, layout: Layout, published: Mapping[str, Tensor]) -> Names:
    for prefix, backbone in network.named_modules():
        if isinstance(backbone, Backbone):
            of_temporal = prefix.endswith("temporal")
            for ours, theirs in _backbone_layers(backbone, layout, of_temporal, published):
                yield f"{prefix}.{ours}".removeprefix("."), theirs
    yield from layout.head.items()


def _backbone_layers(
    backbone: Backbone, layout: Layout, of_temporal: bool, published: Mapping[str, Tensor]
) -> Names:
    before = layout.temporal if of_temporal else layout.spatial
    if isinstance(backbone, SEResNeXt):
        legacy = f"{before}layer0.conv1.weight" in published
        for ours, theirs in _se_layers(backbone, legacy):
            yield ours, f"{before}{theirs}"
    elif isinstance(backbone, MobileNetV2) and layout.spatial:
        yield from _staged_mobile_layers(backbone, layout, of_temporal)
    elif isinstance(backbone, MobileNetV2):
        yield from _mobile_layers(backbone)
    elif isinstance(backbone, GhostNetV2):
        yield from _ghost_layers(backbone)


def _mobile_layers(backbone: MobileNetV2) -> Names:
    """Stem and blocks are numbered through; only the last convolution is not a group of its own."""
    yield from _pairs("stages.0.0", "features.0")
    blocks = [(name, m) for name, m in backbone.named_modules() if isinstance(m, InvertedResidual)]
    for number, (name, block) in enumerate(blocks, 1):
        last = len(block.layers) - 1
        for layer in range(last):
            yield from _pairs(f"{name}.layers.{layer}", f"features.{number}.conv.{layer}")
        yield from _pairs(f"{name}.layers.{last}", f"features.{number}.conv", last)


def _staged_mobile_layers(backbone: MobileNetV2, layout: Layout, of_temporal: bool) -> Names:
    """The authors' stages; in a block every convolution, norm and activation has its number."""
    for number, stage in enumerate(backbone.stages):
        doubled = of_temporal and number == len(MOBILE_STAGES) - 1
        theirs = f"{layout.temporal if doubled else layout.spatial}{MOBILE_STAGES[number]}"
        if number == 0:
            yield from _pairs("stages.0.0", f"{theirs}.0")
        for position, block in stage.named_children():
            if isinstance(block, InvertedResidual):
                for layer in range(len(block.layers)):
                    ours = f"stages.{number}.{position}.layers.{layer}"
                    yield from _pairs(ours, f"{theirs}.{position}.conv", 3 * layer)


def _pairs(ours: str, theirs: str, first: int = 0) -> Names:
    """A convolution and its norm."""
    for part in range(2):
        yield f"{ours}.{part}", f"{theirs}.{first + part}"


def _se_layers(backbone: SEResNeXt, legacy: bool) -> Names:
    stem, gate = ("layer0.", "se_module") if legacy else ("", "se")
    yield "stages.0.0.0", f"{stem}conv1"
    yield "stages.0.0.1", f"{stem}bn1"
    for number, stage in enumerate(backbone.stages):
        blocks = (n for n, block in stage.named_children() if isinstance(block, SEResNeXtBlock))
        for position, block in enumerate(blocks):
            ours, theirs = f"stages.{number}.{block}", f"layer{number + 1}.{position}"
            for layer in range(3):
                yield f"{ours}.layers.{layer}.0", f"{theirs}.conv{layer + 1}"
                yield f"{ours}.layers.{layer}.1", f"{theirs}.bn{layer + 1}"
            for layer, name in ((1, "fc1"), (3, "fc2")):
                yield f"{ours}.layers.3.gate.{layer}", f"{theirs}.{gate}.{name}"
            yield from _pairs(f"{ours}.shortcut", f"{theirs}.downsample")


def _ghost_layers(backbone: GhostNetV2) -> Names:
    """Blocks are numbered within the authors' stages, which begin wherever the table says."""
    yield "stages.0.0.0", "conv_stem"
    yield "stages.0.0.1", "bn1"
    blocks = [(name, m) for name, m in backbone.named_modules() if isinstance(m, GhostBottleneck)]
    for (name, block), theirs in zip(blocks, GHOST_BLOCKS, strict=False):
        for ours, kind in (("expand", "ghost1"), ("project", "ghost2")):
            yield from _pairs(f"{name}.{ours}.primary", f"{theirs}.{kind}.primary_conv")
            yield from _pairs(f"{name}.{ours}.cheap", f"{theirs}.{kind}.cheap_operation")
        for layer in range(6):
            yield f"{name}.attention.layers.{layer}", f"{theirs}.ghost1.short_conv.{layer}"
        for layer, kind in ((0, "conv_dw"), (1, "bn_dw")):
            yield f"{name}.between.0.{layer}", f"{theirs}.{kind}"
        gate = len(block.between) - 1
        for layer, kind in ((1, "conv_reduce"), (3, "conv_expand")):
            yield f"{name}.between.{gate}.gate.{layer}", f"{theirs}.se.{kind}"
        for part in range(2):
            yield from _pairs(f"{name}.shortcut.{part}", f"{theirs}.shortcut", 2 * part)
