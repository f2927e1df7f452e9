from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import errors
from tests.functions.cloud import HANDLERS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSES = [
    each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, errors.PipelineError)
]
RAISED = [each for each in CLASSES if not each.__subclasses__()]
WORKFLOWS = {
    name: json.loads((ROOT / f"statemachines/{name}.asl.json").read_text())
    for name in ("ingest", "stream", "backfill")
}
RECORDS = {"${ParseAndValidateArn}", "${EnrichArn}", "${WriteToDdbArn}", "${NotifyArn}"}
FILES = {"${CollectDataArn}", *RECORDS}
ARNS = {
    "ingest": {"${RechunkArn}", *FILES},
    "stream": {"${TellDigestsArn}", *RECORDS},
    "backfill": FILES,
}


def functions(machine: Any, inherited: tuple[Any, ...] = ()) -> Iterator[tuple[str, Any, list[Any]]]:
    """Yield each state that calls a function, with the catchers around it."""
    for name, state in machine["States"].items():
        catchers = [*state.get("Catch", ()), *inherited]
        if "ItemProcessor" in state:
            yield from functions(state["ItemProcessor"], tuple(catchers))
        if isinstance(state.get("Arguments"), dict) and "FunctionName" in state["Arguments"]:
            yield name, state, catchers


STATES = [(f"{name}-{each[0]}", *each[1:]) for name in WORKFLOWS for each in functions(WORKFLOWS[name])]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_every_function_is_called_by_the_workflow(workflow: str) -> None:
    called = {state["Arguments"]["FunctionName"] for _, state, _ in functions(WORKFLOWS[workflow])}
    assert called == ARNS[workflow]


@pytest.mark.parametrize(
    ("state", "catchers"), [each[1:] for each in STATES], ids=[each[0] for each in STATES]
)
def test_what_is_retryable_is_retried_and_everything_is_caught(state: Any, catchers: list[Any]) -> None:
    retried = {name for retrier in state["Retry"] for name in retrier["ErrorEquals"]}
    for each in RAISED:
        assert (each.__name__ in retried) is each.retryable, each
    assert any("States.ALL" in catcher["ErrorEquals"] for catcher in catchers)


@pytest.mark.parametrize("each", CLASSES)
def test_an_error_is_explained_and_drawn_in_the_tree(each: type) -> None:
    assert each.__doc__
    assert errors.__doc__ is not None
    assert f" {each.__name__}" in errors.__doc__


@pytest.mark.parametrize("function", sorted(HANDLERS))
def test_a_signature_names_errors_that_there_are(function: str) -> None:
    signature = json.loads((ROOT / f"schemas/functions/{function}.json").read_text())
    names = {each.__name__ for each in RAISED}
    assert set(signature["errors"]) <= names
    assert {each.__name__ for each in RAISED if each.retryable} <= set(signature["errors"])
