"""The layers of a start as a table: number, name, kind, shape of the output, and parameters."""

from __future__ import annotations

from benchmarks.finetune.estimator import FineTuned
from benchmarks.learning.listing import list_layers
from benchmarks.learning.starts import find_start

HEADS = ("number", "name", "kind", "output", "parameters")


def layer_table(
    name: str,
    *,
    weights: str | None = None,
    bank: str | None = None,
    channels: int | None = None,
    size: int | None = None,
) -> str:
    """Return the table of a start's layers, without its old classifier.

    Shapes are those of one image, (channels, height, width). A number is written where a layer of
    the numbering ends, so that ``--keep`` takes it or the name of any line.

    Parameters
    ----------
    name : str
        As in `find_start`.
    weights : str, optional
        By default random ones, since the table does not depend on them.
    """
    named = name.partition(":")[0] in ("timm", "torchvision")
    # The estimator reports a size that the network does not take.
    builder = FineTuned(
        find_start(name, weights=(weights or "random") if named else weights, bank=bank),
        channels=channels,
        size=size,
    )
    backbone = builder.build(2).backbone
    listed = list_layers(backbone.layers, backbone.example(1))
    last = {each.number: each.name for each in listed}
    rows = [
        (
            str(each.number) if each.number and last[each.number] == each.name else "",
            each.name,
            each.kind,
            " x ".join(map(str, each.shape[1:])),
            f"{each.parameters:,}",
        )
        for each in listed
    ]
    widths = [max(len(row[column]) for row in (HEADS, *rows)) for column in range(len(HEADS))]
    right = {0, len(HEADS) - 1}
    lines = [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (HEADS, *rows)
    ]
    total = sum(value.numel() for value in backbone.layers.parameters())
    lines.append(f"{name}: {total:,} parameters, {backbone.features} features")
    return "\n".join(lines)
