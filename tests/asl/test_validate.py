"""What is wrong with a definition, in AWS's words and with its place."""

from __future__ import annotations

import json

import pytest

from statewright import asl

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def told(states, **top):
    definition = {"StartAt": next(iter(states), "A"), "States": states, **top}
    return [str(found) for found in asl.diagnose(json.dumps(definition))]


def one(**state):
    return told({"A": {"End": True, **state}})


def test_a_right_definition_has_no_diagnostics():
    assert one(Type="Pass") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" ", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object"),
        ("[]", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object"),
        ("{}", "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"),
        ('{"StartAt": "A"}', "SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /"),
    ],
)
def test_what_is_no_definition_is_told_as_aws_tells_it(text, message):
    assert [str(found) for found in asl.diagnose(text)] == [message]


def test_a_text_that_is_no_json_has_line_and_column():
    (found,) = asl.diagnose("not a definition")
    assert found.code == "INVALID_JSON_DESCRIPTION"
    assert found.location == '[Source: (String)"not a definition"; line: 1, column: 4]'
    assert found.message.startswith("Unrecognized token 'not': was expecting")


@pytest.mark.parametrize("kind", ["Pass", "Wait", "Choice", "Succeed", "Fail", "Map", "Parallel"])
def test_a_field_of_another_type_of_state_is_not_supported(kind):
    assert "SCHEMA_VALIDATION_FAILED: Field 'TimeoutSeconds' is not supported at /States/A" in one(
        Type=kind, TimeoutSeconds=1
    )


@pytest.mark.parametrize("kind", ["Pass", "Wait", "Choice", "Succeed", "Fail"])
@pytest.mark.parametrize("field", ["Retry", "Catch"])
def test_retry_and_catch_belong_to_what_works(kind, field):
    assert f"SCHEMA_VALIDATION_FAILED: Field '{field}' is not supported at /States/A" in one(
        Type=kind, **{field: []}
    )


def test_an_unknown_top_level_field_is_not_supported():
    assert told({"A": {"Type": "Succeed"}}, Foo=1) == [
        "SCHEMA_VALIDATION_FAILED: Field 'Foo' is not supported at /"
    ]


def test_targets_must_exist_and_states_be_reached():
    found = told({"A": {"Type": "Pass", "Next": "Gone"}, "B": {"Type": "Pass", "End": True}})
    assert found == [
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: Gone at /States/A/Next",
        'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B',
    ]


def test_a_loop_without_an_end_is_told_without_a_place():
    found = told(
        {
            "A": {"Type": "Pass", "Next": "B"},
            "B": {"Type": "Pass", "Next": "A"},
            "C": {"Type": "Pass", "Next": "A"},
        }
    )
    assert found == ["MISSING_END_STATE: Workflow has no terminal state"]


def test_a_dangling_target_of_a_rule_is_found_at_its_place():
    rule = {"Variable": "$.a", "IsPresent": True, "Next": "Gone"}
    found = told({"A": {"Type": "Choice", "Choices": [rule], "Default": "B"}, "B": {"Type": "Succeed"}})
    assert found == ["MISSING_TRANSITION_TARGET: Missing 'Next' target: Gone at /States/A/Choices[0]/Next"]


def test_inner_flows_are_checked_too():
    inner = {"StartAt": "X", "States": {"X": {"Type": "Pass", "Next": "Gone"}, "Y": {"Type": "Succeed"}}}
    found = one(Type="Parallel", Branches=[inner])
    assert found[0].endswith("at /States/A/Branches[0]/States/X/Next")
    assert found[1].endswith('State "Y" is not reachable. at /States/A/Branches[0]/States/Y')


def test_a_state_without_next_and_end_is_incomplete():
    assert "These fields are required: [Next] or [End]" in told({"A": {"Type": "Pass"}})[0]
    assert "Only one of these fields" in told({"A": {"Type": "Pass", "Next": "A", "End": True}})[0]


def test_names_are_unique_in_the_whole_machine():
    inner = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    assert one(Type="Parallel", Branches=[inner]) == [
        "DUPLICATE_STATE_NAME: Duplicate state name: A at /States/A/Branches[0]/States/A"
    ]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"Type": "Nope"}, "The field 'Type' should have one of these values"),
        ({"Type": "Pass", "ResultPath": "$.a[*]"}, "Value is not a Reference Path"),
        ({"Type": "Pass", "ResultPath": "$x"}, "Value is not a Reference Path"),
        ({"Type": "Pass", "InputPath": "no path"}, "Value is not a valid JSONPath"),
        (
            {"Type": "Pass", "Parameters": {"a.$": "no"}},
            "must be a valid JSONPath or a valid intrinsic function call",
        ),
        ({"Type": "Pass", "Output": 1}, "field 'Output' is only supported for the QueryLanguage 'JSONata'"),
        (
            {"Type": "Pass", "QueryLanguage": "JSONata", "InputPath": "$"},
            "'InputPath' is only supported for the QueryLanguage 'JSONPath'",
        ),
        (
            {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 + %}"},
            "The JSONata expression is not valid",
        ),
        ({"Type": "Pass", "Assign": {"states": 1}}, "'states' is not a valid name of a variable"),
        ({"Type": "Pass", "Assign": {"1a": 1}}, "'1a' is not a valid name of a variable"),
        ({"Type": "Wait"}, "Exactly one of these fields is required"),
        ({"Type": "Wait", "Seconds": 1, "SecondsPath": "$.a"}, "Exactly one of these fields is required"),
        ({"Type": "Wait", "Seconds": -1}, "Value must be between 0 and"),
        ({"Type": "Wait", "Seconds": 1.5}, "Expected value of type Integer"),
        ({"Type": "Wait", "Timestamp": "2016-13-05T21:29:29Z"}, "String does not match RFC3339 timestamp"),
        ({"Type": "Task"}, "These fields are required: [Resource]"),
        ({"Type": "Task", "Resource": ARN, "TimeoutSeconds": 0}, "Value must be between 1 and"),
        (
            {"Type": "Task", "Resource": ARN, "TimeoutSeconds": 5, "HeartbeatSeconds": 5},
            "must be smaller than TimeoutSeconds",
        ),
        (
            {"Type": "Task", "Resource": ARN, "Credentials": {}},
            "The field 'RoleArn' is required but was missing",
        ),
        ({"Type": "Task", "Resource": ARN, "Retry": [{"ErrorEquals": []}]}, "at least one String"),
        (
            {"Type": "Task", "Resource": ARN, "Retry": [{"ErrorEquals": ["States.ALL", "A"]}]},
            "must appear alone",
        ),
        (
            {
                "Type": "Task",
                "Resource": ARN,
                "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}],
            },
            "must appear in the last",
        ),
        (
            {"Type": "Task", "Resource": ARN, "Retry": [{"ErrorEquals": ["A"], "Foo": 1}]},
            "Field 'Foo' is not supported",
        ),
        (
            {"Type": "Task", "Resource": ARN, "Retry": [{"ErrorEquals": ["A"], "BackoffRate": 0.5}]},
            "Value must be between 1 and",
        ),
        (
            {"Type": "Task", "Resource": ARN, "Catch": [{"ErrorEquals": ["A"]}]},
            "These fields are required: [Next]",
        ),
        ({"Type": "Parallel", "Branches": []}, "Value cannot be empty"),
        ({"Type": "Map"}, "Exactly one of these fields is required: [ItemProcessor, Iterator]"),
        ({"Type": "Choice", "Choices": []}, "at least one rule"),
        ({"Type": "Fail", "Error": "a", "ErrorPath": "$.a"}, "Only one of these fields is allowed"),
    ],
)
def test_each_mistake_is_named(state, message):
    found = told({"A": state if state["Type"] in ("Choice", "Fail") else {"End": True, **state}})
    assert any(message in each for each in found), found


def test_an_inline_map_refuses_what_is_distributed():
    processor = {"StartAt": "P", "States": {"P": {"Type": "Succeed"}}}
    (found,) = one(Type="Map", ItemProcessor=processor, ItemBatcher={"MaxItemsPerBatch": 1})
    assert "Field 'ItemBatcher' is not supported by an INLINE Map" in found


def test_jsonpath_states_are_not_allowed_in_a_jsonata_machine():
    found = told({"A": {"Type": "Pass", "QueryLanguage": "JSONPath", "End": True}}, QueryLanguage="JSONata")
    assert found == [
        "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state"
        " machine at /States/A"
    ]


def test_a_diagnostic_has_pointer_line_and_column():
    (found,) = asl.diagnose(
        '{"StartAt": "A",\n "States": {\n  "A": {"Type": "Pass", "End": true,\n   "InputPath": "x"}}}'
    )
    assert (found.pointer, found.line, found.column) == ("/States/A/InputPath", 4, 17)


def test_parse_raises_with_all_diagnostics():
    with pytest.raises(asl.InvalidDefinition) as found:
        asl.parse(
            json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Foo": 1, "Bar": 2, "End": True}}})
        )
    assert len(found.value.diagnostics) == 2
    assert str(found.value).count("SCHEMA_VALIDATION_FAILED") == 2


def test_a_duplicate_member_is_told():
    text = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}, "A": {"Type": "Succeed"}}}'
    assert any("Duplicate field 'A'" in found.message for found in asl.diagnose(text))


@pytest.mark.parametrize("value", [None, 1, "x", [], True])
def test_values_of_any_wrong_type_are_told_and_never_crash(value):
    for field in (
        "Type",
        "Next",
        "End",
        "Parameters",
        "Assign",
        "Retry",
        "Catch",
        "Resource",
        "TimeoutSeconds",
        "Comment",
    ):
        definition = {
            "StartAt": "A",
            "States": {"A": {"Type": "Task", "Resource": ARN, "End": True, field: value}},
        }
        asl.diagnose(json.dumps(definition))
    for field in ("StartAt", "States", "QueryLanguage", "Version", "TimeoutSeconds", "Comment"):
        asl.diagnose(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}, field: value}))
    asl.diagnose(json.dumps({"StartAt": "A", "States": {"A": value}}))
