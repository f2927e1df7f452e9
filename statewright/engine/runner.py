"""One execution in a few lines, without an event loop of one's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from statewright.engine.clock import RealClock, VirtualClock, VirtualLoop
from statewright.engine.engine import Engine
from statewright.engine.functions import LocalFunctions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from statewright.engine.functions import FunctionBackend
    from statewright.engine.records import ExecutionRecord, MachineType

Json = Any
ROLE = "arn:aws:iam::000000000000:role/statewright"


def run(
    definition: str | Mapping[str, Json],
    input: Json = None,  # noqa: A002 - AWS's word
    *,
    functions: FunctionBackend | Mapping[str, Callable[[Any, Any], Any]] | None = None,
    clients: Callable[[str], Any] | None = None,
    type: MachineType = "STANDARD",  # noqa: A002
    virtual_time: bool = False,
) -> ExecutionRecord:
    """Run a definition on an input to its end; give the execution, whatever its outcome.

    `functions` are callables by name, or a backend. With `virtual_time` waits take no time.
    Raises InvalidDefinition.
    """
    return run_with_history(
        definition, input, functions=functions, clients=clients, type=type, virtual_time=virtual_time
    )[0]


def run_with_history(
    definition: str | Mapping[str, Json],
    input: Json = None,  # noqa: A002
    *,
    functions: FunctionBackend | Mapping[str, Callable[[Any, Any], Any]] | None = None,
    clients: Callable[[str], Any] | None = None,
    type: MachineType = "STANDARD",  # noqa: A002
    virtual_time: bool = False,
) -> tuple[ExecutionRecord, Sequence[dict[str, Json]]]:
    """Run as `run` does; give the history too (empty for EXPRESS)."""
    text = definition if isinstance(definition, str) else json.dumps(definition)
    backend = _backend(functions)

    async def once() -> tuple[ExecutionRecord, Sequence[dict[str, Json]]]:
        clock = VirtualClock() if virtual_time else RealClock()
        engine = Engine(functions=backend, clients=clients, clock=clock)
        try:
            machine = engine.create_state_machine("machine", text, ROLE, type)
            return await _complete(engine, machine.arn, json.dumps({} if input is None else input), type)
        finally:
            await engine.close()

    with asyncio.Runner(loop_factory=VirtualLoop if virtual_time else None) as runner:
        return runner.run(once())


def _backend(
    functions: FunctionBackend | Mapping[str, Callable[[Any, Any], Any]] | None,
) -> FunctionBackend:
    return LocalFunctions(functions or {}) if isinstance(functions, Mapping | None) else functions


async def _complete(
    engine: Engine,
    arn: str,
    input: str,  # noqa: A002
    type: MachineType,  # noqa: A002
) -> tuple[ExecutionRecord, Sequence[dict[str, Json]]]:
    if type == "EXPRESS":
        return await engine.start_sync_execution(arn, input), ()
    started = engine.start_execution(arn, input)
    record = await engine.wait_for_execution(started.arn)
    return record, engine.get_execution_history(record.arn)
