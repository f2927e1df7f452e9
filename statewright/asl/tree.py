"""The definition tree: frozen, complete, with compiled expressions and source positions.

    StateMachine -> Flow -> State (Pass, Task, Choice, Wait, Succeed, Fail, Parallel, Map) -> Field, Payload

Two interpreters walk it: the engine runs it, the checker infers its types. A field that the definition leaves
out is None here; what it then means is the interpreter's matter. `Field` is one value (a literal, a path, an
intrinsic call or a JSONata expression), `Payload` a JSON template. Both keep their name as written
("TimeoutSecondsPath").
Source: https://states-language.net and
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from statewright.asl import jsonata, jsonpath, templates
    from statewright.asl.intrinsics import Call
    from statewright.asl.source import Location, SourceText

Json = Any
QueryLanguage = Literal["JSONPath", "JSONata"]


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal value."""

    value: Json


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a state: `TimeoutSeconds`, `InputPath`, `ErrorPath`."""

    name: str
    at: Location
    source: Constant | jsonpath.Path | Call | jsonata.Expression


@dataclass(frozen=True, slots=True)
class Payload:
    """A JSON template: `Parameters`, `Arguments`, `Assign`; `value` is its text as a JSON value."""

    name: str
    at: Location
    value: Json
    template: templates.Template | jsonata.Template


@dataclass(frozen=True, slots=True)
class Retrier:
    """When to try again: the interval grows by `backoff_rate` up to `max_delay`; times are in seconds."""

    at: Location
    errors: tuple[str, ...]
    interval: float = 1
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay: float | None = None
    jitter: Literal["NONE", "FULL"] = "NONE"


@dataclass(frozen=True, slots=True)
class Catcher:
    """Where to go on after an error."""

    at: Location
    errors: tuple[str, ...]
    next: str
    result_path: Field | None = None
    output: Payload | None = None
    assign: Payload | None = None


# --- choice rules ---


@dataclass(frozen=True, slots=True)
class Comparison:
    """`{"Variable": "$.a", "NumericEquals": 1}`; `operand` is a path for the operators that end in Path."""

    at: Location
    variable: jsonpath.Path
    operator: str
    operand: Constant | jsonpath.Path


@dataclass(frozen=True, slots=True)
class Both:
    """And, Or: `operator` says which."""

    at: Location
    operator: Literal["And", "Or"]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary of a condition."""

    at: Location
    condition: Condition


Condition = Comparison | Both | Not | Field


@dataclass(frozen=True, slots=True)
class ChoiceRule:
    """One of Choices: where its condition holds, the machine goes on at `next`."""

    at: Location
    condition: Condition
    next: str
    output: Payload | None = None
    assign: Payload | None = None


# --- states ---


@dataclass(frozen=True, kw_only=True)
class State:
    """What all states have; `next` is None where the state ends its flow."""

    name: str
    at: Location
    language: QueryLanguage
    comment: str | None = None
    next: str | None = None
    input_path: Field | None = None
    output_path: Field | None = None
    output: Payload | None = None
    assign: Payload | None = None

    @property
    def type(self) -> str:
        """The value of `Type`."""
        return type(self).__name__

    @property
    def targets(self) -> tuple[str, ...]:
        """Every state that may follow."""
        return () if self.next is None else (self.next,)


@dataclass(frozen=True, kw_only=True)
class Worker(State):
    """What Task, Parallel and Map share: results, and errors that can be retried and caught."""

    result_selector: Payload | None = None
    result_path: Field | None = None
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        return (*super().targets, *(catcher.next for catcher in self.catch))


@dataclass(frozen=True, kw_only=True)
class Pass(State):
    """Passes its input on, reshaped; `result` stands in for it where the definition gives one."""

    parameters: Payload | None = None
    result: Constant | None = None
    result_path: Field | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """What a Task calls, taken apart.

    `kind`: "lambda" for a function's ARN, "activity", "integration" for `arn:aws:states:::service:action`,
    "sdk" for `arn:aws:states:::aws-sdk:service:action`, "other" for what is none of these.
    `pattern`: "", "sync", "sync:2" or "waitForTaskToken".
    """

    arn: str
    kind: Literal["lambda", "activity", "integration", "sdk", "other"]
    service: str = ""
    action: str = ""
    pattern: str = ""


@dataclass(frozen=True, kw_only=True)
class Task(Worker):
    """Calls a function, an activity or a service. Payload: Parameters (JSONPath) or Arguments (JSONata)."""

    resource: Resource
    resource_at: Location
    payload: Payload | None = None
    timeout: Field | None = None
    heartbeat: Field | None = None
    credentials: Payload | None = None


@dataclass(frozen=True, kw_only=True)
class Choice(State):
    """Goes where the first true rule says, else to `default`."""

    rules: tuple[ChoiceRule, ...]
    default: str | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        return (*(rule.next for rule in self.rules), *(() if self.default is None else (self.default,)))


@dataclass(frozen=True, kw_only=True)
class Wait(State):
    """Waits for seconds or until a timestamp: one of the two is there."""

    seconds: Field | None = None
    timestamp: Field | None = None


@dataclass(frozen=True, kw_only=True)
class Succeed(State):
    """Ends its flow well."""


@dataclass(frozen=True, kw_only=True)
class Fail(State):
    """Ends its flow badly."""

    error: Field | None = None
    cause: Field | None = None


@dataclass(frozen=True, kw_only=True)
class Parallel(Worker):
    """Runs its branches side by side."""

    branches: tuple[Flow, ...]
    payload: Payload | None = None


@dataclass(frozen=True, slots=True)
class ItemReader:
    """Reads the items of a Distributed Map from S3; `config` holds ReaderConfig's literal members."""

    at: Location
    resource: Resource
    payload: Payload | None
    config: Mapping[str, Json]
    max_items: Field | None = None


@dataclass(frozen=True, slots=True)
class ItemBatcher:
    """Hands items to child executions in batches."""

    at: Location
    max_items: Field | None = None
    max_bytes: Field | None = None
    batch_input: Payload | None = None


@dataclass(frozen=True, slots=True)
class ResultWriter:
    """Writes the results of a Distributed Map to S3."""

    at: Location
    resource: Resource | None
    payload: Payload | None
    config: Mapping[str, Json]


@dataclass(frozen=True, kw_only=True)
class Map(Worker):
    """Runs its processor for every item.

    Items: `items_path` (JSONPath) or `items` (JSONata), else the input; `item_selector` reshapes each (older
    machines call it Parameters).
    """

    processor: Flow
    mode: Literal["INLINE", "DISTRIBUTED"] = "INLINE"
    execution_type: Literal["STANDARD", "EXPRESS"] = "STANDARD"
    items: Payload | Field | None = None
    items_path: Field | None = None
    item_selector: Payload | None = None
    max_concurrency: Field | None = None
    tolerated_count: Field | None = None
    tolerated_percentage: Field | None = None
    reader: ItemReader | None = None
    batcher: ItemBatcher | None = None
    writer: ResultWriter | None = None
    label: str | None = None


# --- containers ---


@dataclass(frozen=True, slots=True)
class Flow:
    """States that lead into one another: a machine's, a branch's, an item processor's."""

    at: Location
    start_at: str
    states: Mapping[str, State]
    comment: str | None = None

    def walk(self) -> Iterator[State]:
        """Give every state, those of inner flows after the state that holds them."""
        for state in self.states.values():
            yield state
            for inner in inner_flows(state):
                yield from inner.walk()


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A whole definition; `source` tells where any JSON pointer stands in the text."""

    flow: Flow
    language: QueryLanguage
    source: SourceText
    comment: str | None = None
    version: str | None = None
    timeout: float | None = None

    def walk(self) -> Iterator[State]:
        """Give every state of the machine."""
        return self.flow.walk()


def inner_flows(state: State) -> tuple[Flow, ...]:
    """Give the flows inside a state."""
    if isinstance(state, Parallel):
        return state.branches
    return (state.processor,) if isinstance(state, Map) else ()
