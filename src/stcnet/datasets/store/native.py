"""At which size the clips of a collection were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from stcnet.datasets.collection import Collection, LabelledClip
from stcnet.errors import ConfigError


@runtime_checkable
class SizedCollection(Protocol):
    """A collection that knows at which size its clips were recorded."""

    def sizes(self, clips: Sequence[LabelledClip]) -> set[int]:
        """Sides in pixels that occur among ``clips``; files that cannot be read are passed over."""


def native_size(collection: Collection, clips: Sequence[LabelledClip]) -> int:
    """The side in pixels at which all ``clips`` were recorded.

    Raises:
        ConfigError: They are of several sizes, or the collection does not know.
    """
    sizes = collection.sizes(clips) if isinstance(collection, SizedCollection) else set()
    if len(sizes) == 1:
        return sizes.pop()
    raise ConfigError(
        "the clips are of several sizes" if sizes else "the clips have no size that is known",
        where="--size native",
        got=", ".join(map(str, sorted(sizes))) or None,
        hint="name the size of the network with --size, such as 224",
    )
