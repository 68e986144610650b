"""The palettes of the domains: which patterns and colors stand for which role."""

from __future__ import annotations

from encoders.scenes.appearance.materials import ROLES
from encoders.scenes.appearance.palettes import Palette, Recipe

_PINE, _OAK, _WALNUT = "d8ba92 bc9568", "bf9c72 956f4a", "785640 4c3526"
_WHITES = ("f2efe8", "efece6", "f4f1ea")
_CLOTHS = ("7f8c8d", "5b7a94", "ad6d5a", "6d7f5e", "c9b79c", "8a6f8f", "4f6880", "b98f45")
_WOVEN = tuple(f"{name} {name}" for name in _CLOTHS)

COMMON = Palette(
    {
        "floor_wood": (
            Recipe("planks", (_PINE, _OAK, "b39070 8a6a4c", "a58260 775a40"), (0.09, 0.16), 0.35),
            Recipe("parquet", (_OAK, "b08a62 876446"), (0.3, 0.45), 0.4),
        ),
        "floor_tile": (
            Recipe("tile", ("d8d2c6 a9a298", "b9b4aa 8d8880", "c7a98a 98836c"), (0.25, 0.45), 0.6),
            Recipe("checker", ("f0ede6 3b3d40 8a8883", "e9e4d8 7c8c93 a5a39d"), (0.2, 0.35), 0.6),
        ),
        "floor_stone": (
            Recipe("marble", ("e4e0d8 a9a39a", "cfc5b4 978a76"), (0.5, 0.8), 0.7, mirror=0.04),
            Recipe("terrazzo", ("d9d5cc 8f6f5a 5f6a6b",), (0.6, 0.8), 0.5),
        ),
        "carpet": (
            Recipe("pile", ("b7ab98 97897a", "8f979c 737b82", "7d8a78 626e60"), (0.012, 0.02)),
        ),
        "concrete": (Recipe("concrete", ("a9a8a4 8b8a86",), (0.9, 1.4), 0.15),),
        "wall_plaster": (
            Recipe("plaster", (*_WHITES, "e9dfcf", "dfe5e2", "d8e2ea", "ecdcd2"), (0.8, 1.4)),
        ),
        "wall_paper": (
            Recipe("stripes", ("e9e2d3 dccfb6", "dfe6e8 c5d3d9", "eadad6 dcc2bd"), (0.12, 0.24)),
            Recipe("motif", ("e8e4d8 c9bfa5", "dbe4dc b5c8b8", "e6dbe2 cdb7c6"), (0.16, 0.3)),
        ),
        "wall_tile": (
            Recipe("subway", ("eff0ec c3c3be", "d5e3e3 adbdbd"), (0.09, 0.12), 0.7),
            Recipe("tile", ("eef0ee c8c9c6", "cfe0e6 b0bfc6"), (0.12, 0.2), 0.7),
        ),
        "wall_brick": (Recipe("brick", ("a0614c 845040 c9bfb0",), (0.075, 0.085)),),
        "wall_panel": (Recipe("panels", ("e6e3da", "c9d0cc", "d8c7a8"), (0.1, 0.16), 0.2),),
        "ceiling": (Recipe("plain", ("f5f4f0", "f2f0ea"), (1.5, 2.0), spread=0.01),),
        "trim": (Recipe("plain", ("f4f2ed", "efece4"), (0.5, 0.8), 0.35, spread=0.01),),
        "door": (
            Recipe("plain", ("f1eee7", "e6e0d2"), (0.6, 0.9), 0.3),
            Recipe("wood", (_PINE, _OAK), (0.25, 0.4), 0.3),
        ),
        "window_frame": (Recipe("plain", ("f6f5f2",), (0.5, 0.6), 0.4, spread=0.01),),
        "wood": (Recipe("wood", (_PINE, _OAK, "c9a780 a58058"), (0.18, 0.35), 0.3, spread=0.04),),
        "wood_dark": (Recipe("wood", (_WALNUT, "664534 402c20"), (0.18, 0.35), 0.4),),
        "wood_painted": (
            Recipe("plain", ("efece5", "d9dfda", "b9c7cc", "e3d6bf", "8fa3a0"), (0.4, 0.8), 0.3),
        ),
        "fabric": (Recipe("weave", _WOVEN, (0.006, 0.01), spread=0.05),),
        "fabric_pattern": (
            Recipe("plaid", ("c9b79c 8a5a4a f0e6d2", "6d7f8e 3f5468 d9d4c5"), (0.09, 0.16)),
            Recipe("stripes", ("e8e0d0 5b7a94", "ece3d0 a65f4b"), (0.06, 0.12)),
            Recipe("dots", ("e9e2d3 a65f4b", "3f5468 e5dccb"), (0.05, 0.09)),
        ),
        "cushion": (
            Recipe("dots", ("d9a441 f3e7cf", "b5564a f0ddd0", "4f7f86 e4ece8"), (0.05, 0.08)),
            Recipe("weave", ("d9a441 c18f33", "b5564a 9c463c", "4f7f86 426d73"), (0.008, 0.012)),
            Recipe("stripes", ("efe6d6 b5564a", "f0e9da 4f7f86"), (0.05, 0.1)),
        ),
        "bedding": (
            Recipe("weave", ("eeebe5 e4e0d8", "c8d5df bccad5", "e2cfc8 d8c2ba"), (0.008, 0.012)),
            Recipe("stripes", ("f1eee8 a9bccb", "f1ece4 c9a79b"), (0.1, 0.2)),
            Recipe("plaid", ("eae6dd 9db0a0 6d8577",), (0.15, 0.25)),
        ),
        "leather": (
            Recipe(
                "plain", ("6a4733", "4a3830", "8f6244", "3a3838"), (0.1, 0.2), 0.45, mirror=0.02
            ),
        ),
        "metal": (Recipe("plain", ("b9bcbe", "a5a8ab"), (0.2, 0.4), 0.8, mirror=0.35),),
        "brass": (Recipe("plain", ("c8a04f", "b98d45"), (0.2, 0.4), 0.8, mirror=0.3),),
        "enamel": (
            Recipe("plain", ("f4f5f4", "f1f0ec"), (0.8, 1.0), 0.8, mirror=0.05, spread=0.01),
        ),
        "plastic": (
            Recipe("plain", ("d94f45", "3f78b5", "e6b83f", "4f9a5f", "e9e7e2"), (0.3, 0.5), 0.5),
        ),
        "plastic_dark": (Recipe("plain", ("26282b", "1d1e20", "33302e"), (0.3, 0.5), 0.5),),
        "glass": (Recipe("plain", ("9fb4b5", "a8bdb4"), (0.5, 0.6), 0.95, mirror=0.75),),
        "screen": (
            Recipe("flat", ("0b0d10",), gloss=0.9, mirror=0.08),
            Recipe("page", ("dfe8f0 5a6a7a 4f86c6", "1d2733 9fb6c9 d9824a"), (0.2, 0.4), 0.6, 0.6),
        ),
        "leaf": (
            Recipe("leaf", ("5a7d4a 3d5c37", "75935a 516f42", "4a6f52 34523d"), (0.03, 0.08), 0.3),
        ),
        "flower": (Recipe("plain", ("d9455f", "e8b23f", "b56fc0", "f0ece4"), (0.05, 0.1)),),
        "soil": (Recipe("soil", ("4a3424 2c1e15",), (0.02, 0.03)),),
        "clay": (
            Recipe("plain", ("b5653f", "a9583a", "e5dfd3", "56707a"), (0.2, 0.4), 0.1, spread=0.04),
        ),
        "paper": (Recipe("plain", ("f1ede1", "e9e2d0"), (0.2, 0.3)),),
        "book": (
            Recipe(
                "plain",
                ("8f2f2f", "2f4f7a", "2f5f45", "c9a84f", "5a3f6b", "d8d0bf", "33363b", "b8683a"),
                (0.1, 0.2),
                0.2,
                spread=0.06,
            ),
        ),
        "lampshade": (
            Recipe("weave", ("f3e6c8 ecdcb8", "f0ebe0 e6dfd0"), (0.006, 0.01), emission=0.9),
        ),
        "bulb": (Recipe("flat", ("fff1d6",), emission=4.0, spread=0.0),),
        "rug": (
            Recipe("rug", ("a64b3c e3d3b5 34455c", "3f5a73 dcd3c0 a65f4b"), (0.5, 0.9)),
            Recipe("rug", ("d8cdb8 a3927a 6f6455", "6d7f6a e0d8c4 b9895a"), (0.4, 0.8)),
            Recipe("pile", ("d9cfbd bfb19b", "6f7f8c 55636f"), (0.02, 0.03)),
        ),
        "picture": (
            Recipe("landscape", ("f0d9b0 7fb0d0 6f8f8a 5f8a4a f5e6a0",), (0.35, 0.55)),
            Recipe("landscape", ("f2b28a 5f6fa0 5a5a7f 3f4f5f f6d27a",), (0.35, 0.55)),
            Recipe("blocks", ("e8e2d2 c8483a 2f5a8a e3b53f 3a3a3c",), (0.3, 0.5)),
            Recipe("blocks", ("e9e4da 7f9f9a c98f6a 4f5f6f d8c27a",), (0.3, 0.5)),
        ),
        "curtain": (
            Recipe("folds", ("e9e3d6 e9e3d6", "c9d3d3 b5c4c6", "d9b9a0 c99f82"), (0.09, 0.14)),
            Recipe("folds", ("7f93a0 e3ded2", "a8695a e9dcc8"), (0.08, 0.12)),
        ),
        "clock_face": (Recipe("flat", ("f4f1e8",), gloss=0.3, spread=0.01),),
        "food": (Recipe("plain", ("c93f33", "e0a13a", "8aa84a", "c98a4f"), (0.05, 0.1), 0.3),),
    }
)
"""A light, ordinary home by day; other domains change parts of it."""

EVENING = COMMON.changed(
    wall_plaster=(
        Recipe(
            "plaster",
            ("7f9a86", "b57b66", "5f7f96", "c4a06c", "8a6a80", "d2b48c", "51746f"),
            (0.8, 1.4),
            spread=0.04,
        ),
    ),
    wall_paper=(
        Recipe("stripes", ("7a3f3f 8f5048", "3f5f57 4f7267", "b58a4f c49c62"), (0.12, 0.24)),
        Recipe("motif", ("4a5f78 c2a878", "6f3f46 c99f72", "46604f b9a877"), (0.2, 0.34)),
    ),
    wall_panel=(Recipe("panels", ("5f6f66", "7f5a44", "4f6072"), (0.1, 0.16), 0.25),),
    ceiling=(Recipe("plain", ("eae4d8", "e6dccb"), (1.5, 2.0), spread=0.01),),
    floor_wood=(
        Recipe("planks", ("8a6548 64472f", "a07a58 735439", "6f5240 4c3628"), (0.09, 0.16), 0.45),
        Recipe("parquet", ("96704e 6c4d34",), (0.3, 0.45), 0.5),
    ),
    carpet=(Recipe("pile", ("7f4a44 66382f", "55606f 434d5a", "8a7456 6f5c43"), (0.012, 0.02)),),
    curtain=(Recipe("folds", ("8f3f3c 8f3f3c", "3f5a66 3f5a66", "b0803f b0803f"), (0.09, 0.14)),),
    lampshade=(Recipe("weave", ("f6d9a0 ecc988", "f3cfa0 e6bb86"), (0.006, 0.01), emission=1.0),),
    bulb=(Recipe("flat", ("ffe0b0",), emission=3.5, spread=0.0),),
)
"""Saturated walls, darker floors, and shades that glow."""

_STEEL = Recipe("plain", ("34373a", "2a2c2f"), (0.3, 0.5), 0.6, mirror=0.08)
_ROUGH = Recipe("brick", ("98604c 7a4a3a b5a99a", "8a6353 6b4a3e a89d90"), (0.075, 0.085))
_WASHED = Recipe("brick", ("d9d3c9 c4bcb0 b5ada2",), (0.075, 0.085))
_CAST = Recipe("concrete", ("a5a39e 85837f", "93928f 767573"), (0.9, 1.4), 0.1)

LOFT = COMMON.changed(
    floor_wood=(
        Recipe("planks", ("7a5f48 574231", "5f5148 423730", "8f7a66 6c5a4a"), (0.16, 0.24), 0.25),
    ),
    floor_tile=(
        Recipe("concrete", ("8f8e8b 706f6d",), (1.2, 1.8), 0.5),
        Recipe("tile", ("55585a 3c3e40", "77736e 55524e"), (0.5, 0.7), 0.5),
    ),
    floor_stone=(Recipe("concrete", ("9a9894 7d7b78",), (1.2, 1.8), 0.55),),
    carpet=(Recipe("pile", ("5f6062 4a4b4d", "6f675d 58524a"), (0.012, 0.02)),),
    wall_plaster=(_ROUGH, _ROUGH, _CAST, _WASHED),
    wall_paper=(_ROUGH, _CAST),
    wall_tile=(
        Recipe("subway", ("f0f0ee 55585a", "4a4e51 84868a"), (0.08, 0.1), 0.75, mirror=0.03),
    ),
    wall_brick=(_ROUGH, _WASHED),
    wall_panel=(Recipe("panels", ("3f4447", "6a5443"), (0.16, 0.24), 0.2),),
    ceiling=(_CAST, Recipe("panels", ("7a6450", "3a3c3f"), (0.16, 0.22))),
    trim=(_STEEL,),
    door=(_STEEL, Recipe("wood", ("84664c 5f4834",), (0.25, 0.4), 0.2)),
    window_frame=(_STEEL,),
    wood=(Recipe("wood", ("94714f 6c5038", "80644c 5c4635"), (0.18, 0.35), 0.2),),
    wood_painted=(_STEEL, Recipe("plain", ("b5402f", "d0a030", "3f6f7a"), (0.4, 0.8), 0.35)),
    fabric=(Recipe("weave", ("55585c 45484b", "7a4a38 663d2e", "8f8677 7a7265"), (0.006, 0.01)),),
    metal=(_STEEL, Recipe("plain", ("85888a",), (0.2, 0.4), 0.75, mirror=0.3)),
    curtain=(Recipe("folds", ("6f6f6f 6f6f6f", "a39a8c a39a8c"), (0.09, 0.14)),),
    picture=(
        Recipe("blocks", ("1f2123 e6e2d8 c8402f 1f2123 d9a530",), (0.4, 0.7)),
        Recipe("landscape", ("d0d0cc 8f9498 55595c 2f3234 f0efe8",), (0.35, 0.55)),
    ),
)
"""Brick, concrete and dark metal."""

_POSTER = {
    "f6ecd6": "wall_plaster wall_paper wall_panel",
    "9fd0d6": "wall_tile wall_plaster glass wall_panel",
    "f2c9b0": "wall_plaster wall_paper",
    "b9cfa2": "wall_plaster wall_paper curtain",
    "fdf8ea": "ceiling trim window_frame enamel paper bedding clock_face wall_tile",
    "e0b98a": "floor_wood wood",
    "c98f5a": "floor_wood wood door",
    "8a5a3c": "wood_dark soil leather brass",
    "cfc8ba": "floor_tile floor_stone concrete metal",
    "8fb0a8": "carpet floor_tile rug wood_painted",
    "2f3a56": "plastic_dark screen fabric metal book",
    "e2674f": "wall_brick cushion clay book picture food plastic fabric rug",
    "e9b13a": "lampshade cushion flower book picture food plastic curtain",
    "2f8f8a": "fabric fabric_pattern picture book plastic wood_painted",
    "fff3b8": "bulb lampshade",
    "4f8f55": "leaf",
    "b86a86": "flower fabric_pattern bedding book rug",
}
"""sRGB colors, each with the roles that it may stand for."""

POSTER = Palette(
    {
        role: (Recipe("flat", tuple(c for c in _POSTER if role in _POSTER[c].split()), spread=0.0),)
        for role in ROLES
    }
)
"""Seventeen colors and no textures."""
