"""`statewright serve`: options and environment variables of AWS Step Functions Local, and where calls go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from statewright.local import serve_command
from statewright.local.serve_command import SERVICE_ENDPOINTS, ServeSettings, is_own_address, serve
from statewright.local.service_clients import ServiceClients

MOCKS = {
    "StateMachines": {"m": {"TestCases": {"Happy": {"A": "Hello"}}}},
    "MockedResponses": {"Hello": {"0": {"Return": "hi"}}},
}
ENVIRONMENT = {
    "AWS_ACCOUNT_ID": "000000000000",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "WAIT_TIME_SCALE": "0.5",
    "LAMBDA_ENDPOINT": "http://127.0.0.1:3001",
    "DYNAMODB_ENDPOINT": "http://127.0.0.1:8000",
    "STEP_FUNCTIONS_ENDPOINT": "http://127.0.0.1:8083",
}


@pytest.fixture
def start(monkeypatch, tmp_path):
    """Start `serve` without serving; give what would be served, and what was printed."""
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    started: list[Any] = []

    async def keep(settings: ServeSettings, mocks: Any) -> None:
        started.extend((settings, mocks))

    monkeypatch.setattr(serve_command, "_serve", keep)

    def run(*arguments: str, **environment: str) -> tuple[ServeSettings | None, Any, str]:
        started.clear()
        done = CliRunner().invoke(serve, arguments, env=environment)
        assert (done.exit_code == 0) == bool(started), done.output
        assert done.exit_code in (0, 2)
        settings, mocks = started or (None, None)
        return settings, mocks, " ".join(done.output.replace("│", " ").split())

    return run


def test_without_options_it_is_like_step_functions_local(start):
    settings, mocks, _ = start()
    assert settings == ServeSettings(8083, "000000000000", "us-east-1", 1.0, None, None, {}, None)
    assert mocks is None


def test_the_environment_of_step_functions_local_is_read(start):
    settings, _, _ = start(**ENVIRONMENT)
    assert settings.region == "eu-central-1"
    assert settings.wait_scale == 0.5
    assert settings.lambda_endpoint == "http://127.0.0.1:3001"
    assert settings.endpoints == {
        "dynamodb": "http://127.0.0.1:8000",
        "stepfunctions": "http://127.0.0.1:8083",
    }


@pytest.mark.parametrize("service", SERVICE_ENDPOINTS)
def test_each_service_has_its_option_in_both_spellings_and_its_variable(start, service):
    name, other, variable, _ = SERVICE_ENDPOINTS[service]
    url = "http://localhost:4574"
    for arguments, environment in (
        ((f"--{name}-endpoint", url), {}),
        ((f"-{other}Endpoint", url), {}),
        ((), {variable: url}),
    ):
        settings, _, _ = start(*arguments, **environment)
        assert settings.endpoints == {service: url}


def test_options_of_step_functions_local_are_taken_in_its_java_spelling(start):
    settings, _, _ = start(
        *("-account", "0" * 12, "-region", "eu-west-1", "-waitTimeScale", "0"),
        *("-lambdaEndpoint", "http://localhost:3001"),
    )
    assert (settings.region, settings.wait_scale) == ("eu-west-1", 0.0)
    assert settings.lambda_endpoint == "http://localhost:3001"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--sqs-endpoint", "localhost:4576"), "not an http(s) URL: localhost:4576"),
        (("--lambda-endpoint", "ftp://localhost"), "not an http(s) URL"),
        (("--endpoint-url", "http://localhost:x"), "not an http(s) URL"),
        (("--aws-account", "1"), "an account ID has twelve digits"),
        (("--aws-region", "EU!"), "not the name of a region: EU!"),
        (("--mock-config", "none.json"), "none.json: the mock configuration cannot be read"),
    ],
)
def test_unusable_options_are_said(start, arguments, words):
    assert words in start(*arguments)[2]


def test_mocks_are_read_from_the_option_the_variable_or_the_folder(start):
    Path("MockConfigFile.json").write_text(json.dumps(MOCKS))
    Path("other.json").write_text(json.dumps({**MOCKS, "StateMachines": {}}))
    assert list(start()[1]().machines) == ["m"]
    assert list(start(SFN_MOCK_CONFIG="other.json")[1]().machines) == []
    assert list(
        start("--mock-config", "MockConfigFile.json", SFN_MOCK_CONFIG="other.json")[1]().machines
    ) == ["m"]


def test_broken_mocks_are_said_at_the_start_with_their_place(start):
    Path("mocks.json").write_text('{"MockedResponses": {\n  "r": {"zero": {}}}}')
    printed = start("--mock-config", "mocks.json")[2]
    assert "mocks.json:2:17: /MockedResponses/r/zero must be the number of an invocation" in printed


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://localhost:8083", True),
        ("http://127.0.0.1:8083/", True),
        ("http://0.0.0.0:8083", True),
        ("http://localhost:8084", False),
        ("http://example.com:8083", False),
    ],
)
def test_the_own_address_is_known(url, own):
    assert is_own_address(url, 8083) is own


def test_a_service_with_an_endpoint_of_its_own_does_not_see_the_callers_credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "callers")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "callers")
    clients = ServiceClients("http://127.0.0.1:1", {"sqs": "http://127.0.0.1:2"}, "eu-west-1")

    def seen(service: str) -> tuple[str, str, str]:
        client = clients(service)
        keys = client._request_signer._credentials
        return client.meta.endpoint_url, client.meta.region_name, keys.access_key

    assert seen("sqs") == ("http://127.0.0.1:2", "eu-west-1", "test")
    assert seen("sns") == ("http://127.0.0.1:1", "eu-west-1", "callers")
    assert clients("sns") is clients("sns")


def test_clients_of_integrations_ask_for_no_checksums_and_no_other_hosts():
    config = ServiceClients("http://127.0.0.1:1", {"sqs": "http://127.0.0.1:2"}, "us-east-1")(
        "sqs"
    ).meta.config
    assert config.response_checksum_validation == "when_required"
    assert config.inject_host_prefix is False
