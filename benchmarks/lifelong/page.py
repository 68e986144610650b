"""The page of lifelong learning, rendered from its records alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.data.data import TEST, VAL
from benchmarks.lifelong import tables
from benchmarks.lifelong.beside import beside_section, split_parts
from benchmarks.lifelong.collect import SHARED, StreamResults, figure_stem, stream_results
from benchmarks.lifelong.figures import accuracy_curves, confusion_matrices, memory_and_time
from benchmarks.lifelong.settings import SUITE
from benchmarks.results import markdown
from benchmarks.results.figures import write_picture
from benchmarks.results.frame import not_finished
from benchmarks.results.markdown import commit_text, number
from benchmarks.results.record import Record, read_records

TRAINED = ("data_sha256", *SHARED, "memory", "network", "strategy", "step")
"""Settings that tell the trainings of an order apart; a training has one record a method."""

TITLE = "# How much is forgotten when classes or domains arrive one by one?\n\n"

HEADER = """```sh
taskgraph bench lifelong --preset cpu
taskgraph bench lifelong --data orl-faces --increment 10 --memory 120 --epochs 100
taskgraph bench lifelong --protocol sets --data FOLDER_A,FOLDER_B --out runs/lifelong/own
taskgraph bench lifelong --preset paper --data cifar-100 --data-root FOLDER
taskgraph bench lifelong --data scene-objects --increment 6
taskgraph bench lifelong --protocol sets --data scene-domains
taskgraph bench lifelong --part avalanche --python PATH_OF_ITS_PYTHON
```

After each step the accuracy is measured on the {split} images of all classes seen so far. The
*average incremental accuracy* is the mean of these accuracies over steps (Rebuffi et al., CVPR
2017). *Forgetting* is that of Chaudhry et al. (ECCV 2018), smaller is better; *backward* and
*forward transfer* are those of Lopez-Paz and Ranzato (NeurIPS 2017), larger is better;
*intransigence* is the mean loss on new images against joint training, smaller is better. All are in
percent, with ± one standard deviation over class orders; intervals are Student's 95 % intervals
over class orders. The k-th order has the seed k - 1, which also draws the weights. Joint training,
ncm and the linear probe use all images again at each step, so they are bounds. The probe's encoder
was trained on other data, which often makes it the strongest.

{provenance}

{finding}

"""

TRIED = """## Tried on validation images

Average incremental accuracy in percent on validation images, which are cut from the training images
and never trained. A setting with records of test images is marked as reported.

{table}

"""

FILES = """## Files

| file | what |
|--|--|
| `records.jsonl` | one line a method, network, class order and step |
| `accuracy_*.svg`, `confusion_*.svg`, `costs_*.svg` | figures of a stream and a network |
| `exemplars_*.jpg` | exemplars of iCaRL after the last step of the first order, a row a class |
"""


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    streams, beside = split_parts(read_records(folder))
    if beside and not streams:
        return markdown.wrapped(TITLE + beside_section(beside)).rstrip() + "\n"
    records, results = _read(folder)
    tried = tables.tried_table(streams)
    own = own_settings(results)
    header = TITLE + HEADER.format(
        split=records[-1].split,
        provenance=_provenance(records, results, own),
        finding=f"**{tables.verdict(results)}**",
    )
    parts = [header, *(_section(each, own, folder) for each in results)]
    parts += [TRIED.format(table=tried)] if tried and records[-1].split == TEST else []
    parts += [beside_section(beside), _published()]
    return markdown.wrapped("".join(parts) + FILES).rstrip() + "\n"


def draw(folder: Path) -> None:
    """Draw the figures of every stream and network from the records of a folder."""
    if not split_parts(read_records(folder))[0]:
        return
    for stream in _read(folder)[1]:
        for network in stream.networks:
            own, stem = stream.of(network), figure_stem(stream.name, network)
            write_picture(accuracy_curves(own), folder, f"accuracy_{stem}")
            write_picture(confusion_matrices(own), folder, f"confusion_{stem}")
            write_picture(memory_and_time(own), folder, f"costs_{stem}")


def finding(folder: Path) -> str:
    """Return in how many pairs of a stream and a network iCaRL is clearly above or below others."""
    streams, beside = split_parts(read_records(folder))
    if beside and not streams:
        return "Our iCaRL was compared with avalanche-lib's; no stream was measured."
    return tables.verdict(_read(folder)[1])


def own_settings(results: Sequence[StreamResults]) -> list[str]:
    """Return the names of the settings in which streams differ, in the order of `SHARED`."""
    return [name for name in SHARED if len({each.settings[name] for each in results}) > 1]


def _read(folder: Path) -> tuple[list[Record], list[StreamResults]]:
    """Return the records of the test images, and the results of each stream.

    Without records of the test images, those of the validation images are returned.

    Raises
    ------
    InvalidTableError
        If no order of any method is finished.
    """
    every = split_parts(read_records(folder))[0]
    if not every:
        raise not_finished(folder, SUITE.name)
    splits = {each.split for each in every}
    records = [each for each in every if each.split == (TEST if TEST in splits else VAL)]
    results = stream_results(records)
    if not results:
        raise not_finished(folder, SUITE.name)
    return records, results


def _section(stream: StreamResults, own: Sequence[str], folder: Path) -> str:
    """Return the tables and figures of one stream, and its settings of the names ``own``."""
    sizes, settings = ", ".join(map(str, stream.sizes)), _settings_text(stream.settings, own)
    parts = [
        f"## {stream.name}\n\nSteps of {sizes} classes; memory K = {stream.memory} images"
        f"{f'; {settings}' if settings else ''}.{_others(stream)}\n\n"
        f"{tables.headline(stream)} {tables.caution(stream) or ''}".rstrip()
        + "\n\n",
        tables.summary_table(stream),
        "\n\n",
    ]
    for network in stream.networks:
        paired = tables.paired_table(stream, network)
        stem = figure_stem(stream.name, network)
        parts += [f"{tables.order_sentence(stream, network)}\n\n"]
        parts += [f"{paired}\n\n"] if paired else []
        shown = (
            ("accuracy", f"Accuracy over classes, {stream.name}, {network}"),
            ("confusion", "Confusion matrices after the last step on a logarithmic scale"),
            ("costs", "Stored images and seconds of training over steps"),
            ("exemplars", "Exemplars of each class in the order of their choice"),
        )
        for kind, text in shown:
            for name in sorted(path.name for path in folder.glob(f"{kind}_{stem}.*")):
                parts.append(f"![{text}]({name})\n\n")
    return "".join(parts)


def _others(stream: StreamResults) -> str:
    """Return a sentence for each network with settings of its own."""
    return "".join(
        f" {network}: {_settings_text(differing, list(differing))}."
        for network, differing in stream.own.items()
    )


def _published() -> str:
    """Return the section with the paper's Table 1."""
    return (
        "## Published\n\nAverage multi-class accuracy in percent on iCIFAR-100 with ResNet-32 and "
        "K = 2000 (Rebuffi et al., CVPR 2017, Table 1); joint training on all classes has 68.6. "
        "With 2 classes a step, hybrid2 is above icarl there, and hybrid3 is equal to it. "
        "Fine-tuning and the fixed representation are curves without numbers there (Fig. 2).\n\n"
        f"{tables.published_table()}\n\n"
    )


def _settings_text(settings: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return names and values of settings in words, such as ``learning rate 0.5``."""
    return ", ".join(f"{name.replace('_', ' ')} {settings[name]}" for name in names)


def _provenance(
    records: Sequence[Record], results: Sequence[StreamResults], own: Sequence[str]
) -> str:
    """Return the settings that all streams share, commits, versions and the time of the records."""
    last = records[-1]
    about = dict(last.versions or {})
    platform, cores = about.pop("platform", "unknown"), about.pop("cores", "?")
    versions = ", ".join(f"{name} {value}" for name, value in about.items())
    commits = ", ".join(dict.fromkeys(commit_text(each.commit) for each in records))
    trained = {(*(r.settings[key] for key in TRAINED), r.seed): r.seconds for r in records}
    minutes = sum(value or 0.0 for value in trained.values()) / 60
    shown = _settings_text(results[0].settings, [name for name in SHARED if name not in own])
    return (
        f"Settings: {shown}. Commit {commits}; {versions}; {platform}, {cores} cores; "
        f"{number(minutes, 1)} minutes of training."
    )
