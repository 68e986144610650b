"""The furniture and small objects of each type of room."""

from __future__ import annotations

from dataclasses import dataclass

WeightedNames = tuple[tuple[str, float], ...]
"""Names and the weights with which they are drawn."""


@dataclass(frozen=True)
class Furnishing:
    """An arrangement of furniture that rooms of a type may have.

    Attributes
    ----------
    arrangement : str
        A key of `encoders.scenes.homes.arrange.ARRANGEMENTS`: ``sleep``, ``wall``, ``dine``, …
    classes : tuple of str
        Classes of furniture; one is drawn each time.
    chance : float
        Probability that a room has the arrangement.
    count : (least, most)
        Range of the number of repetitions; fewer if the room is full.
    """

    arrangement: str
    classes: tuple[str, ...]
    chance: float = 1.0
    count: tuple[int, int] = (1, 1)


FITTINGS = (
    Furnishing("ceiling", ("ceiling_lamp",)),
    Furnishing("radiators", ("radiator",), 0.4),
    Furnishing("curtains", ("curtain",), 0.75),
)
"""Furnishings of most rooms."""

FURNISHINGS: dict[str, tuple[Furnishing, ...]] = {
    "living_room": (
        Furnishing("lounge", ("couch",)),
        *FITTINGS,
        Furnishing("wall", ("bookshelf", "cabinet", "dresser", "bookshelf", "bench"), 1.0, (2, 4)),
        Furnishing("corner", ("large_plant", "large_plant", "floor_lamp"), 0.95, (1, 3)),
        Furnishing("dine", ("dining_table",), 0.4),
        Furnishing("seat", ("armchair",), 0.7),
        Furnishing("work", ("desk",), 0.15),
        Furnishing("hang", ("picture", "picture", "picture", "clock", "wall_shelf"), 1.0, (2, 6)),
    ),
    "bedroom": (
        Furnishing("sleep", ("bed",)),
        Furnishing("wall", ("wardrobe",), 0.95, (1, 2)),
        Furnishing("wall", ("dresser", "cabinet"), 0.75),
        Furnishing("work", ("desk",), 0.25),
        Furnishing("seat", ("armchair",), 0.3),
        Furnishing("wall", ("bench", "basket", "chair", "bookshelf"), 0.7, (1, 2)),
        Furnishing("wall", ("tv_stand",), 0.3),
        Furnishing("corner", ("large_plant", "large_plant", "floor_lamp"), 0.6, (1, 2)),
        Furnishing("rug", ("rug",), 0.5),
        *FITTINGS,
        Furnishing("hang", ("picture", "picture", "clock", "mirror", "wall_shelf"), 1.0, (1, 4)),
    ),
    "kitchen": (
        Furnishing("cook", ("counter",)),
        Furnishing("dine", ("dining_table",), 0.8),
        Furnishing("wall", ("cabinet", "bookshelf"), 0.3),
        Furnishing("wall", ("stool", "basket"), 0.4, (1, 2)),
        Furnishing("corner", ("large_plant",), 0.4),
        Furnishing("ceiling", ("ceiling_lamp",)),
        Furnishing("radiators", ("radiator",), 0.3),
        Furnishing("curtains", ("curtain",), 0.25),
        Furnishing("hang", ("clock", "picture", "wall_shelf"), 0.95, (1, 3)),
    ),
    "bathroom": (
        Furnishing("wall", ("bathtub",), 0.8),
        Furnishing("wash", ("sink",)),
        Furnishing("wall", ("toilet",)),
        Furnishing("wall", ("washing_machine",), 0.25),
        Furnishing("wall", ("cabinet", "basket", "stool"), 0.6),
        Furnishing("corner", ("basket", "large_plant"), 0.4),
        Furnishing("rug", ("rug",), 0.6),
        Furnishing("ceiling", ("ceiling_lamp",)),
        Furnishing("curtains", ("curtain",), 0.1),
        Furnishing("hang", ("towel_rail",), 0.85),
        Furnishing("hang", ("picture", "mirror", "towel_rail"), 0.4),
    ),
    "dining_room": (
        Furnishing("dine", ("dining_table",)),
        *FITTINGS,
        Furnishing("wall", ("cabinet", "dresser", "bookshelf"), 0.95, (1, 3)),
        Furnishing("wall", ("bench", "chair"), 0.5, (1, 2)),
        Furnishing("corner", ("large_plant", "large_plant", "floor_lamp"), 0.8, (1, 2)),
        Furnishing("hang", ("picture", "picture", "clock", "mirror"), 1.0, (2, 5)),
    ),
    "home_office": (
        Furnishing("work", ("desk",), 1.0, (1, 2)),
        Furnishing("wall", ("bookshelf",), 0.95, (1, 2)),
        Furnishing("wall", ("cabinet", "dresser", "bookshelf"), 0.8, (1, 2)),
        Furnishing("seat", ("armchair", "couch"), 0.4),
        Furnishing("corner", ("large_plant", "floor_lamp", "basket"), 0.9, (1, 2)),
        Furnishing("rug", ("rug",), 0.35),
        *FITTINGS,
        Furnishing("hang", ("picture", "picture", "clock", "wall_shelf"), 1.0, (1, 4)),
        Furnishing("strewn", ("storage_box",), 0.5, (1, 2)),
    ),
    "childs_room": (
        Furnishing("sleep", ("bed", "bed", "crib")),
        Furnishing("wall", ("toy_box",), 1.0, (1, 2)),
        Furnishing("work", ("desk",), 0.5),
        Furnishing("wall", ("bookshelf", "wardrobe", "dresser"), 1.0, (1, 3)),
        Furnishing("wall", ("basket", "stool", "toy_box"), 0.9, (1, 2)),
        Furnishing("rug", ("rug",), 0.7),
        *FITTINGS,
        Furnishing("hang", ("picture", "picture", "clock", "wall_shelf"), 1.0, (1, 4)),
        Furnishing("strewn", ("teddy_bear", "toy_ball", "toy_blocks", "storage_box"), 0.9, (1, 5)),
    ),
    "corridor": (
        Furnishing("slim", ("cabinet", "bench", "bookshelf", "dresser"), 0.95, (1, 4)),
        Furnishing("corner", ("large_plant", "basket", "floor_lamp"), 0.6),
        Furnishing("rug", ("rug",), 0.6),
        Furnishing("ceiling", ("ceiling_lamp",)),
        Furnishing("hang", ("coat_rack",), 0.7),
        Furnishing("hang", ("picture", "picture", "mirror", "clock"), 1.0, (2, 6)),
    ),
    "library": (
        Furnishing("wall", ("bookshelf",), 1.0, (4, 8)),
        Furnishing("seat", ("armchair",), 1.0, (1, 2)),
        Furnishing("work", ("desk",), 0.45),
        Furnishing("seat", ("armchair", "couch"), 0.3),
        Furnishing("corner", ("large_plant", "large_plant", "floor_lamp"), 0.6),
        Furnishing("rug", ("rug",), 0.75),
        *FITTINGS,
        Furnishing("hang", ("picture", "clock"), 0.8, (1, 2)),
    ),
    "laundry": (
        Furnishing("wall", ("washing_machine",), 1.0, (1, 3)),
        Furnishing("wash", ("sink",), 0.6),
        Furnishing("wall", ("cabinet", "bookshelf"), 0.9, (1, 2)),
        Furnishing("wall", ("basket",), 1.0, (1, 3)),
        Furnishing("wall", ("stool", "wardrobe"), 0.4),
        Furnishing("ceiling", ("ceiling_lamp",)),
        Furnishing("hang", ("clock", "coat_rack", "towel_rail", "wall_shelf"), 0.8, (1, 2)),
    ),
}
"""The furnishings of each room type, in the order in which they are placed."""


def _weighted(text: str) -> WeightedNames:
    """Parse "name weight name weight …" into pairs."""
    words = text.split()
    return tuple(
        (name, float(weight)) for name, weight in zip(words[::2], words[1::2], strict=True)
    )


SMALL: dict[str, WeightedNames] = {
    "living_room": _weighted("book 3 vase 2 cup 1.5 bottle 1 small_plant 1.2"),
    "bedroom": _weighted("book 3 vase 1 cup 1 bottle 0.7 small_plant 1"),
    "kitchen": _weighted(
        "bottle 3 bowl 2 cup 2 pot 2 toaster 0.4 vase 0.5 small_plant 0.7 book 0.3"
    ),
    "bathroom": _weighted("bottle 4 cup 1.5 vase 0.4 small_plant 0.8"),
    "dining_room": _weighted("vase 2 bottle 2 bowl 2 cup 2.5 small_plant 1 book 0.5"),
    "home_office": _weighted("book 4 cup 2 laptop 1 bottle 0.7 small_plant 1"),
    "childs_room": _weighted("book 3 teddy_bear 1.5 toy_blocks 1.5 toy_ball 1 cup 0.6"),
    "corridor": _weighted("vase 2 book 1 table_lamp 0.8 small_plant 1"),
    "library": _weighted("book 6 vase 1 cup 1 small_plant 0.7"),
    "laundry": _weighted("bottle 5 storage_box 2 pot 0.5"),
}
"""The weighted classes of small objects on furniture, by room type."""
