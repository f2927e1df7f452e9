"""The gradual shift to a new version: by weight, watched, and back on an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from statewright.deploy.shifting import (
    CannotShift,
    Move,
    Returned,
    Watched,
    check_alarms,
    moves,
    shift,
    stable_versions,
)
from tests.deploy.conftest import routes, set_alarm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.conftest import Machine


class Hours:
    """A clock that passes only while somebody sleeps; `at` happens in a pause, by its number."""

    def __init__(self, at: dict[int, Callable[[], Any]] | None = None) -> None:
        self.now, self.pauses, self.at = 0.0, 0, at or {}

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses += 1
        self.at.get(self.pauses, lambda: None)()


def move(machine: Machine) -> Move:
    return Move("ingest", machine.alias, machine.version(1), machine.version(2))


def test_a_new_version_gets_its_share_then_everything(
    sfn: Any, cloudwatch: Any, machine: Machine, alarm: str
) -> None:
    seen: list[dict[int, int]] = []
    clock = Hours({20: lambda: seen.append(routes(sfn, machine.alias))})
    told: list[str] = []

    shift([move(machine)], Watched([alarm], 10, 600), sfn, cloudwatch, told.append, clock)

    assert seen == [{1: 90, 2: 10}]
    assert routes(sfn, machine.alias) == {2: 100}
    assert clock.now == 600
    assert told[0] == "10 % of new executions take the new version of ingest"
    assert "no alarm; 5.0 minutes to go" in told
    assert told[-2:] == [
        "ingest: the new version ran no execution, so nothing was tried",
        "all new executions take the new version of ingest",
    ]


def test_how_often_the_new_version_was_tried_is_told(
    sfn: Any, cloudwatch: Any, machine: Machine, alarm: str
) -> None:
    def start_both() -> None:
        for number, name in ((1, "old"), (2, "new")):
            sfn.start_execution(stateMachineArn=machine.version(number), name=name)

    told: list[str] = []

    shift([move(machine)], Watched([alarm], 10, 60), sfn, cloudwatch, told.append, Hours({1: start_both}))

    assert told[-2] == "ingest: the new version ran 1 executions, 0 of them failed"


def test_an_alarm_brings_the_old_version_back(
    sfn: Any, cloudwatch: Any, machine: Machine, alarm: str
) -> None:
    clock = Hours({3: lambda: set_alarm(cloudwatch, alarm, "ALARM")})

    with pytest.raises(Returned, match=f"these alarms rang: {alarm}"):
        shift([move(machine)], Watched([alarm], 10, 600), sfn, cloudwatch, lambda _: None, clock)

    assert clock.pauses == 3
    assert routes(sfn, machine.alias) == {1: 100}


def test_an_interrupt_brings_the_old_version_back(
    sfn: Any, cloudwatch: Any, machine: Machine, alarm: str
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(Returned, match="was interrupted"):
        shift(
            [move(machine)],
            Watched([alarm], 10, 600),
            sfn,
            cloudwatch,
            lambda _: None,
            Hours({1: interrupt}),
        )

    assert routes(sfn, machine.alias) == {1: 100}


def test_a_watch_that_fails_brings_the_old_version_back(sfn: Any, machine: Machine, alarm: str) -> None:
    class Blind:
        def describe_alarms(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeAlarms")

    with pytest.raises(Returned, match=r"could not be watched.*AccessDenied"):
        shift([move(machine)], Watched([alarm], 10, 60), sfn, Blind(), lambda _: None, Hours())

    assert routes(sfn, machine.alias) == {1: 100}


def test_an_alias_that_cannot_be_led_back_is_named_and_the_others_are(
    sfn: Any, cloudwatch: Any, machine: Machine, alarm: str
) -> None:
    gone = Move("stream", f"{machine.arn}:gone", machine.version(1), machine.version(2))

    with pytest.raises(Returned, match=r"gone does not lead back to .*set these aliases by hand"):
        shift(
            [move(machine), gone],
            Watched([alarm], 10, 60),
            sfn,
            cloudwatch,
            lambda _: None,
            Hours(),
        )

    assert routes(sfn, machine.alias) == {1: 100}


def test_the_stable_version_is_the_one_with_most_executions(sfn: Any, machine: Machine) -> None:
    aliases = {"ingest": machine.alias}

    assert stable_versions(sfn, aliases) == {"ingest": machine.version(1)}
    for weights, stable in (((90, 10), 1), ((50, 50), 1), ((10, 90), 2)):
        pairs = zip((1, 2), weights, strict=True)
        configuration = [
            {"stateMachineVersionArn": machine.version(number), "weight": weight} for number, weight in pairs
        ]
        sfn.update_state_machine_alias(stateMachineAliasArn=machine.alias, routingConfiguration=configuration)
        assert stable_versions(sfn, aliases) == {"ingest": machine.version(stable)}


def test_only_what_has_another_version_and_was_there_before_is_moved() -> None:
    aliases = {"changed": "a:live", "same": "b:live", "new": "c:live"}
    old = {"changed": "a:1", "same": "b:4"}
    new = {"changed": "a:2", "same": "b:4", "new": "c:1"}

    assert moves(aliases, old, new) == [Move("changed", "a:live", "a:1", "a:2")]


def test_alarms_that_are_quiet_may_watch(cloudwatch: Any, alarm: str) -> None:
    assert check_alarms(cloudwatch, [alarm], []) == [alarm]


def test_more_alarms_than_one_question_holds_are_all_asked_for(cloudwatch: Any, alarm: str) -> None:
    with pytest.raises(CannotShift, match=r"not in the account: other-0, .*other-99"):
        check_alarms(cloudwatch, [f"other-{number}" for number in range(100)] + [alarm], [])


def test_an_alarm_that_rings_already_is_no_watch(cloudwatch: Any, alarm: str) -> None:
    set_alarm(cloudwatch, alarm, "ALARM")

    with pytest.raises(CannotShift, match=f"ring already: {alarm}"):
        check_alarms(cloudwatch, [alarm], [])
    with pytest.raises(CannotShift, match="no alarm watches"):
        check_alarms(cloudwatch, [alarm], [alarm])


def test_an_ignored_alarm_must_exist(cloudwatch: Any, alarm: str) -> None:
    with pytest.raises(CannotShift, match="no alarm of this deployment is called typo"):
        check_alarms(cloudwatch, [alarm], ["typo"])
