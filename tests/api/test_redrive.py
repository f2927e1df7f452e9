"""RedriveExecution, and what other operations tell of redrives."""

from __future__ import annotations

import itertools

import pytest

from tests.api.machines import FAILING, MAPPING, PASS, WAITING, ended, refused

COUNTER = itertools.count()


def test_an_execution_that_failed_is_redriven(sfn, run):
    failed = run(FAILING, "{}")
    assert (failed["status"], failed["redriveStatus"], failed["redriveCount"]) == ("FAILED", "REDRIVABLE", 0)
    assert "redriveStatusReason" not in failed
    assert "redriveDate" not in failed
    answer = sfn.redrive_execution(executionArn=failed["executionArn"])
    redriven = ended(sfn, failed["executionArn"])
    assert answer["redriveDate"] == redriven["redriveDate"]
    assert (redriven["status"], redriven["redriveCount"]) == ("FAILED", 1)
    events = sfn.get_execution_history(executionArn=failed["executionArn"])["events"]
    (event,) = [event for event in events if event["type"] == "ExecutionRedriven"]
    assert event["executionRedrivenEventDetails"] == {"redriveCount": 1}


def test_lists_tell_which_executions_were_redriven(sfn, make):
    machine = make(FAILING)
    arns = [sfn.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(2)]
    for arn in arns:
        ended(sfn, arn)
    sfn.redrive_execution(executionArn=arns[0])
    ended(sfn, arns[0])

    def listed(**more):
        return sfn.list_executions(stateMachineArn=machine, **more)["executions"]

    assert [each["redriveCount"] for each in listed() if each["executionArn"] == arns[0]] == [1]
    assert [each["executionArn"] for each in listed(redriveFilter="REDRIVEN")] == [arns[0]]
    assert [each["executionArn"] for each in listed(redriveFilter="NOT_REDRIVEN")] == [arns[1]]


@pytest.mark.parametrize(("definition", "status"), [(PASS, "SUCCEEDED"), (WAITING, "RUNNING")])
def test_what_cannot_be_redriven_is_refused_with_the_reason_that_is_described(sfn, make, definition, status):
    arn = sfn.start_execution(stateMachineArn=make(definition))["executionArn"]
    described = ended(sfn, arn) if status == "SUCCEEDED" else sfn.describe_execution(executionArn=arn)
    reason = f"Execution is {status} and cannot be redriven"
    assert (described["redriveStatus"], described["redriveStatusReason"]) == ("NOT_REDRIVABLE", reason)
    assert refused(sfn.redrive_execution, executionArn=arn) == ("ExecutionNotRedrivable", reason)


def test_what_does_not_exist_is_not_redriven(sfn, make):
    missing = make(PASS).replace(":stateMachine:", ":execution:") + ":missing"
    assert refused(sfn.redrive_execution, executionArn=missing)[0] == "ExecutionDoesNotExist"
    assert refused(sfn.redrive_execution, executionArn="arn:no")[0] == "InvalidArn"


def test_a_client_token_that_comes_again_redrives_nothing(sfn, run):
    arn = run(FAILING, "{}")["executionArn"]
    token = f"token-{next(COUNTER)}"
    first = sfn.redrive_execution(executionArn=arn, clientToken=token)
    ended(sfn, arn)
    assert sfn.redrive_execution(executionArn=arn, clientToken=token)["redriveDate"] == first["redriveDate"]
    assert ended(sfn, arn)["redriveCount"] == 1


def test_a_map_run_tells_of_its_redrive(sfn, run):
    failed = run(MAPPING, '{"items": [{"value": 1}, {"no": 2}]}')
    assert failed["status"] == "FAILED"
    sfn.redrive_execution(executionArn=failed["executionArn"])
    ended(sfn, failed["executionArn"])
    (listed,) = sfn.list_map_runs(executionArn=failed["executionArn"])["mapRuns"]
    described = sfn.describe_map_run(mapRunArn=listed["mapRunArn"])
    assert (described["redriveCount"], described["status"]) == (1, "FAILED")
    assert described["redriveDate"] > described["startDate"]
    counts = described["executionCounts"]
    assert (counts["succeeded"], counts["failed"], counts["total"]) == (1, 1, 2)
    children = sfn.list_executions(mapRunArn=listed["mapRunArn"], redriveFilter="REDRIVEN")["executions"]
    (child,) = [sfn.describe_execution(executionArn=each["executionArn"]) for each in children]
    assert (child["redriveStatus"], child["redriveCount"]) == ("REDRIVABLE_BY_MAP_RUN", 1)
    assert refused(sfn.redrive_execution, executionArn=child["executionArn"])[0] == "ExecutionNotRedrivable"
