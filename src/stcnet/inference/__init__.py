"""Model packages and the scorers that run them; needs no PyTorch."""

from stcnet.inference.calibration import (
    Calibration,
    CalibrationMethod,
    IsotonicCalibration,
    PlattCalibration,
    TemperatureCalibration,
)
from stcnet.inference.graphs import GraphRunner, PhaseScore, available_cores
from stcnet.inference.manifest import (
    FORMAT_VERSION,
    InputSpec,
    LabelRevisions,
    Manifest,
    Metric,
    ModelDescription,
    Precision,
    Provenance,
    Quantisation,
    Sampling,
)
from stcnet.inference.operating_points import Measured, OperatingPoint
from stcnet.inference.package import EXAMPLE_TOLERANCES, ModelPackage, bundled_package
from stcnet.inference.phases import PhaseScorer
from stcnet.inference.scorers import ClipScorer, StreamScorer
from stcnet.inference.tensors import Examples
from stcnet.inference.writing import recalibrate_package, write_package

__all__ = [
    "EXAMPLE_TOLERANCES",
    "FORMAT_VERSION",
    "Calibration",
    "CalibrationMethod",
    "ClipScorer",
    "Examples",
    "GraphRunner",
    "InputSpec",
    "IsotonicCalibration",
    "LabelRevisions",
    "Manifest",
    "Measured",
    "Metric",
    "ModelDescription",
    "ModelPackage",
    "OperatingPoint",
    "PhaseScore",
    "PhaseScorer",
    "PlattCalibration",
    "Precision",
    "Provenance",
    "Quantisation",
    "Sampling",
    "StreamScorer",
    "TemperatureCalibration",
    "available_cores",
    "bundled_package",
    "recalibrate_package",
    "write_package",
]
