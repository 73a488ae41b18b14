"""An STCNet back from what a package holds, or a line that says why not."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from random_networks import random_input, settled_network
from stcnet.errors import PackageError
from stcnet.networks import STCNet
from stcnet.networks.packaged import restore_stcnet

Weights = dict[str, NDArray[np.float32]]
Content = tuple[dict[str, Any], Weights]


@pytest.fixture(scope="module")
def network() -> STCNet:
    return settled_network("plain-lite0", head="mean")


def packed(network: STCNet) -> Content:
    """As :func:`stcnet.packaging.graphs.export_graphs` names them."""
    weights: Weights = {}
    for name, values in network.state_dict().items():
        graph = "frame" if name.startswith(("pathways", "reduce")) else "clip"
        if not name.endswith("num_batches_tracked"):
            weights[f"{graph}/network.{name}"] = values.numpy()
    return asdict(network.choices), weights


def test_it_computes_the_same(network: STCNet) -> None:
    restored = restore_stcnet(*packed(network))
    assert not restored.training
    inputs = random_input(2, 2)
    with torch.no_grad():
        assert torch.equal(restored(*inputs), network(*inputs))


def test_it_shares_no_memory_with_the_package(network: STCNet) -> None:
    choices, weights = packed(network)
    before = weights["clip/network.classifier.bias"].copy()
    with torch.no_grad():
        restore_stcnet(choices, weights).classifier.bias.add_(1)
    assert np.array_equal(weights["clip/network.classifier.bias"], before)


def without_bias(content: Content) -> Content:
    return content[0], {k: v for k, v in content[1].items() if not k.endswith("classifier.bias")}


Change = Callable[[Content], Content]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_bias, "got 1 weights missing, 0 unknown"),
        (lambda c: (c[0], c[1] | {"clip/network.extra": np.zeros(1, np.float32)}),
         "got 0 weights missing, 1 unknown"),
        (lambda c: (c[0], c[1] | {"clip/network.classifier.bias": np.zeros(3, np.float32)}),
         "size mismatch for classifier.bias"),
        (lambda c: (c[0] | {"backbone": "vgg"}, c[1]), "got vgg"),
        (lambda c: (c[0] | {"layers": 3}, c[1]), "unexpected keyword argument 'layers'"),
    ],
    ids=["missing", "unknown", "misshapen", "no such backbone", "no such choice"],
)  # fmt: skip
def test_what_is_no_stcnet_is_refused(network: STCNet, change: Change, message: str) -> None:
    with pytest.raises(PackageError, match="cannot be rebuilt in PyTorch") as caught:
        restore_stcnet(*change(packed(network)), where="a.stcnet")
    assert message in str(caught.value)
    assert str(caught.value).startswith("a.stcnet: ")
