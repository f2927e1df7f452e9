"""What each state does to types: its ways out, with output and variables.

JSONPath:  InputPath -> Parameters -> (the state's work) -> ResultSelector -> ResultPath -> OutputPath
JSONata:   Arguments -> (the state's work) -> Output
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from statewright.asl import intrinsics, jsonata, jsonpath
from statewright.asl.tree import (
    Choice,
    Constant,
    Fail,
    Field,
    Map,
    Parallel,
    Pass,
    Payload,
    State,
    Succeed,
    Task,
    Wait,
    Worker,
)
from statewright.typing import jsonata_types, path_types
from statewright.typing.choices import choice_exits
from statewright.typing.contexts import EXECUTION_INPUT, narrowed_context, state_context
from statewright.typing.error_names import check_errors
from statewright.typing.findings import Where, pointed, suggestion_for
from statewright.typing.flow import Entry, Exit, Split, Surroundings, assigned, run_flow
from statewright.typing.lattice import MOST_ALTERNATIVES
from statewright.typing.maps import map_result
from statewright.typing.selection import part_at, write
from statewright.typing.shapes import (
    INFINITY,
    NEVER,
    STRING,
    UNKNOWN,
    Array,
    Number,
    Object,
    Type,
    is_unknown,
    kinds,
    object_of,
    of_kind,
    shapes_of,
)
from statewright.typing.shapes import Field as Member
from statewright.typing.sizes import PAYLOAD_BYTES, size_within_reach
from statewright.typing.subsumption import compare
from statewright.typing.tasks import task_result
from statewright.typing.texts import literal_text
from statewright.typing.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from statewright.asl.tree import Catcher
    from statewright.typing.view import Variable

EMPTY = object_of({})
ERROR_OUTPUT = Type(
    (
        Object(
            {"Error": Member(STRING), "Cause": Member(STRING, is_required=False, is_presumed=True)},
            NEVER,
            is_declared=True,
        ),
    )
)
_MAX_SECONDS = 99_999_999


def leave(state: State, entry: Entry, around: Surroundings) -> list[Exit]:
    """Give the ways out of a state."""
    context = state_context(around.context, state)
    known = entry.variables.get(EXECUTION_INPUT)
    if known is not None and known.is_certain:
        context, _ = narrowed_context(context, lambda _type: known.type)
    view = View(entry.input, context, entry.variables, around.findings)
    visit = Visit(state, entry, around, view)
    exits = [_came_through(way, visit) for way in _VISITS[type(state)](visit)]
    if around.findings.wanted == "none":
        return exits
    if isinstance(state, Worker):
        check_errors(state, around)
    for way in exits:
        visit.check_size(way.output, "its output")
    if around.machine_output is not None:
        for way in exits:
            if way.target is None:
                _check_output(visit, way.output, around.machine_output)
    return exits


def _came_through(way: Exit, visit: Visit) -> Exit:
    """Add the state to the way of what comes out of it, unless it hands on what came in."""
    is_same = way.output is visit.entry.input or isinstance(visit.state, Choice)
    if is_same:
        return way
    return replace(way, output=way.output.via(f"the output of {visit.state.name}", visit.state.name))


def _check_output(visit: Visit, output: Type, wanted: Type) -> None:
    verdict = compare(output, wanted)
    where = Where(visit.state.at.pointer)
    if verdict.answer == "unknown":
        visit.view.findings.add("SW191", "it cannot be shown that the output is of the declared type", where)
    elif verdict.difference is not None:
        message = f"the output of the machine does not fit its declared type: {pointed(verdict.difference)}"
        is_refined = verdict.difference.kind in ("range", "length", "refinement")
        visit.view.findings.add(
            "SW115" if is_refined else "SW111", message, where,
            expected=part_at(wanted, verdict.difference.where),
            actual=part_at(output, verdict.difference.where),
            difference=pointed(verdict.difference), suggestion=suggestion_for(verdict.difference),
        )  # fmt: skip


class Visit:
    """One visit of one state."""

    def __init__(self, state: State, entry: Entry, around: Surroundings, view: View) -> None:
        self.state = state
        self.entry = entry
        self.around = around
        self.view = view

    # --- values ---

    def template(self, payload: Payload, view: View) -> Type:
        """Give the type of a payload."""
        if isinstance(payload.template, jsonata.Template):
            return jsonata_types.template_type(payload.value, view, payload.at.pointer)
        return path_types.template_type(payload.value, view, payload.at.pointer)

    def value(self, field: Field, view: View) -> Type:
        """Give the type of one value: a literal, a path, a call or an expression."""
        source, pointer = field.source, field.at.pointer
        if isinstance(source, Constant):
            if self.state.language == "JSONata":
                jsonata_types.check_text(source.value, view, pointer)
            return literal_text(source.value)
        if isinstance(source, jsonata.Expression):
            return jsonata_types.expression_type(source.text, view, self.expression_at(pointer))
        return path_types.source_type(source, view, Where(pointer))

    def expression_at(self, pointer: str) -> Where:
        """Give the place of the expression that a field consists of."""
        return Where(pointer, 3)

    def selected_input(self) -> Type:
        """Apply InputPath."""
        path = self.state.input_path
        if path is None:
            return self.entry.input
        return EMPTY if isinstance(path.source, Constant) else self.value(path, self.view)

    def selected_output(self, output: Type, view: View) -> Type:
        """Apply OutputPath."""
        path = self.state.output_path
        if path is None:
            return output
        return EMPTY if isinstance(path.source, Constant) else self.value(path, view.of(output))

    def place_result(self, path: Field | None, result: Type) -> Type:
        """Apply ResultPath: put the result into the state's input."""
        if path is None:
            return result
        if isinstance(path.source, Constant):
            return self.entry.input
        assert isinstance(path.source, jsonpath.Path)
        result = result.via(f"the result of {self.state.name}", self.state.name)
        written = write(self.entry.input, path.source.keys or (), result)
        if written.wrong:
            message = f"{path.source.text} cannot be written: the input may be {' or '.join(written.wrong)}"
            self.view.findings.add("SW114", message, Where(path.at.pointer), actual=self.entry.input)
        return UNKNOWN if written.type.is_never else written.type

    def assign(self, payload: Payload | None, view: View) -> Mapping[str, Variable]:
        """Evaluate Assign; give the variables behind it."""
        if payload is None:
            return view.variables
        return assigned(view.variables, self.template(payload, view), self.state.name)

    # --- ways out ---

    def finish(self, result: Type, view: View, *, is_result: bool = False) -> Exit:
        """The way out of a state that has ended well."""
        state = self.state
        if state.language == "JSONata":
            view = view.of(view.document, result=result) if is_result else view
            output = result if state.output is None else self.template(state.output, view)
            return Exit(state.next, output, self.assign(state.assign, view))
        return Exit(
            state.next, self.selected_output(result, view), self.assign(state.assign, view.of(result))
        )

    def finish_worker(self, result: Type) -> list[Exit]:
        """The ways out of a Task, Parallel or Map: well, and by its Catch."""
        state = self.state
        assert isinstance(state, Worker)
        caught = [self._caught(catcher) for catcher in state.catch]
        parts = alternatives(result)
        if len(parts) == 1:
            return [self._well(state, parts[0], None), *caught]
        splits = [(state.name, number) for number in range(len(parts))]
        return [*(self._well(state, part, split) for part, split in zip(parts, splits, strict=True)), *caught]

    def _well(self, state: Worker, result: Type, split: Split | None) -> Exit:
        if state.language == "JSONata":
            return replace(self.finish(result, self.view, is_result=True), split=split)
        if state.result_selector is not None:
            result = self.template(state.result_selector, self.view.of(result))
        variables = self.assign(state.assign, self.view.of(result))
        output = self.selected_output(self.place_result(state.result_path, result), self.view)
        return Exit(state.next, output, variables, split)

    def _caught(self, catcher: Catcher) -> Exit:
        error = ERROR_OUTPUT.since(f"an error of {self.state.name}", self.state.name)
        if self.state.language == "JSONata":
            view = self.view.of(self.view.document, errorOutput=error)
            output = error if catcher.output is None else self.template(catcher.output, view)
            return Exit(catcher.next, output, self.assign(catcher.assign, view))
        variables = self.assign(catcher.assign, self.view.of(error))
        return Exit(catcher.next, self.place_result(catcher.result_path, error), variables)

    # --- what fields must be ---

    def check_kind(self, field: Field | None, view: View, wanted: frozenset[str]) -> Type:
        """Evaluate a field that must be of some kinds; a path may find a number as a text."""
        if field is None:
            return UNKNOWN
        found = self.value(field, view)
        if isinstance(field.source, Constant):
            return found
        allowed = wanted
        if "number" in wanted and isinstance(field.source, jsonpath.Path | intrinsics.Call):
            allowed = wanted | {"string"} if field.name != "SecondsPath" else wanted
        if is_unknown(found):
            message = f"it cannot be shown that {field.name} is {' or '.join(sorted(wanted))}"
            self.view.findings.add("SW191", message, Where(field.at.pointer))
        unwanted = frozenset() if is_unknown(found) else kinds(found) - allowed
        if unwanted:
            found_kinds, wanted_kinds = " or ".join(sorted(unwanted)), " or ".join(sorted(wanted))
            message = f"{field.name} may be {found_kinds} where it must be {wanted_kinds}"
            self.view.findings.add("SW113", message, Where(field.at.pointer), actual=found)
        return found

    def check_integer(self, field: Field | None, view: View, low: int, high: int = _MAX_SECONDS) -> Type:
        """Evaluate a field that must be an integer between two bounds."""
        if field is None:
            return UNKNOWN
        found = self.check_kind(field, view, frozenset({"number"}))
        if isinstance(field.source, Constant):
            return found
        for shape in shapes_of(found):
            if isinstance(shape, Number) and not shape.is_integer:
                message = f"{field.name} may be a number that is no integer"
                self.view.findings.add("SW113", message, Where(field.at.pointer), actual=found)
            elif isinstance(shape, Number) and (shape.high < low or shape.low > high):
                message = f"{field.name} must be between {low} and {high}"
                self.view.findings.add("SW113", message, Where(field.at.pointer), actual=found)
            elif isinstance(shape, Number) and (shape.low < low or high < shape.high < INFINITY):
                message = f"{field.name} must be between {low} and {high}"
                self.view.findings.add("SW115", message, Where(field.at.pointer), actual=found)
        return found

    # --- what operators meet ---

    def check_heartbeat(self, timeout: Type, heartbeat: Type) -> None:
        """A heartbeat must be due before the timeout."""
        beats, ends = of_kind(heartbeat, Number).shapes, of_kind(timeout, Number).shapes
        if is_unknown(timeout) or is_unknown(heartbeat) or not beats or not ends:
            return
        least = min(shape.low for shape in beats if isinstance(shape, Number))
        if least >= max(shape.high for shape in ends if isinstance(shape, Number)):
            where = Where(f"{self.state.at.pointer}/HeartbeatSeconds")
            self.view.findings.add(
                "SW202",
                "HeartbeatSeconds is never below TimeoutSeconds",
                where,
                actual=heartbeat,
                expected=timeout,
            )

    def check_size(self, type_: Type, what: str) -> None:
        """Report what may pass 256 KiB by its own bounds, where what came in may not."""
        if self.view.findings.wanted == "none":
            return
        size = size_within_reach(type_)
        if size <= PAYLOAD_BYTES or size_within_reach(self.entry.input) > PAYLOAD_BYTES:
            return
        message = f"{what} can be {size // 1024:,} KiB large by its bounds, and 256 KiB is the most"
        self.view.findings.add("SW204", message, Where(self.state.at.pointer), actual=type_)


def alternatives(result: Type) -> list[Type]:
    """Take a result apart where it, or what a function or an execution returned, has alternatives."""
    shapes = shapes_of(result)
    if result.is_unknown or not shapes:
        return [result] if result.is_unknown else []
    objects = [shape for shape in shapes if isinstance(shape, Object)]
    if len(shapes) > 1:
        is_split = len(objects) == len(shapes) <= MOST_ALTERNATIVES
        return [Type((shape,), origin=result.origin) for shape in shapes] if is_split else [result]
    for name in ("Payload", "Output"):
        member = objects[0].fields.get(name) if objects else None
        if member is not None and member.is_required and not member.type.is_unknown:
            parts = alternatives(member.type)
            fields = [{**objects[0].fields, name: Member(part)} for part in parts]
            return [Type((replace(objects[0], fields=each),), origin=result.origin) for each in fields]
    return [result]


def _pass(visit: Visit) -> list[Exit]:
    state = visit.state
    assert isinstance(state, Pass)
    if state.language == "JSONata":
        return [visit.finish(visit.entry.input, visit.view)]
    value = visit.selected_input()
    if state.parameters is not None:
        value = visit.template(state.parameters, visit.view.of(value))
    if state.result is not None:
        value = literal_text(state.result.value)
    variables = visit.assign(state.assign, visit.view.of(value))
    output = visit.selected_output(visit.place_result(state.result_path, value), visit.view)
    return [Exit(state.next, output, variables)]


def _task(visit: Visit) -> list[Exit]:
    state = visit.state
    assert isinstance(state, Task)
    view = visit.view.of(visit.selected_input())
    payload = view.document if state.payload is None else visit.template(state.payload, view)
    visit.check_size(payload, "what it sends")
    timeout = visit.check_integer(state.timeout, view, 1)
    heartbeat = visit.check_integer(state.heartbeat, view, 1)
    visit.check_heartbeat(timeout, heartbeat)
    if state.credentials is not None:
        visit.template(state.credentials, view)
    return visit.finish_worker(task_result(state, payload, visit.around))


def _choice(visit: Visit) -> list[Exit]:
    return choice_exits(visit)


def _wait(visit: Visit) -> list[Exit]:
    state = visit.state
    assert isinstance(state, Wait)
    value = visit.selected_input()
    view = visit.view.of(value)
    visit.check_integer(state.seconds, view, 0)
    visit.check_kind(state.timestamp, view, frozenset({"string"}))
    return [visit.finish(value, visit.view)]


def _succeed(visit: Visit) -> list[Exit]:
    return [visit.finish(visit.selected_input(), visit.view)]


def _fail(visit: Visit) -> list[Exit]:
    state = visit.state
    assert isinstance(state, Fail)
    for field in (state.error, state.cause):
        visit.check_kind(field, visit.view, frozenset({"string"}))
    return []


def _parallel(visit: Visit) -> list[Exit]:
    state = visit.state
    assert isinstance(state, Parallel)
    value = visit.selected_input()
    if state.payload is not None:
        value = visit.template(state.payload, visit.view.of(value))
    inner = visit.around.inside(visit.around.context)
    outputs = [run_flow(flow, Entry(value, visit.entry.variables), inner).output for flow in state.branches]
    if any(output.is_never for output in outputs):
        return visit.finish_worker(NEVER)
    result = Type((Array(tuple(outputs), NEVER, len(outputs), len(outputs)),))
    return visit.finish_worker(result.via(f"the branches of {state.name}", state.name))


def _map(visit: Visit) -> list[Exit]:
    return visit.finish_worker(map_result(visit))


_VISITS: dict[type[State], Callable[[Visit], list[Exit]]] = {
    Pass: _pass,
    Task: _task,
    Choice: _choice,
    Wait: _wait,
    Succeed: _succeed,
    Fail: _fail,
    Parallel: _parallel,
    Map: _map,
}
