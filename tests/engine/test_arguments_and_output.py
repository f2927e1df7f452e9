"""Arguments and Output: JSONata.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import pytest

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
VALUE = {"s": "text", "n": 7, "l": [1, 2], "objects": [{"v": 1}, {"v": 2}], "none": None}


def task(**fields):
    return {"Type": "Task", "Resource": ARN, "QueryLanguage": "JSONata", **fields}


@pytest.fixture(params=["Arguments", "Output"])
def fill(request, execute):
    """Fill in a template, as arguments that an echo gives back or as output."""
    return lambda template: execute(
        task(**{request.param: template}), VALUE, functions={"f": lambda event, _: event}
    )


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("{% $states.input.n + 1 %}", 8),
        (
            {"x": "{% $states.input.s %}", "y": [1, {"z": "{% $states.input.l[1] %}"}]},
            {"x": "text", "y": [1, {"z": 2}]},
        ),
        ("plain", "plain"),
        ("x{% 1 %}", "x{% 1 %}"),
        ({"x.$": "$.s"}, {"x.$": "$.s"}),
        ({"{% 'key' %}": 1}, {"{% 'key' %}": 1}),
        ("{% $states.input.objects[v=1] %}", {"v": 1}),
        ("{% $states.input.objects.v %}", [1, 2]),
        ("{% [$states.input.gone, 1] %}", [1]),
        ("{% $states.input.none %}", None),
        ("{% $states.context.State.Name %}", "A"),
        ("{% $partition([1,2,3], 2) %}", [[1, 2], [3]]),
        ("{% $range(0, 4, 2) %}", [0, 2, 4]),
        ("{% $parse('{\"a\":1}') %}", {"a": 1}),
        (5, 5),
        (False, False),
    ],
)
def test_expressions_are_evaluated_wherever_a_whole_text_is_one(fill, template, made):
    assert fill(template).output == made


@pytest.mark.parametrize(
    "expression",
    ["$", "$$", "n", "$states.input.gone", "$nope", "$sum", "/a/", "1/0", "$error('no')", "1 + 'a'"],
)
def test_what_gives_no_json_fails_the_evaluation(fill, expression):
    outcome = fill({"x": f"{{% {expression} %}}"})
    assert outcome.error == "States.QueryEvaluationError"
    assert outcome.event("EvaluationFailed")["location"] in ("Arguments/x", "Output/x")
    assert f"The JSONata expression '{expression}' specified for the field" in outcome.cause


def test_the_result_is_there_for_output_and_assign_and_not_for_arguments(execute, chain):
    functions = {"f": lambda event, _: {"r": 1}}
    definition = chain(
        task(Output="{% $states.result.r %}", Assign={"x": "{% $states.result %}"}),
        {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% [$states.input, $x.r] %}"},
    )
    assert execute(definition, functions=functions).output == [1, 1]
    early = execute(task(Arguments="{% $states.result %}"), functions=functions)
    assert early.error == "States.QueryEvaluationError"


def test_output_sees_the_states_input_and_not_the_arguments(execute):
    state = task(Arguments={"sent": 1}, Output="{% $states.input %}")
    assert execute(state, VALUE, functions={"f": lambda event, _: event}).output == VALUE


def test_without_output_the_result_is_the_output(execute):
    assert execute(task(), VALUE, functions={"f": lambda event, _: [1]}).output == [1]


@pytest.mark.parametrize("expression", ["1 +", "", "(", "$states.input.", "{"])
def test_what_is_no_jsonata_is_refused(refused, expression):
    found = refused(task(Output={"x": f"{{% {expression} %}}"}))
    assert any(pointer.startswith("/States/A/Output") for pointer in found)


@pytest.mark.parametrize("field", ["Arguments", "Output"])
def test_given_jsonpath_there_are_none(refused, field):
    found = refused({"Type": "Task", "Resource": ARN, field: {}})
    assert "only supported for the QueryLanguage 'JSONata'" in found[f"/States/A/{field}"]
