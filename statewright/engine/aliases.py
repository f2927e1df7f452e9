"""Aliases of state machines: names that lead to one version, or to two by weight.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-alias.html
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from statewright.engine.errors import (
    ConflictException,
    InvalidArn,
    InvalidName,
    ResourceNotFound,
    ServiceQuotaExceededException,
    StateMachineDoesNotExist,
    ValidationException,
)
from statewright.engine.names import check_name, split_qualifier
from statewright.engine.records import AliasRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.engine.engine import Engine
    from statewright.engine.records import Route

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_ALIASES = 100
MAX_ROUTES = 2
NOT_FOUND = "Request references a resource that does not exist."


class Aliases:
    """The aliases of an engine's state machines."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, name: str, routes: Sequence[Route], description: str | None = None) -> AliasRecord:
        """Create an alias, or give the one of this name with the same routes and description.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachineAlias.html
        Raises InvalidName, ValidationException, ResourceNotFound, ConflictException,
        ServiceQuotaExceededException.
        """
        check_name(name)
        if name.isdecimal():  # it would be a version's
            raise InvalidName(f"Invalid Name: '{name}'")
        machine_arn = self._check_routes(routes)
        arn = f"{machine_arn}:{name}"
        existing = self._engine.store.alias(arn)
        if existing is not None:
            if (existing.routes, existing.description) == (tuple(routes), description):
                return existing
            raise ConflictException(
                "Failed to create alias because an alias with the same name and a different routing"
                " configuration already exists."
            )
        if len(self.list(machine_arn)) >= MAX_ALIASES:
            raise ServiceQuotaExceededException(
                f"The state machine has {MAX_ALIASES} aliases, which is the most that it may have:"
                f" '{machine_arn}'"
            )
        now = self._engine.clock.now()
        record = AliasRecord(arn, name, machine_arn, tuple(routes), now, now, description)
        self._engine.store.save_alias(record)
        return record

    def describe(self, arn: str) -> AliasRecord:
        """Give an alias; raises InvalidArn, ResourceNotFound."""
        _check_alias_arn(arn)
        record = self._engine.store.alias(arn)
        if record is None:
            raise ResourceNotFound(NOT_FOUND)
        return record

    def update(
        self, arn: str, *, routes: Sequence[Route] | None = None, description: str | None = None
    ) -> AliasRecord:
        """Change where an alias leads, or its description.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachineAlias.html
        Raises InvalidArn, ResourceNotFound, ValidationException.
        """
        record = self.describe(arn)
        if routes is None and description is None:
            raise ValidationException("Either the description or the routing configuration must be specified")
        if routes is not None and self._check_routes(routes) != record.machine_arn:
            raise ValidationException(_other_machine(routes))
        updated = dataclasses.replace(
            record,
            routes=record.routes if routes is None else tuple(routes),
            description=record.description if description is None else description,
            updated_at=self._engine.clock.now(),
        )
        self._engine.store.save_alias(updated)
        return updated

    def delete(self, arn: str) -> None:
        """Delete an alias if it is there, not the versions that it leads to; raises InvalidArn."""
        _check_alias_arn(arn)
        self._engine.store.delete_alias(arn)

    def list(self, arn: str) -> Sequence[AliasRecord]:
        """List the aliases of a machine, or those that lead to a version, the oldest first.

        AWS's page says newest first; executions recorded on AWS say oldest first.
        Raises InvalidArn, StateMachineDoesNotExist, ResourceNotFound.
        """
        own, qualifier = split_qualifier(arn)
        self._engine.describe_state_machine(own)
        if qualifier is None:
            found = [each for each in self._engine.store.aliases() if each.machine_arn == own]
            return sorted(found, key=lambda each: (each.created_at, each.name))
        if self._engine.store.version(arn) is None:
            raise ResourceNotFound(NOT_FOUND)
        return self.of(arn)

    def of(self, version_arn: str) -> Sequence[AliasRecord]:
        """List the aliases that lead to a version, the oldest first."""
        found = [
            each
            for each in self._engine.store.aliases()
            if any(route.version_arn == version_arn for route in each.routes)
        ]
        return sorted(found, key=lambda each: (each.created_at, each.name))

    def choose(self, arn: str) -> str:
        """Choose the version that an alias leads to this time; raises StateMachineDoesNotExist."""
        record = self._engine.store.alias(arn)
        if record is None:
            raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
        weights = [route.weight for route in record.routes]
        (route,) = self._engine.random.choices(record.routes, weights)
        return route.version_arn

    def delete_all(self, machine_arn: str) -> None:
        """Delete the aliases of a machine that is deleted itself."""
        for record in [each for each in self._engine.store.aliases() if each.machine_arn == machine_arn]:
            self._engine.store.delete_alias(record.arn)

    def _check_routes(self, routes: Sequence[Route]) -> str:
        """Give the ARN of the machine that all routes lead to."""
        arns = [route.version_arn for route in routes]
        received = f"Received: [{', '.join(arns)}]"
        if not 0 < len(routes) <= MAX_ROUTES:
            raise ValidationException(f"Routing configuration must have one or two entries. {received}")
        if not all(_is_version_arn(arn) for arn in arns):
            raise ValidationException(
                f"Routing configuration must contain state machine version ARNs. {received}"
            )
        if len(set(arns)) < len(arns):
            raise ValidationException(
                f"Routing configuration must contain distinct state machine version ARNs. {received}"
            )
        weights = [route.weight for route in routes]
        if sum(weights) != 100 or min(weights) < 0:
            raise ValidationException(
                f"Sum of routing configuration weights must equal 100. Received: {weights}"
            )
        machines = {arn.rpartition(":")[0] for arn in arns}
        if len(machines) > 1:
            raise ValidationException(_other_machine(routes))
        if any(self._engine.store.version(arn) is None for arn in arns):
            raise ResourceNotFound(NOT_FOUND)
        return machines.pop()


def _is_version_arn(arn: str) -> bool:
    try:
        _, qualifier = split_qualifier(arn)
    except InvalidArn:
        return False
    return qualifier is not None and qualifier.isdecimal()


def _check_alias_arn(arn: str) -> None:
    _, qualifier = split_qualifier(arn)
    if qualifier is None or qualifier.isdecimal():
        raise InvalidArn(f"Invalid Arn: '{arn}'")


def _other_machine(routes: Sequence[Route]) -> str:
    arns = ", ".join(route.version_arn for route in routes)
    return f"Routing configuration must contain versions of the same state machine. Received: [{arns}]"
