"""What TestState tells of a state's data flow: a Step that notes the value after each stage.

AWS shows, by type of state (recorded in December 2025):
  JSONPath  Pass             afterInputPath, afterParameters (with Result: result alone) and
                             afterResultSelector, afterResultPath
            Task             afterInputPath, afterParameters, result, afterResultSelector, afterResultPath
            Map              afterInputPath, afterItemsPath, afterResultSelector, afterResultPath
            Parallel         afterResultSelector, afterResultPath
            others           afterInputPath
  JSONata   Task             afterArguments, result
  Map, of both languages     maxConcurrency, and of what it has: tolerated failures, afterItemSelector,
                             afterItemBatcher, afterItemsPointer
A stage without a field hands on the value of the stage before. Always: input, and the variables there are.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionData.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.asl.tree import Fail, Parallel, Pass, Task
from statewright.engine.payloads import MAX_PAYLOAD_BYTES, dump, is_too_large
from statewright.engine.step import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from statewright.asl.tree import Catcher, Field, Payload, State
    from statewright.engine.errors import StateFailure
    from statewright.engine.execution import Execution
    from statewright.engine.integrations.http_sending import HttpAnswer, HttpRequest, HttpTrace

Json = Any


class JsonTexts:
    """The elements of an array, which many items may make too large to be kept."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._length = 2
        self.is_too_large = False

    def add(self, value: Json) -> None:
        """Add an element; nothing is kept once all are above 256 KiB together."""
        if self.is_too_large:
            return
        text = dump(value)
        self._length += len(text.encode("utf-8", "replace")) + 1
        self._texts.append(text)
        if self._length > MAX_PAYLOAD_BYTES + 1:
            self.is_too_large = True
            self._texts.clear()

    @property
    def array(self) -> str:
        """The array as JSON."""
        return f"[{','.join(self._texts)}]"


class InspectedStep(Step):
    """A state under test: its stages are noted, its context object may be given, and it stands alone."""

    __slots__ = ("_given_context", "_is_over", "inspection")

    def __init__(
        self,
        execution: Execution,
        state: State,
        input: Json,  # noqa: A002
        variables: Mapping[str, Json],
        context: Mapping[str, Json] | None,
    ) -> None:
        super().__init__(execution, state, input, dict(variables), execution.trail, None)
        self.inspection: dict[str, Json] = {}
        self._given_context = context
        self._is_over = False

    def note(self, stage: str, value: Json) -> None:
        """Note the value after a stage as JSON text; one above 256 KiB has no room there, as on AWS."""
        text = dump(value)
        if not self._is_over and not is_too_large(text):
            self.inspection[stage] = text

    def note_texts(self, stage: str, texts: JsonTexts) -> None:
        """Note an array, unless it is above 256 KiB."""
        if not texts.is_too_large:
            self.inspection[stage] = texts.array

    def note_variables(self) -> None:
        """Note the variables as they are once the state has been left."""
        if self.variables:
            self._is_over = False
            self.note("variables", self.variables)

    @property
    def context(self) -> Json:
        """The context object, or the one that was given in its place."""
        if self._given_context is None:
            return super().context
        item = {} if self.map_item is None else {"Map": {"Item": self.map_item}}
        return {**self._given_context, **item}

    def cause(self, sentence: str) -> str:
        """Give the sentence alone: there is no event that it could point at."""
        return sentence

    def note_exchange(self, trace: HttpTrace) -> None:
        """Note what an HTTP Task sent, and what came back, in the members of TRACE."""
        if trace.request is not None:
            self.inspection["request"] = _request(trace.request)
        if trace.request is not None and trace.answer is not None:
            self.inspection["response"] = _response(trace.answer, trace.request)

    # --- stages ---

    def enter(self) -> None:
        super().enter()
        if isinstance(self.state, Fail) and self.state.language == "JSONPath":
            self.note("afterInputPath", self.input)  # AWS shows one, though Fail has no InputPath

    def selected_input(self) -> Json:
        value = super().selected_input()
        state = self.state
        if state.language == "JSONata" or isinstance(state, Parallel):
            return value
        if isinstance(state, Pass) and state.result is not None:
            self.note("result", state.result.value)
            return value
        self.note("afterInputPath", value)
        has_parameters = (isinstance(state, Pass) and state.parameters is not None) or (
            isinstance(state, Task) and state.payload is not None
        )
        if isinstance(state, Pass | Task) and not has_parameters:
            self.note("afterParameters", value)
        return value

    def template(self, payload: Payload, document: Json, **more: Json) -> Json:
        value = super().template(payload, document, **more)
        state = self.state
        if isinstance(state, Task) and payload is state.payload:
            self.note("afterArguments" if state.language == "JSONata" else "afterParameters", value)
        elif isinstance(state, Pass) and payload is state.parameters and state.result is None:
            self.note("afterParameters", value)
        return value

    def place_result(self, path: Field | None, result: Json) -> Json:
        value = super().place_result(path, result)
        self.note("afterResultSelector", result)
        self.note("afterResultPath", value)
        return value

    def finish_worker(self, result: Json, *, previous: int | None = None) -> Json:
        if isinstance(self.state, Task):
            self.note("result", result)
        return super().finish_worker(result, previous=previous)

    def finish_caught(self, catcher: Catcher, failure: StateFailure) -> Json:
        self._is_over = True  # a Catch has a ResultPath too, which is none of these stages
        return super().finish_caught(catcher, failure)


# --- HTTP ---


def _protocol(request: HttpRequest) -> str:
    return request.url.partition(":")[0]


def _headers(pairs: Iterable[tuple[str, str]]) -> str:
    return f"[{', '.join(f'{name}: {value}' for name, value in pairs)}]"


def _request(request: HttpRequest) -> dict[str, Json]:
    return {
        "protocol": _protocol(request),
        "method": request.method,
        "url": request.url,
        "headers": _headers(request.headers),
        "body": None if request.body is None else request.body.decode("utf-8", "replace"),
    }


def _response(answer: HttpAnswer, request: HttpRequest) -> dict[str, Json]:
    pairs = ((name, value) for name, values in answer.headers.items() for value in values)
    return {
        "protocol": _protocol(request),
        "statusCode": str(answer.status),
        "statusMessage": answer.reason,
        "headers": _headers(pairs),
        "body": answer.body.decode("utf-8", "replace"),
    }
