"""The networks of the literature by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, Literal, TypeVar, overload

from stcnet.errors import ConfigError
from stcnet.networks.clip_network import ClipNetwork, NetworkChoices
from stcnet.networks.i3d import I3D, I3DChoices
from stcnet.networks.known_weights import KNOWN_WEIGHTS, KnownWeights
from stcnet.networks.mazinga import MazingaChoices, MazingaSmoke
from stcnet.networks.stcnet import STCNet, STCNetChoices
from stcnet.networks.x3d import X3D, X3DChoices

ChoicesT = TypeVar("ChoicesT", STCNetChoices, I3DChoices, MazingaChoices, X3DChoices)

PresetName = Literal[
    "stcnet-mobilenetv2",
    "stcnet-seresnext50",
    "stcnet-seresnext101",
    "stcnet-seresnext50-mean",
    "plain-seresnext50",
    "stcnet-mobilenetv2-lateral",
    "stcnet-seresnext50-lateral",
    "stcnet-seresnext101-lateral",
    "stcnet-lite0",
    "stcnet-lite0-lateral",
    "plain-lite0",
    "stcnet-ghostnetv2",
]

PRESETS: Mapping[str, STCNetChoices] = {
    "stcnet-mobilenetv2": STCNetChoices(backbone="mobilenet_v2", shared_stages=3),
    "stcnet-seresnext50": STCNetChoices(backbone="se_resnext50"),
    "stcnet-seresnext101": STCNetChoices(backbone="se_resnext101"),
    "stcnet-seresnext50-mean": STCNetChoices(backbone="se_resnext50", head="linear"),
    "plain-seresnext50": STCNetChoices(backbone="se_resnext50", pathways="spatial"),
    "stcnet-mobilenetv2-lateral": STCNetChoices(
        backbone="mobilenet_v2", shared_stages=3, fusion="lateral"
    ),
    "stcnet-seresnext50-lateral": STCNetChoices(backbone="se_resnext50", fusion="lateral"),
    "stcnet-seresnext101-lateral": STCNetChoices(backbone="se_resnext101", fusion="lateral"),
    "stcnet-lite0": STCNetChoices(),
    "stcnet-lite0-lateral": STCNetChoices(fusion="lateral"),
    "plain-lite0": STCNetChoices(pathways="spatial"),
    "stcnet-ghostnetv2": STCNetChoices(backbone="ghostnet_v2", fusion="lateral"),
}
"""The STCNets.

Those called ``lateral`` have the cross-guidance that the paper describes and its release leaves
out. In the others both pathways go on with the sum of their maps, as the authors coded it.
"""

BASELINES: Mapping[str, I3DChoices] = {
    "i3d": I3DChoices(),
    "i3d-tsm": I3DChoices(addition="tsm"),
    "i3d-lstm": I3DChoices(addition="lstm"),
    "i3d-nl": I3DChoices(addition="nl"),
    "i3d-tc": I3DChoices(addition="tc"),
    "i3d-flow": I3DChoices(inputs="flow"),
}
"""The baselines of RISE."""

_STCNET = "Cao et al., arXiv 2011.04863"
_LATERAL = f"{_STCNET}, section III-B"
X3D_SIZE = 160
"""Side of the input of X3D-S in pixels."""

_I3D = "Carreira and Zisserman, CVPR 2017; Hsu et al., AAAI 2021"

SOURCES: Mapping[str, str] = {
    "stcnet-mobilenetv2": _STCNET,
    "stcnet-seresnext50": _STCNET,
    "stcnet-seresnext101": _STCNET,
    "stcnet-seresnext50-mean": f"{_STCNET}, with the head of an independent implementation",
    "plain-seresnext50": f"{_STCNET}: its plain baseline; Hu et al., CVPR 2018",
    "stcnet-mobilenetv2-lateral": _LATERAL,
    "stcnet-seresnext50-lateral": _LATERAL,
    "stcnet-seresnext101-lateral": _LATERAL,
    "stcnet-lite0": f"{_STCNET}, on EfficientNet-Lite0",
    "stcnet-lite0-lateral": f"{_LATERAL}, on EfficientNet-Lite0",
    "plain-lite0": "Tan and Le, ICML 2019: EfficientNet-Lite0 on single frames",
    "stcnet-ghostnetv2": f"{_LATERAL}, on GhostNetV2 (Tang et al., NeurIPS 2022)",
    "i3d": _I3D,
    "i3d-tsm": f"{_I3D}; Lin et al., ICCV 2019",
    "i3d-lstm": f"{_I3D}; Hochreiter and Schmidhuber, 1997",
    "i3d-nl": f"{_I3D}; Wang et al., CVPR 2018",
    "i3d-tc": f"{_I3D}; Hussein et al., CVPR 2019",
    "i3d-flow": f"{_I3D}; Zach et al., DAGM 2007",
    "mazinga-v2": "Verde, MazingaSmokeClassifier v2, 2026; Tang et al., NeurIPS 2022",
    "x3d-s": "Feichtenhofer, CVPR 2020",
}
"""Where each network was published."""


@dataclass(frozen=True, slots=True)
class NetworkEntry(Generic[ChoicesT]):
    """A network of the literature.

    Attributes:
        name: What recipes call it.
        source: Where it was published.
        choices: What it is made of.
        build: Makes a network of choices, with random weights.
        input_size: Side of the input in pixels, as published.
    """

    name: str
    source: str
    choices: ChoicesT
    build: Callable[[ChoicesT], ClipNetwork]
    input_size: int = 224

    @property
    def frames(self) -> int:
        """T, the number of frames of a clip, as published."""
        return self.choices.frames

    @property
    def weights(self) -> tuple[KnownWeights, ...]:
        """Published weights that it can start from."""
        return KNOWN_WEIGHTS.get(self.name, ())

    def changed(self, overrides: Mapping[str, object]) -> ChoicesT:
        """The choices with some of them replaced.

        Raises:
            ConfigError: No choice has that name, or a choice has no such value.
        """
        known = {field.name for field in fields(self.choices)}
        for name in sorted(overrides.keys() - known):
            raise ConfigError(
                "there is no such choice",
                where=self.name,
                got=name,
                allowed=", ".join(sorted(known)),
            )
        return replace(self.choices, **overrides)  # type: ignore[arg-type]


NETWORKS: Mapping[str, NetworkEntry[Any]] = {
    **{name: NetworkEntry(name, SOURCES[name], made, STCNet) for name, made in PRESETS.items()},
    **{name: NetworkEntry(name, SOURCES[name], made, I3D) for name, made in BASELINES.items()},
    "mazinga-v2": NetworkEntry("mazinga-v2", SOURCES["mazinga-v2"], MazingaChoices(), MazingaSmoke),
    "x3d-s": NetworkEntry("x3d-s", SOURCES["x3d-s"], X3DChoices(), X3D, X3D_SIZE),
}
"""Every network of the literature by its name."""


def find_network(name: str, *, where: str = "preset") -> NetworkEntry[Any]:
    """The entry of that name.

    Args:
        name: A name of :data:`NETWORKS`.
        where: What named it, for the error.

    Raises:
        ConfigError: There is no such network.
    """
    if name not in NETWORKS:
        raise ConfigError(
            "there is no such network", where=where, got=name, allowed=", ".join(NETWORKS)
        )
    return NETWORKS[name]


@overload
def resolve_choices(name: PresetName, /, **overrides: object) -> STCNetChoices: ...
@overload
def resolve_choices(name: str, /, **overrides: object) -> NetworkChoices: ...


def resolve_choices(name: str, /, **overrides: object) -> NetworkChoices:
    """The choices of a network with some of them replaced.

    Args:
        name: A name of :data:`NETWORKS`.
        **overrides: Fields of the network's choices, such as :class:`STCNetChoices`.

    Raises:
        ConfigError: No network or no choice has that name, or a choice has no such value.
    """
    choices: NetworkChoices = find_network(name).changed(overrides)
    return choices


@overload
def build_model(name: PresetName, /, **overrides: object) -> STCNet: ...
@overload
def build_model(name: str, /, **overrides: object) -> ClipNetwork: ...


def build_model(name: str, /, **overrides: object) -> ClipNetwork:
    """A network of the literature with random weights.

    Args:
        name: A name of :data:`NETWORKS`.
        **overrides: Fields of its choices that replace those of the name.

    Raises:
        ConfigError: As :func:`resolve_choices`.
    """
    entry = find_network(name)
    return entry.build(entry.changed(overrides))
