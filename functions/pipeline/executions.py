"""Executions: whether the one that claimed a file still works on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.aws import calling, step_functions

# Who claims without an execution was invoked directly; no function lives longer:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LONGEST_INVOCATION = timedelta(minutes=15)
_ALIVE = frozenset({"RUNNING", "PENDING_REDRIVE"})


def is_over(execution: str, since: datetime) -> bool:
    """Return whether an execution works no more; `since` is when it claimed.

    `execution` is an ARN, or the request id of a direct call. An execution that Step Functions does not know
    (any more) is over: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    if not execution.startswith("arn:"):
        return datetime.now(UTC) - since > LONGEST_INVOCATION
    from botocore.exceptions import ClientError

    with calling("Step Functions DescribeExecution"):
        try:
            return step_functions().describe_execution(executionArn=execution)["status"] not in _ALIVE
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
            return True
