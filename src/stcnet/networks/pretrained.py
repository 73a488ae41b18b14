"""Weights from a file that the user names, in the names of the network's own tensors."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from stcnet.errors import ConfigError
from stcnet.networks.published_layouts import in_own_names

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
WRAPPER = "module."
COUNTER = "num_batches_tracked"
NAMED = 3
"""How many of the names that do not fit an error or a summary shows."""


@dataclass(frozen=True, slots=True)
class LoadedWeights:
    """What became of a file of weights.

    Attributes:
        path: The file.
        loaded: Names of the tensors that it gave.
        missing: Names of the network's tensors that it does not have; they stay random.
        unexpected: Names in it that the network does not have.
        misshapen: Names of tensors that have another shape there; they stay random.
    """

    path: Path
    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misshapen: tuple[str, ...]

    def misfits(self) -> str:
        """What does not fit, in words; empty where everything does.

        >>> LoadedWeights(Path("i3d.pt"), ("a", "b"), (), ("c",), ("logits.bias",)).misfits()
        '1 not in the network: c; 1 of another shape: logits.bias'
        """
        kinds = {
            "not in the file": self.missing,
            "not in the network": self.unexpected,
            "of another shape": self.misshapen,
        }
        return "; ".join(
            f"{len(names)} {kind}: {_few(names)}" for kind, names in kinds.items() if names
        )


def load_pretrained(
    network: nn.Module, path: Path, *, allow_partial: bool = False
) -> LoadedWeights:
    """Fill a network with the weights of a file.

    The file holds a state dict: safetensors, or what ``torch.save`` wrote, also inside an entry
    ``state_dict``. The prefix ``module.``, which training on several devices adds, is taken away.
    Counters of batch norms, which old files lack, and second names of shared tensors may be
    missing. Backbones may stand under the names of torchvision and timm, see
    :mod:`stcnet.networks.published_layouts`.

    Args:
        network: What to fill; untouched if the file is refused.
        path: The file. It is never unpickled into anything but tensors.
        allow_partial: Leave out what does not fit, such as the classifier of a network for other
            classes or a layer that the file does not know. Most of the network must still fit.

    Raises:
        ConfigError: The file cannot be read, holds no weights, or does not fit.
    """
    stored = in_own_names(network, _strip(read_state(path)))
    result = _compare(network, stored, path)
    if result.misfits() and not (allow_partial and 2 * len(result.loaded) > _expected(result)):
        raise _misfit(result, allow_partial)
    network.load_state_dict({name: stored[name] for name in result.loaded}, strict=False)
    return result


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by their names.

    Raises:
        ConfigError: The file cannot be read or holds no weights.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refusal(path, "the weights cannot be read", error.strerror or error) from None
    if content.startswith(LFS_POINTER):
        raise ConfigError(
            "this is a Git LFS pointer, not the weights it points to",
            where=path,
            got=f"{len(content)} bytes of text",
            hint="run 'git lfs pull' where it was cloned, or download the file itself",
        )
    if path.suffix == ".safetensors":
        return _read_safetensors(path, content)
    return _read_pickled(path, content)


def _read_safetensors(path: Path, content: bytes) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load(content)
    except SafetensorError as error:
        raise _refusal(path, "the file is no safetensors file", error) from None


def _read_pickled(path: Path, content: bytes) -> dict[str, Tensor]:
    try:
        loaded = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # what a damaged or unsafe file makes torch raise has no common base
        first = str(error).partition("\n")[0] or type(error).__name__
        raise _refusal(path, "the file holds more or other than weights", first) from None
    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]
    tensors = isinstance(loaded, Mapping) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in loaded.items()
    )
    if not tensors or not loaded:
        raise _refusal(path, "the file holds no state dict", type(loaded).__name__)
    return dict(loaded)


def _refusal(path: Path, what: str, got: object) -> ConfigError:
    return ConfigError(
        what, where=path, got=got, allowed="a state dict written by torch.save or as .safetensors"
    )


def _strip(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without the prefix of data-parallel training, where all of them have it."""
    wrapped = all(name.startswith(WRAPPER) for name in state)
    return {name.removeprefix(WRAPPER) if wrapped else name: state[name] for name in state}


def _compare(network: nn.Module, stored: Mapping[str, Tensor], path: Path) -> LoadedWeights:
    own = network.state_dict(keep_vars=True)
    first: dict[int, str] = {}
    for name in sorted(own, key=lambda name: name not in stored):
        first.setdefault(id(own[name]), name)
    # Of a shared tensor one name is wanted, the one that the file has if there is any.
    wanted = set(first.values())
    common = [name for name in own if name in stored]
    return LoadedWeights(
        path,
        loaded=tuple(name for name in common if own[name].shape == stored[name].shape),
        missing=tuple(
            name
            for name in own
            if name in wanted and name not in stored and not name.endswith(COUNTER)
        ),
        unexpected=tuple(name for name in stored if name not in own),
        misshapen=tuple(name for name in common if own[name].shape != stored[name].shape),
    )


def _expected(result: LoadedWeights) -> int:
    return len(result.loaded) + len(result.missing) + len(result.misshapen)


def _misfit(result: LoadedWeights, allow_partial: bool) -> ConfigError:
    return ConfigError(
        f"the weights do not fit the network: {result.misfits()}",
        where=result.path,
        got=f"{len(result.loaded)} tensors that fit, {_expected(result)} wanted",
        hint="name weights of this network"
        + ("" if allow_partial else ", or ask for a partial load"),
    )


def _few(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
