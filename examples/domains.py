"""Draw the same places in every domain: python examples/domains.py domains.png

The domains day, evening and drawn have the same geometry and the same labels. Loft and phone have
other cameras, and loft has more clutter.
"""

import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from encoders.scenes.appearance.domains import DOMAINS, Domain
from encoders.scenes.homes.world import build
from encoders.scenes.pictures.render import image
from encoders.scenes.raycast import Caster
from encoders.scenes.views import plan_views

SEED, SIZE, MARGIN = 0, 192, 90
PLACES = ((0, 6), (1, 4), (2, 8), (3, 12), (4, 3), (5, 6))  # building, point


def pictures_of(domain: Domain) -> list[np.ndarray]:
    """Return the first view of each place, (SIZE, SIZE, 3) uint8."""
    pictures = []
    for index, point in PLACES:
        caster = Caster(build(SEED, index, domain))
        views = plan_views(caster, 100, np.random.SeedSequence([SEED, index, 0, 0, 1]), domain)
        view = next(view for view in views if view.point == point)
        pictures.append(image(caster, view.camera, SIZE, domain, np.random.default_rng(SEED)))
    return pictures


if __name__ == "__main__":
    sheet = Image.new("RGB", (MARGIN + SIZE * len(PLACES), SIZE * len(DOMAINS)), "white")
    draw = ImageDraw.Draw(sheet)
    for row, (name, domain) in enumerate(DOMAINS.items()):
        corner = (8, row * SIZE + SIZE // 2 - 8)
        draw.text(corner, name, "black", ImageFont.load_default(size=18))
        strip = np.concatenate(pictures_of(domain), axis=1)
        sheet.paste(Image.fromarray(strip), (MARGIN, row * SIZE))
    sheet.save(sys.argv[1], optimize=True)
