"""The order of InputPath, Parameters, ResultSelector, ResultPath, OutputPath."""

from __future__ import annotations

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def test_every_field_sees_what_the_one_before_it_made(execute):
    state = {
        "Type": "Task",
        "Resource": ARN,
        "InputPath": "$.in",
        "Parameters": {"got.$": "$.a"},
        "ResultSelector": {"chosen.$": "$.got"},
        "ResultPath": "$.result",
        "OutputPath": "$.result.chosen",
    }
    seen = []

    def remember(event, context):
        seen.append(event)
        return event

    assert execute(state, {"in": {"a": 4}, "other": 1}, functions={"f": remember}).output == 4
    assert seen == [{"got": 4}]


def test_the_result_path_writes_into_the_raw_input(execute):
    state = {"Type": "Task", "Resource": ARN, "InputPath": "$.in", "ResultPath": "$.r"}
    outcome = execute(state, {"in": 1, "kept": 2}, functions={"f": lambda event, _: event})
    assert outcome.output == {"in": 1, "kept": 2, "r": 1}


def test_the_input_is_never_changed(execute, chain):
    definition = chain(
        {"Type": "Pass", "Result": 1, "ResultPath": "$.x"},
        {"Type": "Pass", "Parameters": {"now.$": "$", "first.$": "$$.Execution.Input"}},
    )
    assert execute(definition, {"a": 0}).output == {"now": {"a": 0, "x": 1}, "first": {"a": 0}}


def test_an_express_execution_has_no_redrive_count(execute):
    outcome = execute({"Type": "Pass", "InputPath": "$$.Execution"}, {}, type="EXPRESS")
    assert "RedriveCount" not in outcome.output


def test_the_raw_text_of_the_input_stands_in_the_history(execute):
    outcome = execute({"Type": "Pass"}, {"a": 1})
    assert outcome.event("ExecutionStarted")["input"] == '{"a": 1}'
    assert outcome.event("PassStateEntered")["input"] == '{"a": 1}'


def test_texts_beyond_ascii_are_written_as_they_are(execute):
    outcome = execute({"Type": "Pass", "Parameters": {"x.$": "$.a"}}, {"a": "Größe 😀"})
    assert outcome.record.output == '{"x":"Größe 😀"}'


def test_an_intrinsic_that_fails_is_told(execute):
    outcome = execute({"Type": "Pass", "Parameters": {"x.$": "States.StringToJson($.a)"}}, {"a": "{"})
    assert outcome.error == "States.IntrinsicFailure"
