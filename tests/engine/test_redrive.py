"""Redrive: what ended badly goes on from its unsuccessful states."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from itertools import count

import pytest

from statewright.engine import LocalFunctions
from statewright.engine.errors import ExecutionNotRedrivable
from statewright.engine.map_runs import MAX_REDRIVES
from statewright.engine.records import MAX_REDRIVABLE_EVENTS
from statewright.engine.redrive import (
    CLIENT_TOKEN_SECONDS,
    MAX_CLIENT_TOKENS,
    MAX_EXECUTION_SECONDS,
    REDRIVABLE_SECONDS,
)
from statewright.engine.runner import ROLE


class Broken(Exception):  # noqa: N818 - the error's name
    pass


class Workshop:
    """Functions that note who calls them, and fail while they are broken."""

    def __init__(self, *broken):
        self.broken = set(broken)
        self.calls = []

    def __call__(self, event, context):
        self.calls.append(event)
        name = event["name"] if isinstance(event, dict) else event
        if name in self.broken:
            raise Broken(name)
        return f"done {name}"

    @property
    def functions(self):
        return LocalFunctions({"work": self})


def work(payload, **more):
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "work", **payload},
        "OutputPath": "$.Payload",
        **more,
    }


def named(name, **more):
    return work({"Payload": {"name": name}}, **more)


NUMBERS = count(step=10)
ITEM = work({"Payload.$": "$"})


def inline(state, **more):
    processor = {"StartAt": "W", "States": {"W": {**state, "End": True}}}
    return {"Type": "Map", "ItemProcessor": processor, **more}


def branches(chain, *flows):
    """Make branches whose states have names of their own."""
    return [
        chain(*((f"{number}.{place}", state) for place, state in enumerate(flow)))
        for number, flow in enumerate(flows, next(NUMBERS))
    ]


def types(engine, record):
    return [event["type"] for event in engine.get_execution_history(record.arn)]


def since_redrive(engine, record):
    found = types(engine, record)
    return found[len(found) - found[::-1].index("ExecutionRedriven") - 1 :]


async def start(engine, definition, value=None, **more):
    created = engine.create_state_machine("m", json.dumps(definition), ROLE, **more)
    started = engine.start_execution(created.arn, json.dumps({} if value is None else value))
    return await engine.wait_for_execution(started.arn)


async def again(engine, record, token=None):
    engine.redrives.redrive(record.arn, token)
    return await engine.wait_for_execution(record.arn)


@pytest.fixture
def redriven(in_engine, chain, well_formed):
    """Run a definition, mend what was broken, redrive; give both records, the history since and the calls."""

    def run_it(workshop, *states, value=None):
        async def inside(engine):
            before = await start(engine, chain(*states), value)
            calls, workshop.broken = list(workshop.calls), set()
            workshop.calls.clear()
            after = await again(engine, before)
            well_formed(engine.get_execution_history(after.arn))
            return before, calls, after, since_redrive(engine, after)

        return in_engine(inside, functions=workshop.functions)

    return run_it


def test_it_goes_on_from_the_state_that_failed(redriven):
    workshop = Workshop("two")
    before, calls, after, events = redriven(workshop, named("one"), named("two"), named("three"))
    assert (before.status, after.status, after.result) == ("FAILED", "SUCCEEDED", "done three")
    assert [call["name"] for call in calls] == ["one", "two"]
    assert [call["name"] for call in workshop.calls] == ["two", "three"]
    assert events == [
        "ExecutionRedriven",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


def test_arn_input_and_start_stay_and_the_redrive_is_counted(redriven):
    before, _, after, _ = redriven(Workshop("one"), named("one"), value={"a": 1})
    assert (after.arn, after.input, after.start_date) == (before.arn, before.input, before.start_date)
    assert (before.redrive_count, after.redrive_count) == (0, 1)
    assert before.stop_date <= after.redrive_date <= after.stop_date
    assert (before.error, after.error, after.cause) == ("Broken", None, None)


def test_the_history_goes_on_and_tells_of_each_redrive(in_engine, chain):
    workshop = Workshop("one")

    async def inside(engine):
        record = await start(engine, chain(named("one")))
        await again(engine, record)
        workshop.broken.clear()
        await again(engine, record)
        history = engine.get_execution_history(record.arn)
        told = [event for event in history if event["type"] == "ExecutionRedriven"]
        assert [event["executionRedrivenEventDetails"]["redriveCount"] for event in told] == [1, 2]
        for event in told:
            assert history[event["id"] - 2]["type"] == "ExecutionFailed"
            assert event["previousEventId"] == event["id"] - 1
            assert history[event["id"]]["previousEventId"] == event["id"]

    in_engine(inside, functions=workshop.functions)


def test_variables_and_the_context_object_are_as_they_were(redriven):
    shown = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Output": {
            "kept": "{% $kept %}",
            "count": "{% $states.context.Execution.RedriveCount %}",
            "time": "{% $exists($states.context.Execution.RedriveTime) %}",
            "input": "{% $states.context.Execution.Input %}",
        },
    }
    kept = {"Type": "Pass", "Assign": {"kept.$": "$.a"}}
    _, _, after, _ = redriven(Workshop("one"), kept, named("one"), shown, value={"a": [7]})
    assert after.result == {"kept": [7], "count": 1, "time": True, "input": {"a": [7]}}


def test_there_is_no_redrive_time_before_a_redrive(execute):
    shown = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Output": "{% $exists($states.context.Execution.RedriveTime) %}",
    }
    assert execute(shown).output is False


def test_attempts_are_counted_anew(in_engine, chain):
    retry = [{"ErrorEquals": ["Broken"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    workshop = Workshop("one")

    async def inside(engine):
        record = await start(engine, chain(named("one", Retry=retry)))
        assert len(workshop.calls) == 3
        await again(engine, record)
        assert len(workshop.calls) == 6

    in_engine(inside, functions=workshop.functions)


def test_the_definition_is_that_of_the_start(in_engine, chain):
    workshop = Workshop("one")

    async def inside(engine):
        record = await start(engine, chain(named("one"), {"Type": "Pass", "Result": "old"}))
        changed = chain(named("other"), {"Type": "Pass", "Result": "new"})
        engine.update_state_machine(record.state_machine_arn, definition=json.dumps(changed))
        workshop.broken.clear()
        assert (await again(engine, record)).result == "old"

    in_engine(inside, functions=workshop.functions)


def test_the_timeout_of_the_machine_begins_anew(in_engine, chain):
    definition = chain(
        ("First", {"Type": "Wait", "Seconds": 6}),
        ("Second", {"Type": "Wait", "Seconds": 6}),
        TimeoutSeconds=10,
    )

    async def inside(engine):
        record = await start(engine, definition)
        assert (record.status, round(record.stop_date - record.start_date)) == ("TIMED_OUT", 10)
        await asyncio.sleep(60)
        record = await again(engine, record)
        assert (record.status, round(record.stop_date - record.redrive_date)) == ("SUCCEEDED", 6)

    in_engine(inside)


def test_what_was_stopped_goes_on(in_engine, chain):
    async def inside(engine):
        created = engine.create_state_machine(
            "m",
            json.dumps(chain({"Type": "Wait", "Seconds": 60}, {"Type": "Pass", "Result": "through"})),
            ROLE,
        )
        started = engine.start_execution(created.arn)
        await asyncio.sleep(5)
        stopped = await engine.stop_execution(started.arn)
        assert (await again(engine, stopped)).result == "through"
        assert types(engine, stopped).count("WaitStateEntered") == 1

    in_engine(inside)


def test_what_was_stopped_before_its_first_step_begins(in_engine, chain):
    async def inside(engine):
        created = engine.create_state_machine("m", json.dumps(chain({"Type": "Pass"})), ROLE)
        stopped = await engine.stop_execution(engine.start_execution(created.arn, '{"a":1}').arn)
        assert stopped.status == "ABORTED"
        assert (await again(engine, stopped)).result == {"a": 1}

    in_engine(inside)


def test_a_wait_for_a_moment_that_has_passed_is_left_at_once(in_engine, chain):
    until = "2023-11-14T23:13:20Z"  # an hour after the virtual clock begins

    async def inside(engine):
        created = engine.create_state_machine(
            "m", json.dumps(chain({"Type": "Wait", "Timestamp": until})), ROLE
        )
        started = engine.start_execution(created.arn)
        await asyncio.sleep(1)
        stopped = await engine.stop_execution(started.arn)
        await asyncio.sleep(7200)
        record = await again(engine, stopped)
        assert (record.status, round(record.stop_date - record.redrive_date)) == ("SUCCEEDED", 0)

    in_engine(inside)


def test_a_fail_state_is_entered_again_and_fails_again(redriven):
    before, _, after, events = redriven(Workshop(), {"Type": "Fail", "Error": "E", "Cause": "C"})
    assert (before.status, after.status, after.error, after.cause) == ("FAILED", "FAILED", "E", "C")
    assert events == ["ExecutionRedriven", "FailStateEntered", "ExecutionFailed"]


def test_of_a_parallel_only_the_branches_that_did_not_succeed_run_again(redriven, chain):
    workshop = Workshop("b2")
    made = branches(
        chain,
        [named("a1"), named("a2")],
        [named("b1"), named("b2"), named("b3")],
        [{"Type": "Wait", "Seconds": 60}, named("c")],
    )
    before, calls, after, events = redriven(
        workshop, {"Type": "Parallel", "Branches": made}, {"Type": "Pass"}
    )
    assert before.status == "FAILED"
    assert sorted(call["name"] for call in calls) == ["a1", "a2", "b1", "b2"]
    assert sorted(call["name"] for call in workshop.calls) == ["b2", "b3", "c"]
    assert after.result == ["done a2", "done b3", "done c"]
    assert "ParallelStateEntered" not in events
    assert events.count("ParallelStateExited") == 1


def test_a_parallel_whose_result_was_too_large_runs_again_as_a_whole(in_engine, chain):
    workshop = Workshop()
    large = "x" * 200_000

    def grow(event, context):
        workshop.calls.append(event)
        return large if len(workshop.calls) <= 2 else "small"

    state = {"Type": "Parallel", "Branches": branches(chain, [ITEM], [ITEM])}

    async def inside(engine):
        record = await start(engine, chain(state), {"name": "n"})
        assert record.error == "States.DataLimitExceeded"
        assert (await again(engine, record)).result == ["small", "small"]
        assert len(workshop.calls) == 4

    in_engine(inside, functions=LocalFunctions({"work": grow}))


@pytest.mark.parametrize("concurrency", [0, 1, 2])
def test_of_an_inline_map_only_the_iterations_that_did_not_succeed_run_again(redriven, concurrency):
    workshop = Workshop("d")
    state = inline(ITEM, MaxConcurrency=concurrency)
    before, calls, after, events = redriven(workshop, state, value=list("abcdef"))
    assert before.status == "FAILED"
    assert after.result == [f"done {item}" for item in "abcdef"]
    assert workshop.calls[0] == "d"
    assert set(calls) | set(workshop.calls) == set("abcdef")
    succeeded_before = events.count("MapIterationSucceeded")
    assert succeeded_before == len(workshop.calls) < 6
    assert "MapStateStarted" not in events


def test_iterations_see_their_index_and_item_again(redriven):
    workshop = Workshop("b")
    shown = work({"Payload": {"name.$": "$", "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"}})
    _, _, after, _ = redriven(workshop, inline(shown, MaxConcurrency=1), value=["a", "b", "c"])
    assert after.status == "SUCCEEDED"
    assert [(call["i"], call["v"]) for call in workshop.calls] == [(1, "b"), (2, "c")]


def test_a_parallel_in_a_map_in_a_parallel_goes_on_where_it_stood(redriven, chain):
    workshop = Workshop("y")
    deepest = {"Type": "Parallel", "Branches": branches(chain, [ITEM], [{"Type": "Pass"}, ITEM])}
    flows = [[inline(deepest, MaxConcurrency=1)], [named("side")]]
    outer = {"Type": "Parallel", "Branches": branches(chain, *flows)}
    before, _, after, _ = redriven(workshop, outer, value=["x", "y", "z"])
    assert before.status == "FAILED"
    assert after.result == [[["done x"] * 2, ["done y"] * 2, ["done z"] * 2], "done side"]
    assert "x" not in workshop.calls
    assert {"name": "side"} not in workshop.calls


def test_a_state_that_failed_in_a_redrive_is_where_the_next_one_goes_on(in_engine, chain):
    workshop = Workshop("b", "c")

    async def inside(engine):
        record = await start(engine, chain(inline(ITEM, MaxConcurrency=1)), ["a", "b", "c"])
        workshop.broken.remove("b")
        record = await again(engine, record)
        assert (record.status, record.redrive_count) == ("FAILED", 1)
        workshop.broken.clear()
        workshop.calls.clear()
        record = await again(engine, record)
        assert (record.result, record.redrive_count) == (["done a", "done b", "done c"], 2)
        assert workshop.calls == ["c"]

    in_engine(inside, functions=workshop.functions)


def test_a_parallel_that_is_tried_again_after_a_redrive_begins_anew(redriven, chain):
    workshop = Workshop("b")
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    state = {"Type": "Parallel", "Branches": branches(chain, [named("a")], [named("b")]), "Retry": retry}
    _, calls, after, _ = redriven(workshop, state)
    assert [call["name"] for call in calls].count("b") == 2
    assert after.result == ["done a", "done b"]
    assert [call["name"] for call in workshop.calls] == ["b"]


def test_a_nested_execution_is_started_anew(in_engine, chain):
    workshop = Workshop("n")

    async def inside(engine):
        inner = engine.create_state_machine("inner", json.dumps(chain(named("n"))), ROLE)
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": inner.arn},
            "OutputPath": "$.Output",
        }
        record = await start(engine, chain(state))
        assert record.status == "FAILED"
        workshop.broken.clear()
        assert (await again(engine, record)).result == "done n"
        nested = engine.list_executions(state_machine_arn=inner.arn)
        assert sorted((each.status, each.redrive_count) for each in nested) == [
            ("FAILED", 0),
            ("SUCCEEDED", 0),
        ]

    in_engine(inside, functions=workshop.functions)


# --- what cannot be redriven ---


def refusal(engine, record):
    with pytest.raises(ExecutionNotRedrivable) as caught:
        engine.redrives.redrive(record.arn)
    status, reason = engine.redrives.status(record)
    assert (status, reason) == ("NOT_REDRIVABLE", caught.value.message)
    return reason


def test_what_succeeded_or_runs_is_not_redriven(in_engine, chain):
    async def inside(engine):
        created = engine.create_state_machine("m", json.dumps(chain({"Type": "Wait", "Seconds": 60})), ROLE)
        running = engine.start_execution(created.arn)
        assert refusal(engine, running) == "Execution is RUNNING and cannot be redriven"
        ended = await engine.wait_for_execution(running.arn)
        assert refusal(engine, ended) == "Execution is SUCCEEDED and cannot be redriven"

    in_engine(inside)


def test_until_fourteen_days_after_its_end_it_is_redrivable(in_engine, chain):
    async def inside(engine):
        record = await start(engine, chain({"Type": "Fail"}))
        await asyncio.sleep(REDRIVABLE_SECONDS - 1)
        assert engine.redrives.status(record) == ("REDRIVABLE", None)
        await asyncio.sleep(2)
        assert refusal(engine, record) == "Execution redrivable period exceeded"

    in_engine(inside)


def test_until_a_year_after_its_start_it_is_redrivable(in_engine, chain):
    async def inside(engine):
        states = [{"Type": "Wait", "Seconds": int(MAX_EXECUTION_SECONDS) - 1}, {"Type": "Fail"}]
        record = await start(engine, chain(*states))
        assert engine.redrives.status(record) == ("REDRIVABLE", None)
        await asyncio.sleep(2)
        assert refusal(engine, record) == "Execution has exceeded the max execution time"

    in_engine(inside)


@pytest.mark.parametrize(("events", "is_redrivable"), [(MAX_REDRIVABLE_EVENTS, True), (24_999, False)])
def test_the_history_must_have_room_for_two_more_events(in_engine, chain, events, is_redrivable):
    async def inside(engine):
        record = await start(engine, chain({"Type": "Fail"}))
        history = list(engine.get_execution_history(record.arn))
        filler = [{**history[0], "id": number} for number in range(1, events - len(history) + 1)]
        engine.store.end_execution(record, [*filler, *history], engine.store.progress(record.arn))
        if not is_redrivable:
            assert refusal(engine, record) == "Execution history event limit exceeded"
            return
        record = await again(engine, record)
        assert types(engine, record)[-2:] == ["ExecutionRedriven", "ExecutionFailed"]
        assert len(types(engine, record)) == 25_000

    in_engine(inside)


def test_the_same_client_token_redrives_once(in_engine, chain):
    async def inside(engine):
        record = await start(engine, chain({"Type": "Fail"}))
        first = await again(engine, record, "token")
        second = await again(engine, record, "token")
        assert (second.redrive_count, second.redrive_date) == (1, first.redrive_date)
        assert (await again(engine, record, "other")).redrive_count == 2

    in_engine(inside)


def test_client_tokens_are_known_for_fifteen_minutes(in_engine, chain):
    async def inside(engine):
        record = await start(engine, chain({"Type": "Fail"}))
        await again(engine, record, "token")
        await asyncio.sleep(CLIENT_TOKEN_SECONDS - 1)
        assert (await again(engine, record, "token")).redrive_count == 1
        await asyncio.sleep(2)
        assert (await again(engine, record, "token")).redrive_count == 2

    in_engine(inside)


def test_the_last_ten_client_tokens_are_known(in_engine, chain):
    async def inside(engine):
        record = await start(engine, chain({"Type": "Fail"}))
        for number in range(MAX_CLIENT_TOKENS + 1):
            await again(engine, record, f"token {number}")
        assert (await again(engine, record, "token 1")).redrive_count == MAX_CLIENT_TOKENS + 1
        assert (await again(engine, record, "token 0")).redrive_count == MAX_CLIENT_TOKENS + 2

    in_engine(inside)


# --- Distributed Map ---


def distributed(kind="STANDARD", state=ITEM, **more):
    config = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    processor = {"ProcessorConfig": config, "StartAt": "W", "States": {"W": {**state, "End": True}}}
    return {"Type": "Map", "ItemProcessor": processor, "Label": "L", **more}


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_of_a_map_run_only_the_children_that_did_not_succeed_run_again(in_engine, chain, well_formed, kind):
    workshop = Workshop("b", "d")

    async def inside(engine):
        definition = chain(distributed(kind, ToleratedFailureCount=1, MaxConcurrency=1))
        record = await start(engine, definition, list("abcde"))
        (run,) = engine.list_map_runs(record.arn)
        before = {each.arn: each.status for each in engine.list_executions(map_run_arn=run.arn)}
        assert (record.status, run.status, workshop.calls) == ("FAILED", "FAILED", list("abcd"))
        workshop.broken.clear()
        workshop.calls.clear()
        record = await again(engine, record)
        assert record.result == [f"done {item}" for item in "abcde"]
        assert workshop.calls == list("bde")
        (run,) = engine.list_map_runs(record.arn)
        assert (run.status, run.redrive_count) == ("SUCCEEDED", 1)
        assert record.redrive_date <= run.redrive_date <= record.stop_date
        assert (run.execution_counts.succeeded, run.execution_counts.total) == (5, 5)
        children = engine.list_executions(map_run_arn=run.arn)
        assert set(before) < {child.arn for child in children}
        assert sorted(child.redrive_count for child in children) == [0, 0, 0, 1, 1]
        assert {child.status for child in children} == {"SUCCEEDED"}
        history = engine.get_execution_history(record.arn)
        well_formed(history)
        (told,) = [event for event in history if event["type"] == "MapRunRedriven"]
        assert told["mapRunRedrivenEventDetails"] == {"mapRunArn": run.arn, "redriveCount": 1}
        assert types(engine, record).count("MapRunStarted") == 1

    in_engine(inside, functions=workshop.functions)


def test_standard_children_go_on_and_express_children_begin_anew(in_engine, chain):
    async def inside(kind, engine):
        state = distributed(kind)
        first = {**ITEM, "Next": "V", "ResultPath": "$.w", "OutputPath": "$"}
        state["ItemProcessor"]["States"] = {"W": first, "V": {**named("v"), "End": True}}
        workshop.broken.add("v")
        record = await start(engine, chain(state), [{"name": "i"}])
        workshop.broken.clear()
        workshop.calls.clear()
        record = await again(engine, record)
        assert record.result == ["done v"]
        return [call["name"] for call in workshop.calls]

    workshop = Workshop()
    for kind, calls in (("STANDARD", ["v"]), ("EXPRESS", ["i", "v"])):
        found = in_engine(lambda engine, kind=kind: inside(kind, engine), functions=workshop.functions)
        assert found == calls


def test_a_redriven_child_tells_of_it_in_its_own_history(in_engine, chain):
    workshop = Workshop("a")

    async def inside(engine):
        record = await start(engine, chain(distributed()), ["a"])
        workshop.broken.clear()
        await again(engine, record)
        (run,) = engine.list_map_runs(record.arn)
        (child,) = engine.list_executions(map_run_arn=run.arn)
        assert types(engine, child).count("ExecutionRedriven") == 1
        assert types(engine, child)[-1] == "ExecutionSucceeded"

    in_engine(inside, functions=workshop.functions)


def test_children_wait_for_their_redrive_until_there_is_room(in_engine, chain):
    async def inside(engine):
        state = distributed(state={"Type": "Wait", "Seconds": 60}, MaxConcurrency=2)
        created = engine.create_state_machine("m", json.dumps(chain(state)), ROLE)
        started = engine.start_execution(created.arn, "[1,2,3]")
        await asyncio.sleep(61)
        engine.update_map_run(engine.list_map_runs(started.arn)[0].arn, max_concurrency=3)
        await asyncio.sleep(1)
        stopped = await engine.stop_execution(started.arn)
        (run,) = engine.list_map_runs(started.arn)
        assert (run.execution_counts.aborted, run.execution_counts.succeeded) == (1, 2)
        for child in list(engine.store.children(run.arn)):  # as if the other two had not succeeded
            ended = dataclasses.replace(child, status="ABORTED", output=None)
            engine.store.end_execution(ended, engine.store.history(child.arn))
        engine.redrives.redrive(stopped.arn)
        await asyncio.sleep(1)
        (run,) = engine.list_map_runs(started.arn)
        counts = run.execution_counts
        assert (counts.running, counts.pending_redrive, counts.pending) == (2, 1, 0)
        (waiting,) = engine.list_executions(map_run_arn=run.arn, status="PENDING_REDRIVE")
        assert engine.describe_execution(waiting.arn).status == "PENDING_REDRIVE"
        await engine.stop_execution(stopped.arn)
        (run,) = engine.list_map_runs(started.arn)
        assert (run.execution_counts.pending_redrive, run.execution_counts.aborted) == (0, 3)

    in_engine(inside)


def test_a_child_whose_history_is_full_stays_failed_and_is_counted(in_engine, chain):
    workshop = Workshop("a", "b")

    async def inside(engine):
        record = await start(engine, chain(distributed(ToleratedFailureCount=1)), ["a", "b"])
        (run,) = engine.list_map_runs(record.arn)
        full = next(each for each in engine.store.children(run.arn) if each.input == '"a"')
        event = engine.store.history(full.arn)[0]
        engine.store.end_execution(full, [{**event, "id": number} for number in range(1, 25_000)])
        assert engine.redrives.status(full) == ("NOT_REDRIVABLE", "Execution history event limit exceeded")
        workshop.broken.clear()
        record = await again(engine, record)
        counts = engine.list_map_runs(record.arn)[0].execution_counts
        assert (record.status, record.result[1]) == ("SUCCEEDED", "done b")
        assert (counts.succeeded, counts.failed, counts.failures_not_redrivable) == (1, 1, 1)

    in_engine(inside, functions=workshop.functions)


def test_a_map_run_is_redriven_a_thousand_times_at_most(in_engine, chain):
    workshop = Workshop("a")

    async def inside(engine):
        record = await start(engine, chain(distributed()), ["a"])
        (run,) = engine.list_map_runs(record.arn)
        engine.store.save_map_run(dataclasses.replace(run, redrive_count=MAX_REDRIVES - 1))
        record = await again(engine, record)
        (run,) = engine.list_map_runs(record.arn)
        assert (record.error, run.redrive_count) == ("States.ExceedToleratedFailureThreshold", MAX_REDRIVES)
        record = await again(engine, record)
        (run,) = engine.list_map_runs(record.arn)
        assert (record.error, run.redrive_count, run.status) == ("States.Runtime", MAX_REDRIVES, "FAILED")

    in_engine(inside, functions=workshop.functions)


def test_a_child_is_redriven_by_its_map_run_alone(in_engine, chain):
    workshop = Workshop("a")

    async def inside(engine):
        record = await start(engine, chain(distributed()), ["a"])
        (child,) = engine.store.children(engine.list_map_runs(record.arn)[0].arn)
        assert engine.redrives.status(child) == ("REDRIVABLE_BY_MAP_RUN", None)
        with pytest.raises(ExecutionNotRedrivable, match="Map Run"):
            engine.redrives.redrive(child.arn)

    in_engine(inside, functions=workshop.functions)


def test_results_too_large_begin_a_new_map_run(in_engine, chain):
    answers = iter(["x" * 200_000, "x" * 200_000, "small", "small"])

    async def inside(engine):
        record = await start(engine, chain(distributed()), ["a", "b"])
        assert record.error == "States.DataLimitExceeded"
        assert (await again(engine, record)).result == ["small", "small"]
        assert [run.redrive_count for run in engine.list_map_runs(record.arn)] == [0, 0]

    in_engine(inside, functions=LocalFunctions({"work": lambda event, context: next(answers)}))


def test_what_a_store_in_memory_has_put_on_disk_is_redriven_too(in_engine, chain, monkeypatch):
    monkeypatch.setattr("statewright.engine.store.KEPT_BYTES", 0)
    workshop = Workshop("b")

    async def inside(engine):
        record = await start(engine, chain(inline(ITEM, MaxConcurrency=1)), ["a", "b"])
        workshop.broken.clear()
        assert (await again(engine, record)).result == ["done a", "done b"]
        assert workshop.calls == ["a", "b", "b"]

    in_engine(inside, functions=workshop.functions)
