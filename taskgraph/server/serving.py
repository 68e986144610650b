"""The server itself: a socket, and uvicorn that answers on it."""

from __future__ import annotations

import logging
import secrets
import socket
from dataclasses import dataclass
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from taskgraph.server.security import is_loopback


@dataclass(frozen=True)
class Address:
    """The address that a server listens on, and the token that its users need (empty for none)."""

    host: str
    port: int
    token: str = ""

    @property
    def url(self) -> str:
        """Return the address to open, with the token if one is needed."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/" + (f"?token={self.token}" if self.token else "")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; port 0 takes any free port.

    Raises
    ------
    OSError
        If the address cannot be listened on.
    """
    socket.getaddrinfo(host, port)  # a name that is none fails here, before there is a socket
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


def address_of(sock: socket.socket, host: str) -> Address:
    """Return the address of a socket; one that other machines reach gets a random token."""
    token = "" if is_loopback(host) else secrets.token_urlsafe(24)
    return Address(host, sock.getsockname()[1], token)


class StoppingServer(uvicorn.Server):
    """A server that stops all solves at once when it is interrupted, and then prints no errors."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop the solves, so that open requests are answered, then end the server."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self.config.app.state.stop_solves()  # type: ignore[union-attr]
        super().handle_exit(sig, frame)


def uvicorn_server(app: Starlette) -> uvicorn.Server:
    """Return a server that prints nothing but errors, and ends within seconds."""
    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=64 * 1024,
    )
    return StoppingServer(config)
