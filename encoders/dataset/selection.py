"""Which views of a folder a dataset is made of, and which of its files it needs."""

from __future__ import annotations

from collections.abc import Sequence

from encoders.codecs.encodings import read_raw
from encoders.dataset.index import Index
from encoders.dataset.reader import FileReader
from encoders.dataset.splits import ALL, SPLITS, SplitRule, split_buildings
from encoders.errors import InvalidDataError, UnknownNameError
from encoders.tasks import Task
from taskgraph.arrays import Integers


def split_rows(
    index: Index, split: str, rule: SplitRule, buildings: Sequence[str] | None = None
) -> Integers:
    """The rows of a split, in order; empty if the rule gives it no buildings.

    Raises
    ------
    UnknownNameError
        If there is no such split or building.
    """
    if split not in (*SPLITS, ALL):
        raise UnknownNameError(f'no split "{split}"; there are {", ".join((*SPLITS, ALL))}')
    unknown = sorted(set(buildings or ()) - set(index.buildings))
    if unknown:
        some = ", ".join(index.buildings[:8])
        raise UnknownNameError(f'{index.root} has no building "{unknown[0]}"; it has {some} …')
    own = index.buildings if split == ALL else split_buildings(index.buildings, rule)[split]
    own = tuple(name for name in own if buildings is None or name in buildings)
    return index.rows_of(own)


def domains_of(tasks: Sequence[Task], files: FileReader) -> list[str]:
    """All that the tasks read, pictures first."""
    names = ["rgb"]
    for task in tasks:
        names += task.domains()
        if task.label is not None and task.label.valid and files.mask is not None:
            names.append(files.mask)
        if task.needs_infos():
            names.append("point_info")
    return list(dict.fromkeys(names))


def cached_domains(domains: Sequence[str], tasks: Sequence[Task]) -> list[str]:
    """All domains; ``point_info`` of a whole (perhaps huge) data set only if pairs need it all."""
    pairs = any(task.partners for task in tasks)
    return [name for name in domains if name != "point_info" or pairs]


def rows_with_files(index: Index, rows: Integers, domains: Sequence[str]) -> Integers:
    """Those of the rows that lack no file."""
    for name in domains:
        rows = rows[~index.files(name).missing[rows]]
    return rows


def complete_rows(
    index: Index, rows: Integers, domains: Sequence[str], split: str, *, skip: bool
) -> Integers:
    """The rows that have all files.

    Raises
    ------
    InvalidDataError
        If some lack one and are not to be skipped, or none is left.
    """
    whole = rows_with_files(index, rows, domains)
    if len(rows) and (len(whole) == len(rows) or (skip and len(whole))):
        return whole
    for name in domains:
        lacks = rows[index.files(name).missing[rows]]
        if len(lacks):
            path = index.root / index.files(name).paths[int(lacks[0])]
            raise InvalidDataError(
                f"{path} is missing ({len(lacks)} of {len(rows)} views have no {name}): make or "
                "download it again, or leave such views out with skip_incomplete=True"
            )
    raise InvalidDataError(
        f"{index.root} has no views of the split {split}; its buildings are "
        f"{', '.join(index.buildings[:8])}: check splits= and buildings="
    )


def chosen_rows(
    index: Index,
    domains: Sequence[str],
    rule: SplitRule,
    buildings: Sequence[str] | None,
    split: str,
    *,
    skip: bool,
) -> Integers:
    """The rows of a split that have all files; errors of `split_rows` and `complete_rows`."""
    rows = split_rows(index, split, rule, buildings)
    return complete_rows(index, rows, domains, split, skip=skip)


def picture_side(index: Index) -> int:
    """The side of the first picture, pixels."""
    return int(read_raw(index.root / index.files("rgb").paths[0], "rgb").shape[0])
