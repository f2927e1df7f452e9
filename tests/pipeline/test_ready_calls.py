"""Calls whose body is ready do what those of botocore's client do, over connections that stay open."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import ipaddress
import json
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import msgspec
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.httpsession import URLLib3Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline import aws, ready_calls
from pipeline.connections import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ERROR = "com.amazonaws.dynamodb.v20120810#"
REQUEST: dict[str, Any] = {
    "RequestItems": {"t": [{"PutRequest": {"Item": {"key": {"S": "ü"}, "n": {"N": "1.10"}}}}]}
}
BODY = json.dumps(REQUEST).encode()


class Said(NamedTuple):
    """An answer; one without a status cuts the connection, one that `closes` does so after it."""

    status: int = 200
    body: bytes = b"{}"
    closes: bool = False


class Service(http.server.ThreadingHTTPServer):
    """Gives the answers it was told to, the last one again and again; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = [Said()]
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self.wait = threading.Event()
        self.wait.set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, *_: Any) -> None:
        """Say nothing of those who do not wait for an answer."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.path, headers, self.rfile.read(int(headers["content-length"]))))
        self.server.wait.wait(10)
        answers = self.server.answers
        said = answers.pop(0) if len(answers) > 1 else answers[0]
        self.close_connection = said.closes or not said.status
        if said.status:
            self.wfile.write(
                b"HTTP/1.1 %d Said\r\nContent-Length: %d\r\n\r\n" % (said.status, len(said.body))
            )
            self.wfile.write(said.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Serve in the place of DynamoDB; nobody waits between attempts."""
    with serving() as made:
        use(monkeypatch, f"http://127.0.0.1:{made.server_port}")
        yield made
    forget()


def forget() -> None:
    """Let the next call begin with a client of its own, and no connection."""
    if aws.dynamodb.cache_info().currsize:
        connections: Any = ready_calls._line(aws.dynamodb()).connections
        for idle in getattr(connections, "idle", ()):
            idle.close()
    aws.dynamodb.cache_clear()
    aws.session.cache_clear()


@contextlib.contextmanager
def serving(certificate: Path | None = None) -> Iterator[Service]:
    with Service() as made:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            made.socket = context.wrap_socket(made.socket, server_side=True)
        thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, name.lower())
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setattr(ready_calls.time, "sleep", lambda _: None)
    forget()


def call(operation: str, body: bytes) -> dict[str, Any]:
    return ready_calls.Call(operation, body).answer()


def test_what_is_sent_is_what_the_client_sends(service: Service) -> None:
    aws.dynamodb().batch_write_item(**REQUEST)
    call("BatchWriteItem", BODY)
    (path, theirs, their_body), (our_path, ours, our_body) = service.asked
    assert (our_path, json.loads(our_body)) == (path, json.loads(their_body))
    same = ("host", "content-type", "x-amz-target", "x-amz-security-token", "accept-encoding", "user-agent")
    assert {name: ours[name] for name in same[:-1]} == {name: theirs[name] for name in same[:-1]}
    assert ours["user-agent"].split()[0] == theirs["user-agent"].split()[0]


def test_a_request_is_signed_with_its_body_and_target(service: Service) -> None:
    for body in (BODY, BODY, b"{}"):
        call("BatchWriteItem", body)
    call("PutItem", b"{}")
    scope = f"AWS4-HMAC-SHA256 Credential=aws_access_key_id/{service.asked[0][1]['x-amz-date'][:8]}/"
    found = [headers["authorization"] for _, headers, _ in service.asked]
    assert all(each.startswith(f"{scope}eu-west-1/dynamodb/aws4_request, ") for each in found)
    assert all("content-type;host;x-amz-date;x-amz-security-token;x-amz-target" in each for each in found)
    assert len({each.rpartition("=")[2] for each in found[1:]}) == 3


ERRORS = [
    (400, {"__type": ERROR + "ResourceNotFoundException", "message": "no such table"}),
    (400, {"__type": ERROR + "ProvisionedThroughputExceededException", "Message": "slower"}),
    (
        400,
        {"__type": ERROR + "ConditionalCheckFailedException", "message": "no", "Item": {"key": {"S": "k"}}},
    ),
    (400, {"__type": "com.amazon.coral.service#UnrecognizedClientException"}),
    (400, {"__type": "SerializationException", "message": ""}),
    (413, {}),
    (500, {"__type": ERROR + "InternalServerError", "message": "again"}),
    (503, {}),
]


@pytest.mark.parametrize(("status", "said"), ERRORS)
def test_an_error_is_that_of_the_client(
    service: Service, monkeypatch: pytest.MonkeyPatch, status: int, said: dict[str, Any]
) -> None:
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    service.answers = [Said(status, json.dumps(said).encode())]
    with pytest.raises(ClientError) as theirs:
        aws.dynamodb().batch_write_item(**REQUEST)
    with pytest.raises(ClientError) as ours:
        call("BatchWriteItem", BODY)
    assert ours.value.response["Error"] == theirs.value.response["Error"]
    assert ours.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert ours.value.response.get("Item") == said.get("Item")
    assert ours.value.operation_name == "BatchWriteItem"


@pytest.mark.parametrize(
    ("said", "attempts"),
    [
        (Said(500), aws.ATTEMPTS),
        (Said(503, b"<html>"), aws.ATTEMPTS),
        (Said(0), aws.ATTEMPTS),
        (Said(200, b'{"UnprocessedItems":'), aws.ATTEMPTS),
        (Said(400, b'{"__type":"a#ThrottlingException"}'), 1),
        (Said(400, b"<html>"), 1),
    ],
)
def test_what_may_work_next_time_is_tried_again(service: Service, said: Said, attempts: int) -> None:
    service.answers = [said]
    with pytest.raises((ClientError, BotoCoreError)):
        call("BatchWriteItem", BODY)
    assert len(service.asked) == attempts


def test_a_call_that_works_in_the_end_has_worked(service: Service) -> None:
    service.answers = [Said(500), Said(0), Said(200, b'{"UnprocessedItems":{"t":[]}}')]
    assert call("BatchWriteItem", BODY) == {"UnprocessedItems": {"t": []}}


def test_waits_between_attempts_grow_to_a_bound(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[float] = []
    monkeypatch.setattr(aws, "ATTEMPTS", 7)
    monkeypatch.setattr(ready_calls.random, "uniform", lambda _, most: bounds.append(most) or 0)
    service.answers = [Said(500)]
    with pytest.raises(ClientError):
        call("BatchWriteItem", BODY)
    assert bounds == [1, 2, 4, 8, 16, 20]


def test_what_listens_to_botocore_sees_the_request_and_may_answer(service: Service) -> None:
    seen: list[Any] = []

    def answer(request: Any, **_: Any) -> Any:
        seen.append((request.method, request.url, request.body))
        return Answer(200, b'{"from":"here"}')

    aws.dynamodb().meta.events.register("before-send.dynamodb.BatchWriteItem", answer)
    assert call("BatchWriteItem", BODY) == {"from": "here"}
    assert call("PutItem", b"{}") == {}
    assert seen == [("POST", f"http://127.0.0.1:{service.server_port}/", BODY)]
    assert len(service.asked) == 1


def test_one_connection_after_the_other_is_the_same(service: Service) -> None:
    for _ in range(5):
        call("BatchWriteItem", BODY)
    assert service.connections == 1


def test_calls_at_once_have_connections_of_their_own(service: Service) -> None:
    service.wait.clear()
    begun = [ready_calls.Call("PutItem", b"{}") for _ in range(3)]
    service.answers = [Said(200, b'{"number":%d}' % number) for number in range(3)]
    service.wait.set()
    answers: list[Any] = []
    while begun:
        for each in ready_calls.ready(begun):
            begun.remove(each)
            answers.append(each.answer()["number"])
    assert sorted(answers) == [0, 1, 2]
    call("PutItem", b"{}")
    assert service.connections == 3


def test_those_are_ready_whose_answers_have_come(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.wait.clear()
    late = ready_calls.Call("PutItem", b"{}")
    while not service.asked:
        time.sleep(0.001)
    monkeypatch.setattr(aws, "READ_SECONDS", 0.01)
    assert ready_calls.ready([late]) == [late]  # it fails where it is read
    cut = ConnectionClosedError(endpoint_url="http://here")
    monkeypatch.setattr(ready_calls, "_sent", mock.Mock(side_effect=cut))
    failed = ready_calls.Call("PutItem", b"{}")
    assert ready_calls.ready([late, failed]) == [failed]
    service.wait.set()
    assert late.answer() == {}


def test_a_call_that_is_given_up_leaves_no_connection(service: Service) -> None:
    service.wait.clear()
    ready_calls.Call("PutItem", b"{}").close()
    service.wait.set()
    assert call("PutItem", b"{}") == {}
    assert service.connections == 2


def test_a_connection_that_ended_while_it_was_idle_is_replaced(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    service.answers = [Said(closes=True)]
    for number in range(1, 4):
        call("BatchWriteItem", BODY)
        assert service.connections == number
        line = ready_calls._line(aws.dynamodb())
        (idle,) = line.connections.idle  # type: ignore[union-attr]
        idle.sock.recv(1, 2)  # until the end of it has come (MSG_PEEK)


def failure_of(body: bytes = BODY) -> BotoCoreError:
    with pytest.raises(BotoCoreError) as failed:
        call("BatchWriteItem", body)
    return failed.value


def test_failures_of_a_connection_are_botocores(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    service.answers = [Said(0)]
    assert isinstance(failure_of(), ConnectionClosedError)
    service.answers = [Said(200, b"no JSON")]
    assert isinstance(failure_of(), HTTPClientError)
    monkeypatch.setattr(aws, "READ_SECONDS", 0.05)
    forget()
    service.wait.clear()
    assert isinstance(failure_of(), ReadTimeoutError)
    service.wait.set()
    use(monkeypatch, "http://127.0.0.1:1")
    assert isinstance(failure_of(), EndpointConnectionError)


def test_over_tls_the_certificate_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    certificate = certificate_of_this_machine(tmp_path / "certificate.pem")
    with serving(certificate) as service:
        use(monkeypatch, f"https://127.0.0.1:{service.server_port}")
        assert isinstance(failure_of(), EndpointConnectionError)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        forget()
        assert call("BatchWriteItem", BODY) == {}
        forget()


def test_behind_a_proxy_connections_are_botocores(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "http://dynamodb.invalid")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{service.server_port}")
    assert call("BatchWriteItem", BODY) == {}
    assert [path for path, _, _ in service.asked] == ["http://dynamodb.invalid/"]
    assert isinstance(ready_calls._line(aws.dynamodb()).connections, URLLib3Session)


def test_without_credentials_the_error_is_botocores(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    forget()
    assert type(failure_of()).__name__ == "NoCredentialsError"
    assert not service.asked


def certificate_of_this_machine(path: Path) -> Path:
    """Write a certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here")])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + made.public_bytes(encoding))
    return path


def test_an_item_comes_back_as_it_is(service: Service) -> None:
    item = {"key": {"S": "k"}, "n": {"N": "12345678901234567890.10"}, "b": {"BOOL": True}}
    service.answers = [Said(200, msgspec.json.encode({"Attributes": item}))]
    assert call("PutItem", b"{}")["Attributes"] == item
