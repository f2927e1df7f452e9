"""QueryLanguage: of a machine, of a state, and both in one machine.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import pytest

JSONATA = {"Type": "Pass", "Output": "{% $states.input.n + 1 %}"}
JSONPATH = {"Type": "Pass", "Parameters": {"n.$": "$"}}


def test_jsonpath_is_what_a_machine_speaks_that_says_nothing(execute):
    assert execute(JSONPATH, 1).output == {"n": 1}


def test_a_machine_says_it_for_all_its_states(execute, chain):
    assert execute(chain(JSONATA, QueryLanguage="JSONata"), {"n": 1}).output == 2
    assert execute(chain(JSONPATH, QueryLanguage="JSONPath"), 1).output == {"n": 1}


def test_a_state_of_a_jsonpath_machine_may_say_jsonata(execute, chain):
    definition = chain(JSONPATH, {**JSONATA, "QueryLanguage": "JSONata"}, JSONPATH)
    assert execute(definition, 1).output == {"n": 2}


def test_a_state_of_a_jsonata_machine_may_not_say_jsonpath(refused, chain):
    definition = chain({**JSONPATH, "QueryLanguage": "JSONPath"}, QueryLanguage="JSONata")
    assert "'QueryLanguage' can not be 'JSONPath'" in refused(definition)["/States/A"]


@pytest.mark.parametrize("language", ["SQL", "jsonata", "", None, 1])
def test_there_are_two_languages(refused, chain, language):
    assert "/QueryLanguage" in refused(chain(JSONPATH, QueryLanguage=language))
    assert "/States/A/QueryLanguage" in refused({**JSONPATH, "QueryLanguage": language})


def test_the_states_inside_a_state_speak_the_machines_language(execute):
    inside = {"StartAt": "P", "States": {"P": {**JSONPATH, "End": True}}}
    state = {"Type": "Map", "QueryLanguage": "JSONata", "Items": "{% [1, 2] %}", "ItemProcessor": inside}
    assert execute(state).output == [{"n": 1}, {"n": 2}]


def test_variables_go_from_one_language_to_the_other(execute, chain):
    definition = chain(
        {"Type": "Pass", "Assign": {"a.$": "$.n"}},
        {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"b": "{% $a + 1 %}"}},
        {"Type": "Pass", "Parameters": {"a.$": "$a", "b.$": "$b"}},
    )
    assert execute(definition, {"n": 1}).output == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("InputPath", "$", "Pass"),
        ("OutputPath", "$", "Pass"),
        ("ResultPath", "$", "Pass"),
        ("Parameters", {}, "Pass"),
        ("ResultSelector", {}, "Task"),
        ("TimeoutSecondsPath", "$.t", "Task"),
        ("HeartbeatSecondsPath", "$.t", "Task"),
        ("SecondsPath", "$.t", "Wait"),
        ("TimestampPath", "$.t", "Wait"),
        ("ErrorPath", "$.e", "Fail"),
        ("CausePath", "$.c", "Fail"),
    ],
)
def test_fields_of_jsonpath_are_refused_in_jsonata(refused, field, value, kind):
    found = refused({"Type": kind, "QueryLanguage": "JSONata", field: value})
    assert found[f"/States/A/{field}"] == (
        f"The QueryLanguage is 'JSONata', but the field '{field}' is only supported for the QueryLanguage"
        " 'JSONPath'"
    )


def test_catchers_speak_their_states_language(refused):
    task = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "Next": "B"}
    rules = {"JSONata": {"ResultPath": "$"}, "JSONPath": {"Output": 1}}
    for language, field in rules.items():
        catcher = {"ErrorEquals": ["States.ALL"], "Next": "B", **field}
        states = {"A": {**task, "QueryLanguage": language, "Catch": [catcher]}, "B": {"Type": "Succeed"}}
        found = refused({"StartAt": "A", "States": states})
        assert f"/States/A/Catch/0/{next(iter(field))}" in found
