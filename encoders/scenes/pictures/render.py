"""Pictures: trace a view at twice its size, shade every sample, develop."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from encoders.scenes.appearance.backdrop import view as backdrop
from encoders.scenes.appearance.domains import DRAWN, Domain
from encoders.scenes.appearance.materials import albedos
from encoders.scenes.building import Building
from encoders.scenes.camera import Camera
from encoders.scenes.pictures.columns import dot, length, picked, placed, scaled, single
from encoders.scenes.pictures.develop import (
    blended,
    exposure,
    halved,
    quantized,
    sensed,
    through_lens,
    toned,
)
from encoders.scenes.pictures.ink import INK, filled, outlines
from encoders.scenes.pictures.light import Points, lit
from encoders.scenes.pictures.sampling import jitter, phases, smoothed
from encoders.scenes.pictures.sources import Sources, sources
from encoders.scenes.raycast import Caster, Hits
from taskgraph.arrays import AnyFloats, Indices, Integers32, Pixels

_CARRIED = 0.06  # least share of mirrored light that is worth a ray
_TINTED = 0.25  # materials that mirror more than this are metals, which tint what they mirror
_LINES = 160  # an inked line is this fraction of the picture's width


@dataclass(frozen=True, eq=False)
class Scene:
    """What every step of a picture needs: the building, its light, and how it is looked at."""

    caster: Caster
    light: Sources
    domain: Domain

    @property
    def building(self) -> Building:
        """The building that is seen."""
        return self.caster.building

    def glow(self, part: Integers32) -> AnyFloats:
        """(N,) radiance that parts give off, as a multiple of their albedo."""
        emission = np.array([m.emission for m in self.building.materials], dtype=np.float32)
        emission *= np.float32(np.mean(self.domain.lighting.lamp))
        return emission[self.building.part_material[part]]


def image(
    caster: Caster, camera: Camera, size: int, domain: Domain, rng: np.random.Generator
) -> Pixels:
    """Render what a camera sees.

    Four samples a pixel; each sees every lamp, window and the surroundings through one jittered
    ray, as `encoders.scenes.pictures.sampling` says.

    Returns
    -------
    (size, size, 3) array of 8-bit sRGB
    """
    grid = 2 * size
    directions = camera.to_world(camera.directions(grid))
    hits = caster.hits(camera.position, directions)
    rays = single(directions)
    scene = Scene(caster, sources(caster.building, domain), domain)
    if domain.shading == DRAWN:
        return quantized(halved(_drawn(scene, hits, rays).reshape(grid, grid, 3)))
    pixel = 2 * np.tan(camera.fov / 2) / size
    radiance, incident = _photographed(scene, hits, rays, pixel, jitter(rng))
    error = domain.camera.exposure_jitter * rng.standard_normal()
    factor = exposure(radiance, incident, domain.lighting, error)
    light = _with_backdrop(radiance, hits, rays, domain)
    picture = halved(toned(blended(np.float32(factor) * light)).reshape(grid, grid, 3))
    picture = sensed(through_lens(picture, domain.camera), domain.noise, rng)
    return quantized(picture)


def surface_albedo(building: Building, hits: Hits, footprint: AnyFloats) -> AnyFloats:
    """(N, 3) albedo of N valid hits, with textures in the frame of the piece each is on."""
    rotations = building.part_rotation.astype(np.float32).reshape(-1, 9)
    turn = picked(rotations, hits.part).T.reshape(3, 3, -1)
    local = single(hits.point - picked(building.part_origin, hits.part))
    local = np.einsum("jin,nj->in", turn, local).T
    normal = np.einsum("jin,nj->in", turn, single(hits.normal)).T
    kind = building.part_material[hits.part]
    seen = np.bincount(kind, minlength=len(building.materials)) > 0
    known = [building.materials[i] for i in np.flatnonzero(seen)]
    return albedos(known, (np.cumsum(seen) - 1)[kind], local, normal, footprint)


def _drawn(scene: Scene, hits: Hits, rays: AnyFloats) -> AnyFloats:
    """(N, 3) linear light of the drawn look, for the samples of a square grid."""
    met = _chosen(hits, np.flatnonzero(hits.valid))
    mean = single(scene.light.part_albedo)
    paint = filled(picked(mean, met.part), single(met.normal))
    picture = _with_backdrop(paint, hits, rays, scene.domain)
    grid = round(np.sqrt(len(rays)))
    picture[outlines(hits, grid, width=max(1, round(grid / _LINES))).reshape(-1)] = INK
    return picture


def _photographed(
    scene: Scene, hits: Hits, rays: AnyFloats, pixel: float, places: AnyFloats
) -> tuple[AnyFloats, AnyFloats]:
    """Radiance (M, 3) of, and irradiance on, those samples of a square grid that met something.

    ``pixel`` is the width of a pixel at distance 1, ``places`` the jitter of the light samples.
    """
    seen = np.flatnonzero(hits.valid)
    met = _chosen(hits, seen)
    points = _points(scene, met, picked(rays, seen), places, phases(len(rays))[seen])
    falling = lit(scene.caster, scene.light, scene.domain.lighting, points)
    soft = smoothed(placed(falling.soft, seen, len(rays)), hits)
    incident = picked(soft, seen) + falling.sharp
    slope = np.clip(dot(points.normal, points.toward), 0.02, 1)
    footprint = met.distance.astype(np.float32) * np.float32(pixel) / np.sqrt(slope)
    albedo = surface_albedo(scene.building, met, footprint)
    share, mirror = _mirrored_share(scene, met, points, slope)
    radiance = scaled(albedo * incident, (1 - share) / np.float32(np.pi))
    radiance += falling.glint + scaled(albedo, scene.glow(met.part))
    rows = np.flatnonzero(share)
    if len(rows):
        metal = mirror.take(rows) > _TINTED
        tint = np.where(metal[:, None], picked(albedo, rows), np.float32(1))
        tint /= tint.max(1, keepdims=True) + np.float32(1e-6)
        tint *= share.take(rows)[:, None]
        radiance[rows] += tint * _reflection(scene, _picked(points, rows))
    return radiance, incident


def _with_backdrop(light: AnyFloats, hits: Hits, rays: AnyFloats, domain: Domain) -> AnyFloats:
    """(N, 3) light of all rays, given that (M, 3) of those that met something."""
    result = placed(light, np.flatnonzero(hits.valid), len(rays))
    gone = np.flatnonzero(~hits.valid)
    if len(gone):
        result[gone] = backdrop(picked(rays, gone), domain.lighting)
    return result


def _points(scene: Scene, met: Hits, rays: AnyFloats, places: AnyFloats, phase: Indices) -> Points:
    gloss = np.array([m.gloss for m in scene.building.materials], dtype=np.float32)
    return Points(
        point=single(met.point),
        normal=single(met.normal),
        flat=single(met.flat),
        toward=-rays,
        room=met.room,
        gloss=gloss[scene.building.part_material[met.part]],
        jitter=places,
        phase=phase,
    )


def _mirrored_share(
    scene: Scene, met: Hits, points: Points, slope: AnyFloats
) -> tuple[AnyFloats, AnyFloats]:
    """Share of light that is mirrored toward the eye (Schlick), and the material's own share.

    Glossy surfaces mirror more at a slant; shares too small to see are 0.
    """
    straight = np.array([m.mirror for m in scene.building.materials], dtype=np.float32)
    mirror = straight[scene.building.part_material[met.part]]
    flat = (1 - slope) ** 2
    share = mirror + (1 - mirror) * points.gloss * flat * flat * (1 - slope)
    return np.where(share > _CARRIED, share, 0), mirror


def _reflection(scene: Scene, points: Points) -> AnyFloats:
    """Radiance from where glossy points mirror, at the mean color of what is there, unshadowed."""
    rays: AnyFloats = scaled(points.normal, 2 * dot(points.normal, points.toward)) - points.toward
    # What is less than glossy scatters a little around the mirrored direction.
    aside = picked(2 * points.jitter - 1, points.phase)
    rays += scaled(aside, np.float32(0.25) * (1 - points.gloss) ** 2)
    rays = scaled(rays, 1 / length(rays))
    hits = scene.caster.hits(points.start, rays)
    seen = np.flatnonzero(hits.valid)
    met = _chosen(hits, seen)
    there = _points(scene, met, picked(rays, seen), points.jitter, points.phase[seen])
    falling = lit(scene.caster, scene.light, scene.domain.lighting, there, shadows=False)
    albedo = picked(single(scene.light.part_albedo), met.part)
    light = scaled(albedo, scene.glow(met.part)) + albedo * falling.soft / np.float32(np.pi)
    return _with_backdrop(light, hits, rays, scene.domain)


def _chosen(hits: Hits, rows: Indices) -> Hits:
    if len(rows) == len(hits.face):
        return hits
    return Hits(**{name: picked(getattr(hits, name), rows) for name in Hits.__dataclass_fields__})


def _picked(points: Points, rows: Indices) -> Points:
    each = [name for name in Points.__dataclass_fields__ if name != "jitter"]
    return replace(points, **{name: picked(getattr(points, name), rows) for name in each})
