"""Which parameter moves how fast, and by which rule."""

from typing import Any

import pytest
import torch
from torch.optim import SGD, AdamW

from small_cells import tiny_recipe
from stcnet.networks import ClipNetwork, STCNet, build_model
from stcnet.training.recipes.optimisers import AdamWSettings, OptimiserSettings, SGDSettings
from stcnet.training.recipes.optimisers import parameter_groups as group


def rates(network: ClipNetwork, settings: OptimiserSettings) -> dict[int, tuple[float, float]]:
    """Learning rate and weight decay by the identity of the parameter."""
    groups: list[dict[str, Any]] = list(group(network, settings))
    found = {id(p): (g["lr"], g["weight_decay"]) for g in groups for p in g["params"]}
    assert len(found) == sum(len(g["params"]) for g in groups)
    assert found.keys() == {id(p) for p in network.parameters()}
    return found


def test_parameters_are_grouped_by_rate_and_decay() -> None:
    model = tiny_recipe().network.build()
    assert isinstance(model, STCNet)
    found = rates(model, AdamWSettings(learning_rate=0.1, head_multiplier=3, weight_decay=0.5))
    stem = model.backbones()[0].stages[0]
    for parameter in stem.parameters():
        assert found[id(parameter)] == (0.1, 0.5 if parameter.ndim > 1 else 0)
    assert found[id(model.classifier.weight)] == pytest.approx((0.3, 0.5))
    assert found[id(model.classifier.bias)] == pytest.approx((0.3, 0.0))


@pytest.mark.parametrize("preset", ["stcnet-lite0-lateral", "stcnet-mobilenetv2", "i3d-lstm"])
def test_early_blocks_move_less(preset: str) -> None:
    with torch.device("meta"):
        network = build_model(preset)
    settings = AdamWSettings(learning_rate=1, head_multiplier=1, layer_decay=0.5)
    found = rates(network, settings)
    blocks = network.blocks()
    for depth, block in enumerate(blocks):
        expected = 0.5 ** (len(blocks) - 1 - depth)
        assert {found[id(p)][0] for p in block.parameters()} == {expected}


def test_all_but_the_last_block_of_another_network_is_its_trunk() -> None:
    with torch.device("meta"):
        network = build_model("i3d")
    found = rates(network, SGDSettings(kind="sgd", learning_rate=0.1, head_multiplier=10))
    *trunk, head = network.blocks()
    assert {found[id(p)][0] for block in trunk for p in block.parameters()} == {0.1}
    assert {found[id(p)][0] for p in head.parameters()} == {1.0}


@pytest.mark.parametrize(
    ("settings", "kind", "values"),
    [
        pytest.param({}, AdamW, {"betas": (0.9, 0.999)}, id="AdamW unless it is said otherwise"),
        pytest.param({"kind": "adamw"}, AdamW, {}, id="AdamW by name"),
        pytest.param({"kind": "sgd"}, SGD, {"momentum": 0.9, "nesterov": False}, id="SGD"),
        pytest.param({"kind": "sgd", "momentum": 0.5, "nesterov": True}, SGD,
                     {"momentum": 0.5, "nesterov": True}, id="SGD with Nesterov's momentum"),
    ],
)  # fmt: skip
def test_the_recipe_names_the_optimiser(
    settings: dict[str, Any], kind: type, values: dict[str, Any]
) -> None:
    recipe = tiny_recipe(optimiser=settings)
    optimiser = recipe.optimiser.build([{"params": [torch.zeros(1, requires_grad=True)]}])
    assert type(optimiser) is kind
    assert values.items() <= optimiser.param_groups[0].items()


def test_a_default_said_aloud_is_the_same_recipe() -> None:
    assert tiny_recipe(optimiser={"kind": "adamw", "schedule": {"kind": "cosine"}}) == tiny_recipe()
