"""Serving on loopback: a handle that starts and stops, a taken port is an error, nothing of the outside."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from statewright import api
from statewright.api import NotLoopbackError, serve, start

REPOSITORY = Path(__file__).resolve().parents[2]


async def _hello(request):
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", _hello)])


def _get(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
        return response.read()


def test_a_server_accepts_requests_once_started_and_frees_its_port_when_stopped():
    async def use() -> int:
        server = await start(APP)
        assert await asyncio.to_thread(_get, server.port) == b"hello"
        await server.stop()
        return server.port

    port = asyncio.run(use())
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_every_public_name_is_there():
    for name in api.__all__:
        assert getattr(api, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'absent'"):
        _ = api.absent


def test_answers_are_not_held_back_by_the_network_stack():
    async def twenty() -> float:
        server = await start(APP)
        connection = http.client.HTTPConnection("127.0.0.1", server.port)

        def ask() -> None:
            connection.request("POST", "/", b"{}")
            connection.getresponse().read()

        started = time.perf_counter()
        for _ in range(20):
            await asyncio.to_thread(ask)
        connection.close()
        await server.stop()
        return time.perf_counter() - started

    # A delayed acknowledgement costs 40 ms a request.
    assert asyncio.run(twenty()) < 0.4


def test_a_taken_port_is_an_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            asyncio.run(start(APP, port=taken.getsockname()[1]))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_an_address_of_the_outside_is_refused(host):
    with pytest.raises(NotLoopbackError, match="not a loopback address"):
        serve(APP, host, 0)


def test_serve_ends_well_on_a_signal():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = (
        f"from tests.api.test_server import APP\nfrom statewright.api import serve\nserve(APP, port={port})\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    with process:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            process.poll()
            if process.returncode is not None:
                break
            asyncio.run(asyncio.sleep(0.05))
        assert _get(port) == b"hello"
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)
    assert output == b""
