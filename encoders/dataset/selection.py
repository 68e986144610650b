"""Select the views of a dataset, and the files that its tasks need."""

from __future__ import annotations

from collections.abc import Sequence

from encoders.codecs.encodings import read_raw
from encoders.codecs.photos import open_photo
from encoders.dataset.index import Index
from encoders.dataset.reader import FileReader
from encoders.dataset.splits import ALL, SPLITS, SplitRule, split_buildings
from encoders.errors import InvalidDataError, UnknownNameError
from encoders.tasks import Task
from taskgraph.arrays import Integers


def split_rows(
    index: Index, split: str, rule: SplitRule, buildings: Sequence[str] | None = None
) -> Integers:
    """Return the rows of a split, in order; empty if the split has no buildings.

    ``buildings``, if given, are the only ones of the split that are used.

    Raises
    ------
    UnknownNameError
        If there is no split or building of a given name.
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
    """Return all domains that the tasks read, the pictures first."""
    names = ["rgb"]
    for task in tasks:
        names += task.domains()
        if task.label is not None and task.label.valid and files.mask is not None:
            names.append(files.mask)
        if task.needs_infos():
            names.append("point_info")
    return list(dict.fromkeys(names))


def cached_domains(domains: Sequence[str], tasks: Sequence[Task]) -> list[str]:
    """Return the domains to cache: all, but ``point_info`` only if a task has partners.

    Choosing partners reads the ``point_info`` of the whole data set, which may be large; otherwise
    it is read for single views.
    """
    pairs = any(task.partners for task in tasks)
    return [name for name in domains if name != "point_info" or pairs]


def rows_with_files(index: Index, rows: Integers, domains: Sequence[str]) -> Integers:
    """Return the rows whose views have a file of every domain."""
    for name in domains:
        rows = rows[~index.files(name).missing[rows]]
    return rows


def complete_rows(
    index: Index, rows: Integers, domains: Sequence[str], split: str, *, skip: bool
) -> Integers:
    """Return the rows whose views have a file of every domain.

    Raises
    ------
    InvalidDataError
        If a view lacks a file and ``skip`` is False, or if no row is left.
    """
    complete = rows_with_files(index, rows, domains)
    if len(rows) and (len(complete) == len(rows) or (skip and len(complete))):
        return complete
    for name in domains:
        incomplete = rows[index.files(name).missing[rows]]
        if len(incomplete):
            path = index.root / index.files(name).paths[int(incomplete[0])]
            raise InvalidDataError(
                f"{path} is missing ({len(incomplete)} of {len(rows)} views have no {name}): make "
                "or download it again, or leave such views out with --skip-broken (in Python "
                "skip_incomplete=True)"
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
    """Return the rows of a split whose views have a file of every domain.

    Raises the errors of `split_rows` and `complete_rows`.
    """
    rows = split_rows(index, split, rule, buildings)
    return complete_rows(index, rows, domains, split, skip=skip)


def picture_side(index: Index) -> int:
    """Return the side of the first picture in pixels; the smaller one if it is not square."""
    path = index.root / index.files("rgb").paths[0]
    if index.table is not None:
        return min(open_photo(path).size)
    return int(read_raw(path, "rgb").shape[0])
