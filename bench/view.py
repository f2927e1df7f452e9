"""The graph view: how long pictures take to lay out, and what a large execution costs the page.

    python -m bench view

Layout: CPU time, the median of rounds, each definition laid out anew. The page: a history of 20,000 events
and a map run of 10,000 children on our engine, `statewright view` as a process of its own, Debian's Chromium.
First paint is when the page has something to show, "graph" when states have their colours, "complete" when
the whole history is read and told; all since the address was opened. The heap is JavaScript's after a
collection.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import boto3
from rich.console import Console

from bench.contestants import ROLE
from bench.figures import Figure
from bench.servers import StatewrightServer

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any

ROUNDS = 5
SIZES = (10, 100, 300)
ITERATIONS = 5_000  # of an inline Map: four events each
CHILDREN = 10_000
PATIENCE_MS = 120_000
_PASS = {"Type": "Pass", "End": True}


def usual(states: int) -> dict[str, Json]:
    """A chain with a Choice at every fifth state, a Map at every seventh and one target of all Catches."""
    names = [f"State{number}" for number in range(states - 1)]
    bodies: dict[str, Json] = {}
    for index, name in enumerate(names):
        following = names[index + 1] if index + 1 < len(names) else None
        way = {"Next": following} if following else {"End": True}
        if index % 5 == 3 and following:
            rules = [{"Variable": "$.a", "IsPresent": True, "Next": names[min(index + 3, len(names) - 1)]}]
            bodies[name] = {"Type": "Choice", "Choices": rules, "Default": following}
        elif index % 7 == 5:
            inner = {"StartAt": f"In{name}", "States": {f"In{name}": _PASS}}
            bodies[name] = {"Type": "Map", "ItemProcessor": inner, **way}
        else:
            catch = [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}]
            resource = "arn:aws:states:::lambda:invoke"
            bodies[name] = {"Type": "Task", "Resource": resource, "Parameters": {}, "Catch": catch, **way}
    return {"StartAt": names[0], "States": {**bodies, "Failed": {"Type": "Fail"}}}


def tangled(states: int) -> dict[str, Json]:
    """Choices, each with a rule that leads anywhere."""
    chance = random.Random(states)  # noqa: S311 - no secret
    names = [f"State{number}" for number in range(states)]
    bodies = {
        name: {
            "Type": "Choice",
            "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": chance.choice(names)}],
            "Default": names[(index + 1) % states],
        }
        for index, name in enumerate(names)
    }
    return {"StartAt": names[0], "States": bodies}


def layout_ms(definition: Json) -> float:
    """Lay a definition out and draw it; give the median of milliseconds."""
    from statewright.view.layout.regions import picture_of
    from statewright.view.svg import render

    text = json.dumps(definition)
    found = []
    for _ in range(ROUNDS):
        picture_of.cache_clear()
        started = time.process_time()
        render(text)
        found.append((time.process_time() - started) * 1000)
    return median(found)


def long_history(client: Any) -> str:
    """Run a Map of Pass states; give the execution, of 20,000 events and a few."""
    inner = {"StartAt": "Item", "States": {"Item": _PASS}}
    each = {"Type": "Map", "ItemProcessor": inner, "ResultPath": None, "End": True}
    return _run(client, "long", {"StartAt": "Each", "States": {"Each": each}}, list(range(ITERATIONS)))


def many_children(client: Any) -> str:
    """Run a Distributed Map of Pass states; give the execution."""
    mode = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    inner = {"ProcessorConfig": mode, "StartAt": "Item", "States": {"Item": _PASS}}
    each = {"Type": "Map", "ItemProcessor": inner, "ResultPath": None, "End": True}
    return _run(client, "many", {"StartAt": "Each", "States": {"Each": each}}, list(range(CHILDREN)))


def _run(client: Any, name: str, definition: Json, value: Json) -> str:
    made = client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    started = client.start_execution(stateMachineArn=made["stateMachineArn"], input=json.dumps(value))
    arn: str = started["executionArn"]
    while (found := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.1)
    if found["status"] != "SUCCEEDED":
        raise RuntimeError(f"{name} {found['status']}: {found.get('cause')}")
    return arn


@contextlib.contextmanager
def view(endpoint: str) -> Iterator[tuple[str, int]]:
    """Run `statewright view`; give its address and its process id."""
    command = [sys.executable, "-m", "statewright.cli", "view", "--no-open", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--endpoint-url", endpoint],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield process.stdout.readline().strip(), process.pid
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def opened(browser: Any, address: str, arn: str) -> dict[str, float]:
    """Open an execution in a new tab; give milliseconds, and MB of the tab's heap."""
    page = browser.new_context(viewport={"width": 1600, "height": 1000}).new_page()
    started = time.perf_counter()
    page.goto(f"{address}&execution={arn}", wait_until="commit")
    page.locator(".state.s-succeeded").first.wait_for(timeout=PATIENCE_MS)
    graph = (time.perf_counter() - started) * 1000
    page.locator("#status", has_text="SUCCEEDED").wait_for(timeout=PATIENCE_MS)
    page.locator(".state.s-succeeded[data-state=Each]").wait_for(timeout=PATIENCE_MS)
    complete = (time.perf_counter() - started) * 1000
    told = {"first paint": _first_paint(page), "graph": graph, "complete": complete}
    children = page.get_by_role("button", name="Child executions")
    page.locator(".state[data-state=Each] .name").first.click()
    page.locator("#panel h2", has_text="Each").wait_for()
    if children.count():
        started = time.perf_counter()
        children.click()
        page.locator("#crumbs", has_text="children of Each").wait_for()
        page.locator("#executions li:nth-child(100)").wait_for()
        told["children listed"] = (time.perf_counter() - started) * 1000
    told["the page's memory"] = _heap(page)
    page.context.close()
    return told


def _first_paint(page: Any) -> float:
    asked = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    return float(page.evaluate(asked))


def _heap(page: Any) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def _layouts() -> list[Figure]:
    return [
        Figure(f"layout and drawing of {size} states, {kind}", layout_ms(made(size)), unit="ms")
        for size in SIZES
        for kind, made in (("usual", usual), ("tangled", tangled))
    ]


def _pages(chromium: str) -> list[Figure]:
    """Open each execution twice: the first time warms the browser up, the server reads it all again."""
    from playwright.sync_api import sync_playwright

    found = []
    with StatewrightServer() as server, sync_playwright() as playwright:
        endpoint = f"http://127.0.0.1:{server.port}"
        client = boto3.client(
            "stepfunctions",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - an engine of our own takes any
        )
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, run in (("20,000 events", long_history), ("10,000 children", many_children)):
            arn = run(client)
            with view(endpoint) as (address, pid):
                opened(browser, address, arn)
            with view(endpoint) as (address, pid):
                told = opened(browser, address, arn)
                told["the server's memory"] = _resident_mb(pid)
            found += [
                Figure(f"{name}: {what}", value, unit="MB" if "memory" in what else "ms")
                for what, value in told.items()
            ]
        browser.close()
    return found


def main() -> list[Figure]:
    """Measure; times of the page are since its address was opened."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        Console().print("Chromium is not installed: the page is not measured")
        return _layouts()
    return [*_layouts(), *_pages(chromium)]
