"""How to keep a frame: room, time and what is lost, by codec; and what a loss does to scores.

    python benchmarks/store_codecs.py --data DATA --clips 64 --sizes 180 224

Compresses every fourth frame of some clips, drawn at random from a data set, in each way and reads
it back, on one thread; times are processor time. PSNR is the mean over frames, in dB; 20 GB are the
room that a store of RISE may take. Then the bundled model scores the clips at the size they were
recorded at, from frames that went through either codec of ``stcnet data store`` and from frames
that did not.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from stcnet.datasets.collection import labelled
from stcnet.datasets.opening import open_collection
from stcnet.datasets.store import CODECS, Codec
from stcnet.datasets.store.codecs import decode, encode
from stcnet.datasets.store.native import native_size
from stcnet.inference import ClipScorer, ModelPackage, bundled_package
from stcnet.preprocess import resize
from stcnet.types import Picture

RISE_FRAMES = 12_567 * 36
EVERY = 4
Encoder = Callable[[Picture], bytes]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way of keeping frames costs, by the frame.

    Attributes:
        kilobytes: 10^3 bytes.
        encode_ms, decode_ms: Processor time.
        psnr_db: Mean over frames; infinite where nothing is lost.
    """

    kilobytes: float
    encode_ms: float
    decode_ms: float
    psnr_db: float

    @property
    def rise_gb(self) -> float:
        """All frames of RISE, were they like these, in 10^9 bytes."""
        return self.kilobytes * RISE_FRAMES / 1e6


def encoders() -> dict[str, Encoder]:
    """The ways that were thought of."""
    ways: dict[str, Encoder] = {
        f"JPEG {quality} {chroma}": partial(_pillow, "JPEG", quality=quality, subsampling=chroma)
        for quality in (90, 95, 98)
        for chroma in ("4:2:0", "4:4:4")
    }
    ways |= {f"WebP {quality}": partial(_pillow, "WEBP", quality=quality) for quality in (90, 95)}
    ways |= {
        f"lossless WebP, effort {effort}, method {method}": partial(
            _pillow, "WEBP", lossless=True, quality=effort, method=method
        )
        for effort, method in ((0, 0), (50, 1), (75, 4))
    }
    ways |= {f"PNG {level}": partial(_pillow, "PNG", compress_level=level) for level in (1, 6)}
    return ways


def _pillow(kind: str, picture: Picture, **settings: int | str | bool) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, **settings)
    return buffer.getvalue()


def psnr_db(original: Picture, changed: Picture) -> float:
    """Peak signal-to-noise ratio of 8-bit pictures."""
    error = float(np.mean((original.astype(np.float64) - changed) ** 2))
    return 10 * np.log10(255**2 / error) if error else np.inf


def cost_of(encoder: Encoder, pictures: Sequence[Picture]) -> Cost:
    """Compress pictures and read them back."""
    began = time.process_time()
    kept = [encoder(picture) for picture in pictures]
    between = time.process_time()
    size = len(pictures[0])
    back = [decode(np.frombuffer(data, np.uint8), size) for data in kept]
    ended = time.process_time()
    count = len(pictures)
    losses = [psnr_db(a, b[..., ::-1]) for a, b in zip(pictures, back, strict=True)]
    return Cost(
        sum(map(len, kept)) / count / 1e3,
        (between - began) / count * 1e3,
        (ended - between) / count * 1e3,
        float(np.mean(losses)),
    )


def through(codec: Codec, clip: Picture) -> Picture:
    """A clip of shape (L, S, S, 3) that was in a store."""
    frames = [np.frombuffer(encode(picture, codec), np.uint8) for picture in clip]
    return np.stack([decode(frame, clip.shape[1])[..., ::-1] for frame in frames])


def print_scores(clips: Sequence[Picture]) -> None:
    """How far the bundled model's probabilities move, by codec."""
    scorer = ClipScorer(ModelPackage.load(bundled_package()), threads=1)
    plain = np.array([scorer.score(clip).probability for clip in clips])
    print("\n| codec | mean change of probability | largest |\n|---|---|---|")
    for codec in CODECS:
        stored = [scorer.score(np.ascontiguousarray(through(codec, clip))) for clip in clips]
        moved = np.abs(np.array([verdict.probability for verdict in stored]) - plain)
        print(f"| `{codec}` | {moved.mean():.5f} | {moved.max():.5f} |")


def print_costs(size: int, clips: Sequence[Picture]) -> None:
    """The table of one size."""
    pictures = [resize(frame, size) for clip in clips for frame in clip[::EVERY]]
    print(f"\n{size} px, {len(pictures)} frames\n")
    print("| kept as | kB a frame | RISE, GB | encode, ms | decode, ms | PSNR, dB |")
    print("|---|---|---|---|---|---|")
    for name, encoder in encoders().items():
        cost = cost_of(encoder, pictures)
        room = f"{cost.kilobytes:.1f} | {cost.rise_gb:.1f}"
        times = f"{cost.encode_ms:.2f} | {cost.decode_ms:.2f}"
        print(f"| {name} | {room} | {times} | {cost.psnr_db:.1f} |", flush=True)


def main() -> None:
    """Read clips, print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of clips of any kind")
    parser.add_argument("--clips", type=int, default=64, help="how many")
    parser.add_argument("--sizes", type=int, nargs="+", default=[180, 224], help="in pixels")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    collection = open_collection(given.data)
    all_clips = labelled(collection.clips)
    drawn = np.random.default_rng(0).permutation(len(all_clips))[: given.clips]
    chosen = [all_clips[number] for number in sorted(drawn)]
    loaded = collection.load(chosen, native_size(collection, chosen)).in_memory().frames
    clips = [np.ascontiguousarray(clip.permute(0, 2, 3, 1).numpy()) for clip in loaded]
    for size in given.sizes:
        print_costs(size, clips)
    print_scores(clips)


if __name__ == "__main__":
    main()
