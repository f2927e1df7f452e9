"""Answers of jobs that a Task waits for, and of calls over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from statewright.engine.integrations.job_kinds import JOBS as FOLLOWED
from statewright.typing.job_answers import JOBS
from statewright.typing.rendering import show
from tests.typing.test_flow import ends

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.typing.check import Checked

Json = Any


@pytest.mark.parametrize("name", JOBS)
def test_the_answer_is_that_of_the_engine(name: str) -> None:
    job = FOLLOWED[name]

    assert JOBS[name] == (job.describe, job.job, job.result)


def a_task(resource: str, arguments: Json, output: str) -> dict[str, Json]:
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "TimeoutSeconds": 60}
    return {"Run": {**task, "Arguments": arguments, "Output": output, "Next": "End"}, "End": ends()}


JOB = {"JobName": "j", "JobQueue": "q", "JobDefinition": "d"}
REQUEST = {"ApiEndpoint": "https://example.com", "Method": "GET"}


@pytest.mark.parametrize(
    ("resource", "arguments", "member", "expected"),
    [
        ("glue:startJobRun.sync", {"JobName": "j"}, "JobRunState", "string"),
        ("glue:startJobRun.sync", {"JobName": "j"}, "ExecutionTime", "integer"),
        ("codebuild:startBuild.sync", {"ProjectName": "p"}, "Build.BuildNumber", "integer"),
        ("batch:submitJob.sync", JOB, "Status", "string"),
        ("http:invoke", REQUEST, "StatusCode", "integer"),
    ],
)
def test_members_of_an_answer_have_their_types(
    resource: str, arguments: Json, member: str, expected: str, check: Callable[..., Checked]
) -> None:
    checked = check(a_task(resource, arguments, f"{{% $states.result.{member} %}}"))

    assert show(checked.output) == expected
    assert not [finding for finding in checked.findings if finding.severity == "error"]


def test_what_no_model_names_may_be_there_too(check: Callable[..., Checked]) -> None:
    checked = check(a_task("glue:startJobRun.sync", {"JobName": "j"}, "{% $states.result.Newer.Member %}"))

    assert [finding.code for finding in checked.findings if finding.code < "SW130"] == []


def test_a_misspelt_member_of_an_http_answer_is_found(check: Callable[..., Checked]) -> None:
    checked = check(a_task("http:invoke", REQUEST, "{% $states.result.Statuscode %}"))

    (finding,) = [finding for finding in checked.findings if finding.code == "SW101"]
    assert finding.suggestion == "did you mean 'StatusCode'?"
