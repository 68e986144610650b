"""Access to the server, and the policy that its pages are served with."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "taskgraph_token"

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Check = Callable[[Request], Response | None]


def page_policy(nonce: str) -> str:
    """Return the content-security policy of the page: its own scripts, styles and requests only."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "img-src data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def is_loopback(host: str) -> bool:
    """Return whether an address reaches this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """ASGI middleware: refuses other sites and strangers, and adds `HEADERS` to every answer.

    Parameters
    ----------
    app : ASGI application
    token : str
        Needed by every request, as ``?token=``, as a cookie or as a bearer token; empty for none.
    any_host : bool
        Accept every ``Host``. Otherwise only names of this machine are accepted, so that no other
        site can reach the server through a name that it has made point here (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, *, token: str = "", any_host: bool = False) -> None:
        self._app, self._token, self._any_host = app, token, any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answer = self._refusal(request) or self._with_cookie(request)
        target: Callable[[Scope, Receive, Send], Awaitable[None]] = answer or self._app
        await target(scope, receive, _adding_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        host = _host_name(request.headers.get("host", ""))
        if not self._any_host and not is_loopback(host):
            return _error(403, f"this server answers to 127.0.0.1 and localhost, not to {host}")
        origin = request.headers.get("origin")
        own = origin is None or origin.partition("://")[2] == request.headers.get("host")
        if request.method != "GET" and not own:
            return _error(403, "requests from pages of other sites are refused")
        if self._token and not self._is_known(request):
            return _error(
                401, "open the address that the command printed at its start: it has the token"
            )
        return None

    def _is_known(self, request: Request) -> bool:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = (request.query_params.get("token", ""), _cookie(request), bearer)
        return any(hmac.compare_digest(each.encode(), self._token.encode()) for each in given)

    def _with_cookie(self, request: Request) -> Response | None:
        """Return a redirect that moves the token from the address into a cookie, if it is there."""
        if not self._token or "token" not in request.query_params or request.method != "GET":
            return None
        rest = [(key, text) for key, text in request.query_params.multi_items() if key != "token"]
        address = request.url.path + (f"?{urlencode(rest)}" if rest else "")
        answer = RedirectResponse("/" + address.lstrip("/"), status_code=303)
        answer.set_cookie(COOKIE, self._token, httponly=True, samesite="strict")
        return answer


def _host_name(host: str) -> str:
    """Return the name in a ``Host`` header without the port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _cookie(request: Request) -> str:
    cookie: SimpleCookie = SimpleCookie()
    try:
        cookie.load(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookie[COOKIE].value if COOKIE in cookie else ""


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)


def _adding_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        """Send a message; the start of an answer gets the headers."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
