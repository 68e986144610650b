"""Ship a trained bank: its files, Table 1, and what it says of held-out views and of photos.

    python -m benchmarks.bank runs/bank --data runs/world --sweep runs/transfers --out results/bank

Nothing is trained here. `encoders` are copied as they are; `table1.csv` and the pictures are made
anew, and the page from those and the bank's manifest.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skimage
from PIL import Image

from benchmarks.results.machine import ROOT
from encoders.bank.jobs import MANIFEST
from encoders.bank.predict import gallery, photos
from encoders.bank.pretrained import SUFFIX
from encoders.bank.table1 import MEAN, PAPER_MEAN, markdown, table, weak
from encoders.bank.training import LOSSES
from encoders.draw import save
from encoders.tasks.names import ORDER
from taskgraph.tables import write_frame, write_text

PHOTOS = ("coffee.png", "motorcycle_left.png", "chelsea.png", "astronaut.png")
"""Indoor ones of those that come with scikit-image: a table, a workshop, a sofa, a studio."""

PHOTO_TASKS = (
    "rgb2depth",
    "rgb2sfnorm",
    "reshade",
    "edge3d",
    "edge2d",
    "segmentsemantic_rb",
    "class_1000",
    "class_places",
    "room_layout",
    "vanishing_point_well_defined",
)
TABLE, VIEWS, PHOTO, LOST = "table1.csv", "views.jpg", "photos.jpg", "losses.parquet"

NOTE = """Little carries over, and plainly so: 2D edges are right in all four, vanishing points
stand upright, and the floor under the motorcycle is found as a floor. Depth and reshading are
nearly flat, occlusion edges nearly absent; the saucer is called a couch, the cup's picture a
corridor, and the layouts mean nothing. These networks are for measuring transfers between tasks on
rendered rooms; for photographs, train on photographs (`taskgraph train` reads Taskonomy's
folders)."""
"""What the pictures of photographs show, said after looking at them."""


def ship(bank: Path, data: Path, out: Path, sweep: Path | None = None) -> str:
    """Copy, measure, draw; returns the page."""
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted([*bank.glob("*" + SUFFIX), *bank.glob("*.json")]):
        shutil.copyfile(path, out / path.name)
    write_frame(joined_losses(bank), out / LOST)
    write_frame(table(bank, sweep).reset_index(), out / TABLE)
    draw(out, data)
    return write_page(out)


def joined_losses(bank: Path) -> pd.DataFrame:
    """All tasks' losses by test image in one table, in single precision."""
    frames = [pd.read_parquet(path) for path in sorted(bank.glob("*" + LOSSES))]
    whole = pd.concat(frames, ignore_index=True)
    whole["loss"] = whole["loss"].astype(np.float32)
    return whole.astype({"target": "category", "sources": "category", "image": "category"})


def draw(bank: Path, data: Path) -> None:
    """Six held-out views with every task, and photographs with those that look at one."""
    _save(gallery(bank, data, views=6), bank / VIEWS)
    folder = Path(skimage.__file__).parent / "data"
    tasks = [name for name in PHOTO_TASKS if (bank / (name + SUFFIX)).exists()]
    _save(photos(bank, [folder / name for name in PHOTOS], tasks), bank / PHOTO)


def _save(page: Image.Image, path: Path) -> None:
    """As JPEG: pages of pictures are several MB as PNG."""
    place = path.with_suffix(".png")
    save(page, place)
    with Image.open(place) as whole:
        whole.convert("RGB").save(path, quality=85)
    place.unlink()


def write_page(out: Path) -> str:
    """Render README.md from the folder's manifest and table alone."""
    manifest = json.loads((out / MANIFEST).read_text())
    frame = pd.read_csv(out / TABLE, index_col="task")
    page = render(manifest, frame, out)
    write_text(page, out / "README.md")
    return page


def render(manifest: Mapping[str, Any], frame: pd.DataFrame, out: Path) -> str:
    """The page."""
    first = manifest["tasks"][0]
    data, fit = first["data"], first["fit"]
    made = data.get("settings") or {}
    weights = sum(path.stat().st_size for path in out.glob("*" + SUFFIX))
    hours = sum(record["seconds"] for record in manifest["tasks"]) / 3600
    order = [name for name in ORDER if name in frame.index]
    mean = frame.loc[MEAN]
    defects = weak(frame)
    return PAGE.format(
        count=len(manifest["tasks"]),
        preset=manifest["preset"],
        megabytes=weights / 1e6,
        command=manifest["command"],
        commit=manifest["commit"],
        seed=fit["seed"],
        scenes=" ".join(f"--{key} {value}" for key, value in made.items()),
        hash=data.get("sha256"),
        images=first["images"],
        epochs=_epochs(manifest["tasks"]),
        batch=fit["batch"],
        rate=fit["learning_rate"],
        hours=hours,
        average=mean["average"],
        readout=f"{mean['readout']:.1f} %" if pd.notna(mean["readout"]) else "(not measured)",
        random=mean["random"],
        paper=PAPER_MEAN,
        defects=("Below 60 %: " + "; ".join(defects) + ".")
        if defects
        else f"No task is below 60 % against (1){' or (2)' if pd.notna(mean['readout']) else ''}.",
        hardest=_hardest(frame),
        table=markdown(frame.loc[[*order, MEAN]]),
        runs=_runs(manifest["tasks"], order),
        photos=", ".join(PHOTOS),
        note=NOTE,
    )


def _hardest(frame: pd.DataFrame) -> str:
    """The task that wins least often against `RANDOM`, and how often."""
    rates = frame.drop(MEAN).set_index("title")["random"].dropna()
    return f"{rates.idxmin()}, {rates.min():.1f} %"


def _epochs(records: Sequence[Mapping[str, Any]]) -> str:
    """How many, and for which tasks it was another number."""
    each = {record["task"]: record["fit"]["epochs"] for record in records}
    common = statistics.mode(each.values())
    others = ", ".join(f"{name} {n}" for name, n in each.items() if n != common)
    return f"{common}" + (f" (where that was too few: {others})" if others else "")


def _runs(records: Sequence[Mapping[str, Any]], order: Sequence[str]) -> str:
    known = {record["task"]: record for record in records}
    lines = [
        "| Task | Parameters | Best epoch | Validation loss | Test loss | Minutes |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name in order:
        one = known[name]
        cells = (
            f"{one['title']} (`{name}`)",
            f"{one['parameters']:,}",
            f"{one['best_epoch']['self'] + 1} of {one['fit']['epochs']}",
            f"{one['valid_loss']['self']:.4f}",
            f"{one['test_loss']['self']:.4f}",
            f"{one['seconds'] / 60:.1f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


PAGE = """# The task bank

{count} trained encoder-decoders and the random encoder at the preset `{preset}`:
{megabytes:.1f} MB in half precision. They are in the wheel: `encoders.load("normals")`.

```sh
taskgraph scenes runs/world {scenes}
{command}
python -m benchmarks.bank runs/bank --data runs/world --sweep runs/cpu/transfers
```

Commit {commit}, seed {seed}, data SHA-256
`{hash}`. {images[train]:,} images to train on,
{images[val]:,} to choose the epoch, {images[test]:,} to test, of different buildings.
Epochs: {epochs}.
Batches of {batch}, AdamW up to {rate:g}. Classes and poses of two cameras are trained on mirrored
and lightened pictures too, and these poses on other pairs in each epoch; so are their references.
{hours:.1f} hours of one core, references included, on a machine with other work on it.

## Win rates: the paper's Table 1 on our data

Share of the test images on which a task's network has a smaller loss than (1) the best constant
answer, (2) a read-out from the *random* encoder that is trained on the transfer data, as all
transfers are, and (3) one that is trained on all images of the task's own network, for as long.
Larger is better, 50 % is chance. Intervals resample buildings. Source-only tasks have no read-outs.
The paper has (1) and (2): its published transfers `random -> target`, learned from 16,000 images,
have the win rates that its Table 1 prints. Its figures are for its own networks and data (256
pixels, 120,000 images, ResNet-50): like is not compared with like.

Mean {average:.1f} % and {readout} (the paper's: {paper[0]} % and {paper[1]} %); against (3)
{random:.1f} %, least of all {hardest}. {defects}

{table}
Losses are the tasks' own (L1, L2, cross-entropy, metric, pose norm), comparable within a row.
`losses.parquet` has them image by image, and `table1.csv` this table.

## What they say of views they never saw

![Six views of held-out buildings; below each, every task's prediction and its label](views.jpg)

## What they say of photographs

![Photographs, and beside each its depth, normals, edges, segments, classes and layout](photos.jpg)

{photos} come with scikit-image; here they are cut to the middle square and shrunk to 64 pixels. No
network has seen a photograph. {note}

## Runs

{runs}
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bank", description=__doc__)
    parser.add_argument("bank", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sweep", type=Path, help="transfers from that bank, for Table 1")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "bank")
    found = parser.parse_args(arguments)
    print(ship(found.bank, found.data, found.out, found.sweep))


if __name__ == "__main__":
    main()
