"""Problems (TOML) and taxonomies (JSON), read and written."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace

import tomli_w

from taskgraph.errors import InvalidProblemError, InvalidTableError
from taskgraph.problem import Problem
from taskgraph.problem.file import problem_from_dict, problem_to_dict
from taskgraph.tables.files import read_text
from taskgraph.tables.formats import FilePath
from taskgraph.tables.naming import naming
from taskgraph.tables.writing import write_text
from taskgraph.taxonomy import Taxonomy
from taskgraph.taxonomy.file import taxonomy_from_dict


def read_problem(path: FilePath) -> Problem:
    """Read budget, roles, costs and importances from a TOML file.

    Raises
    ------
    InvalidTableError
        If the file is missing or not text.
    InvalidProblemError
        If it is not TOML (the message has the line), or a setting is unknown or out of range.
    """
    text = read_text(path)
    with naming(path):
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidProblemError(f"this is not TOML: {error}") from None
        problem = problem_from_dict(content)
    places = {key: f"{path!s}: {place}" for key, place in problem.places.items()}
    return replace(problem, places=places)


def write_problem(problem: Problem, path: FilePath) -> None:
    """Write a problem as TOML, completely or not at all; `read_problem` reads it."""
    write_text(tomli_w.dumps(problem_to_dict(problem)), path)


def read_taxonomy(path: FilePath) -> Taxonomy:
    """Read the JSON that `write_taxonomy` or ``taskgraph solve --json`` wrote.

    Raises
    ------
    InvalidTableError
        If the file is not JSON (the message has the line), or not a taxonomy.
    """
    text = read_text(path)
    with naming(path):
        try:
            return taxonomy_from_dict(json.loads(text))
        except json.JSONDecodeError as error:
            raise InvalidTableError(f"this is not JSON: {error}") from None
        except (KeyError, TypeError, AttributeError) as error:
            raise InvalidTableError(
                f"this is JSON, and not a taxonomy ({type(error).__name__}: {error}); expected "
                "what `taskgraph solve --json` prints"
            ) from None


def write_taxonomy(taxonomy: Taxonomy, path: FilePath) -> None:
    """Write a taxonomy as JSON, completely or not at all."""
    write_text(taxonomy.to_json() + "\n", path)
