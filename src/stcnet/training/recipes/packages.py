"""Model packages as weights to start from."""

from __future__ import annotations

from pathlib import Path

from stcnet.errors import ConfigError
from stcnet.inference import ModelPackage, bundled_package
from stcnet.networks import ClipNetwork
from stcnet.networks.packaged import restore_weights
from stcnet.networks.pretrained import LoadedWeights, load_state
from stcnet.preprocess import ResidualForm

FLAGSHIP = "flagship"
"""Value of ``network.pretrained`` that names the package of this installation."""
SUFFIX = ".stcnet"


def weights_file(pretrained: str) -> Path:
    """The file that a value of ``network.pretrained`` names, be it of weights or a package.

    Raises:
        PackageError: It is the bundled package, and this installation has none.
    """
    return bundled_package() if pretrained == FLAGSHIP else Path(pretrained)


def load_package(network: ClipNetwork, path: Path, residual: ResidualForm) -> LoadedWeights:
    """Fill a network with the weights of a model package; what does not fit is left out.

    Args:
        network: What to fill; untouched if the package is refused.
        path: The package. It is read, not run: its worked examples are not scored.
        residual: Form of the residual frames that the network will see.

    Raises:
        PackageError: The file is no package, or damaged.
        ConfigError: Its weights are integers, know another form of residuals, or do not fit.
    """
    package = ModelPackage.load(path, verify=False)
    manifest = package.manifest
    if manifest.precision != "fp32":
        raise ConfigError(
            "a package in 8 bits cannot be trained on",
            where=path,
            got=manifest.precision,
            allowed="fp32",
            hint="start from the package that it was made of",
        )
    if residual != manifest.input.residual:
        raise ConfigError(
            "the package knows another form of residual frames than the recipe asks for",
            where=path,
            got=manifest.input.residual,
            allowed=residual,
            hint="set network.residual to that of the package",
        )
    return load_state(network, restore_weights(package.weights), path, allow_partial=True)
