"""The integrations that Step Functions has of its own, and the ways to wait that each has.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.typing import services
from statewright.typing.findings import Where, meant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.asl.tree import Task
    from statewright.typing.findings import Findings

_PLAIN: tuple[str, ...] = ("",)
_ANSWER = ("", "waitForTaskToken")
_SYNC = ("", "sync")
_ALL = ("", "sync", "waitForTaskToken")


def _each(patterns: tuple[str, ...], names: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(names.split(), patterns)


_INTEGRATIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "apigateway": _each(_ANSWER, "invoke"),
    "athena": _each(_SYNC, "startQueryExecution")
    | _each(_PLAIN, "stopQueryExecution getQueryExecution getQueryResults"),
    "batch": _each(_SYNC, "submitJob"),
    "bedrock": _each(_ALL, "invokeModel createModelCustomizationJob"),
    "codebuild": _each(_SYNC, "startBuild startBuildBatch retryBuildBatch")
    | _each(_PLAIN, "stopBuild stopBuildBatch batchDeleteBuilds batchGetReports deleteBuildBatch"),
    "databrew": _each(_SYNC, "startJobRun"),
    "dynamodb": _each(_PLAIN, "getItem putItem updateItem deleteItem"),
    "ecs": _each(_ALL, "runTask"),
    "eks": _each(_SYNC, "createCluster deleteCluster createFargateProfile deleteFargateProfile"
                 " createNodegroup deleteNodegroup runJob") | _each(_PLAIN, "call"),
    "elasticmapreduce": _each(_SYNC, "createCluster terminateCluster addStep")
    | _each(_PLAIN, "cancelStep setClusterTerminationProtection modifyInstanceFleetByName"
                    " modifyInstanceGroupByName"),
    "emr-containers": _each(_SYNC, "startJobRun deleteVirtualCluster")
    | _each(_PLAIN, "createVirtualCluster"),
    "emr-serverless": _each(_SYNC, "createApplication startApplication stopApplication deleteApplication"
                            " startJobRun cancelJobRun"),
    "events": _each(_ANSWER, "putEvents"),
    "glue": _each(_SYNC, "startJobRun"),
    "http": _each(_PLAIN, "invoke"),
    "lambda": _each(_ANSWER, "invoke"),
    "mediaconvert": _each(_SYNC, "createJob"),
    "sagemaker": _each(_SYNC, "createHyperParameterTuningJob createLabelingJob createProcessingJob"
                       " createTrainingJob createTransformJob")
    | _each(_PLAIN, "createEndpoint createEndpointConfig createModel updateEndpoint"),
    "sns": _each(_ANSWER, "publish"),
    "sqs": _each(_ANSWER, "sendMessage"),
    "states": _each((*_ALL, "sync:2"), "startExecution"),
}  # fmt: skip


def check_resource(task: Task, findings: Findings) -> None:
    """Report a Resource that names no integration, no operation, or a way to wait that it does not have."""
    resource = task.resource
    where = Where(task.resource_at.pointer)
    if resource.kind == "other":
        if "${" not in resource.arn:
            findings.add("SW118", f"{resource.arn} is nothing that a Task can call", where)
    elif resource.kind == "integration":
        _check_integration(task, findings, where)
    elif resource.kind == "sdk" and resource.pattern not in _ANSWER:
        findings.add("SW118", f"an operation of the SDK has no .{resource.pattern}", where)


def _check_integration(task: Task, findings: Findings, where: Where) -> None:
    resource = task.resource
    known = _INTEGRATIONS.get(resource.service)
    target = f"{resource.service}:{resource.action}"
    if known is None or resource.action not in known:
        of_sdk = services.operation(resource.service, resource.action) is not None
        names = tuple(
            f"{service}:{action}" for service, actions in _INTEGRATIONS.items() for action in actions
        )
        suggestion = f"did you mean 'aws-sdk:{target}'?" if of_sdk else meant(target, names)
        findings.add("SW118", f"there is no integration {target}", where, suggestion=suggestion)
    elif resource.pattern not in known[resource.action]:
        patterns = " and ".join(f".{each}" for each in known[resource.action] if each)
        has = f"it has {patterns}" if patterns else "it answers at once"
        findings.add("SW118", f"{target} has no .{resource.pattern}: {has}", where)
