"""The process of the emulated data services: MiniStack on loopback, while its parent holds its stdin.

Started by `statewright.local.emulator` with the environment that MiniStack reads at import. The end of stdin
is the order to stop: a parent that ends, however it ends, closes the pipe, and MiniStack writes its state.
SIGTERM does the same; SIGINT is left to the parent, since Ctrl-C reaches every process of the terminal's
group at once. What a kill -9 of this process would lose is kept in a journal and in small files:
`emulator_journal`, `emulator_saves`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
from pathlib import Path
from typing import Any

from statewright.local import locks, long_queues, prompt_events
from statewright.local.emulator import START_SECONDS, STOP_SECONDS
from statewright.local.emulator_journal import Journal
from statewright.local.emulator_saves import PromptSaves
from statewright.local.object_types import ObjectTypes
from statewright.local.versioned_ranges import VersionedRanges
from statewright.loopback import refusal

LOCK_SECONDS = 30.0  # an emulator that was left alone may still write its state
KEEP_ALIVE_SECONDS = 75  # above botocore's pool idle time, so that no request meets a connection just closed


async def _end_of_stdin() -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def read() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            ended.set()

    loop.add_reader(0, read)
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    gc.disable()  # the state is copied and written now: millions of objects, and none of them garbage


class LoopbackOnly:
    """Refuses what web pages send: MiniStack would answer every origin."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on, or answer 403."""
        reason = refusal(scope["headers"]) if scope["type"] in ("http", "websocket") else None
        if reason is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": reason.encode()})


async def _serve(port: int, folder: Path) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app
    from ministack.services import s3, sqs

    long_queues.install(sqs)
    prompt_events.install(s3)
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.graceful_timeout = 1.0
    config.startup_timeout = START_SECONDS
    config.shutdown_timeout = STOP_SECONDS
    saved = PromptSaves(ObjectTypes(VersionedRanges(app)), folder / "state")
    kept = Journal(saved, folder / "journal", folder / "state" / "dynamodb.json")
    await serve(LoopbackOnly(kept), config, shutdown_trigger=_end_of_stdin)


def main() -> None:
    """Serve on 127.0.0.1 until stdin ends."""
    parser = argparse.ArgumentParser(prog="statewright.local.emulator_process")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--lock", type=Path, required=True)
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with locks.held(arguments.lock, LOCK_SECONDS):
        asyncio.run(_serve(arguments.port, arguments.lock.parent))


if __name__ == "__main__":
    main()
