"""Tasks whose calls are under way at once, in one thread: calls here are answered by hand."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from pipeline import flights, ready_calls
from pipeline.flights import Flights, Send
from pipeline.pacing import LEAST, STEP, Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pipeline.flights import Task

THROTTLED = ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")  # type: ignore[typeddict-item]
CUT = ConnectionClosedError(endpoint_url="http://here")


class Calls:
    """What stands in the place of DynamoDB: which calls were under way, and in which order they ended."""

    def __init__(self) -> None:
        self.now = 0.0
        self.most = 0
        self.under_way: list[FakeCall] = []
        self.ended: list[str] = []
        self.closed: list[str] = []
        self.slept: list[float] = []
        self.answers: Callable[[str], Any] = lambda name: {}
        self.chance = random.Random(7)

    def ready(self, calls: Collection[FakeCall]) -> list[FakeCall]:
        self.now += 0.01
        return self.chance.sample(
            sorted(calls, key=lambda call: call.name), self.chance.randint(1, len(calls))
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class FakeCall:
    def __init__(self, calls: Calls, name: str) -> None:
        self.name, self._calls = name, calls
        calls.under_way.append(self)
        calls.most = max(calls.most, len(calls.under_way))

    def answer(self) -> Any:
        self._calls.under_way.remove(self)
        self._calls.ended.append(self.name)
        said = self._calls.answers(self.name)
        if isinstance(said, Exception):
            raise said
        return said

    def close(self) -> None:
        self._calls.under_way.remove(self)
        self._calls.closed.append(self.name)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    made = Calls()
    monkeypatch.setattr(ready_calls, "Call", lambda _, body: FakeCall(made, body.decode()))
    monkeypatch.setattr(ready_calls, "ready", made.ready)
    monkeypatch.setattr(flights, "time", made)
    made.monotonic = lambda: made.now  # type: ignore[attr-defined]
    return made


def once(number: int, **more: Any) -> Task[int]:
    yield Send("PutItem", b"%d" % number, **more)
    return number


def test_results_come_in_the_order_of_their_tasks(calls: Calls) -> None:
    assert list(Flights(Pace(8), 16).results(once(number) for number in range(100))) == [*range(100)]
    assert calls.ended != [str(number) for number in range(100)]
    assert (calls.most, calls.under_way, calls.closed) == (8, [], [])


def test_no_more_calls_are_under_way_than_the_pace_allows(calls: Calls) -> None:
    pace = Pace(8)
    pace.window = 2.5
    assert len([*Flights(pace, 16).results(once(number) for number in range(50))]) == 50
    assert calls.most == 2


def test_no_more_tasks_are_begun_than_may_wait_to_be_yielded(calls: Calls) -> None:
    begun = 0

    def tasks() -> Iterator[Task[int]]:
        nonlocal begun
        for number in range(100):
            begun += 1
            yield once(number, wait=60.0 if number == 0 else 0.0)

    results = Flights[int](Pace(8), 16).results(tasks())
    assert next(results) == 0
    assert (begun, calls.now >= 60) == (16, True)
    assert [*results] == [*range(1, 100)]


def test_a_task_without_calls_has_its_result_at_once(calls: Calls) -> None:
    def nothing() -> Task[str]:
        return "done"
        yield

    assert [*Flights(Pace(8), 16).results([nothing(), nothing()])] == ["done", "done"]
    assert calls.ended == []


def test_a_task_goes_on_with_its_answer_or_its_failure(calls: Calls) -> None:
    said = {"a": {"first": 1}, "b": CUT, "c": {"last": 2}}
    calls.answers = said.__getitem__

    def three() -> Task[list[Any]]:
        found: list[Any] = [(yield Send("GetItem", b"a"))]
        try:
            yield Send("GetItem", b"b")
        except ConnectionClosedError as error:
            found.append(error)
        return [*found, (yield Send("GetItem", b"c", wait=5.0))]

    assert [*Flights(Pace(8), 16).results([three()])] == [[{"first": 1}, CUT, {"last": 2}]]
    assert sum(calls.slept) == pytest.approx(5.0)


def test_while_one_waits_others_go_on(calls: Calls) -> None:
    tasks = [once(0, wait=1.0), *(once(number) for number in range(1, 9))]
    assert [*Flights(Pace(2), 16).results(tasks)] == [*range(9)]
    assert calls.ended[-1] == "0"


def test_what_was_waiting_longest_is_next(calls: Calls) -> None:
    waits = [0.3, 0.1, 0.2]
    tasks = [once(number, wait=wait) for number, wait in enumerate(waits)]
    assert [*Flights(Pace(1), 16).results(tasks)] == [0, 1, 2]
    assert calls.ended == ["1", "2", "0"]


def test_a_task_that_raises_ends_all(calls: Calls) -> None:
    calls.answers = lambda name: CUT if name == "3" else {}
    with pytest.raises(ConnectionClosedError):
        [*Flights(Pace(8), 16).results(once(number) for number in range(100))]
    assert calls.under_way == []
    assert len(calls.ended) + len(calls.closed) < 30


def test_who_wants_no_more_results_ends_all(calls: Calls) -> None:
    results = Flights(Pace(8), 16).results(once(number) for number in range(100))
    next(results)
    results.close()
    assert (calls.under_way, bool(calls.closed)) == ([], True)


@pytest.mark.parametrize(
    ("answer", "window"),
    [
        (THROTTLED, 4.0),
        ({"UnprocessedItems": {"t": [1] * 5}}, 6.0),
        ({"UnprocessedItems": {}}, 8.0),
        ({}, 8.0),
        (CUT, 8.0),
    ],
)
def test_the_pace_is_told_what_the_table_had_no_room_for(calls: Calls, answer: Any, window: float) -> None:
    calls.answers = lambda _: answer
    pace = Pace(8)

    def task() -> Task[None]:
        try:
            yield Send("BatchWriteItem", b"x", items=10)
        except (ClientError, ConnectionClosedError):
            return

    assert [*Flights(pace, 16).results([task()])] == [None]
    assert pace.window == window


def test_a_slow_pace_rests_between_calls(calls: Calls) -> None:
    pace = Pace(8)
    pace.window = LEAST
    assert [*Flights(pace, 16).results(once(number) for number in range(5))] == [*range(5)]
    assert calls.most == 1
    windows = [LEAST + STEP * calls for calls in range(1, 5)]  # each call was taken
    assert calls.slept == pytest.approx([0.01 * (1 / window - 1) for window in windows])
