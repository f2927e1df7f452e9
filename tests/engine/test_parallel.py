"""Parallel states."""

from __future__ import annotations

import pytest


def branch(**state):
    return {"StartAt": state.pop("Name", "S"), "States": {"S": {"End": True, **state}}}


def flow(*named):
    states = {}
    for index, (name, state) in enumerate(named):
        last = index + 1 == len(named)
        states[name] = (
            state
            if state["Type"] == "Fail"
            else {**state, **({"End": True} if last else {"Next": named[index + 1][0]})}
        )
    return {"StartAt": named[0][0], "States": states}


def test_branches_give_their_outputs_in_the_order_of_the_definition(execute):
    state = {
        "Type": "Parallel",
        "Branches": [
            flow(("Slow", {"Type": "Wait", "Seconds": 9}), ("One", {"Type": "Pass", "Result": 1})),
            flow(("Two", {"Type": "Pass", "Result": 2})),
        ],
    }
    outcome = execute(state, {})
    assert outcome.output == [1, 2]
    assert outcome.seconds == pytest.approx(9, abs=1)


def test_branches_run_side_by_side(execute):
    state = {
        "Type": "Parallel",
        "Branches": [flow((f"W{n}", {"Type": "Wait", "Seconds": 60})) for n in range(5)],
    }
    assert execute(state).seconds == pytest.approx(60, abs=1)


def test_every_branch_gets_the_input_that_parameters_make(execute):
    state = {
        "Type": "Parallel",
        "Parameters": {"n.$": "$.a"},
        "Branches": [flow(("X", {"Type": "Pass"})), flow(("Y", {"Type": "Pass"}))],
        "ResultPath": "$.r",
    }
    assert execute(state, {"a": 1}).output == {"a": 1, "r": [{"n": 1}, {"n": 1}]}


def test_the_first_failure_ends_the_other_branches(execute):
    state = {
        "Type": "Parallel",
        "Branches": [
            flow(("Long", {"Type": "Wait", "Seconds": 1000})),
            flow(
                ("Short", {"Type": "Wait", "Seconds": 1}),
                ("Bad", {"Type": "Fail", "Error": "E", "Cause": "c"}),
            ),
        ],
    }
    outcome = execute(state)
    assert (outcome.error, outcome.cause) == ("E", "c")
    assert outcome.seconds == pytest.approx(1, abs=1)
    assert outcome.types[-3:] == ["WaitStateAborted", "ParallelStateFailed", "ExecutionFailed"]


def test_a_failure_inside_is_caught_by_the_parallel_state(execute, chain):
    state = {
        "Type": "Parallel",
        "Branches": [flow(("Bad", {"Type": "Fail", "Error": "E", "Cause": "c"}))],
        "Catch": [{"ErrorEquals": ["E"], "ResultPath": "$.error", "Next": "After"}],
    }
    outcome = execute(chain(("P", state), ("After", {"Type": "Pass"})), {"a": 1})
    assert outcome.output == {"a": 1, "error": {"Error": "E", "Cause": "c"}}
    assert "ParallelStateFailed" in outcome.types


def test_nested_branches_are_ended_with_the_outer_one(execute):
    inner = {"Type": "Parallel", "Branches": [flow(("Deep", {"Type": "Wait", "Seconds": 500}))]}
    state = {
        "Type": "Parallel",
        "Branches": [
            flow(("Inner", inner)),
            flow(("Soon", {"Type": "Wait", "Seconds": 2}), ("Bad", {"Type": "Fail", "Error": "E"})),
        ],
    }
    outcome = execute(state)
    assert outcome.error == "E"
    assert outcome.seconds == pytest.approx(2, abs=1)
    assert outcome.types.index("WaitStateAborted") < outcome.types.index("ParallelStateAborted")


def test_variables_of_the_outer_flow_are_readable_and_stay_as_they_are(execute, chain):
    state = {
        "Type": "Parallel",
        "Branches": [
            flow(
                ("In", {"Type": "Pass", "Assign": {"y.$": "$x"}}),
                ("Out", {"Type": "Pass", "Parameters": {"y.$": "$y"}}),
            )
        ],
    }
    after = {
        "Type": "Choice",
        "Choices": [{"Variable": "$y", "IsPresent": True, "Next": "Leaked"}],
        "Default": "Fine",
    }
    definition = chain(
        {"Type": "Pass", "Assign": {"x": 5}},
        state,
        ("C", after),
        ("Leaked", {"Type": "Fail"}),
        ("Fine", {"Type": "Succeed"}),
    )
    assert execute(definition).output == [{"y": 5}]


def passing(name, **fields):
    return flow((name, {"Type": "Pass", **fields}))


def test_the_history_tells_each_branch_from_the_start_of_the_state(execute):
    state = {"Type": "Parallel", "Branches": [passing("X"), passing("Y", Result=2)]}
    assert execute(state, {}).told[1:] == [
        (2, 0, "ParallelStateEntered", {"name": "A", "input": "{}"}),
        (3, 2, "ParallelStateStarted", {}),
        (4, 3, "PassStateEntered", {"name": "X", "input": "{}"}),
        (5, 4, "PassStateExited", {"name": "X", "output": "{}"}),
        (6, 3, "PassStateEntered", {"name": "Y", "input": "{}"}),
        (7, 6, "PassStateExited", {"name": "Y", "output": "2"}),
        (8, 7, "ParallelStateSucceeded", {}),
        # Not at the success but at what came before it, as AWS does.
        (9, 7, "ParallelStateExited", {"name": "A", "output": "[{},2]"}),
        (10, 9, "ExecutionSucceeded", {"output": "[{},2]"}),
    ]


def test_the_history_of_a_caught_failure_goes_on_behind_it(execute, chain):
    state = {
        "Type": "Parallel",
        "Branches": [
            flow(("X", {"Type": "Wait", "Seconds": 9})),
            flow(("Y", {"Type": "Fail", "Error": "E"})),
        ],
        "Catch": [{"ErrorEquals": ["E"], "Next": "B"}],
    }
    assert [each[:3] for each in execute(chain(state, {"Type": "Succeed"})).told[1:]] == [
        (2, 0, "ParallelStateEntered"),
        (3, 2, "ParallelStateStarted"),
        (4, 3, "WaitStateEntered"),
        (5, 3, "FailStateEntered"),
        (6, 4, "WaitStateAborted"),
        (7, 5, "ParallelStateFailed"),
        (8, 7, "ParallelStateExited"),
        (9, 8, "SucceedStateEntered"),
        (10, 9, "SucceedStateExited"),
        (11, 10, "ExecutionSucceeded"),
    ]


def test_a_retry_runs_all_branches_again_and_enters_the_state_once(execute):
    calls = []

    def second_time(event, context):
        calls.append(event)
        if len(calls) == 1:
            raise ValueError
        return len(calls)

    function = "arn:aws:lambda:us-east-1:000000000000:function:f"
    state = {
        "Type": "Parallel",
        "Branches": [flow(("T", {"Type": "Task", "Resource": function})), passing("P")],
        "Retry": [{"ErrorEquals": ["ValueError"], "IntervalSeconds": 30}],
    }
    outcome = execute(state, {}, functions={"f": second_time})
    assert outcome.output == [2, {}]
    assert outcome.seconds == pytest.approx(30, abs=1)
    assert outcome.types.count("ParallelStateEntered") == 1
    assert outcome.types.count("ParallelStateStarted") == 2
    assert "ParallelStateFailed" not in outcome.types


def test_given_jsonata_arguments_output_and_assign_frame_the_branches(execute, chain):
    state = {
        "Type": "Parallel",
        "Arguments": {"n": "{% $states.input.a + 1 %}"},
        "Branches": [passing("X"), passing("Y", Output="{% $states.input.n * 10 %}")],
        "Assign": {"all": "{% $states.result %}"},
        "Output": "{% $states.result[1] %}",
    }
    after = {"Type": "Pass", "Output": "{% [$states.input, $all[0].n] %}"}
    assert execute(chain(state, after, QueryLanguage="JSONata"), {"a": 1}).output == [20, 2]


def test_result_selector_sees_the_array_of_results(execute):
    state = {
        "Type": "Parallel",
        "Branches": [passing("X", Result=1), passing("Y", Result=2)],
        "ResultSelector": {"second.$": "$[1]"},
        "OutputPath": "$.second",
    }
    assert execute(state).output == 2


def test_a_parallel_state_without_branches_is_refused(refused):
    assert refused({"Type": "Parallel"})["/States/A"] == "These fields are required: [Branches]"
    assert "/States/A/Branches" in refused({"Type": "Parallel", "Branches": []})


def test_a_transition_out_of_a_branch_is_refused(refused, chain):
    inside = {"StartAt": "In", "States": {"In": {"Type": "Pass", "Next": "B"}}}
    definition = chain({"Type": "Parallel", "Branches": [inside]}, {"Type": "Pass"})
    assert "/States/A/Branches/0/States/In/Next" in refused(definition)


@pytest.mark.parametrize("field", ["Resource", "ItemsPath", "Result", "TimeoutSeconds"])
def test_a_field_that_it_does_not_have_is_refused_by_name(refused, field):
    found = refused({"Type": "Parallel", "Branches": [passing("X")], field: 1})
    assert f"Field '{field}' is not supported" in found["/States/A"]


@pytest.mark.parametrize("concurrency", [1, 2])
def test_an_iteration_is_told_as_aborted_whether_or_not_others_run_beside_it(execute, concurrency):
    slow = flow(
        ("Inner", {"Type": "Parallel", "Branches": [flow(("Long", {"Type": "Wait", "Seconds": 99}))]})
    )
    state = {
        "Type": "Parallel",
        "Branches": [
            flow(
                (
                    "Each",
                    {
                        "Type": "Map",
                        "ItemsPath": "$.items",
                        "MaxConcurrency": concurrency,
                        "ItemProcessor": slow,
                    },
                )
            ),
            flow(("Short", {"Type": "Wait", "Seconds": 1}), ("Broken", {"Type": "Fail"})),
        ],
    }
    aborted = [kind for kind in execute(state, {"items": [1, 2]}).types if kind.endswith("Aborted")]
    once = ["WaitStateAborted", "ParallelStateAborted", "MapIterationAborted"]
    assert aborted == [*once * concurrency, "MapStateAborted"]


@pytest.mark.parametrize("branches", [1, 2])
def test_the_machines_timeout_is_told_by_one_event_alone(execute, branches):
    waiting = [flow((f"Wait{n}", {"Type": "Wait", "Seconds": 99})) for n in range(branches)]
    state = {"Type": "Parallel", "Branches": waiting, "End": True}
    definition = {"TimeoutSeconds": 1, "StartAt": "A", "States": {"A": state}}
    histories = [execute(definition, {}).types for _ in range(5)]
    assert all(types[-1] == "ExecutionTimedOut" for types in histories)
    assert not any("Aborted" in kind for types in histories for kind in types)
