"""Taking a Task's Resource apart."""

from __future__ import annotations

import re

from statewright.asl.tree import Resource

_INTEGRATION = re.compile(
    r"arn:aws[a-z-]*:states:[a-z0-9-]*:\d*:(?P<sdk>aws-sdk:)?(?P<service>[A-Za-z0-9-]+):(?P<action>[A-Za-z0-9]+)"
    r"(\.(?P<pattern>sync:2|sync|waitForTaskToken))?"
)
_ACTIVITY = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]+:\d+:activity:.+")
_LAMBDA = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]*:\d*:function:.+")


def parse_resource(arn: str) -> Resource:
    """Say what an ARN calls; `kind` is "other" for what is no ARN of these, a placeholder for instance."""
    if _LAMBDA.fullmatch(arn):
        return Resource(arn, "lambda", "lambda", "invoke")
    if _ACTIVITY.fullmatch(arn):
        return Resource(arn, "activity")
    match = _INTEGRATION.fullmatch(arn)
    if match is None:
        return Resource(arn, "other")
    kind = "sdk" if match["sdk"] else "integration"
    return Resource(arn, kind, match["service"], match["action"], match["pattern"] or "")  # type: ignore[arg-type]
