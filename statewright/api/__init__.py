"""The Step Functions HTTP API over the engine, and Lambda's Invoke API, on one loopback port.

    app = create_app(engine, functions)
    server = await start(app, port=8083)       on the event loop of the engine
    await server.stop()

The names are loaded on first use: the command line imports this package to show its help.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from statewright.api.app import create_app
    from statewright.api.http_functions import HttpFunctions
    from statewright.api.server import NotLoopbackError, RunningServer, serve, start

__all__ = ["HttpFunctions", "NotLoopbackError", "RunningServer", "create_app", "serve", "start"]

_MODULES = {
    "HttpFunctions": "http_functions",
    "NotLoopbackError": "server",
    "RunningServer": "server",
    "create_app": "app",
    "serve": "server",
    "start": "server",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
