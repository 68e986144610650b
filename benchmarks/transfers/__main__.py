"""The command line; see `benchmarks.transfers`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import benchmarks.transfers
from benchmarks.results.machine import ROOT
from benchmarks.transfers.finished import read_finished
from benchmarks.transfers.page import PAGE, render
from benchmarks.transfers.parts import Settings, choose_again, gather_results, trust_again
from taskgraph.errors import TaskgraphError
from taskgraph.tables import write_text


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, compute everything, and write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.transfers",
        description=benchmarks.transfers.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    usual = Settings()
    parser.add_argument(
        "sweep", type=Path, nargs="?", metavar="SWEEP", help="the folder of a finished sweep"
    )
    parser.add_argument("--bank", type=Path, help="the folder of encoders, for its manifest")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "transfers")
    parser.add_argument("--published", type=Path, default=ROOT.parent / "shared" / "taskonomy")
    parser.add_argument(
        "--closed", type=Path, metavar="SWEEP", help="the same sweep with --readout ridge"
    )
    parser.add_argument("--draws", type=int, default=usual.draws)
    parser.add_argument("--resamples", type=int, default=usual.resamples)
    parser.add_argument("--permutations", type=int, default=usual.permutations)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument(
        "--choices-only",
        action="store_true",
        help="taxonomies, what they are compared with and pictures, from the "
        "transfers and losses that OUT has; all else stays",
    )
    parser.add_argument(
        "--trust-only",
        action="store_true",
        help="stability and wins over the best constant, from the losses that "
        "OUT has; all else stays",
    )
    parser.add_argument("--page-only", action="store_true", help="from the tables that OUT has")
    given = parser.parse_args(arguments)
    from_out = given.page_only or given.choices_only or given.trust_only
    if given.sweep is None and not from_out:
        parser.error("name the folder of a sweep, or give --choices-only or --page-only")
    settings = Settings(given.draws, given.resamples, given.permutations, seed=given.seed)
    try:
        if given.choices_only:
            choose_again(given.out, settings)
        elif given.trust_only:
            trust_again(given.out, settings)
        elif not given.page_only:
            closed = read_finished(given.closed) if given.closed else None
            gather_results(
                read_finished(given.sweep),
                given.out,
                published_at=given.published,
                bank=given.bank,
                settings=settings,
                closed=closed,
            )
        write_text(render(given.out), given.out / PAGE)
    except TaskgraphError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
