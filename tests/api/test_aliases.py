"""Aliases of state machines through the API, driven by boto3."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from tests.api.machines import DOUBLE, PASS, ROLE, ended, refused

NOT_FOUND = ("ResourceNotFound", "Request references a resource that does not exist.")


def route(*pairs):
    return [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in pairs]


@pytest.fixture
def published(sfn, make):
    """Make a machine with three versions; the first doubles, the others pass."""
    arn = make(DOUBLE, publish=True)
    for comment in ("second", "third"):
        definition = json.dumps({**PASS, "Comment": comment})
        sfn.update_state_machine(stateMachineArn=arn, definition=definition, publish=True)
    return arn


@pytest.fixture
def alias(sfn, published):
    return sfn.create_state_machine_alias(name="PROD", routingConfiguration=route((f"{published}:1", 100)))[
        "stateMachineAliasArn"
    ]


def test_an_alias_is_described_updated_and_deleted(sfn, published, alias):
    assert alias == f"{published}:PROD"
    described = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
    assert (described["name"], described["routingConfiguration"]) == ("PROD", route((f"{published}:1", 100)))
    assert described["creationDate"] == described["updateDate"]
    assert "description" not in described
    half = route((f"{published}:1", 50), (f"{published}:2", 50))
    updated = sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=half)
    assert isinstance(updated["updateDate"], datetime)
    sfn.update_state_machine_alias(stateMachineAliasArn=alias, description="halves")
    described = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
    assert (described["routingConfiguration"], described["description"]) == (half, "halves")
    for _ in range(2):  # the second time there is none
        sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    assert refused(sfn.describe_state_machine_alias, stateMachineAliasArn=alias) == NOT_FOUND
    assert refused(sfn.update_state_machine_alias, stateMachineAliasArn=alias, description="d") == NOT_FOUND


def test_creating_the_same_alias_again_gives_the_same_answer(sfn, published, alias):
    request = {"name": "PROD", "routingConfiguration": route((f"{published}:1", 100))}
    assert sfn.create_state_machine_alias(**request)["stateMachineAliasArn"] == alias
    conflict = (
        "ConflictException",
        "Failed to create alias because an alias with the same name and a different routing configuration"
        " already exists.",
    )
    other = {"routingConfiguration": route((f"{published}:2", 100))}
    assert refused(sfn.create_state_machine_alias, **{**request, **other}) == conflict
    assert refused(sfn.create_state_machine_alias, **request, description="another") == conflict


def test_an_execution_of_an_alias_names_it_and_the_version(sfn, published, alias):
    arn = sfn.start_execution(stateMachineArn=alias, input='{"value": 1}')["executionArn"]
    described = ended(sfn, arn)
    assert json.loads(described["output"]) == {"value": 2}
    assert described["stateMachineArn"] == published
    assert described["stateMachineVersionArn"] == f"{published}:1"
    assert described["stateMachineAliasArn"] == alias
    sfn.start_execution(stateMachineArn=f"{published}:1", input='{"value": 1}')
    (listed,) = sfn.list_executions(stateMachineArn=alias)["executions"]
    assert (listed["executionArn"], listed["stateMachineAliasArn"]) == (arn, alias)
    assert len(sfn.list_executions(stateMachineArn=f"{published}:1")["executions"]) == 2
    started = sfn.get_execution_history(executionArn=arn)["events"][0]["executionStartedEventDetails"]
    assert started["stateMachineAliasArn"] == alias


def test_a_route_of_no_weight_is_never_taken(sfn, published):
    routes = route((f"{published}:1", 0), (f"{published}:2", 100))
    alias = sfn.create_state_machine_alias(name="ALL", routingConfiguration=routes)["stateMachineAliasArn"]
    for _ in range(20):
        arn = sfn.start_execution(stateMachineArn=alias)["executionArn"]
        assert sfn.describe_execution(executionArn=arn)["stateMachineVersionArn"] == f"{published}:2"


def test_a_version_that_an_alias_leads_to_is_not_deleted(sfn, published, alias):
    request = {"stateMachineVersionArn": f"{published}:1"}
    assert refused(sfn.delete_state_machine_version, **request) == (
        "ConflictException",
        "Version to be deleted must not be referenced by an alias."
        " Current list of aliases referencing this version: [PROD]",
    )
    sfn.update_state_machine_alias(
        stateMachineAliasArn=alias, routingConfiguration=route((f"{published}:2", 100))
    )
    sfn.delete_state_machine_version(**request)


def test_aliases_are_listed_by_machine_and_by_version_in_pages(sfn, published):
    names = ["c", "a", "b"]
    for number, name in enumerate(names):
        routes = route((f"{published}:{1 + number // 2}", 100))
        sfn.create_state_machine_alias(name=name, routingConfiguration=routes)

    def listed(**request):
        answer = sfn.list_state_machine_aliases(**request)
        found = [each["stateMachineAliasArn"].rpartition(":")[2] for each in answer["stateMachineAliases"]]
        return found, answer.get("nextToken")

    assert listed(stateMachineArn=published) == (names, None)
    assert listed(stateMachineArn=f"{published}:1") == (["c", "a"], None)
    first, token = listed(stateMachineArn=published, maxResults=2)
    sfn.delete_state_machine_alias(stateMachineAliasArn=f"{published}:a")
    rest, end = listed(stateMachineArn=published, maxResults=2, nextToken=token)
    assert (first, rest, end) == (["c", "a"], ["b"], None)
    assert refused(sfn.list_state_machine_aliases, stateMachineArn=published, nextToken="InvalidToken") == (
        "InvalidToken",
        "Invalid Token: 'Invalid token'",
    )
    assert refused(sfn.list_state_machine_aliases, stateMachineArn=f"{published}:9") == NOT_FOUND


def test_aliases_go_with_their_machine(sfn, published, alias):
    sfn.delete_state_machine(stateMachineArn=published)
    assert refused(sfn.describe_state_machine_alias, stateMachineAliasArn=alias) == NOT_FOUND
    assert refused(sfn.start_execution, stateMachineArn=alias) == (
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: '{alias}'",
    )


def test_routes_that_lead_nowhere_are_refused_in_awss_words(sfn, published, make):
    one, two, three = (f"{published}:{number}" for number in (1, 2, 3))

    def answer(*pairs):
        return refused(sfn.create_state_machine_alias, name="X", routingConfiguration=route(*pairs))

    def invalid(message):
        return ("ValidationException", message)

    assert answer((published, 100)) == invalid(
        f"Routing configuration must contain state machine version ARNs. Received: [{published}]"
    )
    assert answer((one, 50), (one, 50)) == invalid(
        f"Routing configuration must contain distinct state machine version ARNs. Received: [{one}, {one}]"
    )
    assert answer((one, 70), (two, 29)) == invalid(
        "Sum of routing configuration weights must equal 100. Received: [70, 29]"
    )
    assert "Member must have length less than or equal to 2" in answer((one, 50), (two, 30), (three, 20))[1]
    assert "Member must have value less than or equal to 100" in answer((one, 101))[1]
    assert answer((f"{published}:9", 100)) == NOT_FOUND
    other = make(publish=True)
    assert "versions of the same state machine" in answer((one, 50), (f"{other}:1", 50))[1]
    foreign = {"routingConfiguration": route((f"{other}:1", 100))}
    alias = sfn.create_state_machine_alias(name="Y", routingConfiguration=route((one, 100)))
    request = {"stateMachineAliasArn": alias["stateMachineAliasArn"]}
    assert refused(sfn.update_state_machine_alias, **request, **foreign)[0] == "ValidationException"
    assert refused(sfn.update_state_machine_alias, **request)[0] == "ValidationException"


@pytest.mark.parametrize("name", ["123", "!INVALID", "INVALID ALIAS", "A" * 81])
def test_an_alias_is_named_as_aws_allows(sfn, published, name):
    code, message = refused(
        sfn.create_state_machine_alias, name=name, routingConfiguration=route((f"{published}:1", 100))
    )
    assert code == "ValidationException"
    assert message.startswith(f"1 validation error detected: Value '{name}' at 'name' failed to satisfy")


def test_what_is_no_alias_is_refused(sfn, published, alias):
    request = {"stateMachineAliasArn": f"{published}:1"}
    assert refused(sfn.describe_state_machine_alias, **request)[0] == "InvalidArn"
    assert refused(sfn.delete_state_machine_alias, stateMachineAliasArn=published)[0] == "InvalidArn"
    gone = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{alias}'")
    assert refused(sfn.describe_state_machine, stateMachineArn=alias) == gone
    assert refused(sfn.update_state_machine, stateMachineArn=alias, roleArn=ROLE) == gone
    missing = f"{published}:NONE"
    assert refused(sfn.start_execution, stateMachineArn=missing) == (
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: '{missing}'",
    )
