"""Render pictures: cast rays at twice the size, shade every sample, and convert to sRGB."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from encoders.scenes.appearance.backdrop import surroundings as backdrop
from encoders.scenes.appearance.domains import DRAWN, Domain
from encoders.scenes.appearance.materials import albedos
from encoders.scenes.building import Building
from encoders.scenes.camera import Camera
from encoders.scenes.pictures.columns import dot, length, put_rows, scale_rows, take_rows, to_single
from encoders.scenes.pictures.develop import (
    add_noise,
    apply_lens,
    downsample,
    exposure,
    mix_channels,
    to_srgb_bytes,
    tone_map,
)
from encoders.scenes.pictures.ink import INK, flat_colors, outlines
from encoders.scenes.pictures.light import Points, illuminate
from encoders.scenes.pictures.light_sources import LightSources, light_sources
from encoders.scenes.pictures.sampling import average_neighbors, jitter, phases
from encoders.scenes.raycast import Hits, Raycaster
from taskgraph.arrays import AnyFloats, Indices, Integers32, Pixels

_CARRIED = 0.06  # least share of mirrored light for which a ray is cast
_TINTED = 0.25  # materials that mirror more are metals; they tint reflections
_LINES = 160  # width of outlines as a share of the picture's width


@dataclass(frozen=True, eq=False)
class Scene:
    """The building, its light sources and the domain: arguments of all steps of rendering."""

    raycaster: Raycaster
    light: LightSources
    domain: Domain

    @property
    def building(self) -> Building:
        """Return the building."""
        return self.raycaster.building

    def glow(self, part: Integers32) -> AnyFloats:
        """Return the (N,) emitted radiance of parts, as a multiple of their albedo."""
        emission = np.array([m.emission for m in self.building.materials], dtype=np.float32)
        emission *= np.float32(np.mean(self.domain.lighting.lamp))
        return emission[self.building.part_material[part]]


def image(
    raycaster: Raycaster, camera: Camera, size: int, domain: Domain, rng: np.random.Generator
) -> Pixels:
    """Render the picture of a camera.

    Each pixel has four samples. Each sample casts one random ray to every lamp and window and to
    its surroundings; see `encoders.scenes.pictures.sampling`.

    Returns
    -------
    (size, size, 3) array of 8-bit sRGB
    """
    grid = 2 * size
    directions = camera.to_world(camera.directions(grid))
    hits = raycaster.hits(camera.position, directions)
    rays = to_single(directions)
    scene = Scene(raycaster, light_sources(raycaster.building, domain), domain)
    if domain.shading == DRAWN:
        return to_srgb_bytes(downsample(_drawn(scene, hits, rays).reshape(grid, grid, 3)))
    pixel = 2 * np.tan(camera.fov / 2) / size
    radiance, incident = _photographed(scene, hits, rays, pixel, jitter(rng))
    error = domain.camera.exposure_jitter * rng.standard_normal()
    factor = exposure(radiance, incident, domain.lighting, error)
    light = _with_backdrop(radiance, hits, rays, domain)
    picture = downsample(tone_map(mix_channels(np.float32(factor) * light)).reshape(grid, grid, 3))
    picture = add_noise(apply_lens(picture, domain.camera), domain.noise, rng)
    return to_srgb_bytes(picture)


def surface_albedo(building: Building, hits: Hits, footprint: AnyFloats) -> AnyFloats:
    """Return the (N, 3) albedo of N valid hits; textures are in the frames of the pieces."""
    rotations = building.part_rotation.astype(np.float32).reshape(-1, 9)
    turn = take_rows(rotations, hits.part).T.reshape(3, 3, -1)
    local = to_single(hits.point - take_rows(building.part_origin, hits.part))
    local = np.einsum("jin,nj->in", turn, local).T
    normal = np.einsum("jin,nj->in", turn, to_single(hits.normal)).T
    kind = building.part_material[hits.part]
    seen = np.bincount(kind, minlength=len(building.materials)) > 0
    known = [building.materials[i] for i in np.flatnonzero(seen)]
    return albedos(known, (np.cumsum(seen) - 1)[kind], local, normal, footprint)


def _drawn(scene: Scene, hits: Hits, rays: AnyFloats) -> AnyFloats:
    """Return (N, 3) linear light of the drawn look for the samples of a square grid."""
    met = _take_hits(hits, np.flatnonzero(hits.valid))
    mean = to_single(scene.light.part_albedo)
    paint = flat_colors(take_rows(mean, met.part), to_single(met.normal))
    picture = _with_backdrop(paint, hits, rays, scene.domain)
    grid = round(np.sqrt(len(rays)))
    picture[outlines(hits, grid, width=max(1, round(grid / _LINES))).reshape(-1)] = INK
    return picture


def _photographed(
    scene: Scene, hits: Hits, rays: AnyFloats, pixel: float, places: AnyFloats
) -> tuple[AnyFloats, AnyFloats]:
    """Return the radiance of, and the irradiance on, the M samples with a hit, (M, 3) each.

    ``pixel`` is the width of a pixel at distance 1, ``places`` the jitter of the light samples.
    """
    seen = np.flatnonzero(hits.valid)
    met = _take_hits(hits, seen)
    points = _points(scene, met, take_rows(rays, seen), places, phases(len(rays))[seen])
    falling = illuminate(scene.raycaster, scene.light, scene.domain.lighting, points)
    soft = average_neighbors(put_rows(falling.soft, seen, len(rays)), hits)
    incident = take_rows(soft, seen) + falling.sharp
    slope = np.clip(dot(points.normal, points.toward), 0.02, 1)
    footprint = met.distance.astype(np.float32) * np.float32(pixel) / np.sqrt(slope)
    albedo = surface_albedo(scene.building, met, footprint)
    share, mirror = _mirrored_share(scene, met, points, slope)
    radiance = scale_rows(albedo * incident, (1 - share) / np.float32(np.pi))
    radiance += falling.glint + scale_rows(albedo, scene.glow(met.part))
    rows = np.flatnonzero(share)
    if len(rows):
        metal = mirror.take(rows) > _TINTED
        tint = np.where(metal[:, None], take_rows(albedo, rows), np.float32(1))
        tint /= tint.max(1, keepdims=True) + np.float32(1e-6)
        tint *= share.take(rows)[:, None]
        radiance[rows] += tint * _reflection(scene, _take_points(points, rows))
    return radiance, incident


def _with_backdrop(light: AnyFloats, hits: Hits, rays: AnyFloats, domain: Domain) -> AnyFloats:
    """Return the (N, 3) light of all rays from that of the M rays with a hit."""
    result = put_rows(light, np.flatnonzero(hits.valid), len(rays))
    gone = np.flatnonzero(~hits.valid)
    if len(gone):
        result[gone] = backdrop(take_rows(rays, gone), domain.lighting)
    return result


def _points(scene: Scene, met: Hits, rays: AnyFloats, places: AnyFloats, phase: Indices) -> Points:
    gloss = np.array([m.gloss for m in scene.building.materials], dtype=np.float32)
    return Points(
        point=to_single(met.point),
        normal=to_single(met.normal),
        flat=to_single(met.flat),
        toward=-rays,
        room=met.room,
        gloss=gloss[scene.building.part_material[met.part]],
        jitter=places,
        phase=phase,
    )


def _mirrored_share(
    scene: Scene, met: Hits, points: Points, slope: AnyFloats
) -> tuple[AnyFloats, AnyFloats]:
    """Return the share of light mirrored to the camera (Schlick), and the material's own share.

    Glossy surfaces mirror more at grazing angles; shares too small to see are 0.
    """
    straight = np.array([m.mirror for m in scene.building.materials], dtype=np.float32)
    mirror = straight[scene.building.part_material[met.part]]
    flat = (1 - slope) ** 2
    share = mirror + (1 - mirror) * points.gloss * flat * flat * (1 - slope)
    return np.where(share > _CARRIED, share, 0), mirror


def _reflection(scene: Scene, points: Points) -> AnyFloats:
    """Return the radiance in mirror directions, from mean colors and without shadows."""
    rays: AnyFloats = (
        scale_rows(points.normal, 2 * dot(points.normal, points.toward)) - points.toward
    )
    # Less glossy surfaces scatter around the mirror direction.
    aside = take_rows(2 * points.jitter - 1, points.phase)
    rays += scale_rows(aside, np.float32(0.25) * (1 - points.gloss) ** 2)
    rays = scale_rows(rays, 1 / length(rays))
    hits = scene.raycaster.hits(points.start, rays)
    seen = np.flatnonzero(hits.valid)
    met = _take_hits(hits, seen)
    mirrored = _points(scene, met, take_rows(rays, seen), points.jitter, points.phase[seen])
    falling = illuminate(
        scene.raycaster, scene.light, scene.domain.lighting, mirrored, shadows=False
    )
    albedo = take_rows(to_single(scene.light.part_albedo), met.part)
    light = scale_rows(albedo, scene.glow(met.part)) + albedo * falling.soft / np.float32(np.pi)
    return _with_backdrop(light, hits, rays, scene.domain)


def _take_hits(hits: Hits, rows: Indices) -> Hits:
    if len(rows) == len(hits.face):
        return hits
    return Hits(
        **{name: take_rows(getattr(hits, name), rows) for name in Hits.__dataclass_fields__}
    )


def _take_points(points: Points, rows: Indices) -> Points:
    each = [name for name in Points.__dataclass_fields__ if name != "jitter"]
    return replace(points, **{name: take_rows(getattr(points, name), rows) for name in each})
