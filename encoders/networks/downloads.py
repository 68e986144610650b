"""Downloads of published weights: errors in one line, and no long wait without a network."""

from __future__ import annotations

import contextlib
import importlib
import socket
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from encoders.errors import InvalidNetworkError


@contextlib.contextmanager
def download_errors(model: str, weights: str) -> Iterator[None]:
    """Raise any error of a download within the block as one line with advice."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(getattr(error, "reason", "") or error).split())[:200]
        raise InvalidNetworkError(
            f"the weights {weights!r} of {model!r} cannot be downloaded "
            f"({type(error).__name__}: {reason}); download them on a machine with a network and "
            "give the local file (--weights FILE.pth or FILE.safetensors; in --source "
            "weights=FILE.pth; in Python weights='FILE.pth'), or random weights (random in place "
            "of the file)"
        ) from None


@contextlib.contextmanager
def offline_if_unreachable() -> Iterator[None]:
    """Set the offline mode of huggingface_hub within the block if its host has no address.

    Files in its cache are found all the same. Without this it tries again for a minute.
    """
    constants: Any = importlib.import_module("huggingface_hub.constants")
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not has_address(constants.ENDPOINT)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def has_address(url: str) -> bool:
    """Return whether the host of an address is known; True behind a proxy, which looks it up."""
    if urllib.request.getproxies():
        return True
    try:
        socket.getaddrinfo(urlsplit(url).hostname, None)
    except OSError:
        return False
    return True
