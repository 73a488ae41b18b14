"""YAML documents in which no key stands twice."""

from __future__ import annotations

from typing import Any

import yaml
from yaml.constructor import ConstructorError

_MERGED = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """Plain values only; YAML 1.2 forbids what PyYAML lets pass: the last of two equal keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: list[object] = []
        for key, _ in node.value:
            if key.tag != _MERGED and key.value in seen:
                raise ConstructorError(
                    None, None, f"the key {key.value} stands twice", key.start_mark
                )
            seen.append(key.value)
        return super().construct_mapping(node, deep)


def load_yaml(text: str) -> Any:
    """The values of a document.

    >>> load_yaml("{name: a, epochs: 3}")
    {'name': 'a', 'epochs': 3}

    Raises:
        yaml.YAMLError: It is no YAML, asks for more than plain values, or names a key twice.
    """
    return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
