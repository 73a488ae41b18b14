"""Another calibration for a package that is there already, from held-out predictions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import jinja2

from stcnet.errors import ConfigError, PackageError
from stcnet.inference import ModelDescription, ModelPackage, recalibrate_package
from stcnet.packaging.card import metrics_of, model_card
from stcnet.packaging.export import moment_of_making, require_folder
from stcnet.packaging.findings import Findings, HeldOut


def recalibrate(
    package: ModelPackage,
    path: Path,
    held_out: HeldOut,
    *,
    version: str,
    created_at: datetime | None = None,
) -> ModelPackage:
    """Write a package with calibration, thresholds, scores and card of held-out predictions.

    Graphs, weights, examples and provenance stay as they are.

    Args:
        package: In 32 bits.
        path: The ``.stcnet`` file to write.
        held_out: Predictions of the folds of the package's recipe, with raw logits.
        version: To state; another than the package's, so that the two can be told apart.
        created_at: Aware UTC; None for now, or the moment in SOURCE_DATE_EPOCH where that is set.

    Raises:
        ConfigError: The version is that of the package, ``path`` is the file of the package, or the
            package is quantised.
        DataError: The predictions do not belong to the clips, or cannot be calibrated.
        OutputError: The file cannot be written.
        PackageError: The file of the package is another one by now, or its manifest does not hold
            the whole recipe.
    """
    _check(package, version)
    require_folder(path)
    if path.exists() and path.samefile(package.source):
        raise ConfigError("this is the package", where=path, hint="name another file")
    findings = held_out.findings(package.manifest.sampling.window_s)
    description = _describe(package, findings, version, created_at or moment_of_making())
    return recalibrate_package(
        package,
        path,
        description=description,
        calibration=findings.calibration,
        card=_card(package, description, findings),
    )


def _card(package: ModelPackage, description: ModelDescription, findings: Findings) -> str:
    try:
        return model_card(description, findings)
    except jinja2.UndefinedError as error:
        raise PackageError(
            "the recipe in its manifest does not tell what a card says",
            where=package.source,
            got=error,
            hint="give a package that stcnet export made",
        ) from None


def _check(package: ModelPackage, version: str) -> None:
    if package.manifest.precision != "fp32":
        raise ConfigError(
            "only a 32-bit package can be calibrated anew",
            where=package.source,
            got=package.manifest.precision,
            hint="calibrate the package that it was made of, and quantise that",
        )
    if version == package.version:
        raise ConfigError(
            "the package has this version already",
            where="--model-version",
            got=version,
            hint="state another one",
        )


def _describe(
    package: ModelPackage, findings: Findings, version: str, created_at: datetime
) -> ModelDescription:
    kept = {name: getattr(package.manifest, name) for name in ModelDescription.model_fields}
    return ModelDescription(
        **{
            **kept,
            "version": version,
            "created_at": created_at,
            "metrics": metrics_of(findings.scores),
            "operating_points": findings.points,
        }
    )
