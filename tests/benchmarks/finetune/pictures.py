"""Small folders of pictures for the tests: red, green and blue noise of mixed sizes and modes."""

import numpy as np
from PIL import Image

COLORS = {"blue": (40, 40, 200), "green": (40, 200, 40), "red": (200, 40, 40)}


def noise(color, generator, size):
    """Return a noisy (H, W, 3) picture of a color."""
    values = np.array(color) + generator.integers(-40, 40, (*size, 3))
    return values.clip(0, 255).astype(np.uint8)


def write_pictures(folder, count=10, classes=("blue", "red")):
    """Write ``count`` pictures a class, of different sizes, one of them with transparency."""
    generator = np.random.default_rng(0)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(count):
            size = tuple(generator.integers(16, 24, 2))
            picture = Image.fromarray(noise(COLORS[name], generator, size))
            if number == 0:
                picture.putalpha(200)
            picture.save(folder / name / f"{number}.png")
    return folder


def arrays(count=10, side=16, classes=("blue", "red")):
    """Return (N, side, side, 3) pictures, and the names of their classes."""
    generator = np.random.default_rng(1)
    images = [noise(COLORS[n], generator, (side, side)) for n in classes for _ in range(count)]
    return np.stack(images), np.repeat(classes, count)
