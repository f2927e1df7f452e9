"""What a definition may do on AWS: the IAM actions that its states need.

https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from statewright.asl.tree import Map, Task
from statewright.typing import services

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from statewright.asl.tree import Resource, State, StateMachine

_RULE = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
# What waiting for the end (.sync) needs besides.
_SYNC = {
    "states": ("states:DescribeExecution", "states:StopExecution", *_RULE),
    "glue": ("glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"),
    "batch": ("batch:DescribeJobs", "batch:TerminateJob", *_RULE),
    "ecs": ("ecs:DescribeTasks", "ecs:StopTask", *_RULE),
    "codebuild": ("codebuild:BatchGetBuilds", "codebuild:StopBuild", *_RULE),
    "athena": ("athena:GetQueryExecution", "athena:StopQueryExecution"),
}
_OF_INTEGRATIONS = {
    "apigateway:invoke": ("execute-api:Invoke",),
    "ecs:runTask": ("ecs:RunTask", "iam:PassRole"),
    "http:invoke": ("states:InvokeHTTPEndpoint", "events:RetrieveConnectionCredentials"),
    "lambda:invoke": ("lambda:InvokeFunction",),
}
# Operations whose permission has another name; none where it depends on what is sent.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_OF_OPERATIONS: dict[str, tuple[str, ...]] = {
    "lambda:Invoke": ("lambda:InvokeFunction",),
    "s3:CopyObject": ("s3:GetObject", "s3:PutObject"),
    "s3:CreateMultipartUpload": ("s3:PutObject",),
    "s3:CompleteMultipartUpload": ("s3:PutObject",),
    "s3:DeleteObjects": ("s3:DeleteObject",),
    "s3:HeadBucket": ("s3:ListBucket",),
    "s3:HeadObject": ("s3:GetObject",),
    "s3:ListBuckets": ("s3:ListAllMyBuckets",),
    "s3:ListObjects": ("s3:ListBucket",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:ListObjectVersions": ("s3:ListBucketVersions",),
    "s3:UploadPart": ("s3:PutObject",),
    "dynamodb:TransactWriteItems": (),
    "dynamodb:TransactGetItems": ("dynamodb:GetItem",),
    "dynamodb:ExecuteStatement": (),
}
_READ = {"getObject": ("s3:GetObject",), "listObjectsV2": ("s3:ListBucket",)}
_WRITTEN = ("s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload")
_CHILDREN = ("states:StartExecution", "states:DescribeExecution", "states:StopExecution")


@dataclass(frozen=True, slots=True)
class Need:
    """One IAM action that a state needs; `on` is the function that it is about, where it is written down."""

    state: str
    pointer: str
    action: str
    on: str | None = None


def needs(machine: StateMachine) -> Iterator[Need]:
    """Give what a machine's role must allow."""
    for state in machine.walk():
        yield from _needs(state)


def _needs(state: State) -> Iterable[Need]:
    if isinstance(state, Task):
        pointer = state.resource_at.pointer
        if state.credentials is not None:
            return [Need(state.name, pointer, "sts:AssumeRole")]
        on = _function(state)
        actions = actions_of(state.resource)
        return [Need(state.name, pointer, a, on if a == "lambda:InvokeFunction" else None) for a in actions]
    if not isinstance(state, Map) or state.mode != "DISTRIBUTED":
        return []
    # Executions of EXPRESS children cannot be described or stopped.
    actions = _CHILDREN[:1] if state.execution_type == "EXPRESS" else _CHILDREN
    found = [Need(state.name, state.at.pointer, action) for action in actions]
    if state.reader is not None:
        actions = _READ.get(state.reader.resource.action, ())
        found += [Need(state.name, state.reader.at.pointer, action) for action in actions]
    if state.writer is not None and state.writer.resource is not None:
        found += [Need(state.name, state.writer.at.pointer, action) for action in _WRITTEN]
    return found


def _function(task: Task) -> str | None:
    if task.resource.kind in ("lambda", "other"):
        return task.resource.arn
    value = None if task.payload is None else task.payload.value
    name = value.get("FunctionName") if isinstance(value, dict) else None
    return name if isinstance(name, str) and not name.startswith("{%") else None


def actions_of(resource: Resource) -> tuple[str, ...]:
    """Name the IAM actions that calling a resource needs; none for an activity, whose workers need them."""
    if resource.kind in ("lambda", "other"):
        return ("lambda:InvokeFunction",)
    if resource.kind == "activity":
        return ()
    target = f"{resource.service}:{resource.action}"
    if resource.kind == "sdk":
        prefix = services.permission_prefix(resource.service)
        action = _pascal(resource)
        return _OF_OPERATIONS.get(f"{prefix}:{action}", (f"{prefix}:{action}",)) if prefix else ()
    found = _OF_INTEGRATIONS.get(target) or (f"{resource.service}:{services.pascal(resource.action)}",)
    waits = _SYNC.get(resource.service, ()) if resource.pattern.startswith("sync") else ()
    return (*found, *waits)


def _pascal(resource: Resource) -> str:
    model = services.operation(resource.service, resource.action)
    return services.pascal(resource.action) if model is None else model.name
