"""The local cloud: emulated data services, functions, the engine and its API, triggers; from start to stop.

`run_cloud` runs until it is cancelled and then stops everything in the opposite order, so that state is kept
and no process is left. What ends without that (a kill -9) still leaves no process: the children end with the
pipe to this one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from statewright import api
from statewright.engine import Engine, SqliteStore
from statewright.engine.errors import InvalidDefinition, StateMachineDoesNotExist
from statewright.local.clients import Clients
from statewright.local.contract_check import check_contracts
from statewright.local.deploy import DeployError, deploy
from statewright.local.emulator import Emulator, EmulatorFailed
from statewright.local.environment import function_environment
from statewright.local.functions import FunctionPool, FunctionSpec
from statewright.local.interrupted import mark_interrupted
from statewright.local.names import ACCOUNT, Names
from statewright.local.pipes import pipes_of, run_pipe
from statewright.local.places import CloudRecord, CloudSettings, Places, forget_record, write_record
from statewright.local.schedules import run_schedules, schedules_of
from statewright.local.triggers import run_trigger, triggers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.engine.records import MachineType

# Children of a map run beyond these would wait for a function worker, and EXPRESS ones live five minutes.
CHILDREN_A_WORKER = 2
DRAIN_SECONDS = 20.0  # how long a stop waits for executions that run
WATCH_SECONDS = 1.0

_log = logging.getLogger(__name__)


async def run_cloud(
    settings: CloudSettings, ready: Callable[[CloudRecord], None], progress: Callable[[str], None]
) -> None:
    """Start everything, call `ready`, and keep it up until cancelled.

    Raises EmulatorFailed, DeployError, ProjectError, OSError (a port) where it cannot start, and
    EmulatorFailed where the emulator ends later.
    """
    places = settings.places
    async with AsyncExitStack() as stack:
        progress("data services")
        emulator = Emulator(settings.port, places.emulator, places.logs / "emulator.log")
        stack.push_async_callback(asyncio.to_thread, emulator.stop)
        await asyncio.to_thread(check_contracts, settings.project)  # while the emulator starts
        await asyncio.to_thread(emulator.wait_until_ready)
        names = Names(settings.project, emulator.endpoint)
        clients = Clients(emulator.endpoint)
        progress("resources")
        await asyncio.to_thread(deploy, names, clients)
        await asyncio.to_thread(mark_interrupted, names, clients)

        progress("functions and state machines")
        pool = _function_pool(settings, names)
        stack.push_async_callback(asyncio.to_thread, pool.close)
        engine = Engine(
            functions=pool,
            clients=clients,
            store=SqliteStore(places.executions),
            children_at_once=CHILDREN_A_WORKER * settings.workers,
        )
        stack.push_async_callback(engine.close)
        _deploy_state_machines(engine, names)
        server = await api.start(api.create_app(engine, pool), port=settings.sfn_port)
        stack.push_async_callback(server.stop)

        stack.push_async_callback(_drain, engine)
        triggers = [run_trigger(trigger, engine, clients) for trigger in triggers_of(names)]
        pipes = [run_pipe(pipe, engine, pool, clients) for pipe in pipes_of(names)]
        scheduled = run_schedules(schedules_of(names), engine, clients, places.schedules)
        for each in (*triggers, *pipes, scheduled):
            stack.push_async_callback(_cancel, asyncio.create_task(each))
        record = CloudRecord(
            pid=os.getpid(),
            endpoint=emulator.endpoint,
            sfn_endpoint=f"http://127.0.0.1:{server.port}",
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        write_record(places, record)
        stack.callback(forget_record, places)
        ready(record)
        await _watch(emulator, places)


def _function_pool(settings: CloudSettings, names: Names) -> FunctionPool:
    specs = {
        names.of(logical): FunctionSpec(
            name=names.of(logical),
            handler=f"{logical}.handler",
            timeout_seconds=function.timeout_seconds,
            memory_mb=function.memory_mb,
        )
        for logical, function in settings.project.description.functions.items()
    }
    return FunctionPool(
        specs,
        function_environment(names, f"http://127.0.0.1:{settings.sfn_port}"),
        settings.project.root / "functions",
        settings.workers,
        logs=settings.places.logs,
    )


def _deploy_state_machines(engine: Engine, names: Names) -> None:
    """Create the state machines, or give those that exist the definition that is described now."""
    for logical, machine in names.project.description.state_machines.items():
        try:
            _deploy_state_machine(engine, names, logical, machine.type)
        except InvalidDefinition as error:
            raise DeployError(f"{machine.definition}: {error.message}") from error


def _deploy_state_machine(engine: Engine, names: Names, logical: str, kind: MachineType) -> None:
    definition = names.definition(logical)
    arn = names.state_machine_arn(logical)
    try:
        existing = engine.describe_state_machine(arn)
    except StateMachineDoesNotExist:
        existing = None
    if existing is not None and existing.type == kind:
        if existing.definition != definition:
            engine.update_state_machine(arn, definition=definition)
        return
    if existing is not None:  # the type of a state machine cannot be changed
        engine.delete_state_machine(arn)
    role = f"arn:aws:iam::{ACCOUNT}:role/{names.of(logical)}"
    engine.create_state_machine(names.of(logical), definition, role, kind)


async def _watch(emulator: Emulator, places: Places) -> None:
    while emulator.alive():
        await asyncio.sleep(WATCH_SECONDS)
    raise EmulatorFailed("ended by itself", places.logs / "emulator.log")


async def _drain(engine: Engine) -> None:
    """Let executions end that run; those that take longer are aborted by the engine's close."""
    end = time.monotonic() + DRAIN_SECONDS
    if engine.running:
        _log.info("waiting for %d executions to end", len(engine.running))
    while engine.running and time.monotonic() < end:
        await asyncio.sleep(0.05)


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])
