"""Clocks."""

from __future__ import annotations

import asyncio
import time

import pytest

from statewright.engine import RealClock, ScaledClock, VirtualClock, VirtualLoop


def on_virtual_loop(work):
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def test_virtual_time_jumps_to_the_next_timer_in_the_right_order():
    seen = []

    async def after(seconds, name):
        await asyncio.sleep(seconds)
        seen.append(name)

    async def work():
        clock = VirtualClock(1000.0)
        before = clock.now()
        await asyncio.gather(after(86_400, "day"), after(3_600, "hour"), after(60, "minute"))
        return clock.now() - before

    started = time.perf_counter()
    assert on_virtual_loop(work()) == pytest.approx(86_400, abs=1)
    assert time.perf_counter() - started < 1
    assert seen == ["minute", "hour", "day"]


def test_virtual_time_does_not_jump_while_a_thread_works():
    async def work():
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.timeout(5):
            await loop.run_in_executor(None, time.sleep, 0.2)
        return loop.time() - begun

    assert on_virtual_loop(work()) < 2


def test_a_scaled_clock_tells_what_it_left_out():
    async def work():
        return await ScaledClock(0.001).sleep(10), await RealClock().sleep(0.001)

    started = time.perf_counter()
    assert asyncio.run(work()) == (pytest.approx(9.99), 0.0)
    assert time.perf_counter() - started < 1


def test_a_negative_scale_is_refused():
    with pytest.raises(ValueError, match="zero or more"):
        ScaledClock(-1)


def test_a_virtual_loop_runs_until_nothing_is_ready_and_jumps_as_often_as_it_may():
    loop = VirtualLoop()
    seen: list[str] = []

    async def work():
        seen.append("begun")
        for name in ("first", "second"):
            await asyncio.sleep(60)
            seen.append(name)

    try:
        task = loop.create_task(work())
        assert loop.run_until_idle()
        assert seen == ["begun"]
        assert loop.run_until_idle(jumps=1)
        assert seen == ["begun", "first"]
        assert not loop.run_until_idle(jumps=2)
        assert seen == ["begun", "first", "second"]
        assert task.done()
    finally:
        loop.close()
