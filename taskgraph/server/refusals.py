"""Errors of requests: each is one sentence for the user, with a status of HTTP."""

from __future__ import annotations

from taskgraph.errors import TaskgraphError


class RefusedRequestError(TaskgraphError, ValueError):
    """A request that gets an error as its answer.

    Parameters
    ----------
    message : str
    status : int
        A status of HTTP, from 400 on.
    retry_after : int, optional
        Seconds after which the client may try again.
    """

    def __init__(self, message: str, status: int = 400, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.retry_after = status, retry_after


class ClientGoneError(Exception):
    """The client has closed the connection; nobody reads the answer."""
