"""X3D-S has the size that was published, and sees time as well as space."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from stcnet.errors import ConfigError
from stcnet.networks import X3D, X3DChoices, build_model
from stcnet.networks.x3d import HEAD_CHANNELS

KINETICS_CLASSES = 400


def test_it_has_the_published_size() -> None:
    """1.96 G multiply-adds in the paper; 3.79 M parameters as released, 3.76 M in the paper."""
    with torch.device("meta"):
        network = build_model("x3d-s").eval()
        clip = torch.empty(1, 13, 3, 160, 160)
        with FlopCounterMode(display=False) as counter:
            network(clip, clip)
    counted = sum(parameter.numel() for parameter in network.parameters())
    assert counted / 1e6 == pytest.approx(2.979, abs=6e-4)
    published = counted + (KINETICS_CLASSES - 2) * (HEAD_CHANNELS + 1)
    assert published / 1e6 == pytest.approx(3.794, abs=6e-4)
    assert counter.get_total_flops() / 2e9 == pytest.approx(1.96, abs=0.006)


def test_no_frame_is_left_out_on_the_way() -> None:
    network = X3D(X3DChoices(frames=5)).eval()
    maps = network.stem(torch.randn(1, 3, 5, 32, 64))
    assert maps.shape == (1, 24, 5, 16, 32)
    for stage in network.stages:
        maps = stage(maps)
    assert maps.shape == (1, 192, 5, 1, 2)


def test_it_notices_the_order_of_frames() -> None:
    torch.manual_seed(0)
    network = X3D(X3DChoices(frames=5)).train()
    network.dropout.p = 0.0
    clips = torch.randn(2, 5, 3, 64, 64)
    assert not torch.allclose(network(clips, clips), network(clips[:, [2, 0, 4, 1, 3]], clips))


@pytest.mark.parametrize("choices", [{"frames": 0}, {"frames": "8"}, {"dropout": 2}], ids=str)
def test_wrong_choices_are_refused(choices: dict[str, object]) -> None:
    for name in ("x3d-s", "mazinga-v2"):
        with pytest.raises(ConfigError, match=f"{next(iter(choices))}: not a value of this choice"):
            build_model(name, **choices)
