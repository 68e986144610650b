"""The description of a suite, by which it is listed, run and rendered."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, Field, dataclass, field, replace
from pathlib import Path
from typing import Any

from taskgraph.errors import TaskgraphError

PAGE = "README.md"
SMOKE, CPU, PAPER = "smoke", "cpu", "paper"


@dataclass(frozen=True)
class Suite:
    """A suite of measurements: its question, its methods and its command.

    Attributes
    ----------
    name : str
        NAME in ``taskgraph bench NAME``, and the name of the folder of results.
    question : str
        One sentence that ends in a question mark.
    methods : tuple of str
        The methods or quantities that are measured, one line each.
    time : str
        Duration of a run, and on what machine.
    writes : str
        Contents of the folder of results after a run.
    settings : type
        The frozen dataclass of settings; its fields, made by `option`, are the flags.
    presets : dict
        Values of the settings by the name of a size (`SMOKE`, `CPU`, `PAPER`).
    example : str
        Flags that the example in the help text needs, such as " --sweep transfers".
    printed : tuple of str
        Settings that are not measured: where one is given, the command prints what
        ``answer(settings)`` returns, and writes nothing.
    own : type, optional
        The frozen dataclass of settings of a run on the user's own data; its fields that are not
        settings of the suite are further flags, and any of them asks for such a run. The package's
        module ``own`` has ``run(settings, out)`` and ``render(out)``, which return what is printed.
    own_example : str
        Flags of an example of such a run.
    package : str
        Import path of the suite. Its module ``run`` has ``run(settings, out)``, which measures and
        writes records and tables; and ``answer(settings)`` where `printed` names settings. Its
        module ``page`` has ``render(folder)``, which returns the page made of these alone;
        ``finding(folder)``, one sentence for the list of all suites; and ``draw(folder)`` where
        figures are made of the tables.
    """

    name: str
    question: str
    methods: tuple[str, ...]
    time: str
    writes: str
    settings: type[Any]
    package: str
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    example: str = ""
    printed: tuple[str, ...] = ()
    own: type[Any] | None = None
    own_example: str = ""

    def with_preset(self, preset: str | None, given: Mapping[str, Any]) -> Any:
        """Return settings: the defaults, overridden by the preset and then by ``given``."""
        chosen = {**self.presets.get(preset or "", {}), **given}
        required = [one for one in self.fields if one.default is MISSING]
        placed = self.settings(**{one.name: chosen.pop(one.name) for one in required})
        return replace(placed, **chosen)

    @property
    def fields(self) -> tuple[Field[Any], ...]:
        """Return the fields of the settings."""
        return tuple(self.settings.__dataclass_fields__.values())

    def command(self, settings: Any) -> str:
        """Return the command line for these settings; defaults are left out."""
        words = ["taskgraph", "bench", self.name]
        for one in self.fields:
            value = getattr(settings, one.name)
            if value == one.default:
                continue
            words.append(flag_of(one))
            if not isinstance(value, bool):
                words.append(",".join(map(str, value)) if isinstance(value, tuple) else str(value))
        return shlex.join(words)

    def answer(self, settings: Any) -> str | None:
        """Return the text that a setting of `printed` asks for; None if none of them is given."""
        if not any(getattr(settings, name) for name in self.printed):
            return None
        text: str = importlib.import_module(f"{self.package}.run").answer(settings)
        return text

    def run(self, settings: Any, out: Path) -> None:
        """Measure the evaluations that the records in ``out`` lack, and write the tables."""
        importlib.import_module(f"{self.package}.run").run(settings, out)

    def run_own(self, settings: Any, out: Path, *, render: bool = False) -> str:
        """Run on the user's own data, or only render the page again; returns what is printed."""
        module = importlib.import_module(f"{self.package}.own")
        text: str = module.render(out) if render else module.run(settings, out)
        return text

    def write_page(self, out: Path) -> str:
        """Write the page and the figures from the records in ``out``, and return the page.

        Raises
        ------
        UnfinishedError
            If the records lack some that the page needs.
        """
        from benchmarks.results.banks import bank_footnote
        from benchmarks.results.record import read_records
        from taskgraph.tables import write_text

        module = importlib.import_module(f"{self.package}.page")
        with self._records_suffice(out):
            if hasattr(module, "draw"):
                module.draw(out)
            page: str = module.render(out)
        page += bank_footnote(read_records(out), page)
        write_text(page, out / PAGE)
        return page

    def finding(self, out: Path) -> str:
        """Return the main result in one sentence, from the records in ``out``.

        Raises
        ------
        UnfinishedError
            If the records lack some that the sentence needs.
        """
        module = importlib.import_module(f"{self.package}.page")
        with self._records_suffice(out):
            sentence: str = module.finding(out)
        return sentence

    @contextmanager
    def _records_suffice(self, out: Path) -> Iterator[None]:
        """Turn a lookup that fails, or a statistic of nothing, into `UnfinishedError`.

        Pages look up the records of all parts and methods. Where a run was stopped, or measured one
        part alone, some are missing.
        """
        from benchmarks.results.frame import not_finished
        from benchmarks.results.record import read_records

        try:
            yield
        except TaskgraphError:
            raise
        except (LookupError, ValueError, StopIteration, FileNotFoundError) as error:
            # Of a folder without records, the error by which a page found out says nothing.
            cause = error if read_records(out) else None
            raise not_finished(out, self.name, cause) from error


def flag_of(one: Field[Any]) -> str:
    """Return the flag of a field."""
    return one.metadata["flag"] or f"--{one.name.replace('_', '-')}"


def option(
    default: Any = MISSING,
    *,
    help: str,
    flag: str | None = None,
    kind: str | None = None,
    choices: tuple[str, ...] | None = None,
) -> Any:
    """Return a field of settings that is also a flag of the command line.

    Parameters
    ----------
    default : optional
        Without a default the flag is required.
    help : str
        A sentence with the unit.
    flag : str, optional
        Such as ``--random`` for the field ``draws``; by default the field's name.
    kind : {"file", "folder", "output"}, optional
        A file or folder that the suite reads, or a folder that it writes to.
    choices : tuple of str, optional
        The allowed values.
    """
    metadata = {"help": help, "flag": flag, "kind": kind, "choices": choices}
    return field(default=default, metadata=metadata)
