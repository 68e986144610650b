"""The OpenAPI description of the server's requests."""

from __future__ import annotations

from typing import Any

import taskgraph
from taskgraph.problem import OBJECTIVES
from taskgraph.server.limits import Limits
from taskgraph.tasks import ROLES

JSON = "application/json"
NUMBER = {"type": "number", "minimum": 0}


def description(limits: Limits) -> dict[str, Any]:
    """Return the description as a JSON document (OpenAPI 3.1)."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "taskgraph",
            "version": taskgraph.__version__,
            "description": "Solve which tasks to supervise within a budget. A request that is "
            "refused gets a document with one sentence under `error`.",
        },
        "paths": {
            "/api/solve": {"post": _solve(limits)},
            "/api/compare": {"post": _compare(limits)},
            "/api/stop": {"post": _stop()},
            "/api/tables": {"get": _tables(), "post": _upload(limits)},
            "/api/tables/{name}": {"get": _table()},
        },
        "components": {"schemas": {"Problem": _problem(), "Error": _error()}},
    }


def _solve(limits: Limits) -> dict[str, Any]:
    request = _asked(limits)
    answer = {
        "type": "object",
        "required": ["taxonomy", "seconds"],
        "properties": {"taxonomy": {"type": "object"}, "seconds": {"type": "number"}},
    }
    return {
        "operationId": "solve",
        "summary": "Solve a problem on a table. An infeasible problem is an answer with the "
        "reason and the least budget that works, or one that works where the least is not found in "
        "time.",
        "description": "With `Accept: application/x-ndjson` an answer that takes long comes in "
        "lines: the name of the run, progress, and last the taxonomy.",
        "requestBody": _body({JSON: {"schema": request}}),
        "responses": {
            "200": {
                "description": "The taxonomy, as `taskgraph solve --json` prints it.",
                "content": {
                    JSON: {"schema": answer},
                    "application/x-ndjson": {"schema": {"type": "string"}},
                },
            }
        }
        | _errors(400, 404, 408, 413, 415, 422, 503),
    }


def _asked(limits: Limits) -> dict[str, Any]:
    return _object(
        {
            "table": {"type": "string", "description": "Identifier; empty for the first table."},
            "problem": {"$ref": "#/components/schemas/Problem"},
            "time_limit": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": f"Seconds; at most {limits.solving:g} are used.",
            },
        }
    )


def _compare(limits: Limits) -> dict[str, Any]:
    words = "The frontier beside random sets, the best sets, and stability if there are losses."
    return {
        "operationId": "compare",
        "summary": "Return what stands beside the optimum of a problem.",
        "requestBody": _body({JSON: {"schema": _asked(limits)}}),
        "responses": {"200": _answer(words)} | _errors(400, 404, 408, 413, 415, 422, 503),
    }


def _stop() -> dict[str, Any]:
    run = _object({"run": {"type": "string"}}, ["run"], extra=True)
    return {
        "operationId": "stop",
        "summary": "Stop a run; its own request then gets the best taxonomy so far.",
        "requestBody": _body({JSON: {"schema": run}}),
        "responses": {"200": _answer("The run was stopped.")}
        | _errors(400, 404, 408, 413, 415, 422),
    }


def _tables() -> dict[str, Any]:
    return {
        "operationId": "tables",
        "summary": "List the tables of the command line.",
        "responses": {"200": _answer("Identifiers and titles.")},
    }


def _table() -> dict[str, Any]:
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "operationId": "table",
        "summary": "Return the content of a table: tasks, groups, best transfers.",
        "parameters": [name],
        "responses": {"200": _answer("The content.")} | _errors(404, 503),
    }


def _upload(limits: Limits) -> dict[str, Any]:
    direction = {"type": "string", "enum": ["", "higher", "lower"]}
    return {
        "operationId": "upload",
        "summary": "Upload a table of transfers, losses, win rates or scores.",
        "description": f"At most {limits.upload} bytes of CSV, JSON lines, Parquet or Feather.",
        "parameters": [
            {"name": "title", "in": "query", "schema": {"type": "string"}},
            {"name": "direction", "in": "query", "schema": direction},
        ],
        "requestBody": _body({"application/octet-stream": {"schema": {"type": "string"}}}),
        "responses": {"201": _answer("The content of the table.")}
        | _errors(400, 408, 413, 422, 503),
    }


def _problem() -> dict[str, Any]:
    names = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    task = _object(
        {
            "role": {"enum": list(ROLES)},
            "required": {"type": "boolean"},
            "importance": NUMBER,
            "label_cost": NUMBER,
            "transfer_cost": NUMBER,
        }
    )
    return _object(
        {
            "budget": NUMBER,
            "max_order": {"type": "integer", "minimum": 1},
            "objective": {"enum": list(OBJECTIVES)},
            "supervised_may_transfer": {"type": "boolean"},
            "default_label_cost": NUMBER,
            "tasks": {"type": "object", "additionalProperties": task},
            **dict.fromkeys(("source_only", "target_only", "exclude", "require"), names),
        }
    )


def _error() -> dict[str, Any]:
    return {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}


def _object(
    properties: dict[str, Any], required: list[str] | None = None, *, extra: bool = False
) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required or [],
        "additionalProperties": extra,
    }


def _body(content: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": content}


def _answer(words: str) -> dict[str, Any]:
    return {"description": words, "content": {JSON: {"schema": {"type": "object"}}}}


def _errors(*statuses: int) -> dict[str, Any]:
    content = {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {str(status): {"description": "Refused.", "content": content} for status in statuses}
