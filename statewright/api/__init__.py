"""The Step Functions HTTP API over the engine, and Lambda's Invoke API, on one loopback port."""

from statewright.api.app import create_app
from statewright.api.http_functions import HttpFunctions
from statewright.api.server import NotLoopbackError, RunningServer, serve, start

__all__ = ["HttpFunctions", "NotLoopbackError", "RunningServer", "create_app", "serve", "start"]
