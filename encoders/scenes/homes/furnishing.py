"""What people put into each type of room, and which small things lie about there."""

from __future__ import annotations

from dataclasses import dataclass

Choice = tuple[tuple[str, float], ...]
"""Names with the weights that they are drawn by."""


@dataclass(frozen=True)
class Wish:
    """Something people want in a room.

    Attributes
    ----------
    how : str
        A key of `encoders.scenes.homes.arrange.GROUPS`: ``sleep``, ``wall``, ``dine``, …
    what : tuple of str
        Classes of furniture, of which one is drawn for each placing.
    chance : float
        How often the wish is made at all.
    count : (least, most)
        How many placings; fewer where the room is full.
    """

    how: str
    what: tuple[str, ...]
    chance: float = 1.0
    count: tuple[int, int] = (1, 1)


FITTINGS = (
    Wish("ceiling", ("ceiling_lamp",)),
    Wish("radiators", ("radiator",), 0.4),
    Wish("curtains", ("curtain",), 0.75),
)
"""What hangs or stands in most rooms."""

WISHES: dict[str, tuple[Wish, ...]] = {
    "living_room": (
        Wish("lounge", ("couch",)),
        *FITTINGS,
        Wish("wall", ("bookshelf", "cabinet", "dresser", "bookshelf", "bench"), 1.0, (2, 4)),
        Wish("corner", ("large_plant", "large_plant", "floor_lamp"), 0.95, (1, 3)),
        Wish("dine", ("dining_table",), 0.4),
        Wish("seat", ("armchair",), 0.7),
        Wish("work", ("desk",), 0.15),
        Wish("hang", ("picture", "picture", "picture", "clock", "wall_shelf"), 1.0, (2, 6)),
    ),
    "bedroom": (
        Wish("sleep", ("bed",)),
        Wish("wall", ("wardrobe",), 0.95, (1, 2)),
        Wish("wall", ("dresser", "cabinet"), 0.75),
        Wish("work", ("desk",), 0.25),
        Wish("seat", ("armchair",), 0.3),
        Wish("wall", ("bench", "basket", "chair", "bookshelf"), 0.7, (1, 2)),
        Wish("wall", ("tv_stand",), 0.3),
        Wish("corner", ("large_plant", "large_plant", "floor_lamp"), 0.6, (1, 2)),
        Wish("rug", ("rug",), 0.5),
        *FITTINGS,
        Wish("hang", ("picture", "picture", "clock", "mirror", "wall_shelf"), 1.0, (1, 4)),
    ),
    "kitchen": (
        Wish("cook", ("counter",)),
        Wish("dine", ("dining_table",), 0.8),
        Wish("wall", ("cabinet", "bookshelf"), 0.3),
        Wish("wall", ("stool", "basket"), 0.4, (1, 2)),
        Wish("corner", ("large_plant",), 0.4),
        Wish("ceiling", ("ceiling_lamp",)),
        Wish("radiators", ("radiator",), 0.3),
        Wish("curtains", ("curtain",), 0.25),
        Wish("hang", ("clock", "picture", "wall_shelf"), 0.95, (1, 3)),
    ),
    "bathroom": (
        Wish("wall", ("bathtub",), 0.8),
        Wish("wash", ("sink",)),
        Wish("wall", ("toilet",)),
        Wish("wall", ("washing_machine",), 0.25),
        Wish("wall", ("cabinet", "basket", "stool"), 0.6),
        Wish("corner", ("basket", "large_plant"), 0.4),
        Wish("rug", ("rug",), 0.6),
        Wish("ceiling", ("ceiling_lamp",)),
        Wish("curtains", ("curtain",), 0.1),
        Wish("hang", ("towel_rail",), 0.85),
        Wish("hang", ("picture", "mirror", "towel_rail"), 0.4),
    ),
    "dining_room": (
        Wish("dine", ("dining_table",)),
        *FITTINGS,
        Wish("wall", ("cabinet", "dresser", "bookshelf"), 0.95, (1, 3)),
        Wish("wall", ("bench", "chair"), 0.5, (1, 2)),
        Wish("corner", ("large_plant", "large_plant", "floor_lamp"), 0.8, (1, 2)),
        Wish("hang", ("picture", "picture", "clock", "mirror"), 1.0, (2, 5)),
    ),
    "home_office": (
        Wish("work", ("desk",), 1.0, (1, 2)),
        Wish("wall", ("bookshelf",), 0.95, (1, 2)),
        Wish("wall", ("cabinet", "dresser", "bookshelf"), 0.8, (1, 2)),
        Wish("seat", ("armchair", "couch"), 0.4),
        Wish("corner", ("large_plant", "floor_lamp", "basket"), 0.9, (1, 2)),
        Wish("rug", ("rug",), 0.35),
        *FITTINGS,
        Wish("hang", ("picture", "picture", "clock", "wall_shelf"), 1.0, (1, 4)),
        Wish("strewn", ("storage_box",), 0.5, (1, 2)),
    ),
    "childs_room": (
        Wish("sleep", ("bed", "bed", "crib")),
        Wish("wall", ("toy_box",), 1.0, (1, 2)),
        Wish("work", ("desk",), 0.5),
        Wish("wall", ("bookshelf", "wardrobe", "dresser"), 1.0, (1, 3)),
        Wish("wall", ("basket", "stool", "toy_box"), 0.9, (1, 2)),
        Wish("rug", ("rug",), 0.7),
        *FITTINGS,
        Wish("hang", ("picture", "picture", "clock", "wall_shelf"), 1.0, (1, 4)),
        Wish("strewn", ("teddy_bear", "toy_ball", "toy_blocks", "storage_box"), 0.9, (1, 5)),
    ),
    "corridor": (
        Wish("slim", ("cabinet", "bench", "bookshelf", "dresser"), 0.95, (1, 4)),
        Wish("corner", ("large_plant", "basket", "floor_lamp"), 0.6),
        Wish("rug", ("rug",), 0.6),
        Wish("ceiling", ("ceiling_lamp",)),
        Wish("hang", ("coat_rack",), 0.7),
        Wish("hang", ("picture", "picture", "mirror", "clock"), 1.0, (2, 6)),
    ),
    "library": (
        Wish("wall", ("bookshelf",), 1.0, (4, 8)),
        Wish("seat", ("armchair",), 1.0, (1, 2)),
        Wish("work", ("desk",), 0.45),
        Wish("seat", ("armchair", "couch"), 0.3),
        Wish("corner", ("large_plant", "large_plant", "floor_lamp"), 0.6),
        Wish("rug", ("rug",), 0.75),
        *FITTINGS,
        Wish("hang", ("picture", "clock"), 0.8, (1, 2)),
    ),
    "laundry": (
        Wish("wall", ("washing_machine",), 1.0, (1, 3)),
        Wish("wash", ("sink",), 0.6),
        Wish("wall", ("cabinet", "bookshelf"), 0.9, (1, 2)),
        Wish("wall", ("basket",), 1.0, (1, 3)),
        Wish("wall", ("stool", "wardrobe"), 0.4),
        Wish("ceiling", ("ceiling_lamp",)),
        Wish("hang", ("clock", "coat_rack", "towel_rail", "wall_shelf"), 0.8, (1, 2)),
    ),
}
"""The wishes of each room type, in the order in which it is furnished."""


def _weighted(text: str) -> Choice:
    """Pairs from "name weight name weight …"."""
    words = text.split()
    return tuple(
        (name, float(weight)) for name, weight in zip(words[::2], words[1::2], strict=True)
    )


SMALL: dict[str, Choice] = {
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
"""The weighted classes of the small things that stand on tops, by room type."""
