"""Serving an application on loopback: blocking, or started and stopped inside a running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

SHUTDOWN_SECONDS = 2  # how long running requests (long polls among them) may take once the server stops


class NotLoopbackError(ValueError):
    """The address is reachable from other machines."""


class _EmbeddedServer(uvicorn.Server):
    """A server that leaves the process's signals to whoever runs the event loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class RunningServer:
    """A server that accepts requests on the current event loop until it is stopped."""

    def __init__(self, server: uvicorn.Server, task: asyncio.Task[None], port: int) -> None:
        self._server = server
        self._task = task
        self.port = port

    async def stop(self) -> None:
        """Stop accepting, let running requests end for two seconds, and free the port."""
        self._server.should_exit = True
        await self._task


async def start(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> RunningServer:
    """Serve an application in the background of this event loop; port 0 takes a free one.

    Returns when requests are accepted. Raises OSError where the port is taken, NotLoopbackError for an
    address of the outside.
    """
    listening = _listen(host, port)
    server = _EmbeddedServer(_config(app))
    task = asyncio.create_task(server.serve([listening]))
    while not server.started:
        if task.done():
            listening.close()
            await task
            raise OSError("the server ended while it started")
        await asyncio.sleep(0.005)
    return RunningServer(server, task, listening.getsockname()[1])


def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 8083) -> None:
    """Serve an application until SIGINT or SIGTERM; raises as `start` does."""
    uvicorn.Server(_config(app)).run([_listen(host, port)])


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,
        log_level="critical",  # the application logs its own errors; what is left are requests cut short
        lifespan="auto",
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        ws="none",
    )


def _listen(host: str, port: int) -> socket.socket:
    address = "127.0.0.1" if host == "localhost" else host
    if not ipaddress.ip_address(address).is_loopback:
        raise NotLoopbackError(f"{host} is not a loopback address")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address, port))
    except OSError:
        listening.close()
        raise
    return listening
