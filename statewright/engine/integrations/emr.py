"""`elasticmapreduce:…`: EMR's integration, whose actions wrap those of EMR under other names.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.engine.errors import StateFailure
from statewright.engine.integrations.aws import Dialect, UnsupportedParameter, perform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.engine.integrations.call import TaskCall

Json = Any

DIALECT = Dialect("ElasticMapReduce", "AmazonElasticMapReduce", "AmazonElasticMapReduceException")
# Ours: EMR's.
OPERATIONS = {
    "addStep": "addJobFlowSteps",
    "cancelStep": "cancelSteps",
    "createCluster": "runJobFlow",
    "modifyInstanceFleetByName": "modifyInstanceFleet",
    "modifyInstanceGroupByName": "modifyInstanceGroups",
    "setClusterTerminationProtection": "setTerminationProtection",
    "terminateCluster": "terminateJobFlows",
}
# Parameters that are called otherwise; where EMR takes a list, the integration takes one.
_RENAMED: Mapping[str, Mapping[str, tuple[str, bool]]] = {
    "addStep": {"ClusterId": ("JobFlowId", False), "Step": ("Steps", True)},
    "cancelStep": {"StepId": ("StepIds", True)},
    "setClusterTerminationProtection": {"ClusterId": ("JobFlowIds", True)},
    "terminateCluster": {"ClusterId": ("JobFlowIds", True)},
}
_ANSWERED = {
    "addStep": ("StepIds", "StepId"),
    "cancelStep": ("CancelStepsInfoList", "CancelStepsInfo"),
    "createCluster": ("JobFlowId", "ClusterId"),
}
# What is found by its name: the parameter, its EMR form, the action that lists, its answer.
_NAMED = {
    "modifyInstanceFleetByName": ("InstanceFleet", "InstanceFleet", "listInstanceFleets", "InstanceFleets"),
    "modifyInstanceGroupByName": ("InstanceGroup", "InstanceGroups", "listInstanceGroups", "InstanceGroups"),
}


async def perform_action(call: TaskCall) -> Json:
    """Perform an action of OPERATIONS."""
    action = call.resource.action
    arguments = dict(call.arguments)
    if action == "createCluster":
        _check_cluster(arguments)
    if action in _NAMED:
        arguments = await _with_id(call, *_NAMED[action])
    renamed = _RENAMED.get(action, {})
    for name in [each for each in arguments if each in renamed]:
        wanted, is_list = renamed[name]
        value = arguments.pop(name)
        arguments[wanted] = [value] if is_list else value
    answer = await perform(call.engine, "emr", OPERATIONS[action], arguments, DIALECT)
    if action in _ANSWERED:
        theirs, ours = _ANSWERED[action]
        value = answer.pop(theirs, None)
        first = (value[0] if value else None) if isinstance(value, list) else value
        answer = {ours: first, **answer}
    return answer


def _check_cluster(arguments: dict[str, Json]) -> None:
    instances = arguments.get("Instances")
    alive = isinstance(instances, dict) and instances.get("KeepJobFlowAliveWhenNoSteps")
    if alive is not True:
        raise UnsupportedParameter("The field 'Instances.KeepJobFlowAliveWhenNoSteps' must be true")
    if "Steps" in arguments:
        raise UnsupportedParameter('The field "Steps" is not supported by Step Functions')


async def _with_id(call: TaskCall, kind: str, member: str, listing: str, listed: str) -> dict[str, Json]:
    """Find what is named; give EMR's parameters."""
    given = dict(call.arguments)
    cluster, name, change = (given.pop(each, None) for each in ("ClusterId", f"{kind}Name", kind))
    if given or cluster is None or name is None or not isinstance(change, dict):
        raise UnsupportedParameter(f"The fields must be 'ClusterId', '{kind}Name' and '{kind}'")
    if f"{kind}Id" in change:
        raise UnsupportedParameter(f'The field "{kind}.{kind}Id" is not supported by Step Functions')
    marker: dict[str, Json] = {}
    while True:
        page = await perform(call.engine, "emr", listing, {"ClusterId": cluster, **marker}, DIALECT)
        found = next((each for each in page.get(listed, ()) if each.get("Name") == name), None)
        if found is not None:
            changed = {f"{kind}Id": found["Id"], **change}
            return {"ClusterId": cluster, member: changed if member == kind else [changed]}
        if not page.get("Marker"):
            raise StateFailure(f"{DIALECT.prefix}.{DIALECT.fallback}", f"There is no {kind} named '{name}'")
        marker = {"Marker": page["Marker"]}
