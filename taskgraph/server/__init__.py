"""``taskgraph serve``: the page of the report, which solves again at every change.

It needs the extra ``live`` (Starlette and uvicorn).
"""

from taskgraph.server.app import make_app
from taskgraph.server.limits import Limits

__all__ = ["Limits", "make_app"]
