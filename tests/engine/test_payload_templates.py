"""Parameters and ResultSelector: payload templates of JSONPath.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
"""

from __future__ import annotations

import pytest

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
VALUE = {"s": "text", "n": 7, "l": [1, 2]}


def fields(name, template):
    """A state that fills in the template from VALUE, wherever it stands."""
    if name == "Parameters":
        return {"Type": "Pass", "Parameters": template}
    return {"Type": "Task", "Resource": ARN, "ResultSelector": template}


@pytest.fixture(params=["Parameters", "ResultSelector"])
def fill(request, execute):
    """Fill in a template."""
    return lambda template: execute(
        fields(request.param, template), VALUE, functions={"f": lambda event, _: VALUE}
    )


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ({"x.$": "$.s"}, {"x": "text"}),
        ({"x": "$.s"}, {"x": "$.s"}),
        ({"x": {"y": {"z.$": "$.l[1]"}}}, {"x": {"y": {"z": 2}}}),
        ({"x": [{"y.$": "$.n"}, ["$.n", {"z.$": "$.s"}]]}, {"x": [{"y": 7}, ["$.n", {"z": "text"}]]}),
        ({"all.$": "$"}, {"all": VALUE}),
        ({"x.$": "$.l[*]"}, {"x": [1, 2]}),
        ({"x.$": "States.Format('{}-{}', $.s, States.MathAdd($.n, 1))"}, {"x": "text-8"}),
        ({"x.$": "States.ArrayLength($.l)", "y": None}, {"x": 2, "y": None}),
        ({"x.$": "$$.State.Name"}, {"x": "A"}),
        ({}, {}),
    ],
)
def test_keys_that_end_in_dollar_take_a_value_from_a_path_or_function(fill, template, made):
    assert fill(template).output == made


def test_a_path_to_nowhere_ends_the_execution_and_names_path_and_key(fill):
    outcome = fill({"x": {"y.$": "$.gone"}})
    assert outcome.error == "States.Runtime"
    assert (
        "The JSONPath '$.gone' specified for the field 'y.$' could not be found in the input" in outcome.cause
    )


def test_a_function_that_fails_is_an_intrinsic_failure(fill):
    assert fill({"x.$": "States.ArrayGetItem($.l, 9)"}).error == "States.IntrinsicFailure"


@pytest.mark.parametrize("name", ["Parameters", "ResultSelector"])
@pytest.mark.parametrize("text", ["hello", 5, "States.Nope()", "States.Format(", "$.a["])
def test_a_key_that_ends_in_dollar_wants_a_path_or_a_function(refused, name, text):
    assert any(pointer.startswith(f"/States/A/{name}") for pointer in refused(fields(name, {"x.$": text})))


def test_variables_are_seen_beside_the_input(execute, chain):
    definition = chain(
        {"Type": "Pass", "Assign": {"v": {"w": 3}}},
        {"Type": "Pass", "Parameters": {"x.$": "$v.w", "y.$": "$.n"}},
    )
    assert execute(definition, VALUE).output == {"x": 3, "y": 7}


def test_the_selector_sees_the_result_and_not_the_input(execute):
    state = {"Type": "Task", "Resource": ARN, "ResultSelector": {"x.$": "$.only"}}
    assert execute(state, VALUE, functions={"f": lambda event, _: {"only": 1}}).output == {"x": 1}
    assert execute(state, {"only": 1}, functions={"f": lambda event, _: {}}).error == "States.Runtime"


@pytest.mark.parametrize("name", ["Parameters", "ResultSelector"])
def test_given_jsonata_there_are_no_payload_templates(refused, name):
    found = refused({**fields(name, {}), "QueryLanguage": "JSONata"})
    assert "only supported for the QueryLanguage 'JSONPath'" in found[f"/States/A/{name}"]
