"""ROC, precision-recall and reliability pictures, as SVG."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stcnet.evaluation.curves import precision_recall_curve, roc_curve
from stcnet.evaluation.reliability import Bin, CalibrationScores
from stcnet.evaluation.samples import Sample

SIDE_IN = 5.0
"""Side of a picture in inches."""
Corner = Literal["lower left", "lower right", "upper left"]


def roc_picture(samples: Mapping[str, Sample]) -> str:
    """The ROC curves of samples with both classes, one line each."""
    with _drawing() as axes:
        axes.plot([0, 1], [0, 1], color="0.7", linestyle=":", label="chance")
        for name, sample in samples.items():
            curve = roc_curve(sample.judged)
            axes.plot(curve.false_positive_rates, curve.recalls, label=name)
        return _finished(axes, "share of smoke-free clips with an alarm", "recall", "lower right")


def precision_recall_picture(samples: Mapping[str, Sample]) -> str:
    """The precision-recall curves of samples with smoke, as the steps that the mean is taken of."""
    with _drawing() as axes:
        for name, sample in samples.items():
            curve = precision_recall_curve(sample.judged)
            axes.step([0.0, *curve.recalls], [curve.precisions[0], *curve.precisions], label=name)
        return _finished(axes, "recall", "precision", "lower left")


def reliability_picture(calibrations: Mapping[str, CalibrationScores]) -> str:
    """Share of smoke against mean probability in bins of equal weight, one line a sample."""
    with _drawing() as axes:
        axes.plot([0, 1], [0, 1], color="0.7", linestyle=":", label="perfect")
        for name, scores in calibrations.items():
            said, shown = _points(scores.bins_mass)
            axes.plot(said, shown, marker="o", label=name)
        return _finished(axes, "mean probability", "share of clips with smoke", "upper left")


def _points(bins: tuple[Bin, ...]) -> tuple[list[float], list[float]]:
    return [each.mean_probability for each in bins], [each.smoke_share for each in bins]


@contextmanager
def _drawing() -> Iterator[Axes]:
    # Text stays text, and the same numbers give the same bytes.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "stcnet", "font.size": 11.0}):
        yield Figure(figsize=(SIDE_IN, SIDE_IN), layout="constrained").add_subplot()


def _finished(axes: Axes, across: str, up: str, legend: Corner) -> str:
    """Label the axes of shares and write the figure."""
    axes.set(xlabel=across, ylabel=up, xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.grid(color="0.9")
    axes.legend(loc=legend, frameon=False)
    figure = axes.get_figure(root=True)
    assert figure is not None
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
