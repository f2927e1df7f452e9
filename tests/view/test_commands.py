"""The commands graph and view."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
import xml.etree.ElementTree as ET
from io import StringIO

import pytest
from click.testing import CliRunner
from rich.console import Console

from statewright.cli import statewright
from statewright.view.endpoint import find_endpoint
from statewright.view.following import follow
from tests.view.orders import BAD, EMPTY, ORDERS


def run(*arguments: str):
    return CliRunner().invoke(statewright, list(arguments))


def test_given_a_file_it_is_drawn_in_every_format(tmp_path) -> None:
    file = tmp_path / "orders.asl.json"
    file.write_text(json.dumps(ORDERS))
    assert ET.fromstring(run("graph", str(file)).output).tag.endswith("svg")
    assert run("graph", str(file), "--format", "mermaid").output.startswith("flowchart TD\n")
    page = tmp_path / "orders.html"
    assert run("graph", str(file), "--format", "html", "--output", str(page)).exit_code == 0
    text = page.read_text()
    assert "Content-Security-Policy" in text
    assert "<script" not in text
    assert not re.search(r'(src|href)="?https?:', text)


def test_given_a_workflow_of_the_project_its_name_is_enough() -> None:
    result = run("graph", "ingest", "--format", "mermaid")
    assert result.exit_code == 0
    assert '"CollectData"' in result.output


@pytest.mark.parametrize("text", ["{}", "no json", '{"States": {}}'])
def test_given_no_definition_it_is_unusable(tmp_path, text) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    result = run("graph", str(file))
    assert result.exit_code == 2
    assert "x.json" in result.output


def test_given_a_machine_of_an_endpoint_it_is_drawn_by_name_and_by_arn(cloud) -> None:
    for name in ("orders-pipeline", cloud.machines["orders-pipeline"]):
        result = run("graph", name, "--endpoint-url", cloud.url)
        assert result.exit_code == 0
        assert 'data-state="ReceiveManifest"' in result.output
    assert run("graph", "unknown", "--endpoint-url", cloud.url).exit_code == 2


def test_given_an_execution_it_is_drawn_with_what_happened(cloud) -> None:
    execution = cloud.ran("orders-pipeline", BAD)
    drawn = run("graph", execution, "--endpoint-url", cloud.url).output
    assert 's-failed" data-state="LoadWarehouse"' in drawn
    page = run("graph", execution, "--endpoint-url", cloud.url, "--format", "html").output
    assert "connection to warehouse:5439 timed out" in page
    assert "<script" not in page
    assert run("graph", execution, "--endpoint-url", cloud.url, "--format", "mermaid").exit_code == 2


def test_given_nothing_behind_the_endpoint_it_is_said() -> None:
    result = run("graph", "orders", "--endpoint-url", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "127.0.0.1:9" in result.output


def test_given_view_it_serves_on_loopback_until_it_is_stopped(cloud) -> None:
    command = [sys.executable, "-m", "statewright.cli", "view", "--no-open", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--endpoint-url", cloud.url],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        assert cloud.url in process.stdout.readline()
        address = process.stdout.readline().strip()
        origin, fragment = address.split("/#")
        assert origin.startswith("http://127.0.0.1:")
        token = fragment.removeprefix("token=")
        with urllib.request.urlopen(f"{origin}/") as page:
            assert token not in page.read().decode()
        asked = urllib.request.Request(f"{origin}/api/place", headers={"X-Statewright-Token": token})
        with urllib.request.urlopen(asked) as answer:
            assert json.load(answer)["acts"] == ["start", "stop", "redrive", "try"]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        process.stdout.close()


def test_given_an_execution_its_payloads_are_in_the_page_unless_they_are_redacted(cloud) -> None:
    execution = cloud.start("orders-pipeline", EMPTY | {"secret": "s3cr3t<b>"})
    cloud.ended(execution)
    asked = ("graph", execution, "--endpoint-url", cloud.url, "--format", "html")
    assert "s3cr3t&lt;b&gt;" in run(*asked).output
    redacted = run(*asked, "--redact").output
    assert "s3cr3t" not in redacted
    assert "secret" in redacted
    assert "string of 9" in redacted
    assert run("graph", "ingest", "--redact").exit_code == 2


def test_given_an_execution_its_tree_tells_states_attempts_items_and_the_error(cloud) -> None:
    execution = cloud.ran("orders-pipeline", BAD)
    asked = ("graph", execution, "--endpoint-url", cloud.url, "--format", "tree")
    lines = run(*asked).output.splitlines()
    assert re.match(rf"✕ {execution.rpartition(':')[2]}  FAILED  [\d.]+ m?s$", lines[0])
    assert any(re.search(r"✓ ProcessFiles  Map  [\d.]+ s  3/3 ✓", line) for line in lines)
    assert any(re.search(r"↳ ValidateRows  λ validate  .* 3 attempts", line) for line in lines)
    assert any("▢ IndexSearch" in line for line in lines)
    failed = next(index for index, line in enumerate(lines) if "✕ LoadWarehouse" in line)
    assert "WarehouseUnavailable: connection to warehouse:5439 timed out" in lines[failed + 1]


def test_given_a_running_execution_its_tree_is_followed_to_the_end(cloud) -> None:
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}
    cloud.machine("soon", definition)
    execution = cloud.start("soon", {})
    followed = run("graph", execution, "--endpoint-url", cloud.url, "--format", "tree", "--watch")
    assert followed.exit_code == 0
    assert "SUCCEEDED" in followed.output
    assert "✓ W  Wait 1 s" in followed.output
    assert run("graph", "ingest", "--format", "tree", "--watch").exit_code == 2


def test_given_a_terminal_the_tree_is_drawn_live(cloud) -> None:
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 2, "End": True}}}
    cloud.machine("soon-2", definition)
    drawn = StringIO()
    console = Console(file=drawn, force_terminal=True, width=100)
    asyncio.run(follow(find_endpoint(cloud.url), cloud.start("soon-2", {}), console))
    assert drawn.getvalue().index("RUNNING") < drawn.getvalue().index("SUCCEEDED")


def test_given_hostile_names_the_tree_has_no_control_characters_and_no_markup(tmp_path) -> None:
    name = "[red]a\u001b[2J\u202e"
    file = tmp_path / "x.asl.json"
    file.write_text(json.dumps({"StartAt": name, "States": {name: {"Type": "Succeed"}}}))
    told = run("graph", str(file), "--format", "tree").output
    assert "[red]a" in told
    assert not {"\u001b", "\u202e"} & set(told)
