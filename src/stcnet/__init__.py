"""Industrial smoke in fixed-camera video, by the Spatio-Temporal Cross Network."""

import os

# Read by ONNX Runtime when it is loaded, which would leave files of its telemetry in the user's
# home, or complain on standard error where it cannot.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
