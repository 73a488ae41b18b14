"""Light through smoke: the sum of background and smoke in linear light."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stcnet.synthesis.compositing import composite, to_display, to_linear
from stcnet.synthesis.plumes import Opacity


def flat(depth: float, light: float = 1.0, batch: int = 1) -> Opacity:
    return Opacity(torch.full((batch, 2, 4, 5), depth), torch.full((batch, 2, 4, 5), light))


def backdrop(dtype: torch.dtype = torch.float32, batch: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (batch, 2, 3, 4, 5), generator=generator).to(dtype)


@given(st.floats(0.001, 8), st.floats(0, 1), st.floats(0, 1))
def test_pixels_follow_from_background_opacity_and_radiance(
    depth: float, light: float, level: float
) -> None:
    background = backdrop()
    result = composite(background, flat(depth, light), torch.tensor([[level, 0.5, 0.1]]))
    behind = (background.numpy().astype(float) / 255) ** 2.2
    smoke = light * np.array([level, 0.5, 0.1])[:, None, None]
    expected = 255 * (behind * np.exp(-depth) + smoke * (1 - np.exp(-depth))) ** (1 / 2.2)
    np.testing.assert_allclose(result.numpy(), expected, atol=0.02)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64, torch.bfloat16])
def test_no_smoke_leaves_the_background_to_the_bit(dtype: torch.dtype) -> None:
    background = backdrop(dtype)
    result = composite(background, flat(0.0), torch.ones(1, 3))
    assert result.dtype == dtype
    assert torch.equal(result, background)


def test_integers_are_the_rounded_numbers() -> None:
    rounded = composite(backdrop(torch.uint8), flat(0.7, 0.8), torch.full((1, 3), 0.4))
    exact = composite(backdrop(), flat(0.7, 0.8), torch.full((1, 3), 0.4))
    assert torch.equal(rounded.float(), exact.round())


def test_opaque_smoke_hides_the_background() -> None:
    result = composite(backdrop(), flat(50.0), torch.tensor([[1.0, 0.25, 0.0]]))
    expected = to_display(torch.tensor([1.0, 0.25, 0.0]))[:, None, None].expand(3, 4, 5)
    assert torch.allclose(result[0, 1], expected, atol=1e-3)


def test_radiance_may_change_from_frame_to_frame() -> None:
    radiance = torch.tensor([[[0.1, 0.1, 0.1], [0.9, 0.9, 0.9]]])
    result = composite(backdrop(), flat(50.0), radiance)
    steady = composite(backdrop(), flat(50.0), radiance[:, 1])
    assert torch.equal(result[:, 1], steady[:, 1])
    assert result[:, 0].max() < result[:, 1].min()


def test_display_and_linear_light_are_inverse() -> None:
    values = torch.arange(256.0)
    assert torch.allclose(to_display(to_linear(values)), values, atol=1e-2)
    assert to_display(torch.tensor([-1.0, 2.0])).tolist() == [0.0, 255.0]


@pytest.mark.parametrize(
    ("plume", "radiance"),
    [
        (flat(1.0, batch=2), torch.ones(1, 3)),  # another batch
        (flat(1.0), torch.ones(3)),  # radiance without a batch
    ],
)
def test_shapes_that_do_not_belong_together_are_refused(
    plume: Opacity, radiance: torch.Tensor
) -> None:
    with pytest.raises(ValueError, match="do not belong together"):
        composite(backdrop(), plume, radiance)
