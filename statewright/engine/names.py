"""Names and ARNs of Step Functions.

    arn:aws:states:<region>:<account>:stateMachine:<name>
    arn:aws:states:<region>:<account>:stateMachine:<name>:<version or alias>
    arn:aws:states:<region>:<account>:execution:<machine>:<name>
    arn:aws:states:<region>:<account>:execution:<machine>/<label>:<uuid>   of a map run
    arn:aws:states:<region>:<account>:express:<machine>:<name>:<uuid>
    arn:aws:states:<region>:<account>:express:<uuid>:<uuid>                what TestState runs a state in
    arn:aws:states:<region>:<account>:mapRun:<machine>/<label>:<uuid>
    arn:aws:states:<region>:<account>:activity:<name>

Rules of names: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from statewright.engine.errors import InvalidArn, InvalidName

_FORBIDDEN = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")
_ARN = re.compile(r"arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):(\d{12})?:(.+)")
MAX_NAME_LENGTH = 80


def check_name(name: str) -> None:
    """Raise InvalidName for a name that AWS refuses."""
    if not 0 < len(name) <= MAX_NAME_LENGTH or _FORBIDDEN.search(name):
        raise InvalidName(f"Invalid Name: '{name}'")


@dataclass(frozen=True)
class Arns:
    """Writes the ARNs of one account in one region, and checks those of requests."""

    account: str
    region: str

    def state_machine(self, name: str) -> str:
        return self._arn(f"stateMachine:{name}")

    def activity(self, name: str) -> str:
        return self._arn(f"activity:{name}")

    def execution(self, machine: str, name: str) -> str:
        return self._arn(f"execution:{machine}:{name}")

    def express(self, machine: str, name: str, unique: str) -> str:
        return self._arn(f"express:{machine}:{name}:{unique}")

    def single_state(self, machine: str, name: str) -> str:
        return self._arn(f"express:{machine}:{name}")

    def map_run(self, machine: str, label: str, unique: str) -> str:
        return self._arn(f"mapRun:{machine}/{label}:{unique}")

    def _arn(self, resource: str) -> str:
        return f"arn:aws:states:{self.region}:{self.account}:{resource}"


def check_arn(arn: str, *kinds: str) -> None:
    """Raise InvalidArn unless `arn` is one of Step Functions and of one of these kinds."""
    if not arn.startswith("arn:"):
        raise InvalidArn(f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    match = _ARN.fullmatch(arn)
    if match is None or match.group(2) != "states":
        raise InvalidArn(f"Invalid Arn: '{arn}'")
    kind = match.group(5).partition(":")[0]
    if kind not in kinds:
        raise InvalidArn(f"Invalid Arn: 'Resource type not valid in this context: {kind}'")


def check_execution_arn(arn: str) -> None:
    """Raise InvalidArn unless `arn` is an execution's that is described: STANDARD, or a map run's child.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    is_child = arn.count(":") > 6 and "/" in arn.split(":")[6]
    check_arn(arn, *(("execution", "express") if is_child else ("execution",)))


def machine_name(arn: str) -> str:
    """Give the name in a state machine's ARN."""
    return arn.split(":")[6]


def split_qualifier(arn: str) -> tuple[str, str | None]:
    """Split a state machine's ARN into the machine's own and the version or alias behind it, if any.

    Raises InvalidArn for what is no ARN of a state machine.
    """
    check_arn(arn, "stateMachine")
    parts = arn.split(":")
    if len(parts) > 8 or not all(parts[6:]):
        raise InvalidArn(f"Invalid Arn: '{arn}'")
    return ":".join(parts[:7]), parts[7] if len(parts) == 8 else None
