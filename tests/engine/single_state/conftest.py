"""Testing one state: in this process, on virtual time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from statewright.engine.single_state import Configuration, MockInput, StateCase, StateOutcome, run_state

ROLE = "arn:aws:iam::000000000000:role/any"


@dataclass(frozen=True)
class Told:
    """What TestState tells, with JSON texts as values."""

    outcome: StateOutcome

    @property
    def status(self) -> str:
        return self.outcome.status

    @property
    def output(self) -> Any:
        assert self.outcome.output is not None
        return json.loads(self.outcome.output)

    @property
    def failure(self) -> tuple[str | None, str | None]:
        return self.outcome.error, self.outcome.cause

    @property
    def next_state(self) -> str | None:
        return self.outcome.next_state

    @property
    def stages(self) -> dict[str, Any]:
        """The data flow but for the input, which every test knows."""
        return {
            name: json.loads(value) if isinstance(value, str) else value
            for name, value in self.outcome.inspection.items()
            if name != "input"
        }


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@pytest.fixture
def tested(in_engine):
    """Test a state; `result` or `error` mock it, what stateConfiguration has is given by name."""

    def test_it(definition: Any, value: Any = None, **given: Any) -> Told:
        mock = None
        names = ("result", "error", "cause", "validation")
        if "result" in given or "error" in given:
            settings = {name: given.pop(name) for name in names if name in given}
            if "result" in settings:
                settings["result"] = text(settings["result"])
            mock = MockInput(has_error="error" in settings, **settings)
        fields = Configuration.__dataclass_fields__
        configuration = Configuration(**{name: given.pop(name) for name in fields if name in given})
        for name in ("variables", "context"):
            if name in given:
                given[name] = text(given[name])
        engine = {name: given.pop(name) for name in ("functions", "clients") if name in given}
        case = StateCase(
            text(definition),
            input=text({} if value is None else value),
            mock=mock,
            configuration=configuration,
            **given,
        )
        return Told(in_engine(lambda at: run_state(at, case), **engine))

    return test_it
