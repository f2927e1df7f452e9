"""What really happens when a file or a batch is worked on: calls, invocations, states, children."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

from statewright.engine.map_runs import MapRun
from tests.functions.cloud import HANDLERS
from tests.functions.heard_calls import heard
from tests.functions.workflow import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.functions.cloud import Cloud


@dataclass
class Counted:
    """What was counted: calls by function and operation, invocations and bytes of logs by function.

    `outside` are calls that no function made: a test's own, and those of the engine.
    """

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    invocations: Counter[str] = field(default_factory=Counter)
    log_bytes: Counter[str] = field(default_factory=Counter)
    log_lines: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)
    children: int = 0
    states: int = 0
    status: str = ""


@contextlib.contextmanager
def counting() -> Iterator[Counted]:
    """Count what the functions do meanwhile, and what is called outside of them."""
    counted, inside = Counted(), list[str]()  # virtual time: one function at a time
    start = MapRun.__init__

    @contextlib.contextmanager
    def count(service: str, operation: str, _: Any) -> Iterator[None]:
        if inside:
            counted.calls[inside[-1], f"{service}:{operation}"] += 1
        else:
            counted.outside[f"{service}:{operation}"] += 1
        yield

    def started(made: MapRun, *rest: Any) -> None:
        start(made, *rest)
        runs.append(made)

    def invoked(name: str, handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def invoke(event: Any, context: Any) -> Any:
            inside.append(name)
            counted.invocations[name] += 1
            log = io.StringIO()
            try:
                with contextlib.redirect_stdout(log):
                    return handler(event, context)
            finally:
                inside.pop()
                counted.log_bytes[name] += len(log.getvalue().encode())
                counted.log_lines[name] += log.getvalue().count("\n")

        return invoke

    runs: list[MapRun] = []
    wrapped = {name: invoked(name, handler) for name, handler in HANDLERS.items()}
    with (
        heard(count),
        mock.patch.object(MapRun, "__init__", started),
        mock.patch.dict(HANDLERS, wrapped),
    ):
        yield counted
    counted.children = sum(made.record.execution_counts.total for made in runs)


def file(cloud: Cloud, key: str, body: bytes) -> Counted:
    """Upload an object and run the workflow over it."""
    cloud.put(key, body)
    return again(key, cloud)


def again(key: str, cloud: Cloud) -> Counted:
    """Run the workflow over an object that is there."""
    with counting() as counted:
        ended = run(cloud, key)
    counted.states, counted.status = len(ended.entered), ended.status
    return counted
