"""The application: the page, and the requests that it and other programs make."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

import taskgraph
from taskgraph.errors import TaskgraphError
from taskgraph.losses import Losses
from taskgraph.problem import Problem
from taskgraph.report import settings_line, table_content
from taskgraph.report.page import page_html
from taskgraph.report.results import table_sections, targets_section
from taskgraph.server.answers import solve_answer, solve_quietly
from taskgraph.server.asked import SolveRequest
from taskgraph.server.bodies import read_body, read_json
from taskgraph.server.comparison import compare
from taskgraph.server.jobs import Jobs, SolveJob, while_connected
from taskgraph.server.limits import Limits
from taskgraph.server.openapi import description
from taskgraph.server.refusals import ClientGoneError, RefusedRequestError
from taskgraph.server.security import Guard, page_policy
from taskgraph.server.tables import NamedTable, TableStore, transfers_from_upload
from taskgraph.solver import Clock, find_solver
from taskgraph.tasks import task_names
from taskgraph.transfers import Transfers

Endpoint = Callable[[Request], Awaitable[Response]]

CLOSED = 499
"""Status of an answer that nobody reads, as the client has closed the connection."""


def make_app(
    tables: Mapping[str, Transfers],
    problem: Problem | None = None,
    *,
    losses: Losses | None = None,
    solver: str = "highs",
    limits: Limits | None = None,
    token: str = "",
    any_host: bool = False,
) -> Starlette:
    """Return the ASGI application of ``taskgraph serve``.

    Parameters
    ----------
    tables : mapping of titles to transfers
        The page opens with the first one.
    problem : Problem, optional
        The settings with which the page opens.
    losses : Losses, optional
        Those that the first table was made from; the page then shows how stable a set is.
    solver : str
    limits : Limits, optional
    token, any_host
        As for `taskgraph.server.security.Guard`.

    Raises
    ------
    SolverError
        If there is no solver of this name.
    """
    find_solver(solver)
    limits = limits or Limits()
    store = TableStore(tables, limits.tables, losses)
    service = Service(store, problem or Problem(), solver, limits)
    app = Starlette(
        routes=[
            Route("/", service.page),
            Route("/openapi.json", service.openapi),
            Route("/api/solve", service.solve, methods=["POST"]),
            Route("/api/compare", service.compare, methods=["POST"]),
            Route("/api/stop", service.stop, methods=["POST"]),
            Route("/api/tables", service.tables, methods=["GET"]),
            Route("/api/tables", service.upload, methods=["POST"]),
            Route("/api/tables/{name}", service.table),
            Route("/taxonomy.json", service.taxonomy),
        ],
        middleware=[Middleware(Guard, token=token, any_host=any_host)],
        exception_handlers={
            RefusedRequestError: refused,
            TaskgraphError: refused,
            ClientGoneError: gone,
            HTTPException: no_such_page,
        },
        lifespan=service.lifespan,
    )
    app.state.stop_solves = service.stop_solves
    return app


class Service:
    """The endpoints, with what they share: tables, start settings, solver, limits and jobs."""

    def __init__(self, store: TableStore, problem: Problem, solver: str, limits: Limits) -> None:
        self._store = store
        self._problem, self._solver, self._limits = problem, solver, limits
        self._jobs = Jobs(limits)

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Run the application; at its end stop all solves."""
        yield
        self._jobs.close()

    def stop_solves(self) -> None:
        """Stop all solves; each request gets the best taxonomy so far."""
        self._jobs.stop_all()

    async def page(self, request: Request) -> Response:
        """Return the page, whose scripts and styles carry a nonce of this answer."""
        nonce = secrets.token_urlsafe(18)
        table = self._store.fixed[0]
        html = await self._in_thread(request, partial(self._page, table, nonce))
        return HTMLResponse(html, headers={"Content-Security-Policy": page_policy(nonce)})

    def _page(self, table: NamedTable, nonce: str) -> str:
        problem = self._problem.with_table_names(table.transfers)
        problem.check_names(table.transfers)
        return page_html(
            title="Task taxonomy",
            content=self._content(table, problem)
            | {"tables": self._listed(), "upload": self._limits.upload},
            sections=[targets_section(), *table_sections()],
            nonce=nonce,
            settings=settings_line(table.transfers, problem),
            headline="Solving …",
            supervised=(),
            optimum=None,
            command="",
            version=taskgraph.__version__,
            date="",
        )

    def _content(self, table: NamedTable, problem: Problem) -> dict[str, Any]:
        content = table_content(table.transfers, problem)
        return content | {"name": table.name, "title": table.title}

    def _listed(self) -> list[dict[str, str]]:
        return [{"name": table.name, "title": table.title} for table in self._store.fixed]

    async def openapi(self, request: Request) -> Response:
        """Return the OpenAPI description of the requests."""
        return JSONResponse(description(self._limits))

    async def solve(self, request: Request) -> Response:
        """Solve a problem on a table."""
        asked = SolveRequest.of(await self._json(request), self._limits)
        table = self._store.find(asked.table)
        return await solve_answer(request, asked, table.transfers, self._jobs, self._solver)

    async def compare(self, request: Request) -> Response:
        """Return what stands beside the optimum of a problem; see `comparison.compare`."""
        asked = SolveRequest.of(await self._json(request), self._limits)
        table, job = self._store.find(asked.table), SolveJob()

        def work() -> dict[str, Any]:
            """Compare; the time limit counts from here."""
            clock = Clock(asked.time_limit, stop=job.stop)
            problem = asked.problem.with_table_names(table.transfers)
            return compare(table.transfers, problem, table.losses, solver=self._solver, clock=clock)

        return JSONResponse(await while_connected(request, self._jobs.run(work, job)))

    async def stop(self, request: Request) -> Response:
        """Stop a running solve; its own request then gets the best taxonomy so far."""
        run = (await self._json(request)).get("run")
        if not isinstance(run, str):
            raise RefusedRequestError("run is missing, expected the name of a run", 422)
        if not self._jobs.stop(run):
            raise RefusedRequestError("there is no such run; it may have ended", 404)
        return JSONResponse({"stopped": True})

    async def tables(self, request: Request) -> Response:
        """Return the identifiers and titles of the tables of the command line."""
        return JSONResponse({"tables": self._listed()})

    async def table(self, request: Request) -> Response:
        """Return the content of a table, as the page needs it."""
        table = self._store.find(request.path_params["name"])
        return await self._described(request, table)

    async def upload(self, request: Request) -> Response:
        """Read an uploaded table, keep it, and return its content."""
        limits, asked = self._limits, request.query_params
        body = await read_body(request, limits.upload, seconds=limits.reading)
        title = asked.get("title", "").encode(errors="replace").decode()
        direction = asked.get("direction", "")
        read = partial(transfers_from_upload, body, title, direction, most_tasks=limits.tasks)
        transfers, losses = await self._in_thread(request, read)
        table = self._store.add(body, title, transfers, losses)
        return await self._described(request, table, 201)

    async def _described(self, request: Request, table: NamedTable, status: int = 200) -> Response:
        start = self._problem if table.name == self._store.fixed[0].name else Problem()
        problem = start.with_table_names(table.transfers)
        content = await self._in_thread(request, partial(self._content, table, problem))
        return JSONResponse(content, status)

    async def taxonomy(self, request: Request) -> Response:
        """Solve for the settings of an address, as earlier versions did."""
        query = request.query_params
        settings: dict[str, Any] = {}
        for key, read in (("budget", float), ("max_order", int), ("objective", str)):
            if query.get(key):
                settings[key] = _typed(key, query[key], read)
        if "exclude" in query:
            settings["exclude"] = task_names(query["exclude"])
        asked = SolveRequest("", replace(self._problem, **settings), self._limits.solving)
        table = self._store.fixed[0]
        taxonomy = await solve_quietly(request, asked, table.transfers, self._jobs, self._solver)
        return JSONResponse(taxonomy.to_dict())

    async def _json(self, request: Request) -> dict[str, Any]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise RefusedRequestError(
                f'the content type is "{kind[:60]}", expected application/json', 415
            )
        body = await read_body(request, self._limits.body, seconds=self._limits.reading)
        return read_json(body)

    async def _in_thread(self, request: Request, work: Callable[[], Any]) -> Any:
        """Run work beside the event loop, in the queue of the solves."""
        return await while_connected(request, self._jobs.run(work, SolveJob()))


def _typed(key: str, text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text[:30])
    except ValueError:
        raise RefusedRequestError(f'{key} is "{text[:30]}", expected a number', 422) from None


async def refused(request: Request, error: Exception) -> Response:
    """Return an error of the library or of a request as a JSON document."""
    status = error.status if isinstance(error, RefusedRequestError) else 422
    after = error.retry_after if isinstance(error, RefusedRequestError) else None
    headers = {} if after is None else {"Retry-After": str(after)}
    if status in (408, 413):  # the rest of the body is not read
        headers["Connection"] = "close"
    text = str(error).encode(errors="backslashreplace").decode()
    return JSONResponse({"error": text}, status, headers=headers)


async def gone(request: Request, error: Exception) -> Response:
    """Return an empty answer, which nobody reads."""
    return Response(status_code=CLOSED)


async def no_such_page(request: Request, error: Exception) -> Response:
    """Return an error of the routes, such as 404, as a JSON document."""
    assert isinstance(error, HTTPException)
    hint = "; the page is at /, and /openapi.json lists the requests"
    return JSONResponse({"error": f"{error.detail}{hint}"}, error.status_code, error.headers)
