"""`statewright doctor`: how findings are told, and what it exits with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner

from statewright.cli import statewright
from statewright.deploy import doctor_command
from statewright.deploy.checks import note, ok, wrong

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[2]


def found(patched: pytest.MonkeyPatch, *findings: object) -> None:
    patched.setattr(doctor_command, "look_at_machine", lambda project, to_deploy: iter(findings))


def test_notes_alone_are_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, ok("disk", "room"), note("aws", "not here", "install it"))

    told = CliRunner().invoke(statewright, ["doctor", "--project", str(ROOT)])

    assert told.exit_code == 0
    assert told.output.splitlines() == [
        "   ok  disk: room",
        " note  aws: not here",
        "       -> install it",
        "0 wrong, 1 to note, 1 well",
    ]


def test_what_is_wrong_is_a_failure_and_a_script_can_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, wrong("pip", "not here", "python -m ensurepip"))

    told = CliRunner().invoke(statewright, ["doctor", "--json", "--project", str(ROOT)])

    assert told.exit_code == 1
    assert json.loads(told.output) == [
        {"check": "pip", "state": "wrong", "said": "not here", "remedy": "python -m ensurepip"}
    ]


def test_an_account_that_cannot_be_asked_is_a_finding(shell: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found(shell, ok("disk", "room"))
    shell.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    shell.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    shell.delenv("AWS_REGION")
    shell.delenv("AWS_DEFAULT_REGION", raising=False)

    told = CliRunner().invoke(statewright, ["doctor", "--aws", "--project", str(ROOT)])

    assert told.exit_code == 1
    assert "wrong  account: no region is set" in told.output
    assert "-> export AWS_REGION" in told.output


def test_an_account_is_looked_at_on_demand(shell: pytest.MonkeyPatch) -> None:
    found(shell, ok("disk", "room"))
    shell.setattr(doctor_command, "_is_deployed", lambda project, environment: False)
    shell.setattr(doctor_command, "look_at_account", lambda look: iter([ok("names", look.name)]))

    told = CliRunner().invoke(
        statewright, ["doctor", "--aws", "--environment", "staging", "--project", str(ROOT)]
    )

    assert told.exit_code == 0
    assert "names: statewright-staging" in told.output
