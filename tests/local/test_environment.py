"""Environments of functions and shells."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from statewright.local.environment import function_environment, shell_environment, shell_lines
from statewright.local.names import Names

if TYPE_CHECKING:
    from statewright.project import Project

ENDPOINT = "http://127.0.0.1:4566"
SFN = "http://127.0.0.1:8083"


def test_functions_find_their_settings_and_only_the_local_endpoint(project: Project) -> None:
    found = function_environment(Names(project, ENDPOINT), SFN)

    assert found["RAW_BUCKET"] == "shop-raw"
    assert found["FILES_TABLE"] == "shop-files"
    assert found["TABLE_PREFIX"] == "shop-"
    assert found["NOTIFICATIONS_TOPIC_ARN"] == "arn:aws:sns:us-east-1:000000000000:shop-notifications"
    assert found["PSEUDONYM_KEY_PARAMETER"] == "/shop/pseudonym_key"
    assert found["AWS_ENDPOINT_URL"] == ENDPOINT
    assert found["AWS_ENDPOINT_URL_SFN"] == SFN
    assert found["SCHEMAS_DIR"] == str(project.root / "schemas")


def test_a_shell_finds_endpoints_names_and_arns(project: Project) -> None:
    found = shell_environment(Names(project, ENDPOINT), SFN)

    assert found["AWS_ENDPOINT_URL"] == ENDPOINT
    assert found["AWS_ENDPOINT_URL_SFN"] == found["AWS_ENDPOINT_URL_LAMBDA"] == SFN
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "us-east-1"
    assert found["STATE_MACHINE_ARN"] == "arn:aws:states:us-east-1:000000000000:stateMachine:shop-ingest"
    assert found["RAW_BUCKET"] == found["BUCKET"] == "shop-raw"
    assert found["ORDERS_TABLE"] == "shop-orders"
    assert found["FILES_TABLE"] == "shop-files"
    assert found["DEAD_LETTERS_URL"] == f"{ENDPOINT}/000000000000/shop-dead_letters"


def test_what_leads_elsewhere_is_unset_and_values_are_quoted() -> None:
    script = "\n".join(shell_lines({"NAME": "it's $HOME; a `b`"}))

    shown = subprocess.run(
        [
            "bash",
            "-euc",
            f'{script}\nprintf "%s|%s" "$NAME" "${{AWS_PROFILE-none}}${{AWS_ENDPOINT_URL_S3-none}}"',
        ],
        env={"PATH": "/usr/bin:/bin", "AWS_PROFILE": "work", "AWS_ENDPOINT_URL_S3": "https://elsewhere"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert shown == "it's $HOME; a `b`|nonenone"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({}, None),
        ({"HTTP_PROXY": "http://proxy"}, "127.0.0.1,localhost"),
        ({"https_proxy": "http://proxy", "no_proxy": "intern,localhost"}, "intern,localhost,127.0.0.1"),
    ],
)
def test_loopback_does_not_go_through_a_proxy(
    project: Project, before: dict[str, str], expected: str | None
) -> None:
    found = shell_environment(Names(project, ENDPOINT), SFN, before)

    assert found.get("NO_PROXY") == found.get("no_proxy") == expected
