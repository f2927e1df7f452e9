"""Activities through the API: named queues that workers poll."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import sfn_client
from tests.api.machines import ended, refused


def test_an_activity_is_created_once_described_listed_tagged_and_deleted(sfn):
    name = f"a-{uuid.uuid4().hex[:12]}"
    arn = sfn.create_activity(name=name, tags=[{"key": "team", "value": "data"}])["activityArn"]
    assert sfn.create_activity(name=name)["activityArn"] == arn
    assert sfn.describe_activity(activityArn=arn)["name"] == name
    assert arn in [each["activityArn"] for each in sfn.list_activities()["activities"]]
    sfn.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "web"}])
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "team", "value": "web"}]
    sfn.delete_activity(activityArn=arn)
    assert refused(sfn.describe_activity, activityArn=arn) == (
        "ActivityDoesNotExist",
        f"Activity Does Not Exist: '{arn}'",
    )


@pytest.mark.parametrize("name", ["a b", "a/b", "a\x7f", "a{b", "a\\b"])
def test_a_forbidden_name_is_refused(sfn, name):
    assert refused(sfn.create_activity, name=name) == ("InvalidName", f"Invalid Name: '{name}'")


def test_a_worker_takes_a_task_and_its_answer_ends_the_execution(sfn, activity, execution):
    task = sfn.get_activity_task(activityArn=activity, workerName="w")
    assert json.loads(task["input"]) == {"a": 1}
    sfn.send_task_heartbeat(taskToken=task["taskToken"])
    sfn.send_task_success(taskToken=task["taskToken"], output='{"done": true}')
    described = ended(sfn, execution)
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", {"done": True})
    assert refused(sfn.send_task_success, taskToken=task["taskToken"], output="{}")[0] == "TaskTimedOut"


def test_a_workers_failure_fails_the_execution(sfn, activity, execution):
    task = sfn.get_activity_task(activityArn=activity)
    assert refused(sfn.send_task_success, taskToken=task["taskToken"], output="{")[0] == "InvalidOutput"
    sfn.send_task_failure(taskToken=task["taskToken"], error="Broken", cause="it fell")
    described = ended(sfn, execution)
    assert (described["status"], described["error"], described["cause"]) == ("FAILED", "Broken", "it fell")


def test_a_token_that_is_none_is_refused(sfn):
    assert refused(sfn.send_task_heartbeat, taskToken="no token")[0] == "InvalidToken"


def test_a_poll_whose_caller_has_gone_takes_no_task(endpoint, sfn, activity, request):
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
    body = json.dumps({"activityArn": activity})
    connection.request("POST", "/", body, {"X-Amz-Target": "AWSStepFunctions.GetActivityTask"})
    time.sleep(0.2)
    connection.sock.close()
    connection.close()
    time.sleep(0.2)
    request.getfixturevalue("execution")
    taken = []
    worker = threading.Thread(
        target=lambda: taken.append(sfn_client(endpoint).get_activity_task(activityArn=activity))
    )
    worker.start()
    worker.join(10)
    assert taken
    assert json.loads(taken[0]["input"]) == {"a": 1}
