"""What the parts of STCNet promise: guidance, sharing, exact streaming, exact class maps."""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from random_networks import random_input, settled_network
from stcnet.errors import ScoringError
from stcnet.networks import STCNet, build_model, smoke_logit, stcnet

HEADS = ["concat", "mean"]
FUSIONS = ["sum", "lateral", "none"]


@pytest.fixture(autouse=True)
def _without_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


@contextmanager
def watched_stages(model: STCNet) -> Iterator[list[tuple[nn.Module, Tensor]]]:
    """Every stage that runs, in order, with its input."""
    calls: list[tuple[nn.Module, Tensor]] = []
    stages = {stage for backbone in model.backbones() for stage in backbone.stages}
    handles = [
        stage.register_forward_pre_hook(lambda module, args: calls.append((module, args[0])))
        for stage in stages
    ]
    yield calls
    for handle in handles:
        handle.remove()


def stage_inputs(model: STCNet, frames: Tensor, residuals: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The inputs of each stage in the spatial and in the temporal pathway."""
    spatial, temporal = model.backbones()
    with watched_stages(model) as calls:
        model(frames, residuals)
    inputs = dict(calls)
    return [
        (inputs[look], inputs[watch])
        for look, watch in zip(spatial.stages, temporal.stages, strict=True)
    ]


def close(first: Tensor, second: Tensor) -> bool:
    return torch.allclose(first, second, rtol=1e-4, atol=1e-5)


# --- fusion ---------------------------------------------------------------------------------


def test_sum_gives_both_pathways_the_same_tensor() -> None:
    inputs = stage_inputs(settled_network("stcnet-lite0"), *random_input(1, 2))
    assert not close(*inputs[0])
    assert all(spatial is temporal for spatial, temporal in inputs[1:])


@pytest.mark.parametrize("fusion", ["lateral", "none"])
def test_other_fusions_keep_the_pathways_themselves(fusion: str) -> None:
    inputs = stage_inputs(settled_network("stcnet-lite0", fusion=fusion), *random_input(1, 2))
    assert not any(close(spatial, temporal) for spatial, temporal in inputs)


@pytest.mark.parametrize(("fusion", "guided"), [("sum", True), ("lateral", True), ("none", False)])
def test_guidance_reaches_the_other_pathway_after_the_first_stage(
    fusion: str, guided: bool
) -> None:
    model = settled_network("stcnet-lite0", fusion=fusion)
    frames, residuals = random_input(1, 2)
    still = stage_inputs(model, frames, torch.zeros_like(residuals))
    moving = stage_inputs(model, frames, residuals)
    other = stage_inputs(model, torch.zeros_like(frames), residuals)
    for number in range(1, 4):
        assert close(still[number][0], moving[number][0]) is not guided, "residuals to spatial"
        assert close(other[number][1], moving[number][1]) is not guided, "frames to temporal"


def test_lateral_guidance_is_added_and_never_negative() -> None:
    model = settled_network("stcnet-lite0-lateral")
    spatial, temporal = torch.randn(2, 1, 24, 5, 7)
    exchanged = model.pathways.exchanges[0](spatial, temporal)
    for mixed, own in zip(exchanged, (spatial, temporal), strict=True):
        guidance = mixed - own
        assert guidance.min() >= -1e-6
        assert guidance.max() > 0.1


@pytest.mark.parametrize(("pathways", "input_used"), [("spatial", 0), ("temporal", 1)])
def test_a_single_pathway_sees_only_its_own_input(pathways: str, input_used: int) -> None:
    model = settled_network("stcnet-lite0", pathways=pathways)
    inputs = random_input(1, 2)
    logits = model(*inputs)
    for number, given in enumerate(inputs):
        changed = list(inputs)
        changed[number] = torch.zeros_like(given)
        assert close(model(*changed), logits) is (number != input_used)
    assert len(model.backbones()) == 1


# --- shared stages --------------------------------------------------------------------------


def compute_twice(
    look: nn.Module, watch: nn.Module, spatial: Tensor, temporal: Tensor
) -> tuple[Tensor, Tensor]:
    return look(spatial), watch(temporal)


def test_shared_stages_computed_once_give_the_numbers_of_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = settled_network("stcnet-mobilenetv2")
    inputs = random_input(2, 2)
    with watched_stages(model) as once:
        logits = model(*inputs)
    monkeypatch.setattr(stcnet, "_stage", compute_twice)
    with watched_stages(model) as twice:
        assert torch.equal(model(*inputs), logits)
    # Two inputs to the first stage, one to the next two, and two last stages.
    assert (len(once), len(twice)) == (2 + 1 + 1 + 2, 8)


def test_shared_stages_run_for_each_pathway_where_their_inputs_differ() -> None:
    model = settled_network("stcnet-lite0-lateral", shared_stages=2)
    with watched_stages(model) as calls:
        model(*random_input(1, 2))
    assert sorted(Counter(stage for stage, _ in calls).values()) == [1, 1, 1, 1, 2, 2]


@pytest.mark.parametrize("shared", range(5))
def test_as_many_leading_stages_are_shared_as_asked_for(shared: int) -> None:
    with torch.device("meta"):
        spatial, temporal = build_model("stcnet-lite0", shared_stages=shared).backbones()
    pairs = zip(spatial.stages, temporal.stages, strict=True)
    assert [look is watch for look, watch in pairs] == [k < shared for k in range(4)]


# --- shapes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [1, 3, 5])
def test_the_mean_head_takes_any_number_of_frames(frames: int) -> None:
    model = settled_network("stcnet-lite0", head="mean")
    assert model(*random_input(2, frames)).shape == (2, 2)


@pytest.mark.parametrize("frames", [1, 3])
def test_the_concat_head_is_made_for_a_number_of_frames(frames: int) -> None:
    model = settled_network("stcnet-lite0", frames=frames)
    assert model(*random_input(2, frames)).shape == (2, 2)
    with pytest.raises(ScoringError, match="clips of this length"):
        model(*random_input(2, frames + 1))


@pytest.mark.parametrize("preset", ["stcnet-lite0-lateral", "stcnet-mobilenetv2"])
@pytest.mark.parametrize(
    ("height", "width"),
    [pytest.param(32, 32, id="smallest"), (64, 96), (96, 32), pytest.param(160, 64, id="tall")],
)
def test_any_size_divisible_by_32(preset: str, height: int, width: int) -> None:
    model = settled_network(preset)
    frames, residuals = random_input(1, 2, height, width)
    features = model.frame_features(frames[0], residuals[0])
    assert features.shape == (2, 256, height // 32, width // 32)
    assert model(frames, residuals).shape == (1, 2)


# --- heads and class maps -------------------------------------------------------------------


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("fusion", FUSIONS)
def test_class_maps_average_to_the_logits(fusion: str, head: str) -> None:
    model = settled_network("stcnet-lite0", fusion=fusion, head=head, dropout=0.5)
    frames, residuals = random_input(2, 2, 64, 96)
    features = model.frame_features(frames.flatten(0, 1), residuals.flatten(0, 1))
    maps = model.class_maps(features.reshape(2, 2, *features.shape[1:]))
    assert maps.shape == (2, 2, 2, 3)
    assert maps.std(dim=(2, 3)).min() > 1e-4
    torch.testing.assert_close(maps.mean(dim=(2, 3)), model(frames, residuals))


@pytest.mark.parametrize(("head", "notices"), [("concat", True), ("mean", False)])
def test_only_the_concat_head_notices_the_order_of_frames(head: str, notices: bool) -> None:
    model = settled_network("stcnet-lite0", frames=3, head=head)
    frames, residuals = random_input(2, 3)
    turned = model(frames.flip(1), residuals.flip(1))
    assert close(turned, model(frames, residuals)) is not notices


def test_the_mean_head_averages_the_projections_of_the_frames() -> None:
    model = settled_network("stcnet-lite0", head="mean")
    features = torch.randn(2, 5, 256, 2, 3)
    projection = model.head.project
    assert isinstance(projection, nn.Conv2d)
    each = torch.stack([projection(frame) for frame in features.unbind(1)], dim=1)
    torch.testing.assert_close(model.head(features), each.mean(dim=1), rtol=1e-4, atol=1e-5)


def test_dropout_acts_in_training_only() -> None:
    model = settled_network("stcnet-lite0", head="mean", dropout=0.5)
    frames, residuals = random_input(1, 2)
    assert torch.equal(model(frames, residuals), model(frames, residuals))
    model.dropout.train()
    assert not torch.equal(model(frames, residuals), model(frames, residuals))


def test_smoke_logit_is_the_log_odds() -> None:
    logits = torch.randn(4, 2)
    torch.testing.assert_close(smoke_logit(logits).sigmoid(), logits.softmax(dim=1)[:, 1])
    maps = torch.randn(4, 2, 3, 5)
    torch.testing.assert_close(
        smoke_logit(maps).mean(dim=(1, 2)), smoke_logit(maps.mean(dim=(2, 3)))
    )


# --- streaming ------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["stcnet-lite0-lateral", "stcnet-mobilenetv2", "plain-lite0"])
def test_frame_features_depend_on_no_other_frame(preset: str) -> None:
    model = settled_network(preset, frames=3)
    frames, residuals = (given[0] for given in random_input(1, 3))
    features = model.frame_features(frames, residuals)
    others = torch.tensor([1, 2])
    frames[others] = 9.0
    residuals[others] = -9.0
    changed = model.frame_features(frames, residuals)
    torch.testing.assert_close(changed[0], features[0], rtol=1e-4, atol=1e-5)
    assert not close(changed[1], features[1])


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_stream_gives_the_numbers_of_whole_windows(fusion: str, head: str) -> None:
    window = 3
    model = settled_network("stcnet-lite0", frames=window, fusion=fusion, head=head)
    frames, residuals = random_input(1, 6)
    recent: deque[Tensor] = deque(maxlen=window)
    streamed, whole = [], []
    for now in range(6):
        recent.append(model.frame_features(frames[:, now], residuals[:, now]))
        if len(recent) == window:
            maps = model.class_maps(torch.stack(list(recent), dim=1))
            streamed.append(maps.mean(dim=(2, 3)))
            last = slice(now + 1 - window, now + 1)
            whole.append(model(frames[:, last], residuals[:, last]))
    torch.testing.assert_close(torch.cat(streamed), torch.cat(whole), rtol=1e-4, atol=1e-5)
    assert torch.cat(whole).std(dim=0).min() > 1e-3


# --- state ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "choices"),
    [
        ("stcnet-lite0-lateral", {"head": "mean"}),
        ("stcnet-lite0", {}),
        ("stcnet-mobilenetv2", {}),
        ("plain-lite0", {"pathways": "temporal"}),
    ],
)
def test_a_state_dict_carries_everything(preset: str, choices: dict[str, Any]) -> None:
    model = settled_network(preset, seed=1, **choices)
    other = settled_network(preset, seed=2, **choices)
    inputs = random_input(1, 2)
    assert not close(other(*inputs), model(*inputs))
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(*inputs), model(*inputs))


def test_names_in_the_state_dict_stay() -> None:
    with torch.device("meta"):
        names = set(build_model("stcnet-lite0-lateral", head="mean").state_dict())
    groups = {name.split(".")[0] for name in names}
    assert groups == {"pathways", "reduce", "head", "classifier"}
    assert {
        "pathways.spatial.stages.0.0.1.weight",
        "pathways.temporal.stages.3.4.layers.2.1.running_var",
        "pathways.exchanges.2.to_temporal.0.weight",
        "reduce.0.bias",
        "head.project.weight",
        "classifier.weight",
    } <= names
    # A convolution and its batch norm have six tensors: 48 pairs a pathway, 6 in the exchanges.
    assert len(names) == 6 * (2 * 48 + 6) + 6
