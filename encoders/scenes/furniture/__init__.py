"""Furniture and the small things in a home, each built of several solids from a random stream."""

from __future__ import annotations

from encoders.scenes.furniture import (
    appliances,
    bathroom,
    beds,
    books,
    hangings,
    kitchen,
    lamps,
    mirrors,
    plants,
    screens,
    seats,
    smalls,
    sofas,
    storage,
    tables,
    toys,
    worktop,
)
from encoders.scenes.furniture.piece import Builder, Glow, Part, Piece, Top

__all__ = [
    "CATALOGUE", "OBJECTS", "SEMANTIC", "VARIANTS", "Builder", "Glow", "Part", "Piece", "Top",
]  # fmt: skip

SEMANTIC: tuple[str, ...] = (
    "bottle", "chair", "couch", "potted_plant", "bed", "dining_table", "toilet", "tv", "microwave",
    "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase",
)  # fmt: skip
"""Taskonomy's classes of semantic segmentation, in their order: the first has the value 2."""

CATALOGUE: dict[str, Builder] = {
    "bottle": smalls.bottle,
    "chair": seats.chair,
    "couch": sofas.couch,
    "potted_plant": plants.potted_plant,
    "bed": beds.bed,
    "dining_table": tables.dining_table,
    "toilet": bathroom.toilet,
    "tv": screens.tv,
    "microwave": worktop.microwave,
    "oven": appliances.oven,
    "toaster": worktop.toaster,
    "sink": bathroom.sink,
    "refrigerator": appliances.refrigerator,
    "book": books.book,
    "clock": hangings.clock,
    "vase": smalls.vase,
    "desk": tables.desk,
    "coffee_table": tables.coffee_table,
    "nightstand": tables.nightstand,
    "cabinet": storage.cabinet,
    "wardrobe": storage.wardrobe,
    "bookshelf": storage.bookshelf,
    "floor_lamp": lamps.floor_lamp,
    "table_lamp": lamps.table_lamp,
    "bathtub": bathroom.bathtub,
    "washing_machine": appliances.washing_machine,
    "bench": seats.bench,
    "stool": seats.stool,
    "armchair": sofas.armchair,
    "crib": beds.crib,
    "toy_box": toys.toy_box,
    "rug": hangings.rug,
    "picture": hangings.picture,
    "curtain": hangings.curtain,
    "mirror_cabinet": mirrors.mirror_cabinet,
    "monitor": screens.monitor,
    "basket": toys.basket,
    "counter": kitchen.counter,
    "wall_cabinet": kitchen.wall_cabinet,
    "range_hood": appliances.range_hood,
    "tv_stand": storage.tv_stand,
    "dresser": storage.dresser,
    "wall_shelf": storage.wall_shelf,
    "ceiling_lamp": lamps.ceiling_lamp,
    "mirror": mirrors.mirror,
    "towel_rail": mirrors.towel_rail,
    "radiator": hangings.radiator,
    "coat_rack": hangings.coat_rack,
    "laptop": screens.laptop,
    "bowl": smalls.bowl,
    "cup": smalls.cup,
    "pot": smalls.pot,
    "storage_box": smalls.storage_box,
    "teddy_bear": toys.teddy_bear,
    "toy_ball": toys.toy_ball,
    "toy_blocks": toys.toy_blocks,
}
"""The builder of each class; each call draws another size, proportion and style."""

OBJECTS: tuple[str, ...] = tuple(CATALOGUE)
"""All classes, in a fixed order: `SEMANTIC` first, then what is background there."""

VARIANTS: dict[str, Builder] = {
    "dining_chair": seats.dining_chair,
    "office_chair": seats.office_chair,
    "single_bed": beds.single_bed,
    "double_bed": beds.double_bed,
    "washbasin": bathroom.washbasin,
    "kitchen_sink": kitchen.kitchen_sink,
    "large_plant": plants.large_plant,
    "small_plant": plants.small_plant,
    "desk_lamp": lamps.desk_lamp,
}
"""Builders of some pieces of a class only, for rooms where not every piece of it would be put."""
