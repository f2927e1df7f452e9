"""The page over endpoints of other makers: moto's server and MiniStack. What they cannot tell is not made up.

The local engine is what all other tests of the page look at.
"""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from statewright.view.endpoint import find_endpoint
from tests.view.conftest import Cloud, serving, tab_of
from tests.view.orders import ROLE

pytest.importorskip("playwright", reason="playwright is not installed (make setup)")
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INNER = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}
DEFINITION: dict[str, Any] = {
    "StartAt": "First",
    "States": {
        "First": {"Type": "Pass", "Next": "Each"},
        "Each": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": INNER, "Next": "Which"},
        "Which": {
            "Type": "Choice",
            "Choices": [{"Variable": "$[0]", "NumericEquals": 1, "Next": "Broken"}],
            "Default": "Fine",
        },
        "Fine": {"Type": "Succeed"},
        "Broken": {"Type": "Fail", "Error": "TooSmall", "Cause": "one is not enough"},
    },
}


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = pytest.importorskip("moto.server")
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    made = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    made.start()
    host, port = made.get_host_and_port()
    yield f"http://{host}:{port}"
    made.stop()


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home: Path = tmp_path_factory.mktemp("ministack")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "HOME": str(home), "LOG_LEVEL": "ERROR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | own,
    )
    try:
        yield _ready(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)


def _ready(url: str) -> str:
    for _ in range(400):
        try:
            urllib.request.urlopen(f"{url}/_ministack/ready", timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return url
    raise AssertionError("MiniStack did not start")


def configure_moto(url: str, *, runs: bool) -> None:
    told = json.dumps({"stepfunctions": {"execute_state_machine": runs}}).encode()
    headers = {"Content-Type": "application/json"}
    asked = urllib.request.Request(f"{url}/moto-api/config", told, headers, method="POST")
    urllib.request.urlopen(asked).close()


def cloud_of(url: str) -> Cloud:
    cloud = Cloud(url, find_endpoint(url).client)
    made = cloud.client.create_state_machine(
        name="elsewhere", definition=json.dumps(DEFINITION), roleArn=ROLE
    )
    cloud.machines["elsewhere"] = made["stateMachineArn"]
    return cloud


@pytest.mark.parametrize(("maker", "inside"), [("moto", "succeeded"), ("ministack", "nodata")])
def test_given_another_endpoint_its_executions_are_started_read_and_never_made_up(
    maker: str, inside: str, request: pytest.FixtureRequest, browser: Any
) -> None:
    url = request.getfixturevalue(maker)
    if maker == "moto":
        configure_moto(url, runs=True)
    cloud = cloud_of(url)
    with serving(find_endpoint(url)) as server:
        for tab in tab_of(browser, server):
            page = tab.page
            page.goto(server.address(machine=cloud.machines["elsewhere"]))
            page.get_by_role("button", name="Start execution").click()
            page.get_by_label("Input", exact=True).fill('{"items": [1, 2]}')
            page.get_by_label("Name", exact=True).fill("by-the-page")
            page.get_by_role("button", name="Start", exact=True).click()
            expect(page.locator("#status")).to_have_text("FAILED")
            expect(page.locator("#panel h2")).to_have_text("Broken")
            expect(page.locator("#panel .error")).to_contain_text("one is not enough")
            shown = {
                name: page.locator(f'.state[data-state="{name}"]').get_attribute("class")
                for name in ("First", "Each", "Item", "Which", "Fine", "Broken")
            }
            assert {name: re.search(r"s-(\w+)", classes)[1] for name, classes in shown.items()} == {
                "First": "succeeded", "Each": "succeeded", "Item": inside,
                "Which": "succeeded", "Fine": "none", "Broken": "failed",
            }  # fmt: skip
            expect(page.locator("#redrive")).to_be_hidden()
            expect(page.locator("#executions li")).to_contain_text("by-the-page")


def test_given_moto_that_runs_nothing_its_invented_history_is_no_data(moto: str, browser: Any) -> None:
    configure_moto(moto, runs=False)
    execution = cloud_of(moto).start("elsewhere", {"items": []}, "not-run")
    with serving(find_endpoint(moto)) as server:
        for tab in tab_of(browser, server):
            page = tab.page
            page.goto(server.address(execution=execution))
            expect(page.locator("#notice")).to_contain_text(
                "not of this state machine: it tells of 'A State'"
            )
            expect(page.locator(".state.s-nodata")).to_have_count(6)
            expect(page.locator("#status")).to_have_text("RUNNING")
