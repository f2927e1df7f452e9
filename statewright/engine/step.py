"""One visit of one state: its input, its place in the history, and the values of its fields.

JSONPath:  InputPath -> Parameters -> (the state's work) -> ResultSelector -> ResultPath -> OutputPath
JSONata:   Arguments -> (the state's work) -> Output
Assign is evaluated beside the output and takes effect when the state is left. Words of the causes are AWS's,
as recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.asl import intrinsics, jsonata, jsonpath, templates
from statewright.asl.diagnostics import aws_location
from statewright.asl.strict_json import nests_deeper
from statewright.asl.timestamps import format_timestamp
from statewright.asl.tree import Constant, Field, Payload, Worker
from statewright.engine.errors import ExecutionTimedOut, StateFailure
from statewright.engine.history import NOT_TRUNCATED
from statewright.engine.payloads import MAX_NESTING, MAX_PAYLOAD_BYTES, dump, is_too_large

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.asl.tree import Catcher, State
    from statewright.engine.execution import Execution
    from statewright.engine.history import Trail
    from statewright.engine.progress import Inner, InnerProgress

Json = Any
Variables = dict[str, Json]

MISSING: Any = object()
# https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
MAX_VARIABLES_BYTES = 10 * 1024 * 1024

_JSON_TYPES = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


def json_type(value: Json) -> str:
    """Name a value's JSON type."""
    return "null" if value is None else _JSON_TYPES[type(value)]


class Step:
    """A state while it is visited.

    `inner` is what runs inside a Parallel or Map, `resumed` what of it a redrive has to go on with.
    """

    __slots__ = (
        "_context",
        "entered_at",
        "entered_id",
        "execution",
        "inner",
        "input",
        "led_from",
        "map_item",
        "resumed",
        "retry_count",
        "state",
        "task_token",
        "trail",
        "variables",
    )

    def __init__(
        self,
        execution: Execution,
        state: State,
        input: Json,  # noqa: A002
        variables: Variables,
        trail: Trail,
        map_item: Mapping[str, Json] | None,
    ) -> None:
        self.execution = execution
        self.state = state
        self.input = input
        self.variables = variables
        self.trail = trail
        self.map_item = map_item
        self.retry_count = 0
        self.task_token: str | None = None
        self.entered_at = execution.engine.clock.now()
        self.entered_id = 0
        self.led_from = trail.previous
        self.inner: Inner | None = None
        self.resumed: InnerProgress | None = None
        self._context: Json = None

    # --- events ---

    def enter(self) -> None:
        history = self.execution.history
        details = {"name": self.state.name, "input": history.text(self.input), "inputDetails": NOT_TRUNCATED}
        event = f"{self.state.type}StateEntered"
        self.entered_id = history.add(self.trail, event, "stateEnteredEventDetails", details)

    def leave(self, output: Json, assigned: Mapping[str, Json] | None, previous: int | None = None) -> None:
        """Write the exit event; `previous` where it points elsewhere than at the event before."""
        history = self.execution.history
        details: dict[str, Json] = {
            "name": self.state.name,
            "output": history.text(output),
            "outputDetails": NOT_TRUNCATED,
        }
        if assigned:
            details["assignedVariables"] = {name: history.text(value) for name, value in assigned.items()}
            details["assignedVariablesDetails"] = NOT_TRUNCATED
        if previous is not None:
            self.trail.previous = previous
        history.add(self.trail, f"{self.state.type}StateExited", "stateExitedEventDetails", details)

    # --- time ---

    async def pause(self, seconds: float) -> None:
        """Wait on the engine's clock, no longer than the execution may run; raises ExecutionTimedOut."""
        left = self.execution.seconds_left(self.trail)
        clock = self.execution.engine.clock
        if left is not None and seconds >= left:
            await clock.sleep(max(left, 0))
            raise ExecutionTimedOut
        self.trail.skipped += await clock.sleep(seconds)

    # --- failures ---

    def cause(self, sentence: str) -> str:
        """Put a sentence behind the place that AWS names."""
        return (
            f"An error occurred while executing the state '{self.state.name}'"
            f" (entered at the event id #{self.entered_id}). {sentence}"
        )

    def runtime_error(self, sentence: str) -> StateFailure:
        return StateFailure("States.Runtime", self.cause(sentence))

    def query_error(self, sentence: str, location: str | None = None) -> StateFailure:
        return StateFailure("States.QueryEvaluationError", self.cause(sentence), location=location)

    def result_too_large(self, origin: str | None = None) -> StateFailure:
        """The error of a payload above 256 KiB; `origin` is what returned it, else the state."""
        return StateFailure(
            "States.DataLimitExceeded",
            f"The state/task '{origin or self.state.name}' returned a result with a size exceeding"
            " the maximum number of bytes service limit.",
        )

    def _check_nesting(self, what: str, text: str) -> None:
        """Refuse what a loop has nested so deep that neither the interpreter nor the store could hold it."""
        if nests_deeper(text, MAX_NESTING):
            raise self.runtime_error(
                f"The {what} nests deeper than {MAX_NESTING} levels, which is the limit of this engine."
            )

    # --- the context object ---

    @property
    def context(self) -> Json:
        """The context object, `$$` or `$states.context`."""
        if self._context is None:
            state: dict[str, Json] = {
                "EnteredTime": format_timestamp(self.entered_at),
                "Name": self.state.name,
            }
            if isinstance(self.state, Worker):
                state["RetryCount"] = self.retry_count
            self._context = {**self.execution.context, "State": state}
            if self.map_item is not None:
                self._context["Map"] = {"Item": self.map_item}
            if self.task_token is not None:
                self._context["Task"] = {"Token": self.task_token}
        return self._context

    def forget_context(self) -> None:
        """Make the context object anew: a retry count or a token has changed."""
        self._context = None

    # --- values of fields ---

    def now(self) -> float:
        """Tell the engine's time, in seconds since the epoch: expressions see it as $now() and $millis()."""
        return self.execution.engine.clock.now()

    def bindings(self, **more: Json) -> Mapping[str, Json]:
        """Give the variables of a JSONata expression; `more` is put into `$states`."""
        return {**self.variables, "states": {"input": self.input, "context": self.context, **more}}

    def template(self, payload: Payload, document: Json, **more: Json) -> Json:
        """Evaluate a payload on a document (JSONPath) or with `$states` (JSONata)."""
        if isinstance(payload.template, templates.Template):
            return self._path_template(payload.template, document)
        try:
            return payload.template.evaluate(self.bindings(**more), now=self.now())
        except jsonata.JsonataError as error:
            raise self._jsonata_failure(error, payload.name) from error

    def _path_template(self, template: templates.Template, document: Json) -> Json:
        try:
            return template.evaluate(document, context=self.context, variables=self.variables)
        except jsonpath.PathError as error:
            raise self.runtime_error(error.for_field(error.field or "", document)) from error
        except intrinsics.IntrinsicError as error:
            raise StateFailure("States.IntrinsicFailure", self.cause(str(error))) from error

    def value(self, field: Field, document: Json, **more: Json) -> Json:
        """Evaluate one value: a literal, a path, a call or an expression."""
        source = field.source
        if isinstance(source, Constant):
            return source.value
        if isinstance(source, jsonata.Expression):
            return self.expression(source, field.name, **more)
        try:
            return source.evaluate(document, context=self.context, variables=self.variables)
        except jsonpath.PathError as error:
            raise self.runtime_error(str(error)) from error
        except intrinsics.IntrinsicError as error:
            raise StateFailure("States.IntrinsicFailure", self.cause(str(error))) from error

    def expression(self, source: jsonata.Expression, name: str, **more: Json) -> Json:
        """Evaluate an expression that must give a value."""
        try:
            found = source.evaluate(self.bindings(**more), now=self.now())
            if found is jsonata.UNDEFINED:
                raise jsonata.JsonataError.of_nothing(source.text)
        except jsonata.JsonataError as error:
            raise self._jsonata_failure(error, name) from error
        return found

    def _jsonata_failure(self, error: jsonata.JsonataError, field: str) -> StateFailure:
        place = aws_location(error.where) if error.where else ""
        return self.query_error(error.for_field(field), field + place)

    def wrong_type(self, source: jsonata.Expression, name: str, expected: str, value: Json) -> StateFailure:
        return self.query_error(
            f"The JSONata expression '{source.text}' specified for the field '{name}' returned an unexpected"
            f" result type. Expected '{expected}', but was '{json_type(value)}' for value: {dump(value)}",
            name,
        )

    def out_of_range(self, field: Field, sentence: str) -> StateFailure:
        """The error of a number that the field does not take: a failed query where an expression gave it.

        https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html (value out of range).
        """
        if isinstance(field.source, jsonata.Expression):
            return self.query_error(sentence, field.name)
        return self.runtime_error(sentence)

    def number(self, field: Field, document: Json, *, integer: bool = True) -> Json:
        """Evaluate a number, which a path may also find as a text ("2")."""
        value = self.value(field, document)
        source = field.source
        if isinstance(source, Constant):
            return value
        is_number = isinstance(value, int if integer else int | float) and not isinstance(value, bool)
        if is_number:
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(source, jsonata.Expression):
            raise self.wrong_type(source, field.name, "integer" if integer else "number", value)
        if isinstance(value, str):
            try:
                return int(value) if integer else float(value)
            except ValueError:
                pass
        shown = value if isinstance(value, str) else dump(value)
        kind = "integer" if integer else "float"
        raise self.runtime_error(
            f'The {field.name} field refers to value "{shown}" which is not a valid {kind}: {source.text}'
        )

    # --- input and output ---

    def selected_input(self) -> Json:
        """Apply InputPath."""
        path = self.state.input_path
        if path is None:
            return self.input
        if isinstance(path.source, Constant):
            return {}
        return self.value(path, self.input)

    def selected_output(self, value: Json) -> Json:
        """Apply OutputPath."""
        path = self.state.output_path
        if path is None:
            return value
        if isinstance(path.source, Constant):
            return {}
        return self.value(path, value)

    def place_result(self, path: Field | None, result: Json) -> Json:
        """Apply ResultPath: put the result into the state's input."""
        if path is None:
            return result
        if isinstance(path.source, Constant):
            return self.input
        assert isinstance(path.source, jsonpath.Path)
        try:
            return path.source.write(self.input, result)
        except jsonpath.ResultPathError as error:
            raise StateFailure("States.ResultPathMatchFailure", self.cause(str(error))) from error

    def assigned(self, payload: Payload | None, document: Json, **more: Json) -> Mapping[str, Json] | None:
        """Evaluate Assign; the values take effect with `assign`."""
        if payload is None:
            return None
        values: Mapping[str, Json] = self.template(payload, document, **more)
        for name, value in values.items():
            text = self.execution.history.text(value)
            self._check_nesting(f"value of the variable '{name}'", text)
            if is_too_large(text):
                sentence = f"The value of the variable '{name}' is larger than {MAX_PAYLOAD_BYTES} bytes."
                raise StateFailure("States.DataLimitExceeded", self.cause(sentence))
        return values

    def finish(self, result: Json, *, has_result: bool = False, previous: int | None = None) -> Json:
        """Make the output of a state that has ended well, assign, and leave it; give the output.

        `has_result`: `$states.result` exists (Task, Parallel, Map).
        """
        state = self.state
        if state.language == "JSONata":
            more = {"result": result} if has_result else {}
            assigned = self.assigned(state.assign, None, **more)
            output = result if state.output is None else self.template(state.output, None, **more)
        else:
            assigned = self.assigned(state.assign, result)
            output = self.selected_output(result)
        return self.commit(output, assigned, previous)

    def finish_worker(self, result: Json, *, previous: int | None = None) -> Json:
        """Make the output of a Task, Parallel or Map that has ended well; give the output."""
        state = self.state
        assert isinstance(state, Worker)
        if state.language == "JSONata":
            return self.finish(result, has_result=True, previous=previous)
        if state.result_selector is not None:
            result = self.template(state.result_selector, result)
        assigned = self.assigned(state.assign, result)
        output = self.selected_output(self.place_result(state.result_path, result))
        return self.commit(output, assigned, previous)

    def finish_caught(self, catcher: Catcher, failure: StateFailure) -> Json:
        """Make the output of a state whose error was caught; give the output."""
        error_output = failure.output()
        more = {"errorOutput": error_output}
        assigned = self.assigned(catcher.assign, error_output, **more)
        if self.state.language == "JSONPath":
            output = self.place_result(catcher.result_path, error_output)
        else:
            output = error_output if catcher.output is None else self.template(catcher.output, None, **more)
        return self.commit(output, assigned)

    def commit(self, output: Json, assigned: Mapping[str, Json] | None, previous: int | None = None) -> Json:
        """Leave the state with an output and new values of variables."""
        text = self.execution.history.text(output)
        if is_too_large(text):
            raise self.result_too_large()
        self._check_nesting("output of the state", text)
        self.leave(output, assigned, previous)
        if assigned:
            self.variables.update(assigned)
        return output
