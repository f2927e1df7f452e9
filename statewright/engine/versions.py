"""Versions of state machines: numbered snapshots that never change, and what an ARN leads to.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from statewright.engine.errors import (
    ConflictException,
    InvalidArn,
    ServiceQuotaExceededException,
    StateMachineDoesNotExist,
    ValidationException,
)
from statewright.engine.names import check_arn, split_qualifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.engine.engine import Engine
    from statewright.engine.records import StateMachineRecord

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_VERSIONS = 1_000
INITIAL_REVISION = "INITIAL"


@dataclasses.dataclass(frozen=True)
class Target:
    """What an ARN leads to: the state machine as it is to run, and the version and alias that say so."""

    machine: StateMachineRecord
    version_arn: str | None = None
    alias_arn: str | None = None


class Versions:
    """The versions of an engine's state machines."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def publish(
        self, machine_arn: str, revision_id: str | None = None, description: str | None = None
    ) -> StateMachineRecord:
        """Make a version of a machine's current revision, or give the one that there is.

        `revision_id` is what the revision must be, "INITIAL" for the first. Numbers are never given twice.
        https://docs.aws.amazon.com/step-functions/latest/apireference/API_PublishStateMachineVersion.html
        Raises StateMachineDoesNotExist, ConflictException, ServiceQuotaExceededException.
        """
        machine = self._engine.describe_state_machine(machine_arn)
        current = machine.revision_id or INITIAL_REVISION
        if revision_id is not None and revision_id != current:
            raise ConflictException(
                f"Failed to publish the State Machine version for revision {revision_id}."
                f" The current State Machine revision is {current}."
            )
        existing = self.of_current_revision(machine)
        if existing is not None:
            return existing
        if len(self.list(machine_arn)) >= MAX_VERSIONS:
            raise ServiceQuotaExceededException(
                f"The state machine has {MAX_VERSIONS} versions, which is the most that it may have:"
                f" '{machine_arn}'"
            )
        return self._add(machine, description)

    def of_current_revision(self, machine: StateMachineRecord) -> StateMachineRecord | None:
        """Give the version that was published of a machine as it is now, if one was."""
        found = self.list(machine.arn)
        return next((each for each in found if each.snapshot_id == machine.snapshot_id), None)

    def list(self, machine_arn: str) -> Sequence[StateMachineRecord]:
        """List the versions of a machine, the newest first; none where there is no such machine.

        AWS names no error for that. Raises InvalidArn.
        """
        own, qualifier = split_qualifier(machine_arn)
        if qualifier is not None:
            raise InvalidArn(f"Invalid Arn: '{machine_arn}'")
        found = [each for each in self._engine.store.versions() if each.arn.rpartition(":")[0] == own]
        return sorted(found, key=lambda each: number_of(each.arn), reverse=True)

    def describe(self, arn: str) -> StateMachineRecord:
        """Give a machine or a version; an alias names two things at once and has no description here.

        Raises InvalidArn, StateMachineDoesNotExist, ValidationException.
        """
        _, qualifier = split_qualifier(arn)
        if qualifier is None:
            _refuse_label(arn)
            return self._engine.describe_state_machine(arn)
        version = self._engine.store.version(arn)
        if version is None:
            raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
        return version

    def delete(self, version_arn: str) -> None:
        """Delete a version if it is there; its executions go on.

        Raises InvalidArn, ConflictException where an alias leads to it.
        """
        _, qualifier = split_qualifier(version_arn)
        if qualifier is None or not qualifier.isdecimal():
            raise InvalidArn(f"Invalid Arn: '{version_arn}'")
        names = [alias.name for alias in self._engine.aliases.of(version_arn)]
        if names:
            raise ConflictException(
                "Version to be deleted must not be referenced by an alias."
                f" Current list of aliases referencing this version: [{', '.join(names)}]"
            )
        self._engine.store.delete_version(version_arn)

    def delete_all(self, machine_arn: str) -> None:
        """Delete the versions of a machine that is deleted itself."""
        for version in self.list(machine_arn):
            self._engine.store.delete_version(version.arn)

    def target(self, arn: str) -> Target:
        """Say what an execution started by an ARN runs; an alias with two routes chooses one at random.

        https://docs.aws.amazon.com/step-functions/latest/dg/execution-alias-version-associate.html
        Raises InvalidArn, StateMachineDoesNotExist, ValidationException.
        """
        own, qualifier = split_qualifier(arn)
        if qualifier is None:
            return Target(self.describe(arn))
        if qualifier.isdecimal():
            return Target(self._runnable(own, self.describe(arn)), arn)
        version_arn = self._engine.aliases.choose(arn)
        return Target(self._runnable(own, self.describe(version_arn)), version_arn, arn)

    def of_execution(self, execution_arn: str) -> StateMachineRecord:
        """Give the state machine as it was when an execution started; a child's is its parent's.

        Raises InvalidArn, ExecutionDoesNotExist, StateMachineDoesNotExist.
        """
        check_arn(execution_arn, "execution")
        record = self._engine.describe_execution(execution_arn)
        snapshot = record.snapshot_id and self._engine.store.snapshot(record.snapshot_id)
        if snapshot:
            return snapshot
        # Kept by an engine that did not keep snapshots yet.
        return self._engine.describe_state_machine(record.state_machine_arn.partition("/")[0])

    def _runnable(self, machine_arn: str, version: StateMachineRecord) -> StateMachineRecord:
        """Give the machine as the version has it: executions belong to the machine."""
        machine = self._engine.describe_state_machine(machine_arn)
        return dataclasses.replace(
            version, arn=machine.arn, created_at=machine.created_at, description=None, tags=machine.tags
        )

    def _add(self, machine: StateMachineRecord, description: str | None) -> StateMachineRecord:
        engine, number = self._engine, machine.last_version + 1
        version = dataclasses.replace(
            machine,
            arn=f"{machine.arn}:{number}",
            description=description,
            created_at=engine.clock.now(),
            tags=(),
            created_with=None,
        )
        engine.store.save_state_machine(dataclasses.replace(machine, last_version=number))
        engine.store.save_version(version)
        return version


def number_of(version_arn: str) -> int:
    """Give the number of a version."""
    return int(version_arn.rpartition(":")[2])


def _refuse_label(arn: str) -> None:
    if "/" in arn.split(":")[6]:
        raise ValidationException(f"The ARN refers to a Distributed Map state: '{arn}'")
