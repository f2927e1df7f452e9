"""The address that `statewright view` prints and opens."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

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
