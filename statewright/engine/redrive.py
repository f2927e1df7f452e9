"""Redrive: executions that ended badly go on from their unsuccessful states.

Rules: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html and
https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
What a state does when it is redriven is in the files of the states; where an execution stood in `progress`.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from typing import TYPE_CHECKING, Literal

from statewright.engine.errors import ExecutionNotRedrivable, StateMachineDoesNotExist
from statewright.engine.execution import Execution
from statewright.engine.names import check_arn
from statewright.engine.payloads import load
from statewright.engine.records import MAX_REDRIVABLE_EVENTS, redriven

if TYPE_CHECKING:
    from statewright.engine.engine import Engine
    from statewright.engine.records import ExecutionRecord

DAY = 86_400.0
REDRIVABLE_SECONDS = 14 * DAY
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_EXECUTION_SECONDS = 365 * DAY
MAX_CLIENT_TOKENS = 10
CLIENT_TOKEN_SECONDS = 900.0

RedriveStatus = Literal["REDRIVABLE", "NOT_REDRIVABLE", "REDRIVABLE_BY_MAP_RUN"]


class Redrives:
    """The redrives of an engine's executions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tokens: dict[str, deque[tuple[str, float]]] = {}

    def redrive(self, arn: str, client_token: str | None = None) -> ExecutionRecord:
        """Let an execution go on from where it ended badly; give its record.

        The same `client_token` again, within 15 minutes and ten redrives, gives the record without another
        redrive. Raises InvalidArn, ExecutionDoesNotExist, ExecutionNotRedrivable.
        """
        check_arn(arn, "execution")
        engine = self._engine
        record = engine.describe_execution(arn)
        now = engine.clock.now()
        if client_token is not None and self._is_known(arn, client_token, now):
            return record
        if record.map_run_arn is not None:
            raise ExecutionNotRedrivable("A child execution is redriven by its Map Run alone")
        reason = self.obstacle(record)
        if reason is not None:
            raise ExecutionNotRedrivable(reason)
        machine, history = engine.versions.of_execution(arn), engine.store.history(arn)
        execution = Execution(engine, machine, redriven(record, now), load(record.input))
        if record.test_case is not None:
            execution.mocks = engine.mocks_of(machine, record.test_case, history)
        execution.redrive(history, engine.store.progress(arn))
        self._remember(arn, client_token, now)
        return execution.record

    def as_told(self, record: ExecutionRecord) -> ExecutionRecord:
        """Give a record as the API tells it: a child may wait for its redrive."""
        if record.map_run_arn is None:
            return record
        run = self._engine.map_runs.get(record.map_run_arn)
        if run is None or not run.waits_for_redrive(record.arn):
            return record
        return dataclasses.replace(record, status="PENDING_REDRIVE")

    def status(self, record: ExecutionRecord) -> tuple[RedriveStatus, str | None]:
        """Say whether an execution can be redriven, and if not, why."""
        reason = self.obstacle(record)
        if record.map_run_arn is not None:
            return self._status_of_child(record, reason)
        return ("REDRIVABLE", None) if reason is None else ("NOT_REDRIVABLE", reason)

    def _status_of_child(
        self, record: ExecutionRecord, reason: str | None
    ) -> tuple[RedriveStatus, str | None]:
        if record.type == "EXPRESS" and record.status not in ("RUNNING", "SUCCEEDED"):
            reason = None  # it is started anew, so nothing is in the way
        return ("REDRIVABLE_BY_MAP_RUN", None) if reason is None else ("NOT_REDRIVABLE", reason)

    def obstacle(self, record: ExecutionRecord) -> str | None:
        """Say why an execution cannot be redriven, in AWS's words; None where it can.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
        """
        if record.status in ("RUNNING", "SUCCEEDED", "PENDING_REDRIVE"):
            return f"Execution is {record.status} and cannot be redriven"
        now = self._engine.clock.now()
        if now - record.start_date > MAX_EXECUTION_SECONDS:
            return "Execution has exceeded the max execution time"
        if now - (record.stop_date or record.start_date) > REDRIVABLE_SECONDS:
            return "Execution redrivable period exceeded"
        if self._engine.store.history_length(record.arn) > MAX_REDRIVABLE_EVENTS:
            return "Execution history event limit exceeded"
        return self._missing(record)

    def _missing(self, record: ExecutionRecord) -> str | None:
        if record.map_run_arn is not None:
            return None  # its definition is its parent's
        try:
            self._engine.versions.of_execution(record.arn)
        except StateMachineDoesNotExist:  # kept by an engine that could not redrive
            return "Execution was started before the launch of RedriveExecution"
        return None

    def _is_known(self, arn: str, token: str, now: float) -> bool:
        known = self._tokens.get(arn, ())
        return any(each == token and now - used <= CLIENT_TOKEN_SECONDS for each, used in known)

    def _remember(self, arn: str, token: str | None, now: float) -> None:
        old = [arn for arn, known in self._tokens.items() if now - known[-1][1] > CLIENT_TOKEN_SECONDS]
        for each in old:
            del self._tokens[each]
        if token is not None:
            self._tokens.setdefault(arn, deque(maxlen=MAX_CLIENT_TOKENS)).append((token, now))
