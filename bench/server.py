"""Our engine behind the Step Functions API, with function workers, as a process of its own.

python -m bench.server           prints its port; ends when its stdin closes
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from statewright.api import create_app, start
from statewright.engine import Engine
from statewright.local.functions import FunctionPool, FunctionSpec

HANDLERS = Path(__file__).parent / "handlers"


async def serve() -> None:
    """Serve until stdin closes."""
    pool = FunctionPool({"echo": FunctionSpec("echo", "echo.handler")}, {}, HANDLERS)
    engine = Engine(functions=pool)
    server = await start(create_app(engine, pool))
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()
    await engine.close()
    pool.close()


if __name__ == "__main__":
    asyncio.run(serve())
