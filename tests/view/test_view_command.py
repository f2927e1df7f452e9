"""The address that `statewright view` prints and opens."""

from __future__ import annotations

import os
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from statewright.local import locks
from statewright.local.places import CloudRecord, Places, write_record
from statewright.view import view_command
from statewright.view.view_command import view

A = "arn:aws:states:us-east-1:000000000000:execution:m:a"
B = "arn:aws:states:us-east-1:000000000000:execution:m:b"


@pytest.fixture
def opened(monkeypatch):
    """Return how the page is opened by the command with some arguments, without serving it."""
    addresses = []
    monkeypatch.setattr(view_command.webbrowser, "open", addresses.append)
    monkeypatch.setattr("uvicorn.Server.run", lambda _, sockets: [each.close() for each in sockets])

    def run(*arguments):
        place = ["--endpoint-url", "http://127.0.0.1:9", "--port", "0"]
        result = CliRunner().invoke(view, [*arguments, *place])
        assert result.exit_code == 0, result.output
        assert addresses[-1] in result.output
        split = urlsplit(addresses[-1])
        members = {name: value for name, (value,) in parse_qs(split.fragment).items()}
        assert members.pop("token")
        assert not split.query
        return split.path, members

    return run


def test_given_nothing_an_execution_or_two_the_page_of_them_is_opened(opened) -> None:
    assert opened() == ("/", {})
    assert opened(B) == ("/", {"execution": B})
    assert opened(B, "--with", A) == ("/compare", {"a": A, "b": B})


def test_given_nothing_to_compare_it_is_refused() -> None:
    result = CliRunner().invoke(view, ["--with", A])
    assert result.exit_code == 2
    assert "--with compares EXECUTION" in result.output


def test_given_the_folder_of_a_local_clouds_state_that_cloud_is_looked_at(opened, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "statewright.view.project_files.find_project_files", lambda *asked: shown.append(asked)
    )
    places = Places(tmp_path)
    places.make()
    with locks.held(places.lock):
        record = CloudRecord(os.getpid(), "http://127.0.0.1:1", "http://127.0.0.1:2", "2026-11-21T00:00:00Z")
        write_record(places, record)
        result = CliRunner().invoke(view, ["--state", str(tmp_path), "--port", "0"])
    assert result.output.startswith("Executions of http://127.0.0.1:2\n")
    [(endpoint, _, state)] = shown
    assert endpoint.url == "http://127.0.0.1:2"
    assert state == tmp_path


def test_given_the_folder_of_a_cloud_that_is_not_up_it_is_refused(tmp_path) -> None:
    result = CliRunner().invoke(view, ["--state", str(tmp_path)])
    assert result.exit_code == 2
    assert "is up" in result.output
