"""A local web page that solves again when the reader changes budget, order or roles."""

from __future__ import annotations

import html
import sys
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import SplitResult, parse_qs, urlsplit

from taskgraph.errors import InvalidProblemError, TaskgraphError
from taskgraph.problem import OBJECTIVES, Problem
from taskgraph.report import html_page, settings_line, taxonomy_section
from taskgraph.solver import find_solver, solve
from taskgraph.tasks import quoted, quoted_in_list, task_names
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

MOST_DIGITS = 9
"""Largest number of digits of a whole number in an address."""

FORM = """<form>
<label>budget <input name="budget" type="number" min="0" step="any" value="{budget:g}"></label>
<label>max order <input name="max_order" type="number" min="1" value="{max_order}"></label>
<label>objective <select name="objective">{objectives}</select></label>
<label>exclude <input name="exclude" value="{exclude}" placeholder="a,b"></label>
<button>solve</button> <a href="/taxonomy.json?{query}">JSON</a></form>"""


def make_server(
    transfers: Transfers,
    problem: Problem,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    solver: str = "highs",
) -> ThreadingHTTPServer:
    """Return a server that solves ``transfers`` with the settings of each request.

    ``/`` is the page, ``/taxonomy.json`` the optimum in the format of ``taskgraph solve --json``;
    both accept ``budget``, ``max_order``, ``objective`` and ``exclude``. Invalid settings get
    status 400 and the error message. Port 0 takes any free port.

    Raises
    ------
    SolverError
        If there is no solver of this name.
    OSError
        If the address cannot be listened on.
    """
    find_solver(solver)
    return _Server((host, port), partial(_Handler, transfers, problem, solver))


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a browser that closes the connection early; print other errors."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    def __init__(
        self, transfers: Transfers, problem: Problem, solver: str, *arguments: object
    ) -> None:
        self.transfers, self.start, self.solver = transfers, problem, solver
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer one request with the page or the JSON."""
        try:
            url = _parts(self.path)
            if url.path == "/":
                self._send(HTTPStatus.OK, "text/html", self._page(url.query))
            elif url.path == "/taxonomy.json":
                taxonomy = self._solve(_problem(self.start, url.query))
                self._send(HTTPStatus.OK, "application/json", taxonomy.to_json())
            else:
                self._send(
                    HTTPStatus.NOT_FOUND,
                    "text/plain",
                    "not found; the pages are / and /taxonomy.json",
                )
        except TaskgraphError as error:
            body = html_page(
                "taskgraph", f'<p>{html.escape(str(error))}</p><p><a href="/">back</a></p>'
            )
            self._send(HTTPStatus.BAD_REQUEST, "text/html", body)

    def _solve(self, problem: Problem) -> Taxonomy:
        return solve(self.transfers, problem, solver=self.solver)

    def _page(self, query: str) -> str:
        problem = _problem(self.start, query)
        taxonomy = self._solve(problem)
        parts = [
            "<h1>taskgraph</h1>",
            _form(problem, query),
            settings_line(self.transfers, problem),
        ]
        if taxonomy.solved:
            parts.append(taxonomy_section(taxonomy))
        else:
            parts.append(f"<p><b>{html.escape(taxonomy.headline())}</b></p>")
        return html_page("taskgraph", "\n".join(parts))

    def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing, as only the command line prints."""


def _form(problem: Problem, query: str) -> str:
    objectives = "".join(
        f"<option{' selected' if name == problem.objective else ''}>{name}</option>"
        for name in OBJECTIVES
    )
    return FORM.format(
        budget=problem.budget,
        max_order=problem.max_order,
        objectives=objectives,
        exclude=html.escape(",".join(map(_listed, problem.exclude)), quote=True),
        query=html.escape(query, quote=True),
    )


def _problem(start: Problem, query: str) -> Problem:
    fields = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
    return replace(
        start,
        budget=_number("budget", fields.get("budget"), start.budget),
        max_order=_whole("max_order", fields.get("max_order"), start.max_order),
        objective=fields.get("objective", start.objective),
        exclude=task_names(fields["exclude"]) if "exclude" in fields else start.exclude,
    )


def _listed(name: str) -> str:
    """Return a name as an item of a list, quoted if needed, as `task_names` reads it."""
    return quoted_in_list(quoted(name))


def _number(name: str, text: str | None, default: float) -> float:
    if not text:
        return default
    try:
        return float(text)
    except ValueError:
        raise InvalidProblemError(f'{name} is "{text}", expected a number of at least 0') from None


def _whole(name: str, text: str | None, default: int) -> int:
    if not text:
        return default
    if not text.isdecimal() or len(text) > MOST_DIGITS:
        raise InvalidProblemError(f'{name} is "{text}", expected a whole number of at least 1')
    return int(text)


def _parts(path: str) -> SplitResult:
    try:
        return urlsplit(path)
    except ValueError as error:
        raise InvalidProblemError(f'"{path}" is not the address of a page: {error}') from None
