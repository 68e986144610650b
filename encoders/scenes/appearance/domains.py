"""Domains: what the same rooms look like under other palettes, lights and cameras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from encoders.errors import InvalidSceneError
from encoders.scenes.appearance.materials import Color
from encoders.scenes.appearance.palettes import Palette
from encoders.scenes.appearance.recipes import COMMON, EVENING, LOFT, POSTER

PHOTOGRAPHED, DRAWN = "photographed", "drawn"


def _in_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InvalidSceneError(f"{name} is in [{low:g}, {high:g}], got {value:g}")


@dataclass(frozen=True)
class Lighting:
    """The light that comes from outside, and how strong lamps are.

    Attributes
    ----------
    sun : (R, G, B)
        Irradiance on a surface that faces the sun; zeros for none.
    sun_height : (low, high), degrees above the horizon
    sky : (R, G, B)
        Radiance of the sky halfway up, as seen and as it shines in through windows.
    horizon, ground : (R, G, B)
        Radiance just above and below the horizon.
    lit_windows : float in [0, 1]
        Share of the windows of the houses opposite in which there is light; 0 shows no houses.
    lamp : (R, G, B)
        Radiant intensity of an ordinary lamp (a `Glow` of strength 1): its irradiance at 1 m.
    ambient : (R, G, B)
        Irradiance that reaches every surface from everywhere, before occlusion.
    exposure : float
        Brightness (linear, of 1) that the picture's typical luminance is brought to.
    adaptation : float in [0, 1]
        1 brings every view to ``exposure``; 0 leaves dark views dark.
    """

    sun: Color
    sun_height: tuple[float, float]
    sky: Color
    horizon: Color
    ground: Color
    lamp: Color
    ambient: Color
    lit_windows: float = 0.0
    exposure: float = 0.2
    adaptation: float = 0.8

    def __post_init__(self) -> None:
        for name in ("sun", "sky", "horizon", "ground", "lamp", "ambient"):
            if min(getattr(self, name)) < 0:
                raise InvalidSceneError(f"light is not negative: {name} is {getattr(self, name)}")
        low, high = self.sun_height
        _in_range("sun_height", low, 1, high)
        _in_range("sun_height", high, low, 90)
        _in_range("lit_windows", self.lit_windows, 0, 1)
        _in_range("exposure", self.exposure, 0.01, 1)
        _in_range("adaptation", self.adaptation, 0, 1)


@dataclass(frozen=True)
class Optics:
    """How the camera differs from a plain pinhole.

    Attributes
    ----------
    fov_scale : float
        Multiplies the mean field of view; ``fov_spread`` multiplies its standard deviation.
    exposure_jitter : float
        Standard deviation of the exposure's error, in stops (factors of two).
    vignetting : float in [0, 1]
        Share of light lost in the corners.
    blur : float
        Standard deviation of a Gaussian blur, as a share of the picture's width.
    """

    fov_scale: float = 1.0
    fov_spread: float = 1.0
    exposure_jitter: float = 0.0
    vignetting: float = 0.0
    blur: float = 0.0

    def __post_init__(self) -> None:
        _in_range("fov_scale", self.fov_scale, 0.4, 1.6)
        _in_range("fov_spread", self.fov_spread, 0, 3)
        _in_range("exposure_jitter", self.exposure_jitter, 0, 2)
        _in_range("vignetting", self.vignetting, 0, 1)
        _in_range("blur", self.blur, 0, 0.05)


@dataclass(frozen=True)
class Sensor:
    """Noise and tint of the image sensor, on values in [0, 1] before the sRGB curve.

    The variance of a value x is ``shot**2 * x + read**2``; ``cast`` multiplies R, G and B.
    """

    shot: float = 0.0
    read: float = 0.0
    cast: Color = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        _in_range("shot", self.shot, 0, 0.5)
        _in_range("read", self.read, 0, 0.5)
        for channel in self.cast:
            _in_range("cast", channel, 0.2, 2)


@dataclass(frozen=True)
class Domain:
    """One look of the world.

    Attributes
    ----------
    name, description : str
        ``description`` is one line for ``--help``.
    palette : Palette
    lighting : Lighting
    clutter : float
        Multiplies the number of small objects.
    camera : Optics
    noise : Sensor
    shading : str
        ``"photographed"`` traces light; ``"drawn"`` fills areas and inks their outlines.
    """

    name: str
    description: str
    palette: Palette
    lighting: Lighting
    clutter: float = 1.0
    camera: Optics = field(default_factory=Optics)
    noise: Sensor = field(default_factory=Sensor)
    shading: str = PHOTOGRAPHED

    def __post_init__(self) -> None:
        if self.shading not in (PHOTOGRAPHED, DRAWN):
            raise InvalidSceneError(
                f"shading is {PHOTOGRAPHED!r} or {DRAWN!r}, got {self.shading!r}"
            )
        _in_range("clutter", self.clutter, 0, 4)


_DAYLIGHT = Lighting(
    sun=(13.0, 11.8, 10.0),
    sun_height=(22.0, 48.0),
    sky=(2.6, 3.0, 3.5),
    horizon=(4.2, 4.3, 4.3),
    ground=(1.6, 1.6, 1.3),
    lamp=(0.35, 0.32, 0.27),
    ambient=(0.22, 0.22, 0.23),
    exposure=0.27,
)

_NIGHT = Lighting(
    sun=(0.0, 0.0, 0.0),
    sun_height=(20.0, 60.0),
    sky=(0.012, 0.020, 0.050),
    horizon=(0.040, 0.040, 0.070),
    ground=(0.008, 0.009, 0.014),
    lamp=(2.15, 1.72, 1.22),
    ambient=(0.02, 0.018, 0.018),
    lit_windows=0.3,
    exposure=0.15,
    adaptation=0.7,
)

# Nothing is lit: what is behind the windows is drawn with these.
_PAPER = Lighting(
    sun=(0.0, 0.0, 0.0),
    sun_height=(30.0, 60.0),
    sky=(0.30, 0.62, 0.78),
    horizon=(0.78, 0.86, 0.80),
    ground=(0.42, 0.58, 0.30),
    lamp=(1.0, 1.0, 1.0),
    ambient=(1.0, 1.0, 1.0),
)

_HARD = Lighting(
    sun=(24.0, 20.0, 15.0),
    sun_height=(14.0, 32.0),
    sky=(1.5, 2.0, 2.8),
    horizon=(3.4, 3.2, 3.0),
    ground=(0.8, 0.8, 0.7),
    lamp=(0.9, 0.72, 0.5),
    ambient=(0.07, 0.075, 0.085),
    exposure=0.17,
    adaptation=0.75,
)

_OVERCAST = Lighting(
    sun=(0.0, 0.0, 0.0),
    sun_height=(30.0, 60.0),
    sky=(2.6, 2.7, 2.8),
    horizon=(2.4, 2.45, 2.5),
    ground=(0.9, 0.9, 0.8),
    lamp=(0.8, 0.86, 0.7),
    ambient=(0.3, 0.31, 0.3),
    exposure=0.22,
    adaptation=0.85,
)

_DAY = Domain(
    name="day",
    description="sunlight through the windows, light woods, white and pastel walls",
    palette=COMMON,
    lighting=_DAYLIGHT,
)

_EVENING = Domain(
    name="evening",
    description="warm lamps, dark windows, saturated walls",
    palette=EVENING,
    lighting=_NIGHT,
)

_DRAWN = Domain(
    name="drawn",
    description="flat poster colors without texture or shadow, inked outlines",
    palette=POSTER,
    lighting=_PAPER,
    shading=DRAWN,
)

_LOFT = Domain(
    name="loft",
    description="brick, concrete and dark metal, hard contrast, wide lens, more clutter",
    palette=LOFT,
    lighting=_HARD,
    clutter=1.6,
    camera=Optics(fov_scale=1.2),
)

_PHONE = Domain(
    name="phone",
    description="a cheap camera on a dull day: narrow, noisy, blurred, dark corners, a cast",
    palette=COMMON,
    lighting=_OVERCAST,
    camera=Optics(fov_scale=0.85, exposure_jitter=0.35, vignetting=0.45, blur=0.006),
    noise=Sensor(shot=0.045, read=0.015, cast=(1.04, 1.0, 0.8)),
)

DOMAINS: Mapping[str, Domain] = MappingProxyType(
    {domain.name: domain for domain in (_DAY, _EVENING, _DRAWN, _LOFT, _PHONE)}
)
"""Every domain by its name; ``day`` is the default."""
