"""InputPath, OutputPath, ResultPath.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
"""

from __future__ import annotations

import pytest

VALUE = {"s": "text", "l": [1, 2], "o": {"p": {"q": 5}}, "objects": [{"v": 1}, {"v": 2}], "none": None}


@pytest.mark.parametrize("field", ["InputPath", "OutputPath"])
@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", VALUE),
        (None, {}),
        ("$.o.p.q", 5),
        ("$['o']['p']", {"q": 5}),
        ("$.l[0]", 1),
        ("$.l[-1]", 2),
        ("$.l[0:1]", [1]),
        ("$.l[0,1]", [1, 2]),
        ("$.none", None),
        ("$.objects[*].v", [1, 2]),
        ("$..v", [1, 2]),
        ("$.objects[?(@.v > 1)]", [{"v": 2}]),
        ("$.objects[?(@.v > 9)]", []),
        ("$.l.length()", 2),
        ("$$.State.Name", "A"),
        ("$$.Execution.Input.s", "text"),
    ],
)
def test_a_path_chooses_what_goes_in_and_what_comes_out(execute, field, path, found):
    assert execute({"Type": "Pass", field: path}, VALUE).output == found


@pytest.mark.parametrize("field", ["InputPath", "OutputPath"])
def test_a_path_may_begin_at_a_variable(execute, chain, field):
    definition = chain({"Type": "Pass", "Assign": {"x": {"y": [7]}}}, {"Type": "Pass", field: "$x.y[0]"})
    assert execute(definition).output == 7


@pytest.mark.parametrize("field", ["InputPath", "OutputPath", "ResultPath"])
@pytest.mark.parametrize("path", ["o", "", "$.", "$.a[", 5, "States.UUID()"])
def test_what_is_no_path_is_refused(refused, field, path):
    assert f"/States/A/{field}" in refused({"Type": "Pass", field: path})


@pytest.mark.parametrize(
    ("path", "output"),
    [
        ("$", 9),
        (None, {"a": {"b": 1}, "l": [1, 2]}),
        ("$.new", {"a": {"b": 1}, "l": [1, 2], "new": 9}),
        ("$.a", {"a": 9, "l": [1, 2]}),
        ("$.a.b", {"a": {"b": 9}, "l": [1, 2]}),
        ("$.a.c.d", {"a": {"b": 1, "c": {"d": 9}}, "l": [1, 2]}),
        ("$['x y'].z", {"a": {"b": 1}, "l": [1, 2], "x y": {"z": 9}}),
        ("$.l[0]", {"a": {"b": 1}, "l": [9, 2]}),
    ],
)
def test_the_result_path_says_where_the_result_goes(execute, path, output):
    state = {"Type": "Pass", "Result": 9, "ResultPath": path}
    assert execute(state, {"a": {"b": 1}, "l": [1, 2]}).output == output


@pytest.mark.parametrize("path", ["$.s.x", "$.none.x", "$.l[5]", "$.new[0]", "$.l.x"])
def test_a_result_path_that_does_not_fit_the_input_fails_the_state(execute, path):
    outcome = execute({"Type": "Pass", "Result": 9, "ResultPath": path}, VALUE)
    assert outcome.error == "States.ResultPathMatchFailure"
    assert f"Unable to apply ReferencePath {path} to input" in outcome.cause


@pytest.mark.parametrize("path", ["$.l[*]", "$..v", "$.l[0:1]", "$.l[?(@ > 1)]", "$$.a", "$x"])
def test_a_result_path_names_one_place_of_the_input(refused, path):
    assert refused({"Type": "Pass", "ResultPath": path})["/States/A/ResultPath"] == (
        "Value is not a Reference Path"
    )


def test_a_result_path_failure_of_a_task_is_caught(execute, chain):
    function = "arn:aws:lambda:us-east-1:000000000000:function:f"
    catcher = {"ErrorEquals": ["States.ResultPathMatchFailure"], "ResultPath": None, "Next": "B"}
    task = {"Type": "Task", "Resource": function, "ResultPath": "$.s.x", "Catch": [catcher]}
    outcome = execute(chain(task, {"Type": "Pass"}), VALUE, functions={"f": lambda event, _: 1})
    assert outcome.output == VALUE


@pytest.mark.parametrize("field", ["InputPath", "OutputPath", "ResultPath"])
def test_given_jsonata_there_are_no_paths(refused, field):
    found = refused({"Type": "Pass", "QueryLanguage": "JSONata", field: "$"})
    assert "only supported for the QueryLanguage 'JSONPath'" in found[f"/States/A/{field}"]
