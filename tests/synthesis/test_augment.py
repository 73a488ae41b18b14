"""Smoke pasted into clips: honest, repeatable, and nowhere but where it is."""

from dataclasses import replace

import pytest
import torch

from stcnet.synthesis.augment import paste_plumes
from stcnet.synthesis.draws import SMOKE

BATCH, FRAMES, SIZE = 24, 4, 64
TIMES = (torch.arange(FRAMES) * 20.0).expand(BATCH, FRAMES)


@pytest.fixture(scope="module")
def clips() -> torch.Tensor:
    """Still scenes: bright above, dark and grained below, each of another tint."""
    generator = torch.Generator().manual_seed(1)
    fall = torch.linspace(190, 60, SIZE)[:, None].expand(SIZE, SIZE)
    grain = 12 * torch.randn(BATCH, 1, 1, SIZE, SIZE, generator=generator)
    tint = 0.7 + 0.5 * torch.rand(BATCH, 1, 3, 1, 1, generator=generator)
    return (fall * tint + grain).clamp(0, 255).expand(BATCH, FRAMES, 3, SIZE, SIZE).contiguous()


def paste(
    clips: torch.Tensor, seed: int = 0, steam: bool | torch.Tensor = False
) -> tuple[torch.Tensor, torch.Tensor]:
    times = TIMES[: len(clips)]
    return paste_plumes(clips, times, torch.Generator().manual_seed(seed), steam=steam)


def test_the_seed_alone_decides(clips: torch.Tensor) -> None:
    before = torch.get_rng_state()
    first, second, other = paste(clips, 0), paste(clips, 0), paste(clips, 1)
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[1], other[1])
    assert torch.equal(before, torch.get_rng_state())


def test_shapes_types_and_ranges(clips: torch.Tensor) -> None:
    pasted, opacity = paste(clips)
    assert pasted.shape == clips.shape
    assert opacity.shape == (BATCH, FRAMES, 1, SIZE, SIZE)
    assert opacity.min() >= 0
    assert opacity.max() <= 1
    assert pasted.min() >= 0
    assert pasted.max() <= 255
    assert not pasted.requires_grad


@pytest.mark.parametrize("steam", [False, True], ids=["smoke", "steam"])
def test_pixels_change_only_under_the_plume(clips: torch.Tensor, steam: bool) -> None:
    pasted, opacity = paste(clips, steam=steam)
    clear = (opacity == 0).expand_as(clips)
    assert clear.any()
    assert torch.equal(pasted[clear], clips[clear])
    assert (pasted != clips)[(opacity > 0.3).expand_as(clips)].float().mean() > 0.8


def test_smoke_can_be_seen_in_nearly_every_clip(clips: torch.Tensor) -> None:
    change = torch.cat([(paste(clips, s)[0] - clips).abs().amax(2) for s in range(4)])
    covered = (change > 5).float().mean((1, 2, 3))
    strongest = change.flatten(1).topk(40).values.mean(1)
    assert (covered > 0.002).float().mean() > 0.95
    assert (strongest > 7).float().mean() > 0.95


def test_smoke_spans_thin_to_opaque_and_small_to_large(clips: torch.Tensor) -> None:
    opacity = torch.cat([paste(clips, s)[1] for s in range(3)])
    area = (opacity > 0.05).float().mean((1, 2, 3, 4))
    peak = opacity.flatten(1).amax(1)
    assert area.min() < 0.03
    assert area.max() > 0.3
    assert peak.min() < 0.5
    assert peak.max() > 0.95


def test_steam_may_be_chosen_clip_by_clip(clips: torch.Tensor) -> None:
    choice = torch.arange(BATCH) % 2 == 0
    mixed, steam, smoke = (paste(clips, steam=kind)[0] for kind in (choice, True, False))
    assert torch.equal(mixed[choice], steam[choice])
    assert torch.equal(mixed[~choice], smoke[~choice])


def test_only_differences_of_time_matter(clips: torch.Tensor) -> None:
    epoch = TIMES.double() + 1_550_000_000
    later, _ = paste_plumes(clips, epoch, torch.Generator().manual_seed(0))
    assert torch.equal(later, paste(clips)[0])


def test_ranges_can_be_narrowed(clips: torch.Tensor) -> None:
    black = replace(SMOKE, palette=(((0.0, 0.0, 0.0), 1.0),), extent=(1.0, 1.5))
    times, generator = TIMES[:8], torch.Generator().manual_seed(0)
    pasted, opacity = paste_plumes(clips[:8], times, generator, smoke_ranges=black)
    upper = (opacity[..., :24, :] > 0.3).expand_as(pasted[..., :24, :])
    assert (pasted < clips[:8])[..., :24, :][upper].float().mean() > 0.9


@pytest.mark.parametrize(
    ("height", "width"), [(180, 200), (40, 64), (8, 400)], ids=["large", "wide", "strip"]
)
def test_any_size_of_clip(height: int, width: int) -> None:
    clips = torch.full((1, 2, 3, height, width), 120.0)
    pasted, opacity = paste_plumes(clips, TIMES[:1, :2], torch.Generator().manual_seed(4))
    assert pasted.shape == clips.shape
    assert opacity.shape == (1, 2, 1, height, width)


def test_half_precision_clips_stay_half(clips: torch.Tensor) -> None:
    pasted, opacity = paste(clips[:4].to(torch.bfloat16))
    exact, _ = paste(clips[:4].to(torch.bfloat16).float())
    assert pasted.dtype == opacity.dtype == torch.bfloat16
    assert (pasted.float() - exact).abs().max() <= 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_device_changes_nothing_that_can_be_seen(clips: torch.Tensor) -> None:
    there, _ = paste(clips.cuda())
    here, _ = paste(clips)
    assert (there.cpu() - here).abs().max() < 0.5
