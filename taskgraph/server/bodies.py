"""Bodies of requests: read up to a limit, and parsed strictly as JSON."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

from starlette.requests import ClientDisconnect, Request

from taskgraph.server.refusals import ClientGoneError, RefusedRequestError

DEEPEST = 32
"""Most levels of lists and objects in a document."""


async def read_body(request: Request, most: int, *, seconds: float) -> bytes:
    """Return the body of a request; reading stops as soon as it is too large or too slow.

    Raises
    ------
    RefusedRequestError
        With status 413 beyond ``most`` bytes, or 408 after ``seconds``.
    ClientGoneError
        If the client closes the connection before the end.
    """
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and (len(stated) > 18 or int(stated) > most):
        raise _too_large(most)
    try:
        async with asyncio.timeout(seconds):
            return await _read(request, most)
    except TimeoutError:
        raise RefusedRequestError(
            f"the request was not received within {seconds:g} seconds; send it again", 408
        ) from None
    except ClientDisconnect:
        raise ClientGoneError from None


async def _read(request: Request, most: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
    return b"".join(parts)


def _too_large(most: int) -> RefusedRequestError:
    return RefusedRequestError(
        f"the request is larger than {most:,} bytes, which this server accepts at most", 413
    )


def read_json(body: bytes) -> dict[str, Any]:
    """Return a JSON object whose numbers are finite, and whose texts are text.

    Raises
    ------
    RefusedRequestError
        If the body is not UTF-8, not JSON, not an object, nested too deeply, repeats a key, or
        holds NaN, an infinite number, or half of a surrogate pair.
    """
    try:
        document = json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise RefusedRequestError(
            f"byte {error.start} of the request is not UTF-8; expected JSON"
        ) from None
    except json.JSONDecodeError as error:
        raise RefusedRequestError(f"the request is not JSON: {error}") from None
    except RecursionError:
        raise RefusedRequestError("the request is nested too deeply") from None
    if not isinstance(document, dict):
        raise RefusedRequestError(
            f"the request is a JSON {_kind(document)}, expected an object such as "
            '{"problem": {"budget": 5}}'
        )
    _check_texts(document)
    return document


def _no_constant(word: str) -> float:
    raise RefusedRequestError(f"the request holds the number {word}, expected finite numbers")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise RefusedRequestError(f"the request holds the number {text[:20]}, which is too large")
    return number


def _whole(text: str) -> int:
    if len(text) > 300:
        raise RefusedRequestError(f"the request holds a number of {len(text)} digits")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RefusedRequestError(f"the request has the key {twice!a} twice in one object")
    return found


def _check_texts(value: Any, depth: int = 0) -> None:
    """Raise if a text has half of a surrogate pair, which is no character, or nesting is deep."""
    if depth > DEEPEST:
        raise RefusedRequestError("the request is nested too deeply")
    if isinstance(value, str):
        if not _is_text(value):
            raise RefusedRequestError(
                f"the text {value[:40]!a} holds half of a surrogate pair, which is no character"
            )
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_texts(key, depth + 1)
            _check_texts(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item, depth + 1)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: object) -> str:
    kinds = {list: "list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "number")
