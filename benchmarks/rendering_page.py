"""A page of rendered clips beside real ones, to be looked at; and a picture of rendered ones alone.

``--page`` writes one HTML file of moving pictures: cells with smoke, smoke-free cells that a plume
is rendered into as in training, and whole rendered views; then the same clips shuffled, with the
answers hidden below. It holds cells, so that it is not for the repository. ``--picture`` writes a
PNG of rendered views alone.
"""

from __future__ import annotations

import argparse
import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import jinja2
import numpy as np
import torch
from PIL import Image

from stcnet.datasets import Cell, read_cells, read_clips
from stcnet.datasets.cells.records import FRAME_INTERVAL_S
from stcnet.errors import DataError, OutputError
from stcnet.files import write_whole
from stcnet.preprocess import channels_first
from stcnet.synthesis.augment import paste_plumes
from stcnet.synthesis.draws import COLOURS
from stcnet.synthesis.scenes import shoot
from stcnet.synthesis.views import CLEAR, NIGHT, VISIBLE_SMOKE, random_view
from stcnet.types import Picture

SIDE: Final = 180
FRAMES: Final = 36
FIRST_SEED: Final = 9000
VIVID: Final = replace(VISIBLE_SMOKE, strength=(3.0, 12.0), extent=(0.5, 1.8), steady=1.0)
HINT: Final = "choose a folder that you may write to and that has room"
TEMPLATE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Rendered beside real</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; }
.row { display: flex; flex-wrap: wrap; gap: 6px; }
figure { margin: 0; } img { display: block; width: 180px; height: 180px; }
figcaption { font-size: 12px; }
</style>
<h1>Rendered beside real</h1>
<p>Time-lapse, a frame every 5 s. RISE frames are CC0; IJmond frames are CC BY 4.0
(IJmond-video-dataset-2024-01-22).</p>
{% for heading, clips in groups %}
<h2>{{ heading }}</h2><div class="row">{% for clip in clips %}
<figure><img src="data:image/webp;base64,{{ clip.data }}" alt="{{ clip.name }}">
<figcaption>{{ clip.name }}</figcaption></figure>{% endfor %}</div>
{% endfor %}
<h2>Would you be fooled?</h2><div class="row">{% for clip in quiz %}
<figure><img src="data:image/webp;base64,{{ clip.data }}" alt="clip {{ loop.index }}">
<figcaption>{{ loop.index }}</figcaption></figure>{% endfor %}</div>
<details><summary>Answers</summary><ol>{% for clip in quiz %}
<li>{{ clip.kind }}: {{ clip.name }}</li>{% endfor %}</ol></details>
</html>
"""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A clip on the page.

    Attributes:
        kind: What sort of clip it is.
        name: Its id or seed.
        frames: uint8, shape (T, H, W, 3).
    """

    kind: str
    name: str
    frames: Picture

    @property
    def data(self) -> str:
        """The clip as animated WebP in base64."""
        first, *others = (Image.fromarray(frame) for frame in self.frames)
        memory = io.BytesIO()
        first.save(memory, "webp", save_all=True, append_images=others, duration=120, quality=70)
        return base64.b64encode(memory.getvalue()).decode()


def spread(cells: Sequence[Cell], label: int, count: int) -> list[Cell]:
    """Cells of a label, each of another view as far as there are as many."""
    order = np.random.default_rng(label).permutation(len(cells))
    some = [cells[k] for k in order if cells[k].label == label]
    first = {cell.view: cell for cell in reversed(some)}.values()
    return [*first, *(cell for cell in some if cell not in first)][:count]


def real(folder: Path, cells: Sequence[Cell], count: int) -> list[Shown]:
    """Cells with smoke."""
    some = spread(cells, 1, count)
    clips = read_clips(folder, some, SIDE)
    return [Shown("real", f"{some[k].id}, view {some[k].view}", clip) for k, clip in clips]


def pasted(folder: Path, cells: Sequence[Cell], count: int) -> list[Shown]:
    """Smoke-free cells with a plume rendered into them."""
    some, shown = spread(cells, 0, count), []
    times_s = torch.arange(FRAMES)[None] * FRAME_INTERVAL_S
    for index, clip in read_clips(folder, some, SIDE):
        pixels = torch.from_numpy(channels_first(clip))[None].float()
        generator = torch.Generator().manual_seed(FIRST_SEED + index)
        smoky = paste_plumes(pixels, times_s, generator)[0][0].round().byte()
        name = f"{some[index].id}, view {some[index].view}"
        shown.append(Shown("plume in a real clip", name, smoky.permute(0, 2, 3, 1).numpy()))
    return shown


def rendered(count: int) -> list[Shown]:
    """Whole views with smoke, every other with steam as well."""
    times_s, shown = torch.arange(FRAMES) * FRAME_INTERVAL_S, []
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        scene = random_view(seed, "mixed" if seed % 2 else "smoke")
        shown.append(Shown("rendered", f"seed {seed}", shoot(scene, times_s, SIDE, SIDE).frames))
    return shown


def page(folder: Path, count: int) -> str:
    """The page as HTML."""
    cells = [cell for cell in read_cells(folder) if cell.view_confidence == "high"]
    groups = [
        ("Real cells with smoke", real(folder, cells, count)),
        ("Plumes rendered into real smoke-free cells", pasted(folder, cells, count)),
        ("Rendered views", rendered(count)),
    ]
    clips = [clip for _, some in groups for clip in some]
    quiz = [clips[k] for k in np.random.default_rng(0).permutation(len(clips))]
    environment = jinja2.Environment(autoescape=True)
    return environment.from_string(TEMPLATE).render(groups=groups, quiz=quiz)


def picture() -> Picture:
    """Rendered views: colours of smoke by rows, steam, both, night; three moments of each."""
    times_s, rows = torch.tensor([60.0, 80.0, 100.0]), []
    for number, colour in enumerate(("black", "brown", "blue", "yellow")):
        smoke = replace(VIVID, palette=((COLOURS[colour], 1.0),))
        rows.append(random_view(FIRST_SEED + 20 + number, "smoke", CLEAR, smoke=smoke))
    rows += [random_view(FIRST_SEED + 4, "steam"), random_view(FIRST_SEED + 5, "mixed")]
    rows += [random_view(FIRST_SEED + 6, "empty"), random_view(FIRST_SEED + 7, "mixed", NIGHT)]
    strips = [np.concatenate(shoot(scene, times_s, SIDE, SIDE).frames, axis=1) for scene in rows]
    halves = np.concatenate(strips[::2]), np.concatenate(strips[1::2])
    return np.concatenate(halves, axis=1)


def main() -> None:
    """Write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--page", type=Path, help="write the HTML page here; needs --data")
    parser.add_argument("--data", type=Path, help="folder of the shared cells")
    parser.add_argument("--clips", type=int, default=10, help="of each kind on the page")
    parser.add_argument("--picture", type=Path, help="write a PNG of rendered views here")
    given = parser.parse_args()
    if bool(given.page) != bool(given.data) or not (given.page or given.picture):
        parser.error("give --page with --data, or --picture, or all of them")
    try:
        if given.page:
            html = page(given.data, given.clips)
            write_whole(given.page, html.encode(), what="the page", hint=HINT)
        if given.picture:
            memory = io.BytesIO()
            Image.fromarray(picture()).quantize(192).save(memory, "png", optimize=True)
            write_whole(given.picture, memory.getvalue(), what="the picture", hint=HINT)
    except (DataError, OutputError) as error:
        parser.exit(error.exit_code, f"error: {error}\n")


if __name__ == "__main__":
    main()
