"""Batch-norm statistics of the result are those of plain clips."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from random_networks import random_input, settled_network
from small_cells import planted_clips, tiny_recipe, tiny_settings
from stcnet.networks import ClipNetwork
from stcnet.training.devices import make_fabric
from stcnet.training.loop import Training
from stcnet.training.statistics import settle_statistics


def batches() -> Iterator[tuple[Tensor, Tensor]]:
    for seed in range(3):
        frames, residuals = random_input(2, 2, 32, 32, seed=seed)
        yield frames * 3 + 1, residuals * 0.1


def statistics(network: ClipNetwork) -> dict[str, Tensor]:
    return {
        name: value.clone() for name, value in network.state_dict().items() if "running" in name
    }


def test_the_first_norm_gets_the_mean_over_the_batches() -> None:
    network = settled_network("plain-lite0")
    convolution, norm = (
        next(m for m in network.modules() if isinstance(m, kind))
        for kind in (nn.Conv2d, nn.BatchNorm2d)
    )  # fmt: skip
    inputs: list[Tensor] = []
    handle = norm.register_forward_pre_hook(lambda module, given: inputs.append(given[0].clone()))
    settle_statistics(network, batches(), 0)
    handle.remove()
    assert convolution.weight.shape[1] == 3
    means = torch.stack([maps.mean(dim=(0, 2, 3)) for maps in inputs])
    spreads = torch.stack([maps.var(dim=(0, 2, 3)) for maps in inputs])
    assert norm.running_mean is not None
    assert norm.running_var is not None
    torch.testing.assert_close(norm.running_mean, means.mean(dim=0), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(norm.running_var, spreads.mean(dim=0), atol=1e-4, rtol=1e-3)


def test_weights_and_momenta_stay_and_a_second_time_changes_nothing() -> None:
    network = settled_network("plain-lite0")
    weights = [parameter.clone() for parameter in network.parameters()]
    momenta = [m.momentum for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    settle_statistics(network, batches(), 0)
    once = statistics(network)
    settle_statistics(network, batches(), 0)
    assert all(torch.equal(once[name], value) for name, value in statistics(network).items())
    assert all(torch.equal(*pair) for pair in zip(weights, network.parameters(), strict=True))
    assert momenta == [m.momentum for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert not any(module.training for module in network.modules())


@pytest.mark.parametrize("frozen", [0, 1, 4])
def test_frozen_stages_of_the_spatial_pathway_keep_theirs(frozen: int) -> None:
    network = settled_network("stcnet-lite0")
    before = statistics(network)
    settle_statistics(network, batches(), frozen)
    kept = {name for name, value in statistics(network).items() if torch.equal(value, before[name])}
    prefixes = tuple(f"pathways.spatial.stages.{stage}." for stage in range(frozen))
    assert kept == {name for name in before if name.startswith(prefixes) and prefixes}


def test_a_run_settles_on_clips_without_augmentation(tmp_path: Path) -> None:
    eventful = {"augmentation": {"noise": 0.5}, "plumes": {"smoke": 1, "steam": 1}, "mixup": 1}
    results = []
    for settings in ({}, eventful):
        recipe = tiny_recipe(optimiser={"learning_rate": 1e-30}, **settings)
        run = Training(recipe, planted_clips(), make_fabric("cpu"))
        run.run_epoch()
        before = statistics(run.result)
        run.settle()
        after = statistics(run.result)
        assert any(not torch.equal(before[key], after[key]) for key in before)
        results.append(after)
    # The same weights, so the same statistics, whatever the clips went through in training.
    plain, varied = results
    for key, value in plain.items():
        torch.testing.assert_close(value, varied[key])


def test_one_step_is_enough_to_settle(tmp_path: Path) -> None:
    recipe = tiny_recipe(settling_steps=1, network=tiny_settings()["network"])
    run = Training(recipe, planted_clips(), make_fabric("cpu"))
    run.settle()
    assert all(torch.isfinite(value).all() for value in statistics(run.result).values())
    assert int(run.result.state_dict()["pathways.spatial.stages.0.0.2.num_batches_tracked"]) == 1
