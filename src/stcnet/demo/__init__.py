"""The sample video of ``stcnet demo``: a rendered plant that smokes for a while.

It is an easy case, chosen to show what the commands do and not how well the model does it: the sky
is clear and nothing steams. It shows no real place: ``python -m stcnet.synthesis.sample`` renders
it (with the ``train`` extra) and writes it anew, over the copy that comes with the package.
"""

from pathlib import Path

SAMPLE_PATH = Path(__file__).with_name("sample.mp4")
"""The video: H.264, played back at 12 frames per second."""

FRAME_INTERVAL_S = 5.0
"""World time between its frames, in seconds."""

SMOKE_START_S = 240.0
"""World time at which the smoke starts, in seconds since the first frame."""

SMOKE_STOP_S = 420.0
"""World time at which the source of the smoke closes; the last of it drifts away afterwards."""
