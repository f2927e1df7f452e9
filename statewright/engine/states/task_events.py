"""The events of one attempt at a Task, in the words of its kind: LambdaFunction..., Activity..., Task..."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.engine.history import NOT_TRUNCATED

if TYPE_CHECKING:
    from statewright.asl.tree import Task
    from statewright.engine.errors import StateFailure
    from statewright.engine.step import Step

Json = Any

_FAMILIES = {"lambda": "LambdaFunction", "activity": "Activity"}


class TaskEvents:
    """Writes what happens to one attempt."""

    def __init__(
        self, step: Step, state: Task, timeout: int | None, heartbeat: int | None, role: str | None
    ) -> None:
        self._step = step
        resource = state.resource
        self._arn = resource.arn
        self._family = _FAMILIES.get(resource.kind, "Task")
        self._detail = self._family[0].lower() + self._family[1:]
        self._task: dict[str, Json] = {}
        if self._family == "Task":
            action = f"{resource.action}.{resource.pattern}" if resource.pattern else resource.action
            service = f"aws-sdk:{resource.service}" if resource.kind == "sdk" else resource.service
            self._task = {"resourceType": service, "resource": action}
        limits = {"timeoutInSeconds": timeout, "heartbeatInSeconds": heartbeat}
        self._limits: dict[str, Json] = {name: value for name, value in limits.items() if value is not None}
        if role is not None:
            self._limits["taskCredentials"] = {"roleArn": role}
        self.is_begun = False

    @property
    def origin(self) -> str:
        """What AWS names when a result is too large."""
        return str(self._task.get("resourceType", self._arn))

    def _add(self, event: str, details: dict[str, Json] | None) -> None:
        key = f"{self._detail}{event}EventDetails" if details is not None else None
        self._step.execution.history.add(self._step.trail, self._family + event, key, details)

    def scheduled(self, payload: Json) -> None:
        text = self._step.execution.history.text(payload)
        if self._task:
            region = self._step.execution.engine.arns.region
            details = {**self._task, "region": region, "parameters": text}
        else:
            details = {"resource": self._arn, "input": text, "inputDetails": NOT_TRUNCATED}
        self._add("Scheduled", {**details, **self._limits})
        self.is_begun = True

    def started(self, worker: str | None = None) -> None:
        if self._family == "LambdaFunction":
            self._add("Started", None)
        elif self._family == "Activity":
            self._add("Started", {} if worker is None else {"workerName": worker})
        else:
            self._add("Started", dict(self._task))

    def submitted(self, result: Json) -> None:
        self._add("Submitted", {**self._task, **self._output(result)})

    def succeeded(self, result: Json) -> None:
        self._add("Succeeded", {**self._task, **self._output(result)})

    def failed(self, failure: StateFailure) -> None:
        if failure.error != "States.Runtime":
            self._add("Failed", {**self._task, **_error(failure)})

    def timed_out(self, failure: StateFailure) -> None:
        self._add("TimedOut", {**self._task, **_error(failure)})

    def _output(self, result: Json) -> dict[str, Json]:
        return {"output": self._step.execution.history.text(result), "outputDetails": NOT_TRUNCATED}


def _error(failure: StateFailure) -> dict[str, Json]:
    given = {"error": failure.error, "cause": failure.cause}
    return {name: value for name, value in given.items() if value is not None}
