"""Executions: whether the one that claimed a file still works on it, and for how long its functions may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.aws import calling, step_functions

# No function lives longer, neither one that was invoked directly nor one whose execution was stopped:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LONGEST_INVOCATION = timedelta(minutes=15)
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LONGEST_EXPRESS = timedelta(minutes=5)
_ALIVE = frozenset({"RUNNING", "PENDING_REDRIVE"})


def end_of(execution: str, since: datetime) -> datetime | None:
    """Return when an execution ended, None of one that may work still; `since` is when it claimed.

    `execution` is an ARN, or the request id of a direct call. An execution that Step Functions does not know
    (any more) ended long ago. Of EXPRESS ones it says nothing; those live five minutes:
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    if not execution.startswith("arn:"):
        return since if datetime.now(UTC) - since > LONGEST_INVOCATION else None
    if ":express:" in execution:
        ended = since + LONGEST_EXPRESS
        return ended if datetime.now(UTC) > ended else None
    from botocore.exceptions import ClientError

    with calling("Step Functions DescribeExecution"):
        try:
            answer = step_functions().describe_execution(executionArn=execution)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
            return datetime.fromtimestamp(0, UTC)
    return None if answer["status"] in _ALIVE else answer.get("stopDate", datetime.now(UTC))
