"""The engine: state machines, their executions, and what waits for them, on one event loop.

One `Engine` belongs to one event loop: make it, and call it, where that loop runs. Calls that block (boto)
run in its thread pool. Methods are coroutines where they wait for something.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from statewright import asl
from statewright.engine.activities import Activities
from statewright.engine.aliases import Aliases
from statewright.engine.clock import Clock, RealClock
from statewright.engine.errors import (
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    InvalidDefinition,
    InvalidName,
    MissingRequiredParameter,
    ResourceNotFound,
    StateMachineAlreadyExists,
    StateMachineDoesNotExist,
    StateMachineTypeNotSupported,
)
from statewright.engine.execution import Execution
from statewright.engine.execution_logs import ExecutionLogs
from statewright.engine.integrations import check_resources
from statewright.engine.listing import executions
from statewright.engine.names import Arns, check_arn, check_execution_arn, check_name
from statewright.engine.payloads import load_input
from statewright.engine.records import ExecutionRecord, MachineType, MapRunRecord, StateMachineRecord
from statewright.engine.redrive import Redrives
from statewright.engine.saving import Saving
from statewright.engine.store import MemoryStore, Store
from statewright.engine.tokens import TaskTokens
from statewright.engine.versions import Versions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from statewright.engine.functions import FunctionBackend
    from statewright.engine.map_runs import MapRun
    from statewright.engine.mocks import MockConfig, Mocks
    from statewright.engine.records import Publication
    from statewright.engine.versions import Target

Json = Any
HistoryEvent = dict[str, Any]


class Engine:
    """Runs state machines.

    `functions` invokes Lambda functions; `clients` gives the boto client of a service ("dynamodb"), needed by
    service integrations alone; `store` keeps machines and ended executions (in memory unless said otherwise);
    `random` chooses among the routes of an alias; `mock_config` gives the test cases that executions may
    start with; `starts_elsewhere` says that `states:startExecution` goes to the client of "stepfunctions";
    `children_at_once` bounds those of each map run, where this machine has fewer functions than AWS has.
    """

    def __init__(
        self,
        *,
        functions: FunctionBackend,
        clients: Callable[[str], Any] | None = None,
        clock: Clock | None = None,
        store: Store | None = None,
        account: str = "000000000000",
        region: str = "us-east-1",
        threads: int = 16,
        random: random.Random = random.Random(),  # noqa: B008, S311 - one for all; spreads load
        mock_config: Callable[[], MockConfig] | None = None,
        starts_elsewhere: bool = False,
        children_at_once: int | None = None,
    ) -> None:
        self.functions = functions
        self.clients = clients
        self.clock: Clock = clock or RealClock()
        self.store: Store = store or MemoryStore()
        self.arns = Arns(account, region)
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="statewright-call")
        self.tokens = TaskTokens()
        self.activities = Activities(self)
        self.redrives = Redrives(self)
        self.saving = Saving(self)
        self.random = random
        self.mock_config = mock_config
        self.starts_elsewhere = starts_elsewhere
        self.children_at_once = children_at_once
        self.versions = Versions(self)
        self.aliases = Aliases(self)
        self.logs = ExecutionLogs(self)
        self.keeps_express_events = False  # for tests: each execution has them until its end
        self.running: dict[str, Execution] = {}
        self.unstored: dict[str, Execution] = {}  # ended, and the store could not take them
        self.map_runs: dict[str, MapRun] = {}
        self.left_alone: set[asyncio.Future[Any]] = set()
        # Answers an operation of the Step Functions API, where one is served over this engine.
        self.api: Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]] | None = None

    # --- state machines ---

    def create_state_machine(
        self,
        name: str,
        definition: str,
        role_arn: str,
        type: MachineType = "STANDARD",  # noqa: A002 - the API's word
        *,
        logging: Mapping[str, Json] | None = None,
        tracing: Mapping[str, Json] | None = None,
        encryption: Mapping[str, Json] | None = None,
        tags: Sequence[Mapping[str, str]] = (),
        publication: Publication | None = None,
    ) -> StateMachineRecord:
        """Create a machine, or give the one that exists with the same settings.

        With a `publication` it has version 1 at once. Raises InvalidName, InvalidDefinition,
        StateMachineAlreadyExists.
        """
        check_name(name)
        arn = self.arns.state_machine(name)
        machine = self.parse(definition, type)
        record = StateMachineRecord(arn, name, definition, role_arn, type, self.clock.now(), machine)
        settings: dict[str, Any] = {
            "logging": logging,
            "tracing": tracing,
            "encryption": encryption,
            "tags": tuple(tags),
            "created_with": publication,
        }
        record = dataclasses.replace(
            record, **{key: value for key, value in settings.items() if value is not None}
        )
        existing = self.store.state_machine(arn)
        if existing is None:
            self.store.save_state_machine(record)
            if publication is not None:
                self.versions.publish(arn, description=publication.description)
            return self.describe_state_machine(arn)
        same = ("definition", "type", "logging", "tracing", "encryption", "created_with")
        if all(getattr(existing, key) == getattr(record, key) for key in same):
            return existing
        raise StateMachineAlreadyExists(f"State Machine Already Exists: '{arn}'")

    def update_state_machine(
        self,
        arn: str,
        *,
        definition: str | None = None,
        role_arn: str | None = None,
        logging: Mapping[str, Json] | None = None,
        tracing: Mapping[str, Json] | None = None,
        encryption: Mapping[str, Json] | None = None,
    ) -> StateMachineRecord:
        """Change a machine; executions that run keep the definition that they started with.

        What is as it was makes no new revision.
        Raises StateMachineDoesNotExist, InvalidDefinition, MissingRequiredParameter.
        """
        record = self.describe_state_machine(arn)
        given = {
            "definition": definition,
            "role_arn": role_arn,
            "logging": logging,
            "tracing": tracing,
            "encryption": encryption,
        }
        changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if not changes:
            raise MissingRequiredParameter(
                "Either the definition, the role ARN, the LoggingConfiguration,"
                " or the TracingConfiguration must be specified"
            )
        if definition is not None:
            changes["machine"] = self.parse(definition, record.type)
        if any(getattr(record, key) != value for key, value in changes.items() if key != "machine"):
            changes.update(revision_id=str(uuid.uuid4()), snapshot_id=str(uuid.uuid4()))
        updated = dataclasses.replace(record, **changes, updated_at=self.clock.now())
        self.store.save_state_machine(updated)
        return updated

    def tag_state_machine(self, arn: str, tags: Sequence[Mapping[str, str]]) -> StateMachineRecord:
        """Replace the tags of a machine; raises ResourceNotFound."""
        check_arn(arn, "stateMachine")
        record = self.store.state_machine(arn)
        if record is None:
            raise ResourceNotFound(f"Resource not found: '{arn}'")
        tagged = dataclasses.replace(record, tags=tuple(tags))
        self.store.save_state_machine(tagged)
        return tagged

    def delete_state_machine(self, arn: str) -> None:
        """Delete a machine with its versions and aliases, if it is there; its executions go on."""
        check_arn(arn, "stateMachine")
        self.aliases.delete_all(arn)
        self.versions.delete_all(arn)
        self.store.delete_state_machine(arn)

    def describe_state_machine(self, arn: str) -> StateMachineRecord:
        """Give a machine; raises InvalidArn, StateMachineDoesNotExist."""
        check_arn(arn, "stateMachine")
        record = self.store.state_machine(arn)
        if record is None:
            raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
        return record

    def list_state_machines(self) -> Sequence[StateMachineRecord]:
        """List all machines in the order of their names."""
        return sorted(self.store.state_machines(), key=lambda record: record.name)

    def parse(self, definition: str, type: MachineType) -> asl.StateMachine:  # noqa: A002
        """Read a definition, in any thread: one of 1 MB may take ten seconds; raises InvalidDefinition."""
        try:
            machine = asl.parse(definition)
            check_resources(machine, type)
        except asl.InvalidDefinition as error:
            raise InvalidDefinition.of(error) from error
        return machine

    # --- executions ---

    def start_execution(
        self,
        state_machine_arn: str,
        input: str = "{}",  # noqa: A002 - the API's word
        name: str | None = None,
        trace_header: str | None = None,
    ) -> ExecutionRecord:
        """Start an execution and return at once; the same name and input again give the one that runs.

        The ARN may be a version's or an alias's, and end with `#` and a test case of the mock configuration.
        Raises StateMachineDoesNotExist, InvalidExecutionInput, InvalidName, ExecutionAlreadyExists.
        """
        target, mocks = self._target(state_machine_arn)
        value = load_input(input)
        if name is not None:
            check_name(name)
        name = name or str(uuid.uuid4())
        if target.machine.type == "STANDARD":
            existing = self._existing(self.arns.execution(target.machine.name, name), input)
            if existing is not None:
                return existing
        return self._launch(target, name, input, value, trace_header, mocks).record

    async def start_sync_execution(
        self,
        state_machine_arn: str,
        input: str = "{}",  # noqa: A002 - the API's word
        name: str | None = None,
        trace_header: str | None = None,
    ) -> ExecutionRecord:
        """Run an EXPRESS machine to its end; raises StateMachineTypeNotSupported for a STANDARD one."""
        target, mocks = self._target(state_machine_arn)
        if target.machine.type != "EXPRESS":
            raise StateMachineTypeNotSupported
        value = load_input(input)
        if name is not None:
            check_name(name)
        execution = self._launch(target, name or str(uuid.uuid4()), input, value, trace_header, mocks)
        execution.forget_redrives()
        return await execution.wait()

    async def wait_for_execution(self, arn: str) -> ExecutionRecord:
        """Wait until an execution has ended; give its record."""
        execution = self.running.get(arn)
        return self.describe_execution(arn) if execution is None else await execution.wait()

    async def stop_execution(
        self, arn: str, error: str | None = None, cause: str | None = None
    ) -> ExecutionRecord:
        """Abort an execution with all its children; one that has ended stays as it is."""
        check_arn(arn, "execution")
        record = self.describe_execution(arn)
        execution = self.running.get(arn)
        if execution is None:
            return record
        return await execution.stop(error, cause)

    def describe_execution(self, arn: str) -> ExecutionRecord:
        """Give an execution of a STANDARD machine, or a child of a map run.

        Raises InvalidArn, ExecutionDoesNotExist.
        """
        check_execution_arn(arn)
        execution = self.running.get(arn) or self.unstored.get(arn)
        record = execution.record if execution else self.store.execution(arn)
        if record is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        return self.redrives.as_told(record)

    def list_executions(
        self,
        *,
        state_machine_arn: str | None = None,
        map_run_arn: str | None = None,
        status: str | None = None,
    ) -> Sequence[ExecutionRecord]:
        """List executions of a machine, a version or an alias, or the children of a map run: newest first.

        Those of long ago may lack input, output and cause: `describe_execution` gives them.
        """
        return list(executions(self, state_machine_arn, map_run_arn, status))

    def get_execution_history(self, arn: str) -> Sequence[HistoryEvent]:
        """Give the events of an execution in their order, each in AWS's shape."""
        check_arn(arn, "execution")
        self.describe_execution(arn)
        execution = self.running.get(arn) or self.unstored.get(arn)
        return list(execution.history.events) if execution else self.store.history(arn)

    def _existing(self, arn: str, input: str) -> ExecutionRecord | None:  # noqa: A002
        execution = self.running.get(arn)
        if execution is not None and execution.record.input == input:
            return execution.record
        if execution is not None or self.store.execution(arn) is not None:
            raise ExecutionAlreadyExists(f"Execution Already Exists: '{arn}'")
        return None

    def _target(self, arn: str) -> tuple[Target, Mocks | None]:
        arn, mark, case = arn.partition("#")
        target = self.versions.target(arn)
        if not mark:
            return target, None
        return target, self.mocks_of(target.machine, case)

    def mocks_of(self, machine: StateMachineRecord, case: str, history: Sequence[HistoryEvent] = ()) -> Mocks:
        """Give the mocks of a test case, which go on after what a history tells.

        Raises InvalidName, InvalidMockConfig.
        """
        if self.mock_config is None:
            raise InvalidName(f"Invalid Name: 'no mock configuration is given for the test case {case!r}'")
        return self.mock_config().start(machine.name, case, machine.machine.flow, history)

    def _launch(
        self,
        target: Target,
        name: str,
        input: str,  # noqa: A002
        value: Json,
        trace_header: str | None,
        mocks: Mocks | None,
    ) -> Execution:
        machine = target.machine
        if machine.type == "STANDARD":
            self.store.save_snapshot(machine)
        arn = (
            self.arns.execution(machine.name, name)
            if machine.type == "STANDARD"
            else self.arns.express(machine.name, name, str(uuid.uuid4()))
        )
        record = ExecutionRecord(
            arn,
            name,
            machine.arn,
            "RUNNING",
            self.clock.now(),
            input,
            type=machine.type,
            trace_header=trace_header,
            version_arn=target.version_arn,
            alias_arn=target.alias_arn,
            snapshot_id=machine.snapshot_id,
            test_case=None if mocks is None else mocks.case.name,
        )
        execution = Execution(self, machine, record, value)
        execution.mocks = mocks
        execution.start()
        return execution

    # --- map runs ---

    def describe_map_run(self, arn: str) -> MapRunRecord:
        """Give a map run; raises InvalidArn, ResourceNotFound."""
        check_arn(arn, "mapRun")
        run = self.map_runs.get(arn)
        record = run.record if run else self.store.map_run(arn)
        if record is None:
            raise ResourceNotFound(f"Resource not found: '{arn}'")
        return record

    def list_map_runs(self, execution_arn: str) -> Sequence[MapRunRecord]:
        """List the map runs that an execution started."""
        self.describe_execution(execution_arn)
        running = [run.record for run in self.map_runs.values()]
        ended = [run for run in self.store.map_runs(execution_arn) if run.arn not in self.map_runs]
        return [*(run for run in running if run.execution_arn == execution_arn), *ended]

    def update_map_run(
        self,
        arn: str,
        *,
        max_concurrency: int | None = None,
        tolerated_failure_count: int | None = None,
        tolerated_failure_percentage: float | None = None,
    ) -> None:
        """Change the limits of a map run while it runs."""
        self.describe_map_run(arn)
        run = self.map_runs.get(arn)
        if run is None:
            return
        given: dict[str, Any] = {
            "max_concurrency": max_concurrency,
            "tolerated_failure_count": tolerated_failure_count,
            "tolerated_failure_percentage": tolerated_failure_percentage,
        }
        run.change({key: each for key, each in given.items() if each is not None})

    # --- task tokens ---

    def send_task_success(self, task_token: str, output: str) -> None:
        """End the task of a token well; raises InvalidToken, InvalidOutput, TaskTimedOut."""
        self.tokens.succeed(task_token, output)

    def send_task_failure(self, task_token: str, error: str | None = None, cause: str | None = None) -> None:
        """End the task of a token badly; raises InvalidToken, TaskTimedOut."""
        self.tokens.fail(task_token, error, cause)

    def send_task_heartbeat(self, task_token: str) -> None:
        """Say that the task of a token is alive; raises InvalidToken, TaskTimedOut."""
        self.tokens.beat(task_token)

    # --- end ---

    async def call_in_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Run a blocking call in the engine's thread pool."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, call, *arguments)

    async def close(self) -> None:
        """Abort what runs and release threads and store."""
        for execution in [each for each in self.running.values() if each.record.map_run_arn is None]:
            await execution.stop(None, "The engine was closed.")
        await self.logs.close()
        await self.saving.stop()
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.store.close()
