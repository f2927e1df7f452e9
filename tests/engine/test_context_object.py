"""The context object: `$$` in JSONPath, `$states.context` in JSONata.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

import pytest

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
WHOLE = [
    {"Type": "Pass", "InputPath": "$$"},
    {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.context %}"},
]


@pytest.mark.parametrize("state", WHOLE, ids=["JSONPath", "JSONata"])
def test_it_tells_of_execution_machine_and_state(execute, state):
    found = execute(state, {"a": 1}).output
    assert found["Execution"]["Input"] == {"a": 1}
    assert found["Execution"]["Id"].endswith(f":machine:{found['Execution']['Name']}")
    assert found["Execution"]["RoleArn"].startswith("arn:aws:iam::000000000000:role/")
    assert found["Execution"]["StartTime"].startswith("2023-11-14T22:13:20.")
    assert found["Execution"]["RedriveCount"] == 0
    assert found["StateMachine"] == {
        "Id": "arn:aws:states:us-east-1:000000000000:stateMachine:machine",
        "Name": "machine",
    }
    assert found["State"]["Name"] == "A"
    assert set(found) == {"Execution", "StateMachine", "State"}


def test_the_entered_time_is_that_of_the_state(execute, chain):
    definition = chain({"Type": "Wait", "Seconds": 60}, {"Type": "Pass", "InputPath": "$$.State.EnteredTime"})
    assert execute(definition).output.startswith("2023-11-14T22:14:2")


def test_the_input_stays_that_of_the_execution(execute, chain):
    definition = chain({"Type": "Pass", "Result": 2}, {"Type": "Pass", "InputPath": "$$.Execution.Input"})
    assert execute(definition, {"a": 1}).output == {"a": 1}


@pytest.mark.parametrize(
    "fields",
    [
        {"Parameters": {"n.$": "$$.State.RetryCount"}},
        {"QueryLanguage": "JSONata", "Arguments": {"n": "{% $states.context.State.RetryCount %}"}},
    ],
    ids=["JSONPath", "JSONata"],
)
def test_a_task_knows_how_often_it_was_tried_again(execute, fields):
    seen = []

    def third_time(event, context):
        seen.append(event["n"])
        if len(seen) < 3:
            raise ValueError
        return seen

    state = {"Type": "Task", "Resource": ARN, "Retry": [{"ErrorEquals": ["ValueError"]}], **fields}
    assert execute(state, functions={"f": third_time}).output == [0, 1, 2]


def test_other_states_have_no_retry_count(execute):
    assert execute({"Type": "Pass", "InputPath": "$$.State.RetryCount"}).error == "States.Runtime"


def test_a_task_that_gives_no_token_away_has_none(execute):
    state = {"Type": "Task", "Resource": ARN, "Parameters": {"t.$": "$$.Task.Token"}}
    assert execute(state, functions={"f": lambda event, _: 1}).error == "States.Runtime"


def test_the_item_of_a_map_is_there_inside_alone(execute, chain):
    inside = {"StartAt": "P", "States": {"P": {"Type": "Pass", "InputPath": "$$.Map.Item", "End": True}}}
    assert (
        execute({"Type": "Map", "ItemProcessor": inside}, ["a"]).output[0].items()
        >= {
            "Index": 0,
            "Value": "a",
        }.items()
    )
    after = chain({"Type": "Map", "ItemProcessor": inside}, {"Type": "Pass", "InputPath": "$$.Map"})
    assert execute(after, ["a"]).error == "States.Runtime"


def test_a_branch_inside_a_map_sees_the_maps_item(execute):
    branch = {
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "InputPath": "$$.Map.Item.Value", "End": True}},
    }
    parallel = {"Type": "Parallel", "Branches": [branch], "End": True}
    state = {"Type": "Map", "ItemProcessor": {"StartAt": "B", "States": {"B": parallel}}}
    assert execute(state, [1, 2]).output == [[1], [2]]


def test_expressions_and_paths_see_the_same(execute, chain):
    definition = chain(
        {"Type": "Pass", "Parameters": {"path.$": "$$.Execution"}},
        {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": "{% $states.input.path = $states.context.Execution %}",
        },
    )
    assert execute(definition).output is True
