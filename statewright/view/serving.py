"""Serving the page on loopback: a socket of this machine alone, and uvicorn on it."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

HOST = "127.0.0.1"
_SHUTDOWN_SECONDS = 1


def listen(port: int = 0) -> socket.socket:
    """Return a socket that listens on loopback; port 0 takes a free one. Raises OSError where it is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()  # the address may be opened before the server has started
    except OSError:
        listening.close()
        raise
    return listening


class _PageServer(uvicorn.Server):
    """A server that ends on Ctrl-C and SIGTERM, and then lets its caller go on."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def server_of(app: ASGIApp) -> uvicorn.Server:
    """Return a server of the page, to be run on a socket."""
    return _PageServer(
        uvicorn.Config(
            app,
            access_log=False,
            log_level="critical",
            server_header=False,
            lifespan="on",
            ws="none",
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
    )
