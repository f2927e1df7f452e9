"""An application served on a free loopback port, on an event loop of its own thread."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from statewright.api import start

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from starlette.types import ASGIApp


@contextmanager
def served(make: Callable[[], Awaitable[tuple[ASGIApp, Callable[[], Awaitable[None]]]]]) -> Iterator[str]:
    """Serve what `make` gives (an application and how to close it, made on the loop); yield its URL."""
    ready = threading.Event()
    state: dict[str, object] = {}

    async def main() -> None:
        stop = asyncio.Event()
        state.update(loop=asyncio.get_running_loop(), stop=stop)
        try:
            app, close = await make()
            server = await start(app)
        except BaseException as error:
            state["error"] = error
            ready.set()
            raise
        state["port"] = server.port
        ready.set()
        await stop.wait()
        await server.stop()
        await close()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    ready.wait(20)
    try:
        if "error" in state:
            raise RuntimeError("the server did not start") from state["error"]  # type: ignore[misc]
        yield f"http://127.0.0.1:{state['port']}"
    finally:
        if not thread.is_alive():
            thread.join()
        else:
            state["loop"].call_soon_threadsafe(state["stop"].set)  # type: ignore[attr-defined]
            thread.join(20)
