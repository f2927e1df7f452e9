"""At TRACE an HTTP Task under test shows what it sends and what comes back, and secrets only if asked to."""

from __future__ import annotations

from tests.engine.single_state.conftest import ROLE
from tests.engine.test_http_invoke import api, cloud, connect  # noqa: F401 - fixtures


def post(server, connection):
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {
            "ApiEndpoint": f"{server.url}/orders",
            "Method": "POST",
            "Headers": {"Order": "7"},
            "RequestBody": {"n": 1},
            "InvocationConfig": {"ConnectionArn": connection},
        },
        "ResultSelector": {"said.$": "$.ResponseBody"},
        "End": True,
    }


def test_the_request_is_shown_without_what_the_connection_adds(tested, cloud, api):  # noqa: F811
    told = tested(post(api, connect(cloud)), clients=cloud, role_arn=ROLE)
    assert told.output == {"said": {"ok": True}}
    request = told.outcome.inspection["request"]
    assert request["protocol"] == "http"
    assert request["method"] == "POST"
    assert request["url"] == f"{api.url}/orders"
    assert request["body"] == '{"n":1}'
    assert "Order: 7" in request["headers"]
    assert "k0" not in str(request)
    assert api.requests[-1]["headers"]["x-key"] == "k0"


def test_secrets_are_shown_where_they_are_asked_for(tested, cloud, api):  # noqa: F811
    told = tested(post(api, connect(cloud)), clients=cloud, role_arn=ROLE, reveals_secrets=True)
    assert "X-Key: k0" in told.outcome.inspection["request"]["headers"]


def test_the_response_is_shown(tested, cloud, api):  # noqa: F811
    told = tested(post(api, connect(cloud)), clients=cloud, role_arn=ROLE)
    response = told.outcome.inspection["response"]
    assert (response["statusCode"], response["statusMessage"]) == ("200", "OK")
    assert response["body"] == '{"ok": true}'
    assert "Content-Type: application/json" in response["headers"]


def test_a_response_that_is_an_error_is_shown_too(tested, cloud, api):  # noqa: F811
    api.status, api.body = 503, b"closed"
    told = tested(post(api, connect(cloud)), clients=cloud, role_arn=ROLE)
    assert (told.status, told.outcome.error) == ("FAILED", "States.Http.StatusCode.503")
    assert told.outcome.inspection["response"]["body"] == "closed"


def test_without_an_answer_there_is_a_request_alone(tested, cloud, api):  # noqa: F811
    state = post(api, connect(cloud))
    state["Parameters"]["ApiEndpoint"] = "http://127.0.0.1:9/orders"
    told = tested(state, clients=cloud, role_arn=ROLE)
    assert told.outcome.error == "States.Http.Socket"
    assert "request" in told.outcome.inspection
    assert "response" not in told.outcome.inspection
