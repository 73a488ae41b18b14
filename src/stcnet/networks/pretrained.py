"""Weights from a file that the user names, in the names of the network's own tensors."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from stcnet.errors import ConfigError
from stcnet.networks.published_layouts import OWN, Translation, translate

Shape = tuple[int, ...]
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
STATE_DICT = "a state dict written by torch.save or as .safetensors"
WRAPPER = "module."
COUNTER = "num_batches_tracked"
NAMED = 3
"""How many of the names that do not fit an error or a summary shows."""

_MORE_THAN_WEIGHTS = (
    "the file holds more or other than weights",
    "where it was made, save the state_dict() of a pickled model",
)
_BROKEN = ("the file is empty or damaged", "download or copy it again")
_GLOBAL = re.compile(r"GLOBAL (?P<name>[\w.]+)")
_ESCAPE = re.compile("\x1b\\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class LoadedWeights:
    """What became of a file of weights.

    Attributes:
        path: The file.
        loaded: Names of the tensors of the network that it gave.
        missing: Names of the network's tensors that it does not have; they stay random.
        unexpected: Names in it that the network does not have.
        misshapen: Names of tensors of the network that have another shape there; they stay random.
        unused: Names in it that its own network computes nothing with, left out without loss.
        shapes: Shape there and in the network of each misshapen tensor.
        origins: Names of the network -> names in the file, where they are others.
        layout: Whose names the file uses, for people.
    """

    path: Path
    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misshapen: tuple[str, ...]
    unused: tuple[str, ...] = ()
    shapes: Mapping[str, tuple[Shape, Shape]] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    layout: str = OWN

    @property
    def wanted(self) -> int:
        """How many tensors of the network the file should have."""
        return len(self.loaded) + len(self.missing) + len(self.misshapen)

    def misfits(self) -> str:
        """What does not fit, in words; empty where everything does.

        >>> LoadedWeights(Path("i3d.pt"), ("a", "b"), (), ("c",), ("logits.bias",)).misfits()
        '1 not in the network: c; 1 of another shape: logits.bias'
        """
        return "; ".join(
            f"{len(names)} {kind}: {few(names)}" for kind, names in self._by_kind().items() if names
        )

    def listing(self) -> Iterator[str]:
        r"""A line for every tensor that does not fit, and for every one that is left out.

        >>> print(*LoadedWeights(Path("i3d.pt"), (), ("a",), ("c",), ()).listing(), sep="\n")
        not in the file: a
        not in the network: c
        """
        for kind, names in {**self._by_kind(), "unused": self.unused}.items():
            for name in names:
                there, here = self.shapes.get(name, ((), ()))
                yield f"{kind}: {name}" + (f", {there} for {here}" if name in self.shapes else "")

    def _by_kind(self) -> dict[str, tuple[str, ...]]:
        return {
            "not in the file": self.missing,
            "not in the network": self.unexpected,
            "of another shape": self.misshapen,
        }

    def require_fit(self, *, allow_partial: bool) -> None:
        """Refuse weights that do not fit.

        Args:
            allow_partial: Let what does not fit be left out, as long as most of the network fits.

        Raises:
            ConfigError: They do not fit.
        """
        if self.misfits() and not (allow_partial and 2 * len(self.loaded) > self.wanted):
            raise ConfigError(
                f"the weights do not fit the network: {self.misfits()}",
                where=self.path,
                got=f"{len(self.loaded)} tensors that fit, {self.wanted} wanted",
                hint="name weights of this network"
                + ("" if allow_partial else ", or ask for a partial load"),
            )


def load_pretrained(
    network: nn.Module, path: Path, *, allow_partial: bool = False
) -> LoadedWeights:
    """Fill a network with the weights of a file.

    The file holds a state dict: safetensors, or what ``torch.save`` wrote, also inside an entry
    ``state_dict``. The prefix ``module.``, which training on several devices adds, is taken away.
    Counters of batch norms, which old files lack, and second names of shared tensors may be
    missing. The tensors may stand under the names of :mod:`stcnet.networks.published_layouts`.

    Args:
        network: What to fill; untouched if the file is refused.
        path: The file. It is never unpickled into anything but tensors.
        allow_partial: Leave out what does not fit, such as the classifier of a network for other
            classes or a layer that the file does not know. Most of the network must still fit.

    Raises:
        ConfigError: The file cannot be read, holds no weights, or does not fit.
    """
    return load_state(network, read_state(path), path, allow_partial=allow_partial)


def load_state(
    network: nn.Module, state: Mapping[str, Tensor], path: Path, *, allow_partial: bool = False
) -> LoadedWeights:
    """Fill a network with the tensors that were read from a file; see :func:`load_pretrained`.

    Raises:
        ConfigError: They do not fit.
    """
    result, fitting = _fit(network, state, path)
    result.require_fit(allow_partial=allow_partial)
    network.load_state_dict(fitting, strict=False)
    return result


def fit_weights(network: nn.Module, path: Path) -> tuple[LoadedWeights, dict[str, Tensor]]:
    """What of a file fits a network, which may be on the meta device, and the tensors that do.

    Raises:
        ConfigError: The file cannot be read or holds no weights.
    """
    return _fit(network, read_state(path), path)


def _fit(
    network: nn.Module, state: Mapping[str, Tensor], path: Path
) -> tuple[LoadedWeights, dict[str, Tensor]]:
    translation = translate(network, _strip(state))
    result = _compare(network, translation, path)
    return result, {name: translation.tensors[name] for name in result.loaded}


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
    if content.lstrip()[:1] == b"<":
        raise ConfigError(
            "this is a web page, not the weights it may link to",
            where=path,
            got=content.lstrip()[:20].decode(errors="replace"),
            hint="download the file itself",
        )
    if path.suffix == ".safetensors":
        return _read_safetensors(path, content)
    return _read_pickled(path, content)


def _read_safetensors(path: Path, content: bytes) -> dict[str, Tensor]:
    try:
        tensors = safetensors.torch.load(content)
    except SafetensorError as error:
        raise _refusal(path, "the file is no safetensors file", error) from None
    if not tensors:
        raise _refusal(path, "the file holds no state dict", "no tensor")
    return tensors


def _read_pickled(path: Path, content: bytes) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected pickle protocol")
            loaded = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # what a damaged or unsafe file makes torch raise has no common base
        raise _unpickling_refusal(path, error) from None
    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]
    tensors = isinstance(loaded, Mapping) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in loaded.items()
    )
    if not tensors or not loaded:
        raise _refusal(path, "the file holds no state dict", _described(loaded))
    return dict(loaded)


def _refusal(path: Path, what: str, got: object) -> ConfigError:
    return ConfigError(what, where=path, got=got, allowed=STATE_DICT)


def _unpickling_refusal(path: Path, error: Exception) -> ConfigError:
    """Names what stands in a file besides tensors, or else what torch says of it first."""
    told = _ESCAPE.sub("", str(error))
    found = _GLOBAL.search(told)
    got = found["name"] if found else told.partition("\n")[0].partition(". ")[0]
    broken = isinstance(error, (EOFError, RuntimeError))  # no pickle, or half a zip
    what, hint = _BROKEN if broken else _MORE_THAN_WEIGHTS
    return ConfigError(
        what, where=path, got=got or type(error).__name__, allowed=STATE_DICT, hint=hint
    )


def _described(loaded: object) -> str:
    kind = type(loaded).__name__
    return f"{kind} of {few(map(str, loaded))}" if isinstance(loaded, Mapping) and loaded else kind


def _strip(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without the prefix of data-parallel training, where all of them have it."""
    wrapped = all(name.startswith(WRAPPER) for name in state)
    return {name.removeprefix(WRAPPER) if wrapped else name: state[name] for name in state}


def _compare(network: nn.Module, translation: Translation, path: Path) -> LoadedWeights:
    own = network.state_dict(keep_vars=True)
    stored, origins = translation.tensors, translation.origins
    common = [name for name in own if name in stored]
    wanted = distinct_names(own, stored)
    missing = (name for name in own if name in wanted and name not in stored)
    homeless = tuple(origins.get(name, name) for name in stored if name not in own)
    shapes = {name: (tuple(stored[name].shape), tuple(own[name].shape)) for name in common}
    return LoadedWeights(
        path,
        loaded=tuple(name for name in common if shapes[name][0] == shapes[name][1]),
        missing=tuple(name for name in missing if not name.endswith(COUNTER)),
        unexpected=homeless + translation.unknown,
        misshapen=tuple(name for name in common if shapes[name][0] != shapes[name][1]),
        unused=translation.unused,
        shapes={name: pair for name, pair in shapes.items() if pair[0] != pair[1]},
        origins=origins,
        layout=translation.layout,
    )


def distinct_names(own: Mapping[str, Tensor], stored: Container[str] = ()) -> frozenset[str]:
    """One name of each tensor of a state dict in which shared tensors have several.

    Args:
        own: A state dict of the tensors themselves, not of copies (``keep_vars=True``).
        stored: Names that are taken before others.
    """
    first: dict[int, str] = {}
    for name in sorted(own, key=lambda name: name not in stored):
        first.setdefault(id(own[name]), name)
    return frozenset(first.values())


def few(names: Iterable[str]) -> str:
    """The first of some names."""
    names = list(names)
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
