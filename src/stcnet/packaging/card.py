"""The model card: what a package's description and its held-out predictions say, for a person."""

from __future__ import annotations

from collections.abc import Sequence

import jinja2
import numpy as np

from stcnet.evaluation.breakdown import PartScores
from stcnet.evaluation.operating_points import operating_table
from stcnet.evaluation.protocol import GroupScores
from stcnet.evaluation.tables import score_table
from stcnet.inference import Metric, ModelDescription
from stcnet.packaging.findings import Findings


def model_card(description: ModelDescription, findings: Findings) -> str:
    """The card in Markdown.

    Args:
        description: Of the package; its provenance holds the whole recipe of the training.
        findings: What held-out predictions of the recipe say.
    """
    loader = jinja2.PackageLoader("stcnet.packaging", "templates")
    # Markdown, read as text: nothing in it is markup that could be injected.
    environment = jinja2.Environment(  # noqa: S701
        loader=loader, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template("MODEL_CARD.md.j2").render(
        name=description.name,
        version=description.version,
        preset=description.preset,
        choices=", ".join(f"{name} {value}" for name, value in description.network.items()),
        sampling=description.sampling,
        recipe=description.provenance.recipe,
        provenance=description.provenance,
        scores=score_table(findings.scores).markdown() if findings.scores else "",
        calibration=findings.calibration,
        points=findings.points,
        operating_table=operating_table(findings.points),
        of_cells=findings.of_cells,
        protocols=findings.protocols,
        limits=description.limits,
    )


def metrics_of(scores: Sequence[GroupScores] | Sequence[PartScores]) -> tuple[Metric, ...]:
    """The finite estimates as a manifest holds them, rounded to 4 decimals."""
    return tuple(
        Metric(
            protocol=row.fold if isinstance(row, GroupScores) else row.sample,
            group=row.group if isinstance(row, GroupScores) else row.part,
            name=name,
            value=round(estimate.value, 4),
            low=round(estimate.low, 4),
            high=round(estimate.high, 4),
            n=row.clips,
        )
        for row in scores
        for name, estimate in row.metrics.items()
        if np.isfinite([estimate.value, estimate.low, estimate.high]).all()
    )
