"""Mocked service integrations: what Tasks answer in a test case, as AWS Step Functions Local reads it.

    {"StateMachines": {"<machine>": {"TestCases": {"<case>": {"<state>": "<response>"}}}},
     "MockedResponses": {"<response>": {"0": {"Return": ...}, "1-2": {"Throw": {"Error": "", "Cause": ""}}}}}

A test case is chosen by `<ARN of the machine>#<case>` where an execution starts. A mocked Task calls nothing;
its invocations are counted from 0, over retries and iterations, per execution.
https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html

    MockConfig.parse(text, "mocks.json")          raises InvalidMockConfig
    MockConfigFile(Path("mocks.json"))()          the same, read anew when the file has changed
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statewright.asl.source import MAX_BYTES, JsonSyntaxError, SourceText, escape
from statewright.asl.tree import Task, inner_flows
from statewright.engine.errors import InvalidName, StateFailure, ValidationException

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from statewright.asl.tree import Flow
    from statewright.engine.history import HistoryEvent

Json = Any

_INVOCATIONS = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")


class InvalidMockConfig(ValidationException):
    """The file of mocks says something that cannot be used; the message names the place and a remedy."""

    @property
    def code(self) -> str:
        """The name under which the API refuses a start."""
        return "ValidationException"


@dataclass(frozen=True)
class MockedInvocation:
    """What the invocations `first` to `last` do: return a value, or throw."""

    first: int
    last: int
    result: Json = None
    error: tuple[str, str] | None = None


@dataclass(frozen=True)
class MockedResponse:
    """A named list of invocations."""

    name: str
    invocations: tuple[MockedInvocation, ...]

    def at(self, number: int) -> MockedInvocation | None:
        """Give what invocation `number` (from 0) does, None where nothing is said of it."""
        return next((each for each in self.invocations if each.first <= number <= each.last), None)


@dataclass(frozen=True)
class MockedCase:
    """A test case: the mocked response of each of its states."""

    name: str
    responses: Mapping[str, MockedResponse]


class Mocks:
    """The test case of one execution and of the children of its map runs, with its counts."""

    def __init__(self, case: MockedCase, counts: Mapping[str, int] | None = None) -> None:
        self.case = case
        self._counts = dict(counts or {})

    def has(self, state: str) -> bool:
        """Say whether a state is mocked."""
        return state in self.case.responses

    def answer(self, state: str) -> Json:
        """Give what the next invocation of a state returns; raises StateFailure for what it throws."""
        response = self.case.responses[state]
        number = self._counts.get(state, 0)
        self._counts[state] = number + 1
        found = response.at(number)
        if found is None:
            raise StateFailure(
                "States.Runtime",
                f"The mocked response '{response.name}' of the state '{state}' says nothing of invocation"
                f' {number}: add "{number}" to it.',
            )
        if found.error is not None:
            raise StateFailure(*found.error)
        return found.result


@dataclass(frozen=True)
class MockConfig:
    """The test cases of state machines, by the machines' names."""

    source: str
    machines: Mapping[str, Mapping[str, MockedCase]]

    @classmethod
    def parse(cls, text: str, source: str = "the mock configuration") -> MockConfig:
        """Read a configuration; `source` names it in messages. Raises InvalidMockConfig."""
        return _Reader(text, source).read()

    def start(self, machine: str, case: str, flow: Flow, history: Sequence[HistoryEvent] = ()) -> Mocks:
        """Begin a test case for an execution of a flow, or go on with it where a history ends.

        Raises InvalidName for an unknown case, InvalidMockConfig for a state that is no Task of the flow.
        """
        known = self.machines.get(machine, {})
        if case not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise InvalidName(
                f"Invalid Name: '{self.source} has no test case '{case}' of the state machine '{machine}'"
                f" (it has: {listed})'"
            )
        tasks = set(_tasks(flow))
        for state in known[case].responses:
            if state not in tasks:
                raise InvalidMockConfig(
                    f"{self.source}: test case '{case}' of '{machine}' mocks '{state}', which is no Task of"
                    f" the state machine; its Tasks: {', '.join(sorted(tasks)) or 'none'}"
                )
        return Mocks(known[case], invocations(history))


def invocations(history: Sequence[HistoryEvent]) -> Mapping[str, int]:
    """Count the attempts at each Task that a history tells of."""
    states: dict[int, str] = {}
    counts: Counter[str] = Counter()
    for event in history:
        entered = event.get("stateEnteredEventDetails")
        name = entered["name"] if entered else states.get(event["previousEventId"], "")
        states[event["id"]] = name
        counts[name] += event["type"].endswith("Scheduled")
    return counts


def _tasks(flow: Flow) -> Iterator[str]:
    for state in flow.states.values():
        if isinstance(state, Task):
            yield state.name
        for inner in inner_flows(state):
            yield from _tasks(inner)


class MockConfigFile:
    """A configuration in a file, read anew when the file has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[tuple[int, int], MockConfig] | None = None

    def __call__(self) -> MockConfig:
        """Give the configuration as the file is now; raises InvalidMockConfig."""
        try:
            stat = self.path.stat()
            if self._read is not None and self._read[0] == (stat.st_mtime_ns, stat.st_size):
                return self._read[1]
            with self.path.open("rb") as file:
                text = file.read(MAX_BYTES + 1).decode()
        except OSError as error:
            reason = error.strerror or str(error)
            raise InvalidMockConfig(
                f"{self.path}: the mock configuration cannot be read: {reason}"
            ) from error
        except UnicodeDecodeError as error:
            raise InvalidMockConfig(f"{self.path}: the mock configuration is not UTF-8") from error
        config = MockConfig.parse(text, str(self.path))
        self._read = ((stat.st_mtime_ns, stat.st_size), config)
        return config


class _Reader:
    """Reads one configuration and says where it is wrong."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        try:
            self.text = SourceText(text)
        except JsonSyntaxError as error:
            raise InvalidMockConfig(f"{source}:{error.line}:{error.column}: {error.message}") from error

    def fail(self, pointer: str, problem: str) -> InvalidMockConfig:
        at = self.text.location(pointer)
        return InvalidMockConfig(f"{self.source}:{at.line}:{at.column}: {pointer or '/'} {problem}")

    def read(self) -> MockConfig:
        for pointer in self.text.duplicates:
            raise self.fail(pointer, "is there twice: remove one")
        top = self.object("", self.text.value, {"StateMachines", "MockedResponses"})
        responses = {
            name: self.response(f"/MockedResponses/{escape(name)}", name, value)
            for name, value in self.object("/MockedResponses", top.get("MockedResponses", {})).items()
        }
        machines = {
            name: self.cases(f"/StateMachines/{escape(name)}", value, responses)
            for name, value in self.object("/StateMachines", top.get("StateMachines", {})).items()
        }
        return MockConfig(self.source, machines)

    def object(self, pointer: str, value: Json, allowed: set[str] | None = None) -> dict[str, Json]:
        if not isinstance(value, dict):
            raise self.fail(pointer, "must be an object")
        for name in value:
            if allowed is not None and name not in allowed:
                wanted = " and ".join(sorted(allowed))
                raise self.fail(f"{pointer}/{escape(name)}", f"is not known; fields here are {wanted}")
        return value

    def cases(
        self, pointer: str, value: Json, responses: Mapping[str, MockedResponse]
    ) -> dict[str, MockedCase]:
        given = self.object(pointer, value, {"TestCases"}).get("TestCases")
        cases = {}
        for case, states in self.object(f"{pointer}/TestCases", given).items():
            place = f"{pointer}/TestCases/{escape(case)}"
            chosen = {}
            for state, name in self.object(place, states).items():
                if not isinstance(name, str) or name not in responses:
                    raise self.fail(
                        f"{place}/{escape(state)}", f"must name one of MockedResponses; {name!r} is not there"
                    )
                chosen[state] = responses[name]
            cases[case] = MockedCase(case, chosen)
        return cases

    def response(self, pointer: str, name: str, value: Json) -> MockedResponse:
        found: list[MockedInvocation] = []
        for key, answer in self.object(pointer, value).items():
            place = f"{pointer}/{escape(key)}"
            match = _INVOCATIONS.fullmatch(key)
            if match is None:
                raise self.fail(place, 'must be the number of an invocation ("0") or a range ("1-2")')
            first, last = int(match[1]), int(match[2] or match[1])
            if last < first:
                raise self.fail(place, f'ends before it begins: write "{last}-{first}"')
            if any(each.first <= last and first <= each.last for each in found):
                raise self.fail(place, "overlaps an invocation above: each may be there once")
            found.append(self.invocation(place, first, last, answer))
        if not found:
            raise self.fail(pointer, 'mocks no invocation: add "0"')
        return MockedResponse(name, tuple(found))

    def invocation(self, pointer: str, first: int, last: int, value: Json) -> MockedInvocation:
        answer = self.object(pointer, value, {"Return", "Throw"})
        if len(answer) != 1:
            raise self.fail(pointer, "must have exactly one of Return and Throw")
        if "Return" in answer:
            return MockedInvocation(first, last, result=answer["Return"])
        thrown = self.object(f"{pointer}/Throw", answer["Throw"], {"Error", "Cause"})
        for field in ("Error", "Cause"):
            if not isinstance(thrown.get(field), str):
                raise self.fail(f"{pointer}/Throw", f"must have {field}, a text")
        return MockedInvocation(first, last, error=(thrown["Error"], thrown["Cause"]))
