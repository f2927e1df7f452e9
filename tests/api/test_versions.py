"""Versions of state machines through the API, driven by boto3."""

from __future__ import annotations

import json

import pytest

from tests.api.machines import DOUBLE, PASS, ROLE, WAITING, ended, refused

MISSING = "arn:aws:states:us-east-1:000000000000:stateMachine:missing"


@pytest.fixture
def revise(sfn):
    """Change the definition of a machine; give the answer."""

    def change(arn, comment, **options):
        return sfn.update_state_machine(
            stateMachineArn=arn, definition=json.dumps({**PASS, "Comment": comment}), **options
        )

    return change


@pytest.fixture
def versions(sfn):
    """List the numbers of a machine's versions, as they are listed."""

    def numbers(arn):
        listed = sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
        return [int(each["stateMachineVersionArn"].removeprefix(f"{arn}:")) for each in listed]

    return numbers


def test_a_version_is_published_with_the_machine_or_with_its_update(sfn, make, revise, versions):
    arn = make(publish=True, versionDescription="the first")
    described = sfn.describe_state_machine(stateMachineArn=f"{arn}:1")
    assert (described["stateMachineArn"], described["description"]) == (f"{arn}:1", "the first")
    assert "description" not in sfn.describe_state_machine(stateMachineArn=arn)
    updated = revise(arn, "second", publish=True)
    assert updated["stateMachineVersionArn"] == f"{arn}:2"
    assert "stateMachineVersionArn" not in revise(arn, "third")
    assert versions(arn) == [2, 1]


def test_a_version_never_changes(sfn, make, revise):
    arn = make(publish=True)
    revision = revise(arn, "second", publish=True)["revisionId"]
    revise(arn, "third")
    first = sfn.describe_state_machine(stateMachineArn=f"{arn}:1")
    second = sfn.describe_state_machine(stateMachineArn=f"{arn}:2")
    assert json.loads(first["definition"]) == PASS
    assert "revisionId" not in first
    assert json.loads(second["definition"])["Comment"] == "second"
    assert second["revisionId"] == revision


def test_the_same_revision_is_published_once(sfn, make, revise, versions):
    arn = make()
    one = sfn.publish_state_machine_version(stateMachineArn=arn)
    for request in ({}, {"revisionId": "INITIAL"}, {"description": "another"}):
        again = sfn.publish_state_machine_version(stateMachineArn=arn, **request)
        assert again["stateMachineVersionArn"] == one["stateMachineVersionArn"] == f"{arn}:1"
    same = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(PASS), publish=True)
    assert same["stateMachineVersionArn"] == f"{arn}:1"
    assert versions(arn) == [1]


def test_a_revision_that_is_no_longer_there_is_not_published(sfn, make, revise):
    arn = make()
    old = revise(arn, "second")["revisionId"]
    current = revise(arn, "third")["revisionId"]
    assert refused(sfn.publish_state_machine_version, stateMachineArn=arn, revisionId=old) == (
        "ConflictException",
        f"Failed to publish the State Machine version for revision {old}."
        f" The current State Machine revision is {current}.",
    )
    made = sfn.publish_state_machine_version(stateMachineArn=arn, revisionId=current, description="good")
    assert made["stateMachineVersionArn"] == f"{arn}:1"
    assert sfn.describe_state_machine(stateMachineArn=f"{arn}:1")["description"] == "good"


def test_the_number_of_a_deleted_version_is_not_given_again(sfn, make, revise, versions):
    arn = make(publish=True)
    revise(arn, "second", publish=True)
    sfn.delete_state_machine_version(stateMachineVersionArn=f"{arn}:2")
    sfn.delete_state_machine_version(stateMachineVersionArn=f"{arn}:2")
    assert versions(arn) == [1]
    assert sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"] == f"{arn}:3"


def test_versions_are_listed_in_pages(sfn, make, revise):
    arn = make(publish=True)
    for number in range(4):
        revise(arn, str(number), publish=True)
    request = {"stateMachineArn": arn, "maxResults": 2}
    first = sfn.list_state_machine_versions(**request)
    sfn.delete_state_machine_version(stateMachineVersionArn=f"{arn}:4")
    second = sfn.list_state_machine_versions(**request, nextToken=first["nextToken"])
    third = sfn.list_state_machine_versions(**request, nextToken=second["nextToken"])
    found = [
        each["stateMachineVersionArn"][-1]
        for page in (first, second, third)
        for each in page["stateMachineVersions"]
    ]
    assert found == ["5", "4", "3", "2", "1"]
    assert refused(sfn.list_state_machine_versions, **request, nextToken="x")[0] == "InvalidToken"


def test_a_description_without_a_version_is_refused(sfn, make):
    words = ("ValidationException", "Version description can only be set when publish is true")
    request = {"name": "n", "definition": json.dumps(PASS), "roleArn": ROLE}
    assert refused(sfn.create_state_machine, **request, versionDescription="v") == words
    assert refused(sfn.update_state_machine, stateMachineArn=make(), versionDescription="v") == words


def test_creating_again_must_publish_again_as_the_first_time(sfn, make):
    arn = make(publish=True, versionDescription="v")
    request = {"name": arn.rpartition(":")[2], "definition": json.dumps(PASS), "roleArn": ROLE}
    again = sfn.create_state_machine(**request, publish=True, versionDescription="v")
    assert again["stateMachineVersionArn"] == f"{arn}:1"
    for other in ({}, {"publish": True}, {"publish": True, "versionDescription": "w"}):
        assert refused(sfn.create_state_machine, **request, **other)[0] == "StateMachineAlreadyExists"


def test_an_execution_of_a_version_runs_its_definition_and_names_it(sfn, make):
    arn = make(DOUBLE, publish=True)
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(PASS))
    by_version = sfn.start_execution(stateMachineArn=f"{arn}:1", input='{"value": 2}')["executionArn"]
    plain = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    described = ended(sfn, by_version)
    assert json.loads(described["output"]) == {"value": 4}
    assert (described["stateMachineArn"], described["stateMachineVersionArn"]) == (arn, f"{arn}:1")
    assert "stateMachineAliasArn" not in described
    assert "stateMachineVersionArn" not in ended(sfn, plain)
    listed = sfn.list_executions(stateMachineArn=f"{arn}:1")["executions"]
    assert [(each["executionArn"], each["stateMachineVersionArn"]) for each in listed] == [
        (by_version, f"{arn}:1")
    ]
    assert len(sfn.list_executions(stateMachineArn=arn)["executions"]) == 2
    started = sfn.get_execution_history(executionArn=by_version)["events"][0]["executionStartedEventDetails"]
    assert started["stateMachineVersionArn"] == f"{arn}:1"
    machine = sfn.describe_state_machine_for_execution(executionArn=by_version)
    assert (machine["stateMachineArn"], json.loads(machine["definition"])) == (arn, DOUBLE)


def test_a_deleted_version_starts_nothing_and_its_executions_go_on(sfn, make):
    arn = make(WAITING, publish=True)
    running = sfn.start_execution(stateMachineArn=f"{arn}:1")["executionArn"]
    sfn.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    gone = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}:1'")
    assert refused(sfn.start_execution, stateMachineArn=f"{arn}:1") == gone
    assert refused(sfn.describe_state_machine, stateMachineArn=f"{arn}:1") == gone
    assert refused(sfn.list_executions, stateMachineArn=f"{arn}:1") == gone
    assert sfn.describe_execution(executionArn=running)["status"] == "RUNNING"
    sfn.stop_execution(executionArn=running)


def test_an_express_version_answers_at_once(sfn, make):
    arn = make(DOUBLE, type="EXPRESS", publish=True)
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(PASS))
    answer = sfn.start_sync_execution(stateMachineArn=f"{arn}:1", input='{"value": 3}')
    assert json.loads(answer["output"]) == {"value": 6}
    assert answer["stateMachineArn"] == arn


def test_versions_go_with_their_machine(sfn, make, versions):
    arn = make(publish=True)
    sfn.delete_state_machine(stateMachineArn=arn)
    assert versions(arn) == []
    name = arn.rpartition(":")[2]
    sfn.create_state_machine(name=name, definition=json.dumps(PASS), roleArn=ROLE)
    assert sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"] == f"{arn}:1"


def test_what_is_no_version_is_refused_in_awss_words(sfn, make):
    arn = make(publish=True)
    gone = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}:1'")
    assert refused(sfn.update_state_machine, stateMachineArn=f"{arn}:1", roleArn=ROLE) == gone
    assert refused(sfn.publish_state_machine_version, stateMachineArn=MISSING) == (
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: '{MISSING}'",
    )
    assert refused(sfn.publish_state_machine_version, stateMachineArn="invalid_arn") == (
        "InvalidArn",
        "Invalid Arn: 'Invalid ARN prefix: invalid_arn'",
    )
    assert refused(sfn.delete_state_machine_version, stateMachineVersionArn=arn)[0] == "InvalidArn"
    assert refused(sfn.tag_resource, resourceArn=f"{arn}:1", tags=[{"key": "k", "value": "v"}]) == (
        "ResourceNotFound",
        f"Resource not found: '{arn}:1'",
    )
    assert refused(sfn.start_execution, stateMachineArn=f"{arn}/Label")[0] == "ValidationException"
    assert refused(sfn.start_execution, stateMachineArn=f"{arn}:1:2")[0] == "InvalidArn"
