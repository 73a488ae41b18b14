"""An STCNet back from the weights of a model package, for what ONNX graphs cannot do: gradients."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stcnet.errors import ConfigError, PackageError
from stcnet.networks.stcnet import STCNet, STCNetChoices

_COUNTERS = "num_batches_tracked"
"""Batch norms count training steps under this name; nothing that is computed depends on it."""


def restore_weights(weights: Mapping[str, NDArray[np.float32]]) -> dict[str, Tensor]:
    """The state dict behind the weights of a package: copies, by the names of the network."""
    return {
        name.split("/", 1)[1].removeprefix("network."): torch.from_numpy(values.copy())
        for name, values in weights.items()
    }


def restore_stcnet(
    choices: Mapping[str, object],
    weights: Mapping[str, NDArray[np.float32]],
    *,
    where: object = "model",
) -> STCNet:
    """The network that a package was exported from.

    Args:
        choices: ``network`` of the package's manifest: the fields of :class:`STCNetChoices`.
        weights: Of the package, by ``GRAPH/NAME``.
        where: The package, for messages.

    Returns:
        The network in evaluation mode, on the CPU.

    Raises:
        PackageError: The choices are not those of an STCNet, or the weights do not fit it.
    """
    try:
        network = STCNet(STCNetChoices(**choices))  # type: ignore[arg-type]
    except (TypeError, ConfigError) as error:
        raise _foreign(where, error) from None
    try:
        missing, unknown = network.load_state_dict(restore_weights(weights), strict=False)
    except RuntimeError as error:  # a weight of another shape
        raise _foreign(where, error) from None
    missing = [name for name in missing if not name.endswith(_COUNTERS)]
    if missing or unknown:
        raise _foreign(where, f"{len(missing)} weights missing, {len(unknown)} unknown")
    return network.eval()


def _foreign(where: object, got: object) -> PackageError:
    return PackageError(
        "the network of the package cannot be rebuilt in PyTorch",
        where=where,
        got=got,
        hint="use a package that stcnet export made",
    )
