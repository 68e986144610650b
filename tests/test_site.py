"""The site is built offline and strictly; it has every suite and no resource from outside."""

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

import taskgraph as tg
from benchmarks.cli.registry import PACKAGES

ROOT = Path(__file__).resolve().parents[1]
KATEX = {
    "katex.min.js": "a29d2961d3146de5949d78ac7c1a9d93ae54955bad22a6db4fbe836e88e8bf48",
    "katex.min.css": "0289a02cf451a44dd73add683a09644252363871ac11713a647b732cee8b1ee3",
}
"""SHA-256 of npm's katex 0.16.47, unchanged."""


def config():
    return tomllib.loads((ROOT / "zensical.toml").read_text())["project"]


def pages_in(nav):
    """Return the pages of a navigation, from top to bottom."""
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    return [page for part in parts for page in pages_in(part)]


def script():
    """Return docs/gather.py as a module."""
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / "docs" / "gather.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_suite_and_every_page_of_docs_is_in_the_navigation():
    pages = pages_in(config()["nav"])
    assert len(pages) == len(set(pages))
    assert {f"suites/{name}.md" for name in PACKAGES} <= set(pages)
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} <= set(pages)
    assert config()["theme"]["font"] is False


def test_links_of_all_pages_lead_to_files_and_a_broken_one_is_named(tmp_path, monkeypatch):
    module = script()
    found = module.sources()
    assert ROOT / "results" / "transfers" / "README.md" in found
    assert ROOT / "examples" / "own_task.py" in found
    page = ROOT / "docs" / "live.md"
    text = page.read_text()
    monkeypatch.setattr(Path, "read_text", lambda self, **_: text + "\n[no](nothing.md)\n")
    with pytest.raises(module.BrokenLinkError, match=r"docs/live.md links to nothing.md, which is"):
        module.linked_files(page)


def test_katex_is_npms():
    for name, digest in KATEX.items():
        data = (ROOT / "docs" / "katex" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest, name
    css = (ROOT / "docs" / "katex" / "katex.min.css").read_text()
    fonts = {Path(name).name for name in re.findall(r"url\(([^)]*?\.woff2)\)", css)}
    assert fonts == {path.name for path in (ROOT / "docs" / "katex" / "fonts").iterdir()}
    assert "Khan Academy" in (ROOT / "docs" / "katex" / "LICENSE").read_text()


NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def test_three_notebooks_are_executed_and_small():
    assert [path.stem for path in NOTEBOOKS] == ["budgets", "first_taxonomy", "own_losses"]
    for path in NOTEBOOKS:
        cells = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
        outputs = [output for cell in cells for output in cell["outputs"]]
        assert not [output for output in outputs if output["output_type"] == "error"]
        shown = [set(output.get("data", ())) for output in outputs]
        assert any({"text/html", "image/svg+xml"} <= kinds for kinds in shown)
        assert path.stat().st_size < 1_500_000, path
        assert "/work" not in path.read_text()


def test_the_notebooks_show_the_shipped_table():
    table = tg.default_transfers()
    text = (ROOT / "examples" / "first_taxonomy.ipynb").read_text()
    assert f"holds {int(table.is_edge.sum()):,} measured transfers" in text
    headline = tg.solve(table, budget=5).headline()
    for name in ("first_taxonomy", "budgets"):
        shown = (ROOT / "examples" / f"{name}.ipynb").read_text()
        assert headline in shown, f"run examples/{name}.ipynb again"


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_still_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)


class Resources(HTMLParser):
    """Collects the addresses from which a page loads something, and the numbers of other links."""

    LOADING = (
        ("script", "src"),
        ("img", "src"),
        ("iframe", "src"),
        ("source", "src"),
        ("video", "src"),
        ("audio", "src"),
        ("embed", "src"),
        ("object", "data"),
        ("use", "href"),
    )
    RELATIONS = frozenset(
        {
            "stylesheet",
            "preload",
            "modulepreload",
            "icon",
            "preconnect",
            "dns-prefetch",
            "prefetch",
            "manifest",
        }
    )

    def __init__(self):
        super().__init__()
        self.loaded, self.links = [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.loaded += [values[key] for name, key in self.LOADING if tag == name and key in values]
        if tag == "link" and self.RELATIONS & set((values.get("rel") or "").split()):
            self.loaded.append(values.get("href") or "")
        if tag == "a" and "href" in values:
            self.links.append(values["href"])


@pytest.fixture(scope="module")
def site():
    """The built site, in build/site."""
    if importlib.util.find_spec("zensical") is None:
        pytest.skip("zensical is not installed (pip install -c constraints.txt -e '.[docs]')")
    shutil.rmtree(ROOT / "build" / "site", ignore_errors=True)
    for command in (
        [sys.executable, "docs/gather.py"],
        [sys.executable, "-m", "zensical", "build", "-s", "-c"],
    ):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "build" / "site"


def read(page):
    resources = Resources()
    resources.feed(page.read_text())
    return resources


@pytest.mark.slow
def test_no_resource_of_a_built_page_comes_from_elsewhere(site):
    pages = [*site.rglob("*.html")]
    assert len(pages) > 60
    for page in pages:
        outside = [one for one in read(page).loaded if re.match(r"(https?:)?//", one)]
        assert not outside, f"{page}: {outside}"
    for sheet in site.rglob("*.css"):
        found = re.findall(r"url\(['\"]?(?:https?:)?//[^)]*|@import[^;]*//[^;]*", sheet.read_text())
        assert not found, f"{sheet}: {found}"


@pytest.mark.slow
def test_links_between_pages_and_the_api_lead_somewhere(site):
    for page in site.rglob("*.html"):
        if page.name == "404.html":
            continue
        for link in read(page).links:
            target, _, _ = link.partition("#")
            if target and not re.match(r"[a-z]+:", target):
                assert (page.parent / target).exists(), f"{page}: {link}"
    api = (site / "reference" / "taskgraph.html").read_text()
    import taskgraph

    for name in taskgraph.__all__:
        assert re.search(rf'id="taskgraph\.(\w+\.)*{name}"', api), name
    assert 'class="arithmatex"' in (site / "docs" / "method.html").read_text()
