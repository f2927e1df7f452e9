"""`http:invoke` and `apigateway:invoke` against a server on loopback; connections and secrets in moto."""

from __future__ import annotations

import base64
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import boto3
import pytest
from moto import mock_aws

from statewright.engine import run
from statewright.engine.integrations import http_sending

REGION = "us-east-1"
CONNECTION = f"arn:aws:events:{REGION}:000000000000:connection/c/1"
UNKNOWN = f"arn:aws:events:{REGION}:000000000000:connection/unknown/1"


class Api(ThreadingHTTPServer):
    """An API that answers what a test tells it to, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict] = []
        self.status, self.headers, self.body = 200, {"Content-Type": "application/json"}, b'{"ok": true}'
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Api

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        path, _, query = self.path.partition("?")
        self.server.requests.append(
            {
                "method": self.command,
                "path": path,
                "query": query,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": self.rfile.read(length).decode(),
            }
        )
        token = path == "/token"
        body = b'{"access_token": "t0", "token_type": "bearer"}' if token else self.server.body
        self.send_response(200 if token else self.server.status)
        for name, value in ({} if token else self.server.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


for method in http_sending.METHODS:
    setattr(Handler, f"do_{method}", Handler.answer)


@pytest.fixture
def api():
    server = Api()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cloud(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = {}

        def clients(service):
            if service not in made:
                made[service] = boto3.client(service, region_name=REGION)
            return made[service]

        yield clients


def connect(cloud, kind="API_KEY", **parameters):
    parameters = parameters or {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "k0"}}
    made = cloud("events").create_connection(Name="c", AuthorizationType=kind, AuthParameters=parameters)
    return made["ConnectionArn"]


@pytest.fixture
def call(execute, cloud, api):
    """Call the API by an HTTP Task with a connection of its own; give the outcome."""

    def run(connection=None, /, **parameters):
        arn = connection or connect(cloud)
        given = {
            "ApiEndpoint": f"{api.url}/path",
            "Method": "GET",
            "InvocationConfig": {"ConnectionArn": arn},
        }
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::http:invoke",
            "Parameters": {
                name: value for name, value in {**given, **parameters}.items() if value is not None
            },
        }
        return execute(state, clients=cloud)

    return run


def test_the_answer_is_headers_body_status_and_its_text(call, api):
    outcome = call()
    output = outcome.output
    assert (output["StatusCode"], output["StatusText"], output["ResponseBody"]) == (200, "OK", {"ok": True})
    assert output["Headers"]["Content-Type"] == ["application/json"]
    assert outcome.event("TaskScheduled")["resourceType"] == "http"
    sent = api.requests[-1]
    assert sent["headers"]["x-key"] == "k0"
    assert sent["headers"]["user-agent"] == "Amazon|StepFunctions|HttpInvoke|us-east-1"
    assert sent["headers"]["range"] == "bytes=0-262144"


def test_the_connection_is_put_over_what_the_task_says(call, api, cloud):
    def pair(name):
        return [{"Key": name, "Value": f"connection {name}", "IsValueSecret": False}]

    connection = connect(
        cloud,
        ApiKeyAuthParameters={"ApiKeyName": "X-Key", "ApiKeyValue": "k0"},
        InvocationHttpParameters={
            "HeaderParameters": pair("Header-Param"),
            "QueryStringParameters": pair("QueryParam"),
            "BodyParameters": pair("BodyParam"),
        },
    )
    call(
        connection,
        Method="POST",
        Headers={"Request-Id": "r", "header-param": "own"},
        QueryParameters={"QueryParam": "own", "tag": ["a", "b&c"], "none": None},
        RequestBody={"Job": "Engineer", "BodyParam": "own"},
    )
    sent = api.requests[-1]
    assert sent["headers"]["header-param"] == "connection Header-Param"
    assert sent["headers"]["request-id"] == "r"
    assert sent["headers"]["content-type"] == "application/json; charset=UTF-8"
    assert parse_qs(sent["query"]) == {"QueryParam": ["connection QueryParam"], "tag": ["a", "b&c"]}
    assert json.loads(sent["body"]) == {"Job": "Engineer", "BodyParam": "connection BodyParam"}
    refused = call(connection, Method="POST", RequestBody="text")
    assert refused.error == "States.Runtime"
    assert "cannot be merged with the connection" in refused.cause


def test_basic_credentials_are_sent(call, api, cloud):
    call(connect(cloud, "BASIC", BasicAuthParameters={"Username": "u", "Password": "p"}))
    assert api.requests[-1]["headers"]["authorization"] == f"Basic {base64.b64encode(b'u:p').decode()}"


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_token_is_fetched_with_client_credentials(call, api, cloud, method):
    connection = connect(
        cloud,
        "OAUTH_CLIENT_CREDENTIALS",
        OAuthParameters={
            "ClientParameters": {"ClientID": "id", "ClientSecret": "secret"},
            "AuthorizationEndpoint": f"{api.url}/token",
            "HttpMethod": method,
            "OAuthHttpParameters": {
                "BodyParameters": [{"Key": "audience", "Value": "me", "IsValueSecret": False}]
            },
        },
    )
    assert call(connection).status == "SUCCEEDED"
    asked, sent = api.requests
    form = parse_qs(asked["body"] if method == "POST" else asked["query"])
    assert form == {
        "grant_type": ["client_credentials"],
        "client_id": ["id"],
        "client_secret": ["secret"],
        "audience": ["me"],
    }
    assert sent["headers"]["authorization"] == "Bearer t0"


@pytest.mark.parametrize(
    ("form", "encoded"),
    [
        (None, "a%5B0%5D=x&a%5B1%5D=y"),
        ("INDICES", "a%5B0%5D=x&a%5B1%5D=y"),
        ("REPEAT", "a=x&a=y"),
        ("COMMAS", "a=x%2Cy"),
        ("BRACKETS", "a%5B%5D=x&a%5B%5D=y"),
    ],
)
def test_bodies_are_url_encoded_on_demand(call, api, form, encoded):
    options = {} if form is None else {"RequestEncodingOptions": {"ArrayFormat": form}}
    call(
        Method="POST",
        Headers={"Content-Type": "application/x-www-form-urlencoded"},
        RequestBody={"d": "Monthly subscription", "m": {"o": True, "n": None}, "a": ["x", "y"]},
        Transform={"RequestBodyEncoding": "URL_ENCODED", **options},
    )
    assert api.requests[-1]["body"] == f"d=Monthly%20subscription&m%5Bo%5D=true&m%5Bn%5D=&{encoded}"


@pytest.mark.parametrize("status", [302, 404, 503])
def test_a_status_other_than_success_is_an_error_of_its_name(call, api, status):
    api.status, api.headers = status, {"Location": "/elsewhere"}
    outcome = call()
    assert outcome.error == f"States.Http.StatusCode.{status}"
    assert outcome.cause in ("Found", "Not Found", "Service Unavailable")
    assert len(api.requests) == 1
    assert outcome.event("TaskFailed")["resource"] == "invoke"


def test_no_server_is_a_socket_error_that_can_be_caught(call):
    assert call(ApiEndpoint="http://127.0.0.1:1/").error == "States.Http.Socket"


def test_a_server_that_takes_too_long_is_a_socket_error(call, api, monkeypatch):
    monkeypatch.setattr(http_sending, "MAX_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = call(ApiEndpoint=f"http://127.0.0.1:{silent.getsockname()[1]}/")
    assert outcome.error == "States.Http.Socket"


def test_a_body_of_256_kib_is_read_and_one_byte_more_is_too_large(call, api):
    # The answer has its headers and quotes beside the body: the limit of the body is met on its own first.
    api.headers, api.body = {"Content-Type": "text/plain"}, b"x" * (http_sending.MAX_RESPONSE_BYTES - 1000)
    assert call().status == "SUCCEEDED"
    api.body = b"x" * (http_sending.MAX_RESPONSE_BYTES + 1)
    outcome = call(CONNECTION)
    assert outcome.error == "States.DataLimitExceeded"
    assert "The state/task 'http' returned a result" in outcome.cause


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("image/png", b"x", "content type 'image/png' are not supported"),
        ("application/octet-stream", b"x", "content type 'application/octet-stream' are not supported"),
        ("text/plain", b"\xff\xfe", "cannot be read as a valid string"),
    ],
)
def test_answers_that_are_no_text_are_runtime_errors(call, api, kind, body, words):
    api.headers, api.body = {"Content-Type": kind}, body
    outcome = call()
    assert outcome.error == "States.Runtime"
    assert words in outcome.cause


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"ApiEndpoint": "http://example.com/"}, "must be an HTTPS URL; HTTP is for loopback only"),
        ({"ApiEndpoint": "ftp://127.0.0.1/"}, "must be an HTTPS URL"),
        ({"ApiEndpoint": "https://u:p@127.0.0.1/"}, "must be an HTTPS URL"),
        ({"ApiEndpoint": None}, "'ApiEndpoint' is required but was missing"),
        ({"Method": "TRACE"}, "The value of the field 'Method' is not one of"),
        ({"Body": {}}, 'The field "Body" is not supported by Step Functions'),
        (
            {"Headers": {"Authorization": "x"}},
            "field contains unsupported values: [Authorization]",
        ),
        ({"Headers": {"x-amz-date": "x"}}, "unsupported values: [x-amz-date]"),
        ({"Headers": ["a"]}, "The value of the field 'Headers' has an invalid format"),
        ({"QueryParameters": {"a": {}}}, "The value of the field 'QueryParameters' has an invalid format"),
        (
            {"Authentication": {"ConnectionArn": "a"}},
            "Exactly one of 'InvocationConfig' and",
        ),
        ({"InvocationConfig": {}}, "'InvocationConfig.ConnectionArn' is required but was missing"),
        ({"InvocationConfig": {"ConnectionArn": "c"}}, "is no ARN of a connection: c"),
        ({"Transform": {"RequestBodyEncoding": "XML"}}, "must be NONE or URL_ENCODED"),
        (
            {"Transform": {"RequestEncodingOptions": {"ArrayFormat": "X"}}},
            "The value of 'ArrayFormat' is not one of",
        ),
    ],
)
def test_what_no_http_task_can_be_asked_is_a_runtime_error(call, api, parameters, words):
    outcome = call(**parameters)
    assert (outcome.status, outcome.error) == ("FAILED", "States.Runtime")
    assert words in outcome.cause
    assert not api.requests


def test_a_connection_that_is_not_there_is_said_so(call):
    outcome = call(UNKNOWN)
    assert outcome.error == "Events.ConnectionResource.ResourceNotFound"


def test_a_connection_that_is_not_authorised_is_said_so(call, cloud):
    connection = connect(cloud)
    real = cloud("events")

    class Events:
        meta = real.meta

        def describe_connection(self, **given):
            return {**real.describe_connection(**given), "ConnectionState": "DEAUTHORIZED"}

    def clients(service):
        return Events() if service == "events" else cloud(service)

    definition = {
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Task",
                "Resource": "arn:aws:states:::http:invoke",
                "Parameters": {
                    "ApiEndpoint": "https://localhost/",
                    "Method": "GET",
                    "Authentication": {"ConnectionArn": connection},
                },
                "End": True,
            }
        },
    }
    record = run(definition, clients=clients)
    assert record.error == "Events.ConnectionResource.InvalidConnectionState"
    assert "DEAUTHORIZED" in (record.cause or "")


# --- API Gateway ---


def gateway(execute, api, **parameters):
    given = {"ApiEndpoint": f"127.0.0.1:{api.server_port}", "Method": "POST", "Stage": "s", "Path": "a/b"}
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::apigateway:invoke",
        "Parameters": {**given, **parameters},
    }
    return execute(state)


@pytest.mark.parametrize(("body", "sent"), [(None, "{}"), ("Hi", '"Hi"'), ({"a": 1}, '{"a":1}')])
def test_an_api_of_api_gateway_is_called_by_stage_and_path(execute, api, body, sent):
    query = {"param1": ["Hello"], "param2": ["World"]}
    outcome = gateway(
        execute,
        api,
        RequestBody=body,
        QueryParameters=query,
        Headers={"custom": ["a", "b"]},
        AllowNullValues=True,
    )
    assert outcome.output["ResponseBody"] == {"ok": True}
    assert outcome.output["StatusText"] == "OK"
    asked = api.requests[-1]
    assert (asked["path"], asked["query"], asked["body"]) == ("/s/a/b", "param1=Hello&param2=World", sent)


def test_an_error_of_api_gateway_has_its_status_and_its_body(execute, api):
    api.status, api.body = 403, b'{"message":"Missing Authentication Token"}'
    outcome = gateway(execute, api)
    assert (outcome.error, outcome.cause) == ("ApiGateway.403", '{"message":"Missing Authentication Token"}')


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"Headers": {"custom": "one"}}, "The value of the field 'Headers' has an invalid format"),
        ({"Headers": {"Authorization": ["x"]}}, "unsupported values: [authorization]"),
        ({"AuthType": "IAM_ROLE"}, "An 'AuthType' other than NO_AUTH is not supported by this engine"),
        ({"ApiEndpoint": "http://example.com"}, "must be an HTTPS URL"),
        ({"Url": "x"}, 'The field "Url" is not supported'),
    ],
)
def test_what_api_gateway_cannot_be_asked_is_a_runtime_error(execute, api, parameters, words):
    outcome = gateway(execute, api, **parameters)
    assert outcome.error == "States.Runtime"
    assert words in outcome.cause
