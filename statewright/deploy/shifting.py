"""The gradual shift of executions to a new version of a state machine, and the return on an alarm.

Each state machine has an alias `live`, which is what everybody starts. It leads to one version, or to two by
weight: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-alias.html
A version names versions of functions, so the old one runs old code to its end.

CannotShift   the shift is not begun; nothing was moved
Returned      the shift was begun, and all aliases lead to their old versions again
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

POLL_SECONDS = 15.0
# DescribeAlarms takes as many names:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
ALARM_NAMES = 100
# ListExecutions gives as many at once:
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
LISTED = 1000


class CannotShift(Exception):  # noqa: N818 - what happened
    """There is no ground to begin on: alarms are missing or ring already."""


class Returned(Exception):  # noqa: N818 - what happened
    """The old versions have everything again."""


class Clock(Protocol):
    """What time.monotonic and time.sleep are."""

    def monotonic(self) -> float:
        """Return seconds."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


@dataclass(frozen=True)
class Move:
    """The alias `alias` (an ARN) of a state machine goes from version `old` to version `new` (ARNs)."""

    state_machine: str
    alias: str
    old: str
    new: str


@dataclass(frozen=True)
class Watched:
    """What watches a shift: names of alarms, how much goes first (percent), and for how long (seconds)."""

    alarms: Sequence[str]
    percent: int
    seconds: float


def stable_versions(sfn: Any, aliases: Mapping[str, str]) -> dict[str, str]:
    """Return the version that each state machine's alias leads most executions to.

    Where a shift was cut off in its middle, that is the version that it began from.
    """
    found = {}
    for state_machine, alias in aliases.items():
        routes = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"]
        heaviest = max(routes, key=lambda route: (route["weight"], -_number(route["stateMachineVersionArn"])))
        found[state_machine] = heaviest["stateMachineVersionArn"]
    return found


def _number(version: str) -> int:
    return int(version.rpartition(":")[2])


def moves(aliases: Mapping[str, str], old: Mapping[str, str], new: Mapping[str, str]) -> list[Move]:
    """Return what there is to move; an alias that was created just now leads to its version already."""
    pairs = [(name, alias) for name, alias in sorted(aliases.items()) if name in old and name in new]
    return [Move(name, alias, old[name], new[name]) for name, alias in pairs if old[name] != new[name]]


def check_alarms(cloudwatch: Any, alarms: Sequence[str], ignored: Collection[str]) -> list[str]:
    """Return the alarms that can tell of a new version; raises CannotShift.

    One that rings already cannot; it is left out where `ignored` names it.
    """
    unknown = sorted(set(ignored) - set(alarms))
    if unknown:
        raise CannotShift(f"no alarm of this deployment is called {', '.join(unknown)}")
    watching = [alarm for alarm in alarms if alarm not in ignored]
    if not watching:
        raise CannotShift("no alarm watches, so nothing would end the shift; deploy without --shift")
    states = _states(cloudwatch, watching)
    missing = sorted(set(watching) - set(states))
    if missing:
        raise CannotShift(
            f"these alarms are not in the account: {', '.join(missing)}; deploy without --shift"
        )
    ringing = sorted(name for name, state in states.items() if state == "ALARM")
    if ringing:
        raise CannotShift(
            f"these alarms ring already: {', '.join(ringing)}; see to them first (docs/operate.md),"
            " or leave them out with --ignore-alarm"
        )
    return watching


def shift(
    planned: Sequence[Move],
    watched: Watched,
    sfn: Any,
    cloudwatch: Any,
    tell: Callable[[str], None],
    clock: Clock = time,
) -> None:
    """Give the new versions their first share, watch, and give them everything; raises Returned.

    Whatever ends the watch early (an alarm, an AWS call that fails, an interrupt), the old versions get
    everything back.
    """
    try:
        _route_all(planned, watched.percent, sfn)
        tell(f"{watched.percent} % of new executions take the new version of {_named(planned)}")
        _watch(watched, cloudwatch, tell, clock)
        for move in planned:
            tell(_tried(move, sfn))
        _route_all(planned, 100, sfn)
    except BaseException as error:
        _return(planned, sfn, error)
        if isinstance(error, KeyboardInterrupt):
            raise Returned("the shift was interrupted") from error
        if isinstance(error, (BotoCoreError, ClientError)):
            raise Returned(f"the shift could not be watched: {error}") from error
        raise
    tell(f"all new executions take the new version of {_named(planned)}")


def _watch(watched: Watched, cloudwatch: Any, tell: Callable[[str], None], clock: Clock) -> None:
    end = clock.monotonic() + watched.seconds
    while (left := end - clock.monotonic()) > 0:
        clock.sleep(min(POLL_SECONDS, left))
        states = _states(cloudwatch, watched.alarms)
        ringing = sorted(name for name, state in states.items() if state == "ALARM")
        if ringing:
            raise Returned(f"these alarms rang: {', '.join(ringing)}")
        tell(f"no alarm; {max(0, end - clock.monotonic()) / 60:.1f} minutes to go")


def _tried(move: Move, sfn: Any) -> str:
    """Return how often the new version ran: where it never did, that no alarm rang says nothing."""
    try:
        ran = sfn.list_executions(stateMachineArn=move.new, maxResults=LISTED)["executions"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "StateMachineTypeNotSupported":
            raise
        return f"{move.state_machine}: Step Functions keeps no list of EXPRESS executions"
    if not ran:
        return f"{move.state_machine}: the new version ran no execution, so nothing was tried"
    failed = sum(each["status"] not in ("SUCCEEDED", "RUNNING") for each in ran)
    more = " or more" if len(ran) == LISTED else ""
    return f"{move.state_machine}: the new version ran {len(ran)}{more} executions, {failed} of them failed"


def _return(planned: Sequence[Move], sfn: Any, why: BaseException) -> None:
    """Lead every alias to its old version, the others also where one of them fails."""
    failed = []
    for move in planned:
        try:
            _route(move.alias, {move.old: 100}, sfn)
        except (BotoCoreError, ClientError) as error:
            failed.append(f"{move.alias} does not lead back to {move.old}: {error}")
    if failed:
        raise Returned("; ".join([f"{why}", *failed, "set these aliases by hand"])) from why


def _route_all(planned: Sequence[Move], percent: int, sfn: Any) -> None:
    for move in planned:
        routes = {move.new: percent, move.old: 100 - percent}
        _route(move.alias, {version: weight for version, weight in routes.items() if weight}, sfn)


def _route(alias: str, routes: Mapping[str, int], sfn: Any) -> None:
    sfn.update_state_machine_alias(
        stateMachineAliasArn=alias,
        routingConfiguration=[
            {"stateMachineVersionArn": version, "weight": weight} for version, weight in routes.items()
        ],
    )


def _states(cloudwatch: Any, alarms: Sequence[str]) -> dict[str, str]:
    """Return the states of alarms by name."""
    found: dict[str, str] = {}
    for start in range(0, len(alarms), ALARM_NAMES):
        answer = cloudwatch.describe_alarms(
            AlarmNames=list(alarms[start : start + ALARM_NAMES]),
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            MaxRecords=ALARM_NAMES,
        )
        both = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
        found |= {alarm["AlarmName"]: alarm["StateValue"] for alarm in both}
    return found


def _named(planned: Sequence[Move]) -> str:
    return ", ".join(move.state_machine for move in planned)
