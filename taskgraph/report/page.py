"""Render the page as one self-contained HTML file from templates, styles and scripts."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import jinja2

from taskgraph.report.section import Section, cells, numeric

VENDORED = ("d3", "dagre")
"""Libraries in ``static/vendor``, unchanged from npm: d3 (ISC) and @dagrejs/dagre (MIT)."""

SCRIPTS = (
    "text",
    "content",
    "colors",
    "tooltip",
    "tables",
    "changes",
    "network",
    "graph",
    "details",
    "targets",
    "heatmap",
    "tree",
    "frontier",
    "stability",
    "downloads",
    "link",
    "page",
)
"""Scripts of every page, in the order in which they run."""

LIVE_SCRIPTS = ("api", "roles", "upload", "compare", "live")
"""Scripts that only the page of ``taskgraph serve`` has."""


def page_html(
    *,
    title: str,
    content: Mapping[str, Any],
    sections: Sequence[Section],
    nonce: str = "",
    embedded: bool = False,
    **values: Any,
) -> str:
    """Return the page.

    Parameters
    ----------
    title : str
    content : mapping
        The data of the page; see `taskgraph.report.report_content`.
    sections : sequence of Section
        Shown below the taxonomy, in this order.
    nonce : str
        For a page that is served: the nonce of its content-security policy. Without one the page
        is a file, and carries a policy that forbids all requests and all scripts but its own.
    embedded : bool
        Leave out the title and the end of the page, for a frame in a notebook.
    **values
        Other values of the template ``page.html``.
    """
    live = bool(nonce)
    script = scripts(live)
    return (
        templates()
        .get_template("page.html")
        .render(
            title=title,
            data=embedded_json(content),
            sections=sections,
            script=script,
            style=static("page.css"),
            nonce=nonce,
            live=live,
            embedded=embedded,
            policy="" if live else file_policy(script),
            **values,
        )
    )


@cache
def templates() -> jinja2.Environment:
    """Return the environment of the templates; it escapes every value."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("taskgraph.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"cells": cells, "numeric": numeric, "zip": zip}
    return environment


@cache
def scripts(live: bool) -> str:
    """Return all scripts of a page as one text, each library with its license above it."""
    parts = []
    for name in VENDORED:
        license_text = static(f"vendor/{name}.LICENSE").replace("*/", "* /")
        source = static(f"vendor/{name}.min.js")
        lines = [line for line in source.splitlines() if "sourceMappingURL" not in line]
        parts.append(f"/*!\n{name}\n{license_text}*/\n" + "\n".join(lines))
    names = (*SCRIPTS, *LIVE_SCRIPTS, "start") if live else (*SCRIPTS, "start")
    parts += [static(f"{name}.js") for name in names]
    return "\n".join(parts)


@cache
def static(name: str) -> str:
    """Return the text of a file of the folder ``static``."""
    folder = importlib.resources.files("taskgraph.report") / "static"
    return folder.joinpath(name).read_text(encoding="utf-8")


def embedded_json(content: Mapping[str, Any]) -> str:
    """Return data as JSON that no text in it can end: the characters <, > and & are escapes."""
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def file_policy(script: str) -> str:
    """Return the content-security policy of a page that is a file.

    It allows the one script by its hash, and no request at all. Styles may stand in the page, as
    figures of matplotlib have them.
    """
    digest = base64.b64encode(hashlib.sha256(f"\n{script}\n".encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
