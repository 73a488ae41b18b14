"""The turbulence texture: periodic, divergence-free, of unit strength, changing with phase."""

import math

import torch

from stcnet.synthesis.turbulence import sample_density, sample_eddies, sample_patches

SIDE = 256


def lattice() -> torch.Tensor:
    steps = torch.arange(SIDE, dtype=torch.float64) / SIDE
    return torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1)


def test_displacement_has_no_divergence() -> None:
    field = sample_eddies(lattice(), torch.tensor(0.0)).displacement
    along_x = torch.roll(field[..., 0], -1, 1) - torch.roll(field[..., 0], 1, 1)
    along_y = torch.roll(field[..., 1], -1, 0) - torch.roll(field[..., 1], 1, 0)
    assert (along_x + along_y).abs().max() < 1e-9
    assert along_x.abs().max() > 0.05


def test_strength_is_one_at_every_phase() -> None:
    for phase in (0.0, 0.7, 2.0):
        eddies = sample_eddies(lattice(), torch.tensor(phase))
        assert 0.8 < eddies.displacement.square().sum(-1).mean().sqrt() < 1.25
        assert 0.8 < eddies.density.std() < 1.25
        assert eddies.density.mean().abs() < 0.01


def test_plane_repeats_after_one_period() -> None:
    points = torch.rand(50, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    here, there = (sample_eddies(points + k, torch.tensor(0.3)).density for k in (0, -3))
    assert torch.allclose(here, there, atol=1e-9)


def test_a_small_turn_changes_little_and_a_quarter_turn_everything() -> None:
    def similarity(phase: float) -> float:
        first = sample_eddies(lattice(), torch.tensor(0.0)).density.flatten()
        later = sample_eddies(lattice(), torch.tensor(phase)).density.flatten()
        return float(torch.corrcoef(torch.stack([first, later]))[0, 1])

    assert similarity(0.1) > 0.97
    assert abs(similarity(math.pi / 2)) < 0.3


def test_density_alone_has_the_bits_of_all_eddies() -> None:
    points, phase = lattice()[::3, ::5] * 2.7 - 1, torch.tensor(0.4)
    assert torch.equal(sample_density(points, phase), sample_eddies(points, phase).density)


def test_patches_cover_half_of_the_plane_however_blurred() -> None:
    for blur in ((0.0, 0.0), (0.02, 0.05), (0.3, 0.3)):
        cover = sample_patches(lattice(), 2.5, blur)
        assert 0 <= cover.min() <= cover.max() <= 1
        assert abs(cover.mean() - 0.5) < 0.05


def test_patches_that_are_not_blurred_are_the_density_through_a_sigmoid() -> None:
    plain = torch.sigmoid(2.5 * sample_density(lattice(), torch.tensor(0.0)))
    assert torch.allclose(sample_patches(lattice(), 2.5, (0.0, 0.0)), plain, atol=0.05)


def test_patches_repeat_after_one_period() -> None:
    points = torch.rand(50, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    here, there = (sample_patches(points + k, 2.5, (0.01, 0.02)) for k in (0, 5))
    assert torch.allclose(here, there, atol=1e-9)
