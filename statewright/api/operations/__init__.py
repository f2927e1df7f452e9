"""The operations of the Step Functions API: coroutines from an engine and a checked request to a response.

An operation that AWS has and this table does not is refused by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.api.operations import (
    activities,
    definitions,
    executions,
    map_runs,
    state_machines,
    tags,
    tasks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.api.operations.types import Operation

OPERATIONS: Mapping[str, Operation] = {
    "CreateActivity": activities.create_activity,
    "CreateStateMachine": state_machines.create_state_machine,
    "DeleteActivity": activities.delete_activity,
    "DeleteStateMachine": state_machines.delete_state_machine,
    "DescribeActivity": activities.describe_activity,
    "DescribeExecution": executions.describe_execution,
    "DescribeMapRun": map_runs.describe_map_run,
    "DescribeStateMachine": state_machines.describe_state_machine,
    "DescribeStateMachineForExecution": executions.describe_state_machine_for_execution,
    "GetActivityTask": activities.get_activity_task,
    "GetExecutionHistory": executions.get_execution_history,
    "ListActivities": activities.list_activities,
    "ListExecutions": executions.list_executions,
    "ListMapRuns": map_runs.list_map_runs,
    "ListStateMachines": state_machines.list_state_machines,
    "ListTagsForResource": tags.list_tags_for_resource,
    "SendTaskFailure": tasks.send_task_failure,
    "SendTaskHeartbeat": tasks.send_task_heartbeat,
    "SendTaskSuccess": tasks.send_task_success,
    "StartExecution": executions.start_execution,
    "StartSyncExecution": executions.start_sync_execution,
    "StopExecution": executions.stop_execution,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "UpdateMapRun": map_runs.update_map_run,
    "UpdateStateMachine": state_machines.update_state_machine,
    "ValidateStateMachineDefinition": definitions.validate_state_machine_definition,
}
