"""Convert light to a picture: exposure, tone curve, lens, sensor noise and sRGB encoding."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from encoders.scenes.appearance.domains import Lighting, Optics, Sensor
from encoders.scenes.pictures.columns import dot
from taskgraph.arrays import AnyFloats, Pixels

REFERENCE = 0.2
"""Typical luminance for which a camera without adaptation is exposed."""

_GRAY = 0.4  # albedo
_LEAK = 0.07

_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def linear_to_srgb(value: AnyFloats) -> AnyFloats:
    """Encode linear light, clipped to [0, 1], as sRGB values in [0, 1] (IEC 61966-2-1)."""
    value = np.clip(value, 0, 1)
    curve = np.float32(1.055) * value ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(value <= 0.0031308, np.float32(12.92) * value, curve)


def exposure(
    radiance: AnyFloats, incident: AnyFloats, lighting: Lighting, error: float = 0.0
) -> float:
    """Return the factor that scales a view's typical luminance to the domain's exposure.

    The typical luminance is ``m**a * REFERENCE**(1 - a)``, with a the domain's adaptation. m is
    the geometric mean of the samples' radiance and of the radiance of a medium gray in their
    place: half reflected, half incident metering, so that white walls stay lighter than dark ones.

    Parameters
    ----------
    radiance : (N, 3) array
        Radiance of the surfaces in view, without the surroundings outside windows.
    incident : (N, 3) array
        Irradiance on these surfaces.
    error : float, stops
        Exposure error.
    """
    if not len(radiance):
        return float(lighting.exposure / REFERENCE * 2.0**error)
    seen = np.log(dot(radiance, _LUMA) + np.float32(1e-4)).mean(dtype=np.float64)
    gray = np.log(dot(incident, _LUMA * np.float32(_GRAY / np.pi)) + np.float32(1e-4))
    mean = np.exp((seen + gray.mean(dtype=np.float64)) / 2)
    typical = mean**lighting.adaptation * REFERENCE ** (1 - lighting.adaptation)
    return float(lighting.exposure / typical * 2.0**error)


def mix_channels(light: AnyFloats) -> AnyFloats:
    """Add 7 % of each other channel to each channel of (..., 3) light, as layers of film do.

    Grays do not change; strongly colored light does not saturate to a pure primary color.
    """
    every = light.sum(-1, keepdims=True)
    mixed: AnyFloats = light + np.float32(_LEAK) * (every - 3 * light)
    return mixed


def tone_map(light: AnyFloats) -> AnyFloats:
    """Apply Narkowicz's fit of the ACES tone curve: [0, infinity) to [0, 1)."""
    return np.clip(
        light
        * (2.51 * light + np.float32(0.03))
        / (light * (2.43 * light + np.float32(0.59)) + np.float32(0.14)),
        0,
        1,
    )


def downsample(image: AnyFloats) -> AnyFloats:
    """Return the mean of each 2 x 2 block of a (2H, 2W, C) image."""
    height, width, channels = image.shape
    blocks = image.reshape(height // 2, 2, width // 2, 2, channels)
    return (blocks[:, 0, :, 0] + blocks[:, 0, :, 1] + blocks[:, 1, :, 0] + blocks[:, 1, :, 1]) / 4


def apply_lens(image: AnyFloats, optics: Optics) -> AnyFloats:
    """Blur and darken the corners of a square (H, W, 3) image of linear light."""
    size = len(image)
    if optics.blur:
        sigma = optics.blur * size
        image = ndimage.gaussian_filter(image, (sigma, sigma, 0), mode="nearest")
    if optics.vignetting:
        axis = (2 * (np.arange(size, dtype=np.float32) + 0.5) / size - 1) ** 2
        loss = optics.vignetting * ((axis[:, None] + axis[None, :]) / 2) ** 1.5
        image = image * (1 - loss)[..., None]
    return image


def add_noise(image: AnyFloats, sensor: Sensor, rng: np.random.Generator) -> AnyFloats:
    """Apply the sensor's color cast and noise to an image of linear light."""
    image = image * np.asarray(sensor.cast, np.float32)
    if sensor.shot or sensor.read:
        variance = sensor.shot**2 * np.clip(image, 0, 1) + sensor.read**2
        image = image + np.sqrt(variance) * rng.standard_normal(image.shape, dtype=np.float32)
    return image


def to_srgb_bytes(image: AnyFloats) -> Pixels:
    """Return an image of linear light as 8-bit sRGB."""
    return np.round(255 * linear_to_srgb(image)).astype(np.uint8)
