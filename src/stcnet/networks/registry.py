"""The presets of the literature by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from stcnet.errors import ConfigError
from stcnet.networks.stcnet import STCNet, STCNetChoices

PRESETS: Mapping[str, STCNetChoices] = {
    "stcnet-mobilenetv2": STCNetChoices(backbone="mobilenet_v2", shared_stages=3),
    "stcnet-seresnext50": STCNetChoices(backbone="se_resnext50"),
    "stcnet-seresnext101": STCNetChoices(backbone="se_resnext101"),
    "stcnet-seresnext50-mean": STCNetChoices(backbone="se_resnext50", head="mean"),
    "plain-seresnext50": STCNetChoices(backbone="se_resnext50", pathways="spatial"),
    "stcnet-lite0": STCNetChoices(),
    "stcnet-lite0-lateral": STCNetChoices(fusion="lateral"),
    "plain-lite0": STCNetChoices(pathways="spatial"),
}


def resolve_choices(preset: str, /, **overrides: object) -> STCNetChoices:
    """The choices of a preset with some of them replaced.

    Args:
        preset: A name of :data:`PRESETS`.
        **overrides: Fields of :class:`STCNetChoices`.

    Raises:
        ConfigError: No preset or no choice has that name, or a choice has no such value.
    """
    if preset not in PRESETS:
        raise ConfigError(
            "there is no such network", where="preset", got=preset, allowed=", ".join(PRESETS)
        )
    known = {field.name for field in fields(STCNetChoices)}
    for name in sorted(overrides.keys() - known):
        raise ConfigError(
            "there is no such choice", where=preset, got=name, allowed=", ".join(sorted(known))
        )
    return replace(PRESETS[preset], **overrides)  # type: ignore[arg-type]


def build_model(preset: str, /, **overrides: object) -> STCNet:
    """A network of the literature with random weights.

    Args:
        preset: A name of :data:`PRESETS`.
        **overrides: Fields of :class:`STCNetChoices` that replace the preset's.

    Raises:
        ConfigError: As :func:`resolve_choices`.
    """
    return STCNet(resolve_choices(preset, **overrides))
