"""Industrial smoke in fixed-camera video, by the Spatio-Temporal Cross Network."""

__version__ = "0.1.0"
