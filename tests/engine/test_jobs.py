"""Integrations with services that run jobs: requests, `.sync`, and the stop of a job."""

from __future__ import annotations

import datetime
import json

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from statewright.engine.errors import InvalidDefinition
from statewright.engine.integrations import OPTIMISED
from statewright.engine.integrations.emr import OPERATIONS
from statewright.engine.integrations.job_kinds import JOBS
from statewright.engine.integrations.jobs import DIALECTS, PLAIN, at, parameters, patterns

MODELS = botocore.session.get_session()
MOMENT = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class Service:
    """A boto3 client whose answers a test gives, in their order."""

    def __init__(self, name):
        self.name = name
        self.client = boto3.client(
            name,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.stub = Stubber(self.client)
        self.stub.activate()

    def __call__(self, name):
        assert name == self.name
        return self.client

    def answers(self, method, wanted, **answer):
        self.stub.add_response(method, answer, wanted)


def task(action, pattern="sync", **parameters):
    suffix = f".{pattern}" if pattern else ""
    return {"Type": "Task", "Resource": f"arn:aws:states:::{action}{suffix}", "Parameters": parameters}


# --- the table, held against botocore's models ---


def operation(service, action):
    if service == "elasticmapreduce":
        service, action = "emr", OPERATIONS.get(action, action)
    model = MODELS.get_service_model(service)
    found = {name.lower(): name for name in model.operation_names}
    return model.operation_model(found[action.lower()])


def shape_at(shape, path):
    for part in path.split(".") if path else ():
        members = {name.lower(): member for name, member in getattr(shape, "members", {}).items()}
        shape = shape.member if part.isdigit() else members[part.lower()]
    return shape


@pytest.mark.parametrize("name", sorted({*JOBS, *PLAIN}))
def test_each_action_is_one_of_its_service(name):
    service, action = name.split(":")
    assert operation(service, action)
    assert service in DIALECTS
    assert OPTIMISED[name][1] == patterns(name)


@pytest.mark.parametrize("name", JOBS)
def test_each_job_can_be_described_and_stopped(name):
    service, action = name.split(":")
    job = JOBS[name]
    asked = [(job.describe, job.ids)]
    if job.stop:
        asked.append((job.stop, job.stop_ids or job.ids))
    start = operation(service, action)
    outputs = [*getattr(start.output_shape, "members", {}), "ClusterId", "StepId"]  # EMR's, renamed
    known = {each.lower() for each in (*start.input_shape.members, *outputs)}
    for asking, ids in asked:
        members = operation(service, asking).input_shape
        assert {each.lower() for each in ids} <= {each.lower() for each in members.members}
        assert {each.lower() for each in members.required_members} <= {each.lower() for each in ids}
        for value in ids.values():
            path = value[0] if isinstance(value, list) else value
            assert path.startswith("=") or path.split(".")[0].lower() in known


@pytest.mark.parametrize("name", JOBS)
def test_the_states_of_each_job_are_those_that_its_service_knows(name):
    service, _ = name.split(":")
    job = JOBS[name]
    status = shape_at(shape_at(operation(service, job.describe).output_shape, job.job), job.status)
    assert status.type_name == "string"
    assert not job.succeeded & job.failed
    if status.enum:
        assert job.succeeded | job.failed <= set(status.enum)


# --- requests ---


def test_a_request_gives_the_answer_at_once(execute):
    glue = Service("glue")
    glue.answers("start_job_run", {"JobName": "etl", "Arguments": {"--a": "1"}}, JobRunId="jr")
    outcome = execute(task("glue:startJobRun", "", JobName="etl", Arguments={"--a": "1"}), clients=glue)
    assert outcome.output["JobRunId"] == "jr"
    assert outcome.output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert outcome.event("TaskSucceeded")["resourceType"] == "glue"


def test_an_error_is_named_as_the_optimised_integration_names_it(execute):
    glue = Service("glue")
    glue.stub.add_client_error("start_job_run", "EntityNotFoundException", "No job", http_status_code=400)
    outcome = execute(task("glue:startJobRun", JobName="none"), clients=glue)
    assert outcome.error == "Glue.EntityNotFoundException"
    assert "No job (Service: AWSGlue; Status Code: 400; Error Code: EntityNotFoundException;" in outcome.cause


def test_a_model_of_bedrock_answers_with_a_value(execute):
    bedrock = Service("bedrock-runtime")
    bedrock.answers("invoke_model", None, body=b'{"text": "hi"}', contentType="application/json")
    outcome = execute(task("bedrock:invokeModel", "", ModelId="m", Body={"prompt": "?"}), clients=bedrock)
    assert outcome.output["Body"] == {"text": "hi"}


# --- waiting ---


def run_of(state):
    return {"JobRun": {"Id": "jr", "JobRunState": state, "StartedOn": MOMENT}}


def test_a_job_is_waited_for_and_its_description_is_the_result(execute):
    glue = Service("glue")
    glue.answers("start_job_run", {"JobName": "etl"}, JobRunId="jr")
    for state in ("STARTING", "RUNNING", "SUCCEEDED"):
        glue.answers("get_job_run", {"JobName": "etl", "RunId": "jr"}, **run_of(state))
    outcome = execute(task("glue:startJobRun", JobName="etl"), clients=glue)
    milliseconds = round(MOMENT.timestamp() * 1000)
    assert outcome.output == {"Id": "jr", "JobRunState": "SUCCEEDED", "StartedOn": milliseconds}
    assert outcome.types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_job_that_fails_is_a_task_that_failed_with_its_description(execute):
    batch = Service("batch")
    job = {"jobName": "j", "jobId": "1", "jobQueue": "q", "jobDefinition": "d", "startedAt": 1}
    batch.answers("submit_job", None, jobName="j", jobId="1")
    batch.answers("describe_jobs", {"jobs": ["1"]}, jobs=[{**job, "status": "FAILED"}])
    outcome = execute(task("batch:submitJob", JobName="j", JobQueue="q", JobDefinition="d"), clients=batch)
    assert outcome.error == "States.TaskFailed"
    assert json.loads(outcome.cause)["Status"] == "FAILED"


@pytest.mark.parametrize(("code", "status"), [(0, "SUCCEEDED"), (3, "FAILED")])
def test_a_task_of_ecs_has_succeeded_when_all_its_containers_have(execute, code, status):
    ecs = Service("ecs")
    ecs.answers("run_task", {"taskDefinition": "t", "cluster": "c"}, tasks=[{"taskArn": "a"}], failures=[])
    stopped = {"taskArn": "a", "lastStatus": "STOPPED", "containers": [{"exitCode": code}]}
    ecs.answers("describe_tasks", {"cluster": "c", "tasks": ["a"]}, tasks=[stopped])
    outcome = execute(task("ecs:runTask", TaskDefinition="t", Cluster="c"), clients=ecs)
    assert outcome.status == status


def test_a_task_of_ecs_that_was_not_placed_has_failed(execute):
    ecs = Service("ecs")
    ecs.answers("run_task", {"taskDefinition": "t"}, tasks=[], failures=[{"reason": "RESOURCE:MEMORY"}])
    outcome = execute(task("ecs:runTask", TaskDefinition="t"), clients=ecs)
    assert outcome.error == "States.TaskFailed"
    assert "RESOURCE:MEMORY" in outcome.cause


def test_a_build_is_told_under_its_name(execute):
    codebuild = Service("codebuild")
    codebuild.answers("start_build", {"projectName": "p"}, build={"id": "p:1", "buildStatus": "IN_PROGRESS"})
    codebuild.answers(
        "batch_get_builds", {"ids": ["p:1"]}, builds=[{"id": "p:1", "buildStatus": "SUCCEEDED"}]
    )
    outcome = execute(task("codebuild:startBuild", ProjectName="p"), clients=codebuild)
    assert outcome.output == {"Build": {"Id": "p:1", "BuildStatus": "SUCCEEDED"}}


def test_what_is_deleted_is_waited_for_until_it_is_gone(execute):
    eks = Service("eks")
    eks.answers("delete_cluster", {"name": "c"}, cluster={"name": "c", "status": "DELETING"})
    eks.answers("describe_cluster", {"name": "c"}, cluster={"name": "c", "status": "DELETING"})
    eks.stub.add_client_error("describe_cluster", "ResourceNotFoundException", "No cluster")
    outcome = execute(task("eks:deleteCluster", Name="c"), clients=eks)
    assert outcome.output == {"Cluster": {"Name": "c", "Status": "DELETING"}}


# --- EMR, whose actions have other names ---


@pytest.mark.parametrize(
    ("action", "given", "method", "sent"),
    [
        ("terminateCluster", {"ClusterId": "j"}, "terminate_job_flows", {"JobFlowIds": ["j"]}),
        (
            "setClusterTerminationProtection",
            {"ClusterId": "j", "TerminationProtected": True},
            "set_termination_protection",
            {"JobFlowIds": ["j"], "TerminationProtected": True},
        ),
    ],
)
def test_an_action_of_emr_takes_one_cluster(execute, action, given, method, sent):
    emr = Service("emr")
    emr.answers(method, sent)
    assert execute(task(f"elasticmapreduce:{action}", "", **given), clients=emr).status == "SUCCEEDED"


def test_a_step_of_emr_is_added_waited_for_and_cancelled(execute):
    step = {"Name": "s", "HadoopJarStep": {"Jar": "j.jar"}}
    emr = Service("emr")
    emr.answers("add_job_flow_steps", {"JobFlowId": "j", "Steps": [step]}, StepIds=["s-1"])
    for state in ("RUNNING", "COMPLETED"):
        described = {"Id": "s-1", "Status": {"State": state}}
        emr.answers("describe_step", {"ClusterId": "j", "StepId": "s-1"}, Step=described)
    outcome = execute(task("elasticmapreduce:addStep", ClusterId="j", Step=step), clients=emr)
    assert outcome.output == {"StepId": "s-1", "Step": {"Id": "s-1", "Status": {"State": "COMPLETED"}}}
    emr.answers(
        "cancel_steps", {"ClusterId": "j", "StepIds": ["s-1"]}, CancelStepsInfoList=[{"StepId": "s-1"}]
    )
    cancelled = execute(task("elasticmapreduce:cancelStep", "", ClusterId="j", StepId="s-1"), clients=emr)
    assert cancelled.output["CancelStepsInfo"] == {"StepId": "s-1"}


def test_a_cluster_of_emr_is_waited_for_and_keeps_its_id(execute):
    emr = Service("emr")
    wanted = {"Name": "c", "Instances": {"KeepJobFlowAliveWhenNoSteps": True}}
    emr.answers("run_job_flow", wanted, JobFlowId="j")
    emr.answers("describe_cluster", {"ClusterId": "j"}, Cluster={"Id": "j", "Status": {"State": "WAITING"}})
    outcome = execute(task("elasticmapreduce:createCluster", **wanted), clients=emr)
    assert outcome.output["ClusterId"] == outcome.output["Cluster"]["Id"] == "j"
    mortal = execute(task("elasticmapreduce:createCluster", Name="c", Instances={}), clients=emr)
    assert "'Instances.KeepJobFlowAliveWhenNoSteps' must be true" in mortal.cause
    stepping = execute(task("elasticmapreduce:createCluster", **wanted, Steps=[]), clients=emr)
    assert 'The field "Steps" is not supported' in stepping.cause


def test_instance_groups_and_fleets_are_found_by_name_over_pages(execute):
    emr = Service("emr")
    emr.answers("list_instance_groups", {"ClusterId": "j"}, InstanceGroups=[{"Id": "1"}], Marker="m")
    emr.answers(
        "list_instance_groups",
        {"ClusterId": "j", "Marker": "m"},
        InstanceGroups=[{"Id": "2", "Name": "core"}],
    )
    emr.answers(
        "modify_instance_groups",
        {"ClusterId": "j", "InstanceGroups": [{"InstanceGroupId": "2", "InstanceCount": 8}]},
    )
    given = {"ClusterId": "j", "InstanceGroupName": "core", "InstanceGroup": {"InstanceCount": 8}}
    done = execute(task("elasticmapreduce:modifyInstanceGroupByName", "", **given), clients=emr)
    assert done.status == "SUCCEEDED"
    emr.answers("list_instance_fleets", {"ClusterId": "j"}, InstanceFleets=[])
    given = {"ClusterId": "j", "InstanceFleetName": "core", "InstanceFleet": {"TargetSpotCapacity": 1}}
    missing = execute(task("elasticmapreduce:modifyInstanceFleetByName", "", **given), clients=emr)
    assert missing.error == "ElasticMapReduce.AmazonElasticMapReduceException"
    assert "There is no InstanceFleet named 'core'" in missing.cause


# --- stopping ---


def test_a_job_is_stopped_with_the_task_that_waits_for_it(execute):
    glue = Service("glue")
    glue.answers("start_job_run", {"JobName": "etl"}, JobRunId="jr")
    for _ in range(3):
        glue.answers("get_job_run", {"JobName": "etl", "RunId": "jr"}, **run_of("RUNNING"))
    glue.answers("batch_stop_job_run", {"JobName": "etl", "JobRunIds": ["jr"]})
    outcome = execute({**task("glue:startJobRun", JobName="etl"), "TimeoutSeconds": 5}, clients=glue)
    assert outcome.error == "States.Timeout"
    glue.stub.assert_no_pending_responses()


def test_a_job_that_cannot_be_stopped_any_more_is_left(execute):
    athena = Service("athena")
    athena.answers("start_query_execution", {"QueryString": "SELECT 1"}, QueryExecutionId="q")
    running = {"QueryExecutionId": "q", "Status": {"State": "RUNNING"}}
    athena.answers("get_query_execution", {"QueryExecutionId": "q"}, QueryExecution=running)
    athena.stub.add_client_error("stop_query_execution", "InvalidRequestException")
    state = {**task("athena:startQueryExecution", QueryString="SELECT 1"), "TimeoutSeconds": 1}
    assert execute(state, clients=athena).error == "States.Timeout"


# --- what is left ---


@pytest.mark.parametrize(
    "resource",
    [
        "eks:runJob.sync",
        "eks:call",
        "elasticmapreduce:runJobFlow",
        "glue:startCrawler",
        "glue:startJobRun.sync:2",
    ],
)
def test_what_is_not_performed_is_refused_by_name(execute, resource):
    name = resource.partition(".")[0]
    with pytest.raises(InvalidDefinition, match=f"'{name}' is not supported|is not recognized"):
        execute({"Type": "Task", "Resource": f"arn:aws:states:::{resource}"})


def test_paths_lead_into_objects_and_lists():
    assert at({"Jobs": [{"Status": "A"}]}, "Jobs.0.Status") == "A"
    assert at({"Jobs": []}, "Jobs.0.Status") is None
    assert at({"a": 1}, "") == {"a": 1}
    assert parameters({"A": "x", "B": ["y.z"], "C": "=text"}, {"y": {"z": 1}}) == {"B": [1], "C": "text"}
