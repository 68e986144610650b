"""Gather the pages of the site in build/pages, for `zensical build`: ``python docs/gather.py``.

Pages keep their places in the repository, so that links between them work on the site as they do
in a checkout. Each suite gets a page made of its registry entry. Files that pages link to come
along; a link to a file that does not exist is an error.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "build" / "pages"
WRITTEN = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE")
PATTERNS = ("docs/*.md", "docs/site.css", "docs/katex/**/*", "results/README.md")
PATTERNS += ("results/*/README.md",)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+?)(#[^)\s]*)?\)")


class BrokenLinkError(Exception):
    """A page links to a file that the repository does not have."""


def main() -> None:
    """Write all pages anew."""
    shutil.rmtree(PAGES, ignore_errors=True)
    for path in sorted(sources()):
        copy(path)
    for folder, pages in (("suites", suite_pages()), ("reference", reference_pages())):
        (PAGES / folder).mkdir()
        for name, text in pages:
            (PAGES / folder / f"{name}.md").write_text(text, encoding="utf-8")
    for notebook in sorted((ROOT / "examples").glob("*.ipynb")):
        write_notebook_page(notebook)
    print(f"{sum(1 for _ in PAGES.rglob('*.md'))} pages in {PAGES.relative_to(ROOT)}")


def sources() -> set[Path]:
    """Return the pages and assets of the site, and all files that pages link to.

    Raises
    ------
    BrokenLinkError
        If a link leads nowhere, to a folder, or out of the repository.
    """
    waiting = [ROOT / name for name in WRITTEN]
    waiting += [path for pattern in PATTERNS for path in ROOT.glob(pattern) if path.is_file()]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        if path.suffix == ".md":
            waiting += linked_files(path)
    return found


def linked_files(page: Path) -> list[Path]:
    """Return the files of the repository that a page links to."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    files = []
    for target, _ in LINK.findall(text):
        if re.match(r"[a-z]+:|#", target):
            continue
        path = (page.parent / target).resolve()
        generated = path.parent in (ROOT / "suites", ROOT / "reference") or _is_notebook_page(path)
        if not generated and not (path.is_file() and path.is_relative_to(ROOT)):
            raise BrokenLinkError(
                f"{page.relative_to(ROOT)} links to {target}, which is no file of the repository"
            )
        files += [] if generated else [path]
    return files


def _is_notebook_page(path: Path) -> bool:
    """Return whether a page of the site is made of a notebook in examples/."""
    return path.parent == ROOT / "examples" and path.with_suffix(".ipynb").is_file()


def copy(path: Path) -> None:
    """Copy a file to its place among the pages."""
    place = PAGES / path.relative_to(ROOT)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, place)


def suite_pages() -> Iterator[tuple[str, str]]:
    """Yield the name and the page of each suite, made of its description and its flags."""
    import click

    from benchmarks.cli.command import command_of
    from benchmarks.cli.registry import suites

    findings = found_by_suite()
    for suite in suites():
        context = click.Context(command_of(suite, {}), info_name=f"taskgraph bench {suite.name}")
        context.terminal_width = 96
        measured = ROOT / "results" / suite.name / "README.md"
        if measured.is_file():
            result = f"**Found:** {findings[suite.name]}\n\n" if suite.name in findings else ""
            result += f"[All results, with intervals](../results/{suite.name}/README.md)"
        else:
            result = "The repository holds no results of this suite yet; the command measures them."
        methods = "\n".join(f"- {method}" for method in suite.methods)
        yield (
            suite.name,
            f"# {suite.name}\n\n**{suite.question}**\n\n{result}\n\n## Measured\n\n{methods}\n\n"
            f"Time: {suite.time}. Writes: {suite.writes}.\n\n"
            f"## Command\n\n```text\n{context.get_help()}\n```\n",
        )


def reference_pages() -> Iterator[tuple[str, str]]:
    """Yield the pages of the API: public names, which mkdocstrings replaces by docstrings."""
    import encoders
    import taskgraph
    from taskgraph import plot

    for name, module, about in (
        ("taskgraph", taskgraph, "`import taskgraph as tg`"),
        ("plot", plot, "`tg.plot`, which needs no window"),
        ("encoders", encoders, "`import encoders`; it needs PyTorch where a name does"),
    ):
        path = module.__name__
        entries = "\n\n".join(f"::: {path}.{each}" for each in module.__all__)
        yield name, f"# {path}\n\nAll public names of {about}.\n\n{entries}\n"
    section = "::: taskgraph.report.report\n\n::: taskgraph.report.Section\n"
    yield "report", f"# taskgraph.report\n\nThe report page in Python.\n\n{section}"


def write_notebook_page(notebook: Path) -> None:
    """Write an executed notebook as a page: its text, code, printed lines, tables and pictures."""
    parts: list[str] = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            parts.append(_output_text(notebook, output, f"{notebook.stem}_{len(parts)}.svg"))
    link = f"[The notebook itself]({notebook.name})"
    page = PAGES / "examples" / f"{notebook.stem}.md"
    page.parent.mkdir(exist_ok=True)
    shutil.copyfile(notebook, page.with_name(notebook.name))
    page.write_text("\n\n".join([*parts, link, ""]), encoding="utf-8")


def _output_text(notebook: Path, output: dict[str, Any], picture: str) -> str:
    """Return an output of a cell as Markdown; an SVG becomes a file beside the page."""
    if "text" in output:
        return f"```text\n{''.join(output['text']).rstrip()}\n```"
    data = output.get("data", {})
    if "image/svg+xml" in data:
        place = PAGES / "examples" / picture
        place.parent.mkdir(exist_ok=True)
        place.write_text("".join(data["image/svg+xml"]), encoding="utf-8")
        return f"![Picture of the result, as the notebook shows it]({picture})"
    return f"```text\n{''.join(data.get('text/plain', ''))}\n```"


def found_by_suite() -> dict[str, str]:
    """Return what each suite found, as the table of results/README.md has it."""
    text = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\w+)\]\([^)]*\) \| [^|]* \| ([^|]*) \|", text, re.MULTILINE)
    return {name: found.strip() for name, found in rows}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
