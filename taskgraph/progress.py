"""Progress of long computations: one protocol for reporting it, and a bar that shows it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """A function that a long computation calls to report how far it is."""

    def __call__(self, done: int, total: int, label: str = "") -> None:
        """Receive one report.

        Parameters
        ----------
        done, total : int
            Finished steps, and all steps; ``0 <= done <= total``.
        label : str
            What to show beside the two numbers, such as "2 failed, 01:20 left".
        """


def no_progress(done: int, total: int, label: str = "") -> None:
    """Ignore a report; this is the default of every argument that takes a `Progress`."""


ProgressFactory = Callable[[str], AbstractContextManager[Progress]]
"""From the title of a stage to a context manager that yields the stage's `Progress`."""


def with_progress(items: Sequence[Item], progress: Progress) -> Iterator[Item]:
    """Yield the items; report the finished ones before each item and after the last one."""
    for number, item in enumerate(items):
        progress(number, len(items))
        yield item
    progress(len(items), len(items))


@contextlib.contextmanager
def no_progress_bar(title: str) -> Iterator[Progress]:
    """Show nothing; this is the default of every argument that takes a `ProgressFactory`."""
    yield no_progress


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """Show a bar on standard error while the context is open; yields the `Progress` to report to.

    The bar is shown on a terminal only, from the first report until the context ends.
    """
    from tqdm import tqdm

    form = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix}"
    # With a delay, nothing is shown before the first report.
    with tqdm(desc=title, disable=None, leave=False, bar_format=form, delay=1e-9) as bar:

        def report(done: int, total: int, label: str = "") -> None:
            """Show the progress on the bar."""
            bar.total, bar.n = total, done
            bar.set_postfix_str(label, refresh=False)
            bar.refresh()

        yield report
