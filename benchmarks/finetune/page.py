"""The page of fine-tuning practice and its figures, rendered from the records alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.finetune import (
    depth_page,
    encoders_page,
    freezing_page,
    layers_page,
    limits_page,
    longer_page,
    sizes_page,
    speed_page,
)
from benchmarks.finetune.settings import SUITE
from benchmarks.results.frame import of_newest_contents
from benchmarks.results.markdown import commit_text, wrapped
from benchmarks.results.record import Record, read_records
from encoders.errors import InvalidDataError

SectionFunction = Callable[[Sequence[Record]], str]
Drawing = Callable[[Sequence[Record], Path], None]

SECTIONS: dict[str, SectionFunction] = {
    "layers": layers_page.section,
    "freezing": freezing_page.section,
    "sizes": sizes_page.section,
    "longer": longer_page.section,
    "encoders": encoders_page.section,
    "limits": limits_page.section,
    "throughput": speed_page.section,
    "depth": depth_page.section,
}
"""What writes the section of each part, from the records of this part and those of `ALSO_READ`."""
ALSO_READ: dict[str, str] = {"longer": "sizes"}
"""A part whose records the section of another one compares with its own."""
DRAWINGS: dict[str, Drawing] = {
    "layers": layers_page.draw,
    "sizes": sizes_page.draw,
    "encoders": encoders_page.draw,
    "depth": depth_page.draw,
}
"""What writes the figure of each part into a folder, from the records of this part."""

HEADER = """# What a pretrained network is worth for a new task

```sh
taskgraph scenes DATA/scenes --buildings 230
taskgraph bench finetune --data-root DATA
```

{provenance}

Every table keeps the rows in which transfer hurts. Left out for lack of time on one core, and part
of `--preset paper`: larger data sets, all of EfficientNet-Lite0 trained, and, but for the section
*The same, trained longer*, more than two learning rates and longer trainings. Most trainings here
are short, so the numbers compare methods at a small budget; they are not the best that these
networks reach. The scenes are views of the buildings 201
to 230, which the bank's encoders have not seen; their label is the type of the room."""


def records_by_part(folder: Path) -> dict[str, list[Record]]:
    """Return the records of a folder by their setting ``part``.

    Raises
    ------
    InvalidDataError
        If there is none.
    """
    by_part: dict[str, list[Record]] = {}
    for record in of_newest_contents(read_records(folder), "part", "target", "case"):
        by_part.setdefault(record.settings["part"], []).append(record)
    if not by_part:
        raise InvalidDataError(
            f"{folder} holds no records; run `taskgraph bench {SUITE.name}` first"
        )
    return by_part


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    by_part = records_by_part(folder)
    sections = [
        write([*by_part.get(ALSO_READ.get(name, ""), []), *by_part[name]])
        for name, write in SECTIONS.items()
        if name in by_part
    ]
    if "depth" not in by_part:
        sections.append(depth_page.NOT_RUN)
    return wrapped("\n\n".join([_header(by_part), *sections])) + "\n"


def draw(folder: Path) -> None:
    """Write the figures of the parts that have records."""
    by_part = records_by_part(folder)
    for name, draw_part in DRAWINGS.items():
        if name in by_part:
            draw_part(by_part[name], folder)


def finding(folder: Path) -> str:
    """Return the main results in one sentence: the deepest copied layers, and label multipliers."""
    by_part = records_by_part(folder)
    said = [layers_page.finding(by_part["layers"])] if "layers" in by_part else []
    said += [sizes_page.finding(by_part["sizes"])] if "sizes" in by_part else []
    count = sum(map(len, by_part.values()))
    return f"{count:,} records of {', '.join(by_part)}{'; ' if said else ''}{'; '.join(said)}."


def _header(by_part: dict[str, list[Record]]) -> str:
    """Return the title, the command and the provenance."""
    records = [record for each in by_part.values() for record in each]
    commits = dict.fromkeys(record.commit for record in records)
    about = dict(records[-1].versions or {})
    platform, cores = about.pop("platform", ""), about.pop("cores", "")
    versions = ", ".join(f"{name} {value}" for name, value in about.items())
    hours = sum(record.seconds or 0.0 for record in records) / 3600
    text = (
        f"Commit {', '.join(map(commit_text, commits))}; {versions}; {platform} with {cores} "
        f"cores. {len(records):,} records, {hours:.1f} hours by the clock over all processes, "
        "of up to three at a time, on a machine that did other work besides."
    )
    return HEADER.format(provenance=text)
