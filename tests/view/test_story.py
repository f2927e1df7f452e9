"""Histories as visits: what ended how, what runs, what was gone through."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings

from statewright.engine import run_with_history
from statewright.view.definition import read_chart
from statewright.view.endpoint import find_endpoint
from statewright.view.statuses import overlay_of, story_of, where_to_look
from statewright.view.watch import read_once
from tests.engine.random_machines import inputs, machines
from tests.engine.test_random_machines import execute
from tests.view.orders import BAD, GOOD, HANDLERS, ORDERS, RELEASE

STATUSES = {"succeeded", "failed", "caught", "aborted", "nodata"}


def told(definition, history, upto=None):
    chart = read_chart(json.dumps(definition))
    story = story_of(chart)
    for event in history[:upto]:
        story.add(event)
    return chart, story


def ran(definition, value, handlers=HANDLERS):
    RELEASE.set()
    record, history = run_with_history(definition, value, functions=handlers, virtual_time=True)
    return record, history


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(machines(2), inputs)
def test_given_a_random_machine_every_visit_ends_and_agrees_with_its_history(definition, value) -> None:
    record, histories = execute(definition, value)
    history = histories[0][1]
    chart, story = told(definition, history)
    entered = [event for event in history if event["type"].endswith("StateEntered")]
    exited = [event for event in history if event["type"].endswith("StateExited")]
    assert len(story.visits) == len(entered)
    assert sum(visit.exited > 0 for visit in story.visits) == len(exited)
    assert {visit.status for visit in story.visits} <= STATUSES
    assert all(visit.ended_at is not None for visit in story.visits)
    assert {frame.status for frame in story.frames} <= STATUSES
    for visit in story.visits:
        assert visit.state == history[visit.entered - 1]["stateEnteredEventDetails"]["name"]
        parent = chart.parents.get(visit.state)
        owner = None if visit.frame is None else story.visits[story.frames[visit.frame].owner].state
        assert owner == (parent[0] if parent else None)
    overlay = overlay_of(story, chart)
    edges = {(e.source, e.target, e.kind == "catch") for r in regions(chart.region) for e in r.edges}
    inner = {each for each in overlay.taken if each[0] != "Start" and each[1] != "End"}
    assert inner <= edges
    assert story.status == record.status
    if record.status == "FAILED":
        assert story.visits[where_to_look(story)].status in ("failed", "caught")


def regions(region):
    yield region
    for node in region.nodes:
        for inner in node.regions:
            yield from regions(inner)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(machines(2), inputs)
def test_given_a_history_up_to_any_event_what_has_not_ended_is_running(definition, value) -> None:
    _, histories = execute(definition, value)
    history = histories[0][1]
    for upto in range(1, len(history)):
        _, story = told(definition, history, upto)
        if story.status == "RUNNING":
            for visit in story.visits:
                assert visit.status != "running" or visit.ended_at is None
                frames = [story.frames[number] for number in visit.frames]
                if visit.status == "running" and not visit.failure:
                    assert all(each.status != "running" or each.ended_at is None for each in frames)


def test_given_a_failed_attempt_and_no_more_the_state_is_running_and_waits_for_its_retry() -> None:
    _, history = ran(ORDERS, GOOD)
    failed = next(event["id"] for event in history if event["type"] == "TaskFailed")
    chart, story = told(ORDERS, history, failed)
    overlay = overlay_of(story, chart)
    assert overlay.status("ValidateRows") == "running"
    assert overlay.status("ProcessFiles") == "running"
    assert overlay.status("QuarantineRows") == "none"


def test_given_an_error_caught_in_an_iteration_the_map_has_succeeded_and_counts_it_so() -> None:
    _, history = ran(ORDERS, GOOD)
    chart, story = told(ORDERS, history)
    overlay = overlay_of(story, chart)
    assert overlay.status("ValidateRows") == "caught"
    assert overlay.status("ProcessFiles") == "succeeded"
    assert overlay.badge("ProcessFiles") == "3/3 ✓"
    assert overlay.badge("ValidateRows") == "×3 ↻2"
    assert ("ValidateRows", "QuarantineRows", True) in overlay.taken
    assert ("Approve", "QualityGate", False) in overlay.taken
    assert ("HasFiles", "ProcessFiles", False) not in overlay.taken


@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_given_a_map_that_fails_before_it_begins_the_map_around_it_has_not_failed(mode) -> None:
    """Its event of failure points at the failed expression, and no event said that it had begun."""
    done = {"Type": "Pass", "End": True}
    kind = {"Mode": mode} if mode == "INLINE" else {"Mode": mode, "ExecutionType": "STANDARD"}
    inner = {
        "Type": "Map",
        "Items": "{% $states.input %}",
        "ItemProcessor": {"ProcessorConfig": kind, "StartAt": "In", "States": {"In": done}},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        "End": True,
    }
    outer = {
        "Type": "Map",
        "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": inner, "Caught": done}},
        "Next": "After",
    }
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Outer",
        "States": {"Outer": outer, "After": done},
    }
    _, history = ran(definition, [1, [2]])
    chart, story = told(definition, history)
    statuses = {(visit.state, visit.status) for visit in story.visits}
    assert statuses >= {("Outer", "succeeded"), ("Inner", "caught"), ("Inner", "succeeded")}
    assert ("Outer", "After", False) in overlay_of(story, chart).taken


def test_given_one_iteration_its_container_shows_that_alone() -> None:
    _, history = ran(ORDERS, GOOD)
    chart, story = told(ORDERS, history)
    frame = next(
        frame for frame in story.frames if frame.index == 0 and story.visits[frame.owner].kind == "Map"
    )
    overlay = overlay_of(story, chart, frame.number)
    assert overlay.status("ValidateRows") == "succeeded"
    assert overlay.status("QuarantineRows") == "none"
    assert overlay.status("Approve") == "succeeded"


def test_given_a_failure_that_a_branch_passes_on_the_look_goes_to_where_it_began() -> None:
    _, history = ran(ORDERS, BAD)
    chart, story = told(ORDERS, history)
    overlay = overlay_of(story, chart)
    assert story.visits[where_to_look(story)].state == "LoadWarehouse"
    assert overlay.status("LoadWarehouse") == "failed"
    assert overlay.status("PublishTargets") == "caught"
    assert overlay.status("PipelineFailed") == "failed"
    assert overlay.status("NotifySuccess") == "none"
    assert ("PublishTargets", "RecordFailure", True) in overlay.taken


def test_given_a_choice_that_fails_it_is_the_failing_state() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "Z"}]}
    machine = {"StartAt": "A", "States": {"A": choice, "Z": {"Type": "Succeed"}}}
    _, history = ran(machine, {"a": 2})
    chart, story = told(machine, history)
    assert overlay_of(story, chart).status("A") == "failed"
    assert story.visits[where_to_look(story)].state == "A"


def test_given_events_of_an_unknown_kind_they_are_taken_without_harm() -> None:
    history = [
        {"id": 1, "type": "ExecutionStarted", "previousEventId": 0, "timestamp": 1.0},
        {"id": 2, "type": "SomethingNew", "previousEventId": 1, "timestamp": 1.0},
        {"id": 3, "type": "MapIterationStarted", "previousEventId": 99, "timestamp": 1.0},
        {"id": 4, "type": "PassStateExited", "previousEventId": 3, "timestamp": 1.0},
        {"id": 5, "type": "ExecutionSucceeded", "previousEventId": 4, "timestamp": 2.0},
    ]
    _, story = told({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, history)
    assert story.status == "SUCCEEDED"
    assert story.visits == []


def test_given_an_endpoint_that_leaves_failures_out_a_way_that_only_a_catch_leads_is_caught() -> None:
    _, history = ran(ORDERS, BAD)
    left_out = ("Failed", "Aborted", "Scheduled", "Started", "Succeeded")
    kept = [each for each in history if not each["type"].endswith(left_out) or "Execution" in each["type"]]
    outer = {"ReceiveManifest", "HasFiles", "ProcessFiles", "QualityGate", "PublishTargets", "RecordFailure"}
    kept = [
        event
        for event in kept
        if "Execution" in event["type"] or outer | {"PipelineFailed"} >= {name_of(event)}
    ]
    told_ids = {event["id"]: number for number, event in enumerate(kept, start=1)}
    history = [
        event | {"id": told_ids[event["id"]], "previousEventId": max(told_ids[event["id"]] - 1, 0)}
        for event in kept
    ]
    chart, story = told(ORDERS, history)
    overlay = overlay_of(story, chart)
    assert overlay.status("PublishTargets") == "caught"
    assert overlay.status("ProcessFiles") == "succeeded"
    assert overlay.status("ParseFile") == "nodata"
    assert ("PublishTargets", "RecordFailure", True) in overlay.taken


def name_of(event):
    return next(each["name"] for each in event.values() if isinstance(each, dict) and "name" in each)


def fails_at_first():
    seen = []

    def handler(event, context):
        seen.append(event)
        if len(seen) == 1:
            raise ValueError("the first time")
        return event

    return {"f": handler}


CALL = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": True}
AGAIN = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]
CONTAINERS = {
    "Parallel": {"Branches": [{"StartAt": "T", "States": {"T": CALL}}]},
    "Map": {"ItemsPath": "$.items", "ItemProcessor": {"StartAt": "T", "States": {"T": CALL}}},
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_given_a_container_that_succeeded_at_its_retry_its_inside_has_succeeded(kind) -> None:
    container = {"Type": kind, "Retry": AGAIN, "End": True, **CONTAINERS[kind]}
    machine = {"StartAt": "C", "States": {"C": container}}
    record, history = ran(machine, {"items": [1]}, fails_at_first())
    assert record.status == "SUCCEEDED"
    chart, story = told(machine, history)
    overlay = overlay_of(story, chart)
    assert overlay.status("C") == overlay.status("T") == "succeeded"
    assert "↻1" in overlay.badge("C")
    assert [frame.status for frame in story.frames] == ["failed", "succeeded"]


@pytest.mark.parametrize("kind", CONTAINERS)
def test_given_a_redrive_what_had_failed_runs_on_and_succeeds(kind, cloud) -> None:
    waits = {"Type": "Wait", "Seconds": 1, "Next": "L"}
    inner = {"StartAt": "W", "States": {"W": waits, "L": {**ORDERS["States"]["NotifySuccess"], "End": True}}}
    del inner["States"]["L"]["Next"], inner["States"]["L"]["Catch"]
    inner["States"]["L"]["Parameters"] = {"FunctionName": f"once-{kind}", "Payload.$": "$"}
    body = {"Branches": [inner]} if kind == "Parallel" else {"ItemsPath": "$.items", "ItemProcessor": inner}
    machine = {"StartAt": "C", "States": {"C": {"Type": kind, "End": True, **body}}}
    cloud.machine(f"redriven-{kind}", machine)
    execution = cloud.start(f"redriven-{kind}", {"items": [{}]})
    assert cloud.ended(execution) == "FAILED"
    cloud.client.redrive_execution(executionArn=execution)
    assert cloud.ended(execution) == "SUCCEEDED"
    watch = read_once(find_endpoint(cloud.url), execution)
    overlay = watch.overlay()
    assert [overlay.status(name) for name in "CWL"] == ["succeeded"] * 3
    assert [frame.status for frame in watch.story.frames] == ["succeeded"]
    watch.close()
