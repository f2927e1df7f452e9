"""Who is served: the page itself, with its token; nobody else."""

from __future__ import annotations

import http.client
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config

from statewright.view.endpoint import Endpoint, find_endpoint
from statewright.view.security import MAX_REQUEST_BYTES
from statewright.view.serving import listen

if TYPE_CHECKING:
    from tests.view.conftest import Cloud, Page

STOPPED = {"execution": "arn:aws:states:us-east-1:000000000000:execution:none:none"}


def ask(
    page: Page, path: str, headers: dict[str, str] | None = None, body: Any = None
) -> tuple[int, dict, str]:
    host = page.origin.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    text = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("GET" if text is None else "POST", path, body=text, headers=headers or {})
    answer = connection.getresponse()
    told = answer.status, dict(answer.getheaders()), answer.read().decode()
    connection.close()
    return told


def act_headers(page: Page, **other: str) -> dict[str, str]:
    usual = {"X-Statewright-Token": page.token, "Content-Type": "application/json", "Origin": page.origin}
    return {name: value for name, value in (usual | other).items() if value}


def test_given_the_page_it_may_load_its_own_files_alone(page_server: Page) -> None:
    status, headers, text = ask(page_server, "/")
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "http://" not in text
    assert "https://" not in text


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1", "localhost:1", "127.0.0.1.example.com", ""])
def test_given_another_host_name_nothing_is_served(page_server: Page, host: str) -> None:
    status, _, text = ask(page_server, "/", {"Host": host})
    assert status == 421
    assert "<html" not in text


@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_given_no_token_or_a_wrong_one_no_data_is_told(page_server: Page, token: str) -> None:
    status, _, text = ask(page_server, "/api/machines", {"X-Statewright-Token": token.encode("latin-1")})
    assert status == 401
    assert "orders" not in text


def test_given_the_token_data_is_told(page_server: Page) -> None:
    status, headers, text = ask(page_server, "/api/machines", {"X-Statewright-Token": page_server.token})
    assert status == 200
    assert "orders-pipeline" in text
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Origin": "http://example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"X-Statewright-Token": "wrong"}, 401),
    ],
)
def test_given_an_act_that_is_not_the_pages_it_is_refused(
    page_server: Page, changed: dict, status: int
) -> None:
    told = ask(page_server, "/api/do/stop", act_headers(page_server, **changed), STOPPED)
    assert told[0] == status


@pytest.mark.parametrize("path", ["do/start", "do/stop", "do/redrive", "do/try", "fits"])
@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"X-Statewright-Token": ""}, 401),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": ""}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_given_any_act_it_needs_the_token_the_same_origin_and_json(
    page_server: Page, path: str, changed: dict, status: int
) -> None:
    assert ask(page_server, f"/api/{path}", act_headers(page_server, **changed), STOPPED)[0] == status


@pytest.mark.parametrize("act", ["start", "stop", "redrive", "try"])
def test_given_an_endpoint_that_is_not_local_no_act_is_done_unless_it_is_allowed(
    cloud: Cloud, act: str
) -> None:
    from tests.view.conftest import serving

    far = replace(find_endpoint(cloud.url), is_local=False)
    with serving(far) as page:
        assert ask(page, f"/api/do/{act}", act_headers(page), STOPPED)[0] == 403
    with serving(far, allow_writes=True) as page:
        assert ask(page, f"/api/do/{act}", act_headers(page), STOPPED)[0] in (400, 502)


def test_given_the_socket_it_listens_on_loopback_alone() -> None:
    listening = listen()
    try:
        assert listening.getsockname()[0] == "127.0.0.1"
    finally:
        listening.close()


def test_given_credentials_nothing_that_is_told_has_them(cloud: Cloud) -> None:
    from tests.view.conftest import serving

    secrets = {"aws_access_key_id": "AKIDOFTHETEST", "aws_secret_access_key": "SECRETOFTHETEST"}
    make: Any = boto3.Session(**secrets, aws_session_token="TOKENOFTHETEST", region_name="us-east-1").client
    config = Config(inject_host_prefix=False)
    client = make("stepfunctions", endpoint_url=cloud.url, config=config)
    execution = quote(cloud.ran("orders-pipeline", {"file_count": 0}))
    of_it = [f"{name}?execution={execution}" for name in ("live", "graph", "events", "visits", "iterations")]
    asked = ["place", "machines", *of_it, f"export?execution={execution}&format=html"]
    with serving(Endpoint(client, cloud.url, is_local=True)) as page:
        for path in asked:
            status, headers, text = ask(page, f"/api/{path}", {"X-Statewright-Token": page.token})
            assert status == 200
            assert "OFTHETEST" not in text + str(headers)
        _, _, refused = ask(page, "/api/do/stop", act_headers(page), STOPPED)
        assert "OFTHETEST" not in refused


def test_given_an_act_of_the_page_it_is_done(page_server: Page) -> None:
    status, _, text = ask(page_server, "/api/do/stop", act_headers(page_server), STOPPED)
    assert status == 502
    assert "ExecutionDoesNotExist" in text


def test_given_an_act_at_its_limit_it_is_read_and_beyond_it_is_not(page_server: Page) -> None:
    full = b'{"execution": "' + b"x" * (MAX_REQUEST_BYTES - 17) + b'"}'
    assert len(full) == MAX_REQUEST_BYTES
    assert ask(page_server, "/api/do/stop", act_headers(page_server), full)[0] == 502
    assert ask(page_server, "/api/do/stop", act_headers(page_server), full + b" ")[0] == 413


def test_given_an_act_by_get_there_is_none(page_server: Page) -> None:
    assert ask(page_server, "/api/do/stop", {"X-Statewright-Token": page_server.token})[0] == 405


@pytest.mark.parametrize(
    "path", ["/page/../server.py", "/page/%2e%2e%2fserver.py", "/page/index.html", "/etc/passwd"]
)
def test_given_another_file_it_is_not_served(page_server: Page, path: str) -> None:
    assert ask(page_server, path)[0] == 404


@pytest.mark.parametrize(
    "query",
    ["visits", "visits?execution=x", "state?execution={e}", "overlay?execution={e}&frame=99",
     "iterations?execution={e}&visit=9999", "event?execution={e}&id=0", "events?execution={e}&after=-1",
     "origin?execution={e}&path=7", "origin?execution={e}&path=[1.5]",
     "origin?execution={e}&visit=9999&path=[]", "compare?a={e}", "compare?a={e}&b=x",
     "compare/state?a={e}&b={e}&state=HasFiles&pair=99", "compare/reference?execution=x", "cost?execution=x",
     "coverage?machine=x&last=501"],
)  # fmt: skip
def test_given_a_question_that_makes_no_sense_it_is_refused_and_nothing_breaks(
    cloud: Cloud, page_server: Page, query: str
) -> None:
    execution = cloud.start("orders-pipeline", {"file_count": 0})
    cloud.ended(execution)
    status, _, text = ask(
        page_server, f"/api/{query.format(e=execution)}", {"X-Statewright-Token": page_server.token}
    )
    assert status in (400, 502)
    assert json.loads(text)["error"]


def test_given_halves_of_characters_each_question_is_answered(cloud: Cloud, page_server: Page) -> None:
    made = '{"half": "\\ud800", "\\udc00": "\\u0000"}'
    body = {"StartAt": "Odd", "States": {"Odd": {"Type": "Pass", "Parameters": {"a.$": "$"}, "End": True}}}
    arn = cloud.machine("odd", body)
    execution = cloud.client.start_execution(stateMachineArn=arn, input=made)["executionArn"]
    cloud.ended(execution)
    token = {"X-Statewright-Token": page_server.token}
    asked = f"execution={quote(execution)}"
    path = quote('["half"]')
    for query in (
        f"compare?a={quote(execution)}&b={quote(execution)}",
        f"state?{asked}&state=Odd",
        f"event?{asked}&id=2",
        f"origin?{asked}&visit=0&path={path}",
        f"export?{asked}&format=html",
        f"compare/state?a={quote(execution)}&b={quote(execution)}&state=Odd",
    ):
        status, _, text = ask(page_server, f"/api/{query}", token)
        assert status == 200, query
        json.loads(text, parse_constant=pytest.fail)
    page = json.loads(ask(page_server, f"/api/export?{asked}&format=html", token)[2])["text"]
    assert page.encode("utf-8")
