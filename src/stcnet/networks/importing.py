"""Published checkpoints as safetensors in our own names, so that recipes can start from them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from stcnet import __version__
from stcnet.errors import ConfigError
from stcnet.files import write_whole
from stcnet.networks.pretrained import LoadedWeights, distinct_names, few, fit_weights
from stcnet.networks.registry import find_network

SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A published checkpoint beside a network that may take its weights.

    Attributes:
        network: Name of the network.
        weights: What of the file fits, what does not, and what is missing.
        tensors: What fits, by the network's names and in its number types; each tensor once, even
            where pathways share it.
        sha256: Of the file, in hexadecimal.
    """

    network: str
    weights: LoadedWeights
    tensors: Mapping[str, Tensor]
    sha256: str

    def write(self, out: Path, *, allow_partial: bool = False) -> None:
        """Write what fits as safetensors, which ``network.pretrained`` of a recipe takes.

        Args:
            out: The file; one that exists is replaced, but not the checkpoint itself.
            allow_partial: See :func:`stcnet.networks.load_pretrained`.

        Raises:
            ConfigError: The checkpoint does not fit, holds values that are not finite, or the
                name of the file has another ending.
            OutputError: It cannot be written.
        """
        self.weights.require_fit(allow_partial=allow_partial)
        self._require_finite()
        require_suffix(out)
        if out.exists() and out.samefile(self.weights.path):
            raise ConfigError("this is the checkpoint itself", where=out, hint="name another file")
        content = safetensors.torch.save(dict(self.tensors), self._provenance())
        write_whole(out, content, what="the weights", hint="name a file in a writable folder")

    def as_json(self) -> dict[str, object]:
        """Everything that is known of the match, for a report."""
        weights = self.weights
        return {
            "file": str(weights.path),
            "sha256": self.sha256,
            "layout": weights.layout,
            "network": self.network,
            "matched": {name: weights.origins.get(name, name) for name in weights.loaded},
            "not_in_the_file": list(weights.missing),
            "not_in_the_network": list(weights.unexpected),
            "of_another_shape": [
                {"name": name, "file_name": weights.origins.get(name, name), "file": there,
                 "network": here}
                for name, (there, here) in weights.shapes.items()
            ],
            "unused_by_its_own_network": list(weights.unused),
        }  # fmt: skip

    def _provenance(self) -> dict[str, str]:
        return {
            "network": self.network,
            "layout": self.weights.layout,
            "source": self.weights.path.name,
            "source_sha256": self.sha256,
            "imported_by": f"stcnet {__version__}",
        }

    def _require_finite(self) -> None:
        spoilt = [name for name, tensor in self.tensors.items() if not tensor.isfinite().all()]
        if spoilt:
            raise ConfigError(
                "the checkpoint holds values that are not finite",
                where=self.weights.path,
                got=f"{len(spoilt)} such tensors: {few(spoilt)}",
                hint="its training has failed; name an earlier one",
            )


def read_checkpoint(path: Path, network: str) -> Checkpoint:
    """Read a checkpoint and set it beside a network; nothing that does not fit is refused yet.

    Args:
        path: A state dict as :func:`stcnet.networks.load_pretrained` takes it.
        network: Name of a network of :data:`stcnet.networks.NETWORKS`.

    Raises:
        ConfigError: There is no such network, or the file cannot be read or holds no weights.
    """
    entry = find_network(network, where="--network")
    with torch.device("meta"):
        model = entry.build(entry.choices)
    weights, fitting = fit_weights(model, path)
    own = model.state_dict(keep_vars=True)
    names = distinct_names(own, fitting)
    tensors = {
        # Pathways that start alike must not share memory, which safetensors refuses to write.
        name: tensor.to(own[name].dtype).clone(memory_format=torch.contiguous_format)
        for name, tensor in fitting.items()
        if name in names
    }
    return Checkpoint(network, weights, tensors, hashlib.sha256(path.read_bytes()).hexdigest())


def require_suffix(out: Path) -> None:
    """Refuse a name of the output that does not say what it holds.

    Raises:
        ConfigError: It has another ending.
    """
    if out.suffix != SUFFIX:
        raise ConfigError(
            "weights are written as safetensors", where="--out", got=out, allowed=f"*{SUFFIX}"
        )
