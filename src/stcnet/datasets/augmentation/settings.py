"""What augmentation is asked for: one number a transform, and named sets of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

OFF: dict[str, float] = {
    "crop_scale": 1.0, "zoom_out": 1.0, "perspective": 0.0, "flip": 0.0, "brightness": 0.0,
    "contrast": 0.0, "saturation": 0.0, "hue": 0.0, "cast": 0.0, "gamma": 1.0, "blur": 0.0,
    "noise": 0.0, "flicker": 0.0, "erasing": 0.0, "reverse": 0.0, "permute": 0.0,
    "slow": 1.0, "even": 0.0, "tilt": 0.0, "passers": 0, "haze": 0.0, "shake": 0.0,
    "defocus": 0.0, "motion_blur": 0.0, "drops": 0, "grain": 0.0, "white_balance": 0.0,
    "infrared": 0.0, "jpeg": 100, "codec": 0.0,
}  # fmt: skip
"""The value of each transform that switches it off."""

CHANCES = frozenset({"flip", "blur", "erasing", "reverse", "permute", "even", "infrared"})
"""The transforms whose value is how often, not how much."""

PRESETS: dict[str, dict[str, float]] = {
    "none": OFF,
    "rise": OFF | {
        "crop_scale": 0.9, "tilt": 3.0, "flip": 0.5, "brightness": 0.3, "contrast": 0.3,
        "saturation": 0.3, "hue": 0.1, "relative_jitter": True, "gamma": 1.3, "erasing": 0.5,
        "often": 1.0,
    },
    "cameras": {
        "perspective": 0.0, "hue": 0.0, "cast": 0.0, "relative_jitter": True, "blur": 0.0,
        "erasing": 0.0, "slow": 1.5, "even": 0.3, "tilt": 3.0, "passers": 3,
        "haze": 1.0, "shake": 0.004, "defocus": 0.01, "motion_blur": 0.015, "drops": 3,
        "grain": 0.03, "white_balance": 0.25, "infrared": 0.05, "jpeg": 30, "codec": 32.0,
        "often": 0.3,
    },
}  # fmt: skip
"""Named sets. ``rise`` is what the code of RISE trains with: colour jitter of .3, hue of .1 and
gamma of .3, random resized crops of .9 to 1, rotations about three axes and shear of up to 3
degrees, flip, two small erasings. ``cameras`` is what differs between cameras, with crop, flip,
gamma and flicker of the defaults; where these do what no camera does (black rectangles, shadows
that are shifted to blue or cut off), something else takes their place. Nobody has shown yet that it
scores better."""


class AugmentationSettings(BaseModel):
    """How much of each; see :data:`OFF` for the value that switches a transform off.

    A preset is a string in place of the settings, or the key ``preset`` beside those that depart
    from it.

    Attributes:
        crop_scale: Smallest share of the picture's area that a random crop keeps.
        zoom_out: Smallest share of its side to which half of the pictures shrink before the crop,
            as if seen from farther away; reflections fill the margin.
        perspective: Distortion scale of the perspective, share of half the picture.
        flip: Chance of a horizontal flip.
        brightness: Largest shift of all channels, either way, share of the full range.
        contrast: Largest relative gain or loss of all channels.
        saturation: Largest relative change, either way.
        hue: Largest shift of the hue, share of the colour circle.
        relative_jitter: ``brightness`` is a relative gain or loss, and ``contrast`` stretches about
            the mean, as in RISE's code; jitter then meets every clip, else four in five.
        cast: Largest shift of a single colour channel, share of the full range.
        gamma: Largest exponent; the smallest is its inverse.
        blur: Chance of a Gaussian blur of 3 to 5 pixels.
        noise: Largest standard deviation of pixel noise, share of the full range.
        flicker: Largest standard deviation of the exposure between frames of a clip, relative.
        erasing: Chance that a small rectangle is hidden, tried twice.
        reverse: Chance that the clip runs backwards.
        permute: Chance that the frames of the clip stand in random order (RISE's "FP": what a
            model still knows then, it does not know from motion).
        even: Chance that the frames lie at equal distances from a random first one, as in
            testing; else one stands at random in each segment.
        often: Chance that each of the transforms below meets a clip; its strength is then drawn
            evenly between none and the largest. ``infrared`` has a chance of its own.
        slow: Largest factor by which a clip runs slower: its frames are drawn from a shorter
            part of it, at a random place.
        tilt: Largest rotation about each of three axes, and shear, in degrees.
        passers: Largest number of opaque things that pass before the scene: birds, vehicles,
            cranes.
        haze: Largest optical depth of the air before what is farthest.
        shake: Largest displacement of a frame by a shaking camera, share of the side.
        defocus: Largest radius of the disc of confusion, share of the side.
        motion_blur: Largest length of the smear of a moving camera, share of the side.
        drops: Largest number of drops and spots of dirt on the lens.
        grain: Largest standard deviation of the noise of a weakly lit sensor in mid grey, share
            of the range; coarser than a pixel, and stronger in the dark.
        white_balance: Largest exponent of the gain of red against blue, in linear light.
        infrared: Chance of the dim grey picture of a camera in its night mode.
        jpeg: Smallest quality of JPEG compression of each frame by itself.
        codec: Largest quantiser step, in levels of 0..255, of a block codec that predicts frames.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    crop_scale: float = Field(0.6, gt=0, le=1)
    zoom_out: float = Field(1.0, gt=0, le=1)
    perspective: float = Field(0.1, ge=0, le=1)
    flip: float = Field(0.5, ge=0, le=1)
    brightness: float = Field(0.3, ge=0, lt=1)
    contrast: float = Field(0.3, ge=0, lt=1)
    saturation: float = Field(0.3, ge=0, lt=1)
    hue: float = Field(0.05, ge=0, le=0.5)
    relative_jitter: bool = False
    cast: float = Field(0.08, ge=0, lt=1)
    gamma: float = Field(1.4, ge=1)
    blur: float = Field(0.1, ge=0, le=1)
    noise: float = Field(0.01, ge=0, lt=1)
    flicker: float = Field(0.02, ge=0, lt=1)
    erasing: float = Field(0.2, ge=0, le=1)
    reverse: float = Field(0.0, ge=0, le=1)
    permute: float = Field(0.0, ge=0, le=1)
    even: float = Field(0.0, ge=0, le=1)
    often: float = Field(0.5, ge=0, le=1)
    slow: float = Field(1.0, ge=1, le=4)
    tilt: float = Field(0.0, ge=0, le=30)
    passers: int = Field(0, ge=0, le=8)
    haze: float = Field(0.0, ge=0, le=3)
    shake: float = Field(0.0, ge=0, le=0.05)
    defocus: float = Field(0.0, ge=0, le=0.05)
    motion_blur: float = Field(0.0, ge=0, le=0.1)
    drops: int = Field(0, ge=0, le=8)
    grain: float = Field(0.0, ge=0, le=0.5)
    white_balance: float = Field(0.0, ge=0, le=1)
    infrared: float = Field(0.0, ge=0, le=1)
    jpeg: int = Field(100, ge=1, le=100)
    codec: float = Field(0.0, ge=0, le=100)

    @model_validator(mode="before")
    @classmethod
    def _take_preset(cls, given: Any) -> Any:
        """Fill in what a named set says and the rest does not."""
        values = {"preset": given} if isinstance(given, str) else given
        if not isinstance(values, dict) or "preset" not in values:
            return values
        rest = {key: value for key, value in values.items() if key != "preset"}
        name = values["preset"]
        if not isinstance(name, str) or name not in PRESETS:
            raise ValueError(f"there is no such preset; allowed: {', '.join(PRESETS)}")
        return PRESETS[name] | rest

    @property
    def switched_on(self) -> tuple[str, ...]:
        """Names of the transforms that may change a clip, in the order of their fields."""
        values = self.model_dump()
        return tuple(name for name in values if name in OFF and values[name] != OFF[name])

    def only(self, names: Collection[str]) -> AugmentationSettings:
        """The same settings with all transforms off that are not named.

        >>> AugmentationSettings(haze=1.0).only({"haze", "flip"}).switched_on
        ('flip', 'haze')
        """
        off = {name: value for name, value in OFF.items() if name not in names}
        return self.model_copy(update=off)

    def alone(self, name: str) -> AugmentationSettings:
        """One transform, and that in every clip, at its strength or below.

        >>> AugmentationSettings(infrared=0.1).alone("infrared").infrared
        1.0
        """
        certain: dict[str, float] = {"often": 1.0}
        if name in CHANCES:
            certain[name] = 1.0
        return self.only({name}).model_copy(update=certain)
