"""Optimised integrations with services that run jobs: their actions, and `.sync`, which waits for the end.

The table of `job_kinds` says how each job is followed. A job is stopped where the Task that waits for it is:
by StopExecution, a timeout or a failure beside it.
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from statewright.engine.errors import StateFailure
from statewright.engine.integrations import emr
from statewright.engine.integrations.aws import Dialect, perform
from statewright.engine.integrations.job_kinds import JOBS, Job
from statewright.engine.payloads import dump, load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.engine.integrations.call import TaskCall

Json = Any

# How long between two looks at a job: the engine's clock scales the first, never the second.
POLL_SECONDS = 2.0
SHORTEST_POLL_SECONDS = 0.02

_NAMES = {
    "athena": ("Athena", "AmazonAthena"),
    "batch": ("Batch", "AWSBatch"),
    "bedrock": ("Bedrock", "AmazonBedrock"),
    "codebuild": ("CodeBuild", "AWSCodeBuild"),
    "databrew": ("DataBrew", "AWSGlueDataBrew"),
    "ecs": ("ECS", "AmazonECS"),
    "eks": ("EKS", "AmazonEKS"),
    "emr-containers": ("EMRContainers", "AmazonEMRContainers"),
    "emr-serverless": ("EMRServerless", "AWSEMRServerless"),
    "glue": ("Glue", "AWSGlue"),
    "mediaconvert": ("MediaConvert", "AWSMediaConvert"),
    "sagemaker": ("SageMaker", "AmazonSageMaker"),
}
DIALECTS = {
    "elasticmapreduce": emr.DIALECT,
    **{service: Dialect(prefix, name, f"{name}Exception") for service, (prefix, name) in _NAMES.items()},
}
# Actions beside those of JOBS: plain calls.
PLAIN = frozenset(
    [
        *(f"elasticmapreduce:{action}" for action in emr.OPERATIONS),
        "athena:getQueryExecution",
        "athena:getQueryResults",
        "athena:stopQueryExecution",
        "codebuild:batchDeleteBuilds",
        "codebuild:batchGetReports",
        "codebuild:deleteBuildBatch",
        "codebuild:stopBuild",
        "codebuild:stopBuildBatch",
        "emr-containers:createVirtualCluster",
        "emr-serverless:cancelJobRun",
        "sagemaker:createEndpoint",
        "sagemaker:createEndpointConfig",
        "sagemaker:createModel",
        "sagemaker:updateEndpoint",
    ]
)
# Services whose Tasks may wait for a token, too.
_CALLBACKS = frozenset({"bedrock", "ecs", "eks"})


def patterns(name: str) -> frozenset[str]:
    """Give the patterns of an integration ("glue:startJobRun"): "", "sync", "waitForTaskToken"."""
    service = name.partition(":")[0]
    callback = {"waitForTaskToken"} if service in _CALLBACKS else set()
    return frozenset({"", *callback, *({"sync"} if name in JOBS else ())})


async def perform_action(call: TaskCall) -> Json:
    """Perform an action of JOBS or PLAIN."""
    service, action = call.resource.service, call.resource.action
    if service == "elasticmapreduce":
        return await emr.perform_action(call)
    return await perform(call.engine, service, action, call.arguments, DIALECTS[service])


async def invoke_model(call: TaskCall) -> Json:
    """Perform `bedrock:invokeModel`; a Body that is JSON is given as a value."""
    answer = await perform(call.engine, "bedrock-runtime", "invokeModel", call.arguments, DIALECTS["bedrock"])
    try:
        return {**answer, "Body": load(answer["Body"])}
    except (KeyError, TypeError, ValueError):
        return answer


async def wait_for_job(call: TaskCall, started: Mapping[str, Json]) -> Json:
    """Wait for the job that was started; raises StateFailure where it does not end well."""
    job = JOBS[f"{call.resource.service}:{call.resource.action}"]
    known = {**call.arguments, **started}
    if started.get("Failures"):
        raise StateFailure("States.TaskFailed", dump(started["Failures"]))
    try:
        return await _follow(call, job, known)
    except asyncio.CancelledError:
        await _stop(call, job, known)
        raise


async def _follow(call: TaskCall, job: Job, known: Mapping[str, Json]) -> Json:
    described: dict[str, Json] = {}
    while True:
        try:
            described = await _ask(call, job.describe, parameters(job.ids, known))
        except StateFailure as failure:
            if job.gone and failure.error == job.gone:
                return described
            raise
        found = at(described, job.job)
        status = at(found, job.status)
        if status in job.succeeded or status in job.failed:
            break
        await call.engine.clock.sleep(POLL_SECONDS)
        await asyncio.sleep(SHORTEST_POLL_SECONDS)
    result = described if job.result == "" else {job.result: found} if job.result else found
    if job.keeps:
        result = {**{name: known.get(name) for name in job.keeps}, **result}
    if status in job.failed or not _has_exited_well(found):
        raise StateFailure("States.TaskFailed", dump(result))
    return result


def _has_exited_well(found: Json) -> bool:
    """Say whether no container of a task of ECS failed; other jobs have none."""
    containers = found.get("Containers") if isinstance(found, dict) and "TaskArn" in found else None
    return all(each.get("ExitCode") == 0 for each in containers or ())


async def _stop(call: TaskCall, job: Job, known: Mapping[str, Json]) -> None:
    if not job.stop:
        return
    # Best effort, as AWS has it: a job that ended in the meantime cannot be stopped.
    try:
        await _ask(call, job.stop, parameters(job.stop_ids or job.ids, known))
    except StateFailure:
        return


async def _ask(call: TaskCall, action: str, arguments: dict[str, Json]) -> dict[str, Json]:
    service = call.resource.service
    client = "emr" if service == "elasticmapreduce" else service
    answer = await perform(call.engine, client, action, arguments, DIALECTS[service])
    return {name: value for name, value in answer.items() if not name.startswith("Sdk")}


def parameters(ids: Mapping[str, str | list[str]], known: Mapping[str, Json]) -> dict[str, Json]:
    """Fill the paths of an action's parameters; those that lead nowhere are left out."""
    filled: dict[str, Json] = {}
    for name, path in ids.items():
        value = [at(known, path[0])] if isinstance(path, list) else at(known, path)
        if value not in (None, [None]):
            filled[name] = value
    return filled


def at(value: Json, path: str) -> Json:
    """Follow a path ("Jobs.0.Status"; "" is the value itself); None where it leads nowhere."""
    if path.startswith("="):
        return path[1:]
    for part in path.split(".") if path else ():
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value
