"""The model package: a model with all that is needed to use it and to trust it, in one file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from stcnet.errors import PackageError, ScoringError
from stcnet.inference.archive import read_members
from stcnet.inference.calibration import AnyCalibration, Calibration
from stcnet.inference.graphs import GraphRunner, PhaseScore, available_cores
from stcnet.inference.manifest import Manifest, Precision, read_manifest, read_record
from stcnet.inference.phases import PhaseScorer
from stcnet.inference.tensors import Examples, read_examples, read_weights
from stcnet.preprocess import centred_square

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stcnet.types import Picture

MIB = 1 << 20
MEMBER_BYTES = {
    "manifest.json": MIB,
    "frame.onnx": 64 * MIB,
    "clip.onnx": 64 * MIB,
    "weights.safetensors": 1024 * MIB,
    "calibration.json": MIB,
    "examples.npz": 256 * MIB,
    "MODEL_CARD.md": MIB,
}
"""The members of a package, and the most bytes that each may unpack to."""

PACKAGE_BYTES = 1024 * MIB
"""The most bytes that a package may have, packed and unpacked."""

EXAMPLE_TOLERANCES: Mapping[Precision, float] = {"fp32": 1e-3, "int8": 2e-2}
"""How far, in probability, a worked example may come out from what the package promises.

Other processors and versions of ONNX Runtime round differently. In 32 bits that changes much less
than this; in 8 bits what is rounded to the other side moves by a whole step, and steps add up.
"""

_CALIBRATION: TypeAdapter[Calibration] = TypeAdapter(AnyCalibration)
_MAP_TOLERANCE = 1e-3
_MODELS = Path(__file__).parent.parent / "models"


@dataclass(frozen=True, eq=False)
class ModelPackage:
    """A model, read into memory and checked.

    Attributes:
        manifest: What the package says of itself.
        calibration: From logits to probabilities, and the thresholds.
        frame_graph, clip_graph: The two ONNX models, without their large weights.
        weights: By name, as :class:`~stcnet.inference.graphs.GraphRunner` takes them.
        examples: Clips and the logits that they must give.
        card: The model card, in Markdown.
        sha256: Hash of the whole file, 64 hexadecimal digits.
        source: Where the package was read from, for messages.
    """

    manifest: Manifest
    calibration: Calibration
    frame_graph: bytes
    clip_graph: bytes
    weights: Mapping[str, NDArray[Any]]
    examples: Examples
    card: str
    sha256: str
    source: Path
    _runners: dict[int, GraphRunner] = field(default_factory=dict, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    @classmethod
    def load(cls, path: str | Path, *, verify: bool = True) -> ModelPackage:
        """Read a ``.stcnet`` file. Nothing is written to disk and nothing in it is executed.

        Args:
            path: The file.
            verify: Score the worked examples and refuse the package unless they come out within
                ``EXAMPLE_TOLERANCES`` in probability. Hashes are checked in any case.

        Raises:
            PackageError: The file is missing, not a package, damaged, unsafe, of another format
                version, refused by ONNX Runtime, or does not score as it promises.
        """
        source = Path(path)
        package = unpack(read_package_file(source), source)
        if verify:
            package.verify()
        return package

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """Version of the model."""
        return self.manifest.version

    def runner(self, threads: int | None = None) -> GraphRunner:
        """The graphs, ready to run: one pair for each number of threads, shared by all callers.

        Args:
            threads: Threads of each graph; None for one a core available to this process.

        Raises:
            PackageError: ONNX Runtime refuses a graph or its weights.
        """
        threads = threads or available_cores()
        with self._lock:
            if threads not in self._runners:
                self._runners[threads] = GraphRunner(
                    self.frame_graph,
                    self.clip_graph,
                    self.weights,
                    threads=threads,
                    where=self.source,
                )
            return self._runners[threads]

    def verify(self) -> None:
        """Score the worked examples.

        Raises:
            PackageError: One does not come out as promised, its activation map does not average
                to its logit, or ONNX Runtime refuses a graph.
        """
        tolerance = EXAMPLE_TOLERANCES[self.manifest.precision]
        for index, promised in enumerate(self.examples.logits):
            score = self.score_example(self.examples.frames[index])
            expected = self.calibration.probability(float(promised))
            probability = self.calibration.probability(score.logit)
            if abs(probability - expected) > tolerance:
                raise PackageError(
                    f"example {index} does not come out as the package promises",
                    where=self.source,
                    got=f"probability {probability:.4f}",
                    allowed=f"{expected:.4f} within {tolerance:g}",
                    hint="do not use this package here",
                )

    def score_example(self, frames: Picture) -> PhaseScore:
        """Judge the centred square of one phase.

        Args:
            frames: RGB, uint8, shape (T + 1, H, W, 3).

        Raises:
            PackageError: The graphs fail, or the activation map does not average to the logit.
        """
        scorer = PhaseScorer(self.runner(), self.manifest.input)
        box = centred_square(frames.shape[2], frames.shape[1])
        try:
            score = scorer.score([scorer.prepare(frame, box) for frame in frames])
        except ScoringError as error:
            raise PackageError("an example fails", where=self.source, got=error) from error
        mean = float(score.activation.mean())
        if abs(mean - score.logit) > _MAP_TOLERANCE * (1 + abs(score.logit)):
            raise PackageError(
                "the activation map of an example does not average to its logit",
                where=self.source,
                got=f"mean {mean:.4f}, logit {score.logit:.4f}",
            )
        return score


def bundled_package(precision: Precision = "fp32") -> Path:
    """The model package that comes with the installation.

    Args:
        precision: ``int8`` for the one whose name ends in ``-int8``.

    Raises:
        PackageError: This installation has none.
    """
    for path in sorted(_MODELS.glob("*.stcnet")):
        if path.stem.endswith("-int8") == (precision == "int8"):
            return path
    raise PackageError(
        "no model package comes with this installation",
        where=_MODELS,
        got=f"none in {precision}",
        hint="install a released wheel, or name a .stcnet file",
    )


def unpack(data: bytes, source: Path) -> ModelPackage:
    """The package in the bytes of a ``.stcnet`` file, its hashes checked, its examples not.

    Args:
        data: The whole file.
        source: Where it comes from, for messages.

    Raises:
        PackageError: It is not a package, damaged, unsafe or of another format version.
    """
    members = read_members(data, MEMBER_BYTES, PACKAGE_BYTES, source)
    manifest = read_manifest(members["manifest.json"], f"{source}, manifest.json")
    _check_hashes(members, manifest, source)
    return ModelPackage(
        manifest=manifest,
        calibration=read_record(
            _CALIBRATION, members["calibration.json"], f"{source}, calibration.json"
        ),
        frame_graph=members["frame.onnx"],
        clip_graph=members["clip.onnx"],
        weights=read_weights(members["weights.safetensors"], f"{source}, weights.safetensors"),
        examples=read_examples(
            members["examples.npz"], manifest.sampling.phase_frames, f"{source}, examples.npz"
        ),
        card=members["MODEL_CARD.md"].decode(errors="replace"),
        sha256=hashlib.sha256(data).hexdigest(),
        source=source,
    )


def read_package_file(source: Path) -> bytes:
    """The bytes of a ``.stcnet`` file.

    Raises:
        PackageError: It cannot be read, or is larger than a package may be.
    """
    try:
        with source.open("rb") as stream:
            data = stream.read(PACKAGE_BYTES + 1)
    except OSError as error:
        raise PackageError(
            "the model package cannot be read",
            where=source,
            got=error.strerror or error,
            hint="check the path",
        ) from error
    if len(data) > PACKAGE_BYTES:
        raise PackageError("the file is too large", where=source, allowed=f"{PACKAGE_BYTES} bytes")
    return data


def _check_hashes(members: Mapping[str, bytes], manifest: Manifest, source: Path) -> None:
    actual = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in members.items()
        if name != "manifest.json"
    }
    wrong = sorted(name for name, digest in actual.items() if manifest.files.get(name) != digest)
    wrong += sorted(manifest.files.keys() - actual.keys())
    if wrong:
        raise PackageError(
            f"{', '.join(wrong)} does not have the hash that the manifest states",
            where=source,
            hint="the package is damaged or was tampered with; fetch it again",
        )
