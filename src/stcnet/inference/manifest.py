"""What a model package says of itself: ``manifest.json``."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self, TypeAlias, TypeVar, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import from_json

from stcnet.errors import PackageError
from stcnet.inference.operating_points import OperatingPoint
from stcnet.preprocess import Normalisation, ResidualForm
from stcnet.types import require_utc

FormatVersion = Literal[1, 2, 3]
FORMAT_VERSION: Final = 3
"""The version of the package layout that this code writes.

It reads older ones too: version 2 has one threshold for verdicts and alarms; version 1, besides,
always Platt scaling and no operating points.
"""

Precision = Literal["fp32", "int8"]
"""In what the frame graph computes: 32-bit floating point, or mostly 8-bit integers."""

Scalar: TypeAlias = str | int | float | bool
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
RecordT = TypeVar("RecordT")


def _in_utc(moment: datetime) -> datetime:
    require_utc(moment)
    return moment


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InputSpec(_Record):
    """What the network wants to see.

    Attributes:
        size: Side of the square picture, in pixels.
        mean: Mean of each colour channel, in units of 8-bit pixels (0..255).
        std: Standard deviation of each colour channel, in the same units.
        residual: ``signed`` or ``absolute`` residual frames.
    """

    size: int = Field(ge=1, le=4096)
    mean: tuple[FiniteFloat, FiniteFloat, FiniteFloat]
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat]
    residual: ResidualForm

    @property
    def normalisation(self) -> Normalisation:
        """Mean and standard deviation as :func:`stcnet.preprocess.normalise` takes them."""
        return Normalisation(self.mean, self.std)


class Sampling(_Record):
    """How frames are drawn from a stream.

    Attributes:
        interval_s: Seconds between the frames of the stream.
        stride: Frames between the two frames of a residual; also the number of phases averaged.
        frames: Number T of residuals that the network judges together, from T + 1 frames.

    >>> Sampling().window_frames, Sampling().window_s
    (36, 175.0)
    """

    # The upper bounds keep the memory of a stream bounded whatever a package asks for.
    interval_s: float = Field(default=5.0, gt=0, le=86_400)
    stride: int = Field(default=4, ge=1, le=64)
    frames: int = Field(default=8, ge=1, le=64)

    @property
    def phase_frames(self) -> int:
        """Number of frames that one phase takes, T + 1."""
        return self.frames + 1

    @property
    def window_frames(self) -> int:
        """Number of consecutive frames behind one verdict, ``stride * (T + 1)``."""
        return self.stride * self.phase_frames

    @property
    def window_s(self) -> float:
        """Seconds from the first frame of a window to its last."""
        return (self.window_frames - 1) * self.interval_s


class LabelRevisions(_Record):
    """Labels that were not the published ones when the model was trained.

    Attributes:
        file: Name of the file that revised them.
        sha256: Hash of that file, 64 hexadecimal digits.
        to_smoke: Training labels it changed from none to smoke.
        to_none: Training labels it changed from smoke to none.
    """

    file: str
    sha256: Sha256
    to_smoke: NonNegativeInt
    to_none: NonNegativeInt


class Provenance(_Record):
    """Where the weights come from.

    Attributes:
        stcnet_version: Version of this package that trained and exported the model.
        torch_version: Version of PyTorch that did.
        recipe: The settings of the training run.
        data: In words, the clips it was trained on.
        clips: Ids of those clips, sorted; whoever tests the model must keep them out.
        data_sha256: Hash of the ids, one a line, 64 hexadecimal digits.
        seed: Seed of the training run.
        revisions: Which labels were revised for it; None where all were as published.
    """

    stcnet_version: str
    torch_version: str
    recipe: dict[str, JsonValue]
    data: str
    clips: tuple[str, ...] = ()
    data_sha256: Sha256
    seed: int
    revisions: LabelRevisions | None = None


class Quantisation(_Record):
    """How the 32-bit weights of a model became integers.

    Attributes:
        source_sha256: Hash of the 32-bit package that it was made of, 64 hexadecimal digits.
        clips: Number of clips that the ranges of the activations were observed on.
        basis: In words, those clips.
        in_float: In words, the parts that still compute in 32 bits.
        onnxruntime_version: Version of ONNX Runtime that quantised it.
    """

    source_sha256: Sha256
    clips: PositiveInt
    basis: str
    in_float: str
    onnxruntime_version: str


class Metric(_Record):
    """One measured number and what it was measured on.

    Attributes:
        protocol: Which clips were held out, as ``leave-one-split-out``.
        group: Part of the held-out clips, as ``unseen clairton views``.
        name: Name of the metric, as ``smoke-f1``.
        value: The measured value.
        low, high: Ends of its interval, or None where none was measured.
        n: Number of clips behind it.
    """

    protocol: str
    group: str
    name: str
    value: FiniteFloat
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    n: NonNegativeInt


class ModelDescription(_Record):
    """All that the maker of a model package states about it.

    Attributes:
        name: Name of the model, as ``flagship``.
        version: Version of the model, as ``1.0.0``.
        preset: Preset of :mod:`stcnet.networks` it was built from.
        created_at: When it was made, in UTC.
        classes: Names of the classes; the logit speaks for the second.
        network: Backbone, pathways, fusion, head and the other choices of the network.
        input: What the network wants to see.
        sampling: How frames are drawn from a stream.
        provenance: Where the weights come from.
        precision: In what the frame graph computes, ``fp32`` or ``int8``.
        quantisation: How it was made of a 32-bit package; None where it is one.
        metrics: Measured numbers; those of an int8 package were measured before it was quantised.
        operating_points: Thresholds for rates of false alarms, measured on the same clips.
        limits: In words, what the model is known not to do well.
    """

    name: str = Field(min_length=1)
    version: str = Field(min_length=1)
    preset: str
    created_at: Annotated[AwareDatetime, AfterValidator(_in_utc)]
    classes: tuple[Literal["none"], Literal["smoke"]] = ("none", "smoke")
    network: dict[str, Scalar]
    input: InputSpec
    sampling: Sampling = Sampling()
    provenance: Provenance
    precision: Precision = "fp32"
    quantisation: Quantisation | None = None
    metrics: tuple[Metric, ...] = ()
    operating_points: tuple[OperatingPoint, ...] = ()
    limits: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _int8_says_how(self) -> Self:
        if (self.precision == "int8") != (self.quantisation is not None):
            raise ValueError(
                f"precision {self.precision} does not go with "
                f"{'no' if self.quantisation is None else 'a'} quantisation"
            )
        return self


class Manifest(ModelDescription):
    """A model's description with what ties it to the other members of its package.

    Attributes:
        format_version: Version of the package layout.
        files: SHA-256 of each other member, 64 hexadecimal digits.
    """

    format_version: FormatVersion = FORMAT_VERSION
    files: dict[str, Sha256]


_MANIFEST = TypeAdapter(Manifest)


def read_record(form: TypeAdapter[RecordT], data: bytes, where: object) -> RecordT:
    """Read one JSON member of a package.

    Args:
        form: What it must hold.
        data: The member's bytes.
        where: The package and member, for the message.

    Raises:
        PackageError: It is not JSON, or a key is missing, unknown or out of range.
    """
    try:
        return form.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise PackageError(
            f"{key or 'the content'}: {first['msg']}",
            where=where,
            hint="the package is damaged or made by other software; export it again",
        ) from error


def read_manifest(data: bytes, where: object) -> Manifest:
    """Read ``manifest.json``.

    Args:
        data: The member's bytes.
        where: The package and member, for the message.

    Raises:
        PackageError: It is not a manifest, or one of another format version.
    """
    version = _format_version(data)
    if version is not None and version not in get_args(FormatVersion):
        raise PackageError(
            "the package has another format version",
            where=where,
            got=version,
            allowed=", ".join(map(str, get_args(FormatVersion))),
            hint="upgrade stcnet" if version > FORMAT_VERSION else "export the model again",
        )
    return read_record(_MANIFEST, data, where)


def _format_version(data: bytes) -> int | None:
    try:
        content: Any = from_json(data)
    except ValueError:
        return None
    version = content.get("format_version") if isinstance(content, dict) else None
    return version if type(version) is int else None
