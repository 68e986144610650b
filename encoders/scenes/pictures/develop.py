"""From light to a picture: exposure, tone curve, lens, sensor and the sRGB encoding."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from encoders.scenes.appearance.domains import Lighting, Optics, Sensor
from encoders.scenes.pictures.columns import dot
from taskgraph.arrays import AnyFloats, Pixels

REFERENCE = 0.2
"""Luminance that a camera which does not adapt is set for."""

_GRAY = 0.4  # albedo
_LEAK = 0.07

_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def encoded(value: AnyFloats) -> AnyFloats:
    """sRGB values in [0, 1] from linear light (IEC 61966-2-1), which is clipped to [0, 1]."""
    value = np.clip(value, 0, 1)
    curve = np.float32(1.055) * value ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(value <= 0.0031308, np.float32(12.92) * value, curve)


def exposure(
    radiance: AnyFloats, incident: AnyFloats, lighting: Lighting, error: float = 0.0
) -> float:
    """The factor that brings a view's typical luminance to the domain's exposure.

    The typical luminance is ``m**a * REFERENCE**(1 - a)``, with a the domain's adaptation and m
    the geometric mean over the samples of what reaches the camera and of what a middling gray
    would send in its place: half a reflected, half an incident light meter, so that white walls
    come out lighter than dark ones.

    Parameters
    ----------
    radiance : (N, 3) array
        Of the surfaces in view; what is outside the windows is not exposed for.
    incident : (N, 3) array
        Irradiance on them.
    error : float, stops
    """
    if not len(radiance):
        return float(lighting.exposure / REFERENCE * 2.0**error)
    seen = np.log(dot(radiance, _LUMA) + np.float32(1e-4)).mean(dtype=np.float64)
    gray = np.log(dot(incident, _LUMA * np.float32(_GRAY / np.pi)) + np.float32(1e-4))
    mean = np.exp((seen + gray.mean(dtype=np.float64)) / 2)
    typical = mean**lighting.adaptation * REFERENCE ** (1 - lighting.adaptation)
    return float(lighting.exposure / typical * 2.0**error)


def blended(light: AnyFloats) -> AnyFloats:
    """Let each channel of (..., 3) light see 7% of each other one, as layers of film do.

    Grays stay as they are; strongly colored light does not burn out to a pure primary.
    """
    every = light.sum(-1, keepdims=True)
    mixed: AnyFloats = light + np.float32(_LEAK) * (every - 3 * light)
    return mixed


def toned(light: AnyFloats) -> AnyFloats:
    """Narkowicz's fit of the ACES film curve: [0, infinity) to [0, 1), rolled off at the top."""
    return np.clip(
        light
        * (2.51 * light + np.float32(0.03))
        / (light * (2.43 * light + np.float32(0.59)) + np.float32(0.14)),
        0,
        1,
    )


def halved(image: AnyFloats) -> AnyFloats:
    """The mean of each 2 x 2 block of a (2H, 2W, C) image."""
    height, width, channels = image.shape
    blocks = image.reshape(height // 2, 2, width // 2, 2, channels)
    return (blocks[:, 0, :, 0] + blocks[:, 0, :, 1] + blocks[:, 1, :, 0] + blocks[:, 1, :, 1]) / 4


def through_lens(image: AnyFloats, optics: Optics) -> AnyFloats:
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


def sensed(image: AnyFloats, sensor: Sensor, rng: np.random.Generator) -> AnyFloats:
    """Tint an image of linear light and add the sensor's noise."""
    image = image * np.asarray(sensor.cast, np.float32)
    if sensor.shot or sensor.read:
        variance = sensor.shot**2 * np.clip(image, 0, 1) + sensor.read**2
        image = image + np.sqrt(variance) * rng.standard_normal(image.shape, dtype=np.float32)
    return image


def quantized(image: AnyFloats) -> Pixels:
    """Eight-bit sRGB of an image of linear light."""
    return np.round(255 * encoded(image)).astype(np.uint8)
