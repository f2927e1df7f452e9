"""The jobs of optimised integrations: which action describes each, and which of its states end it.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html and the pages of the services
that it leads to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Job:
    """How the job that an action starts is followed.

    `describe` is the action that describes it and `ids` its parameters, `stop` and `stop_ids` those of the
    action that stops it (the same where not given): each value is a path into the action's arguments and
    answer ("Build.Id"), a list of one, or a text after `=`. `job` is where the job stands in the description,
    and `status` where its status stands in there. `result` is what the Task returns: None is the job, "" the
    whole description, a name an object that has the job under it. `gone` is the error that says that what is
    deleted is no more; `keeps` are members of the action's arguments and answer that are added to the result.
    """

    describe: str
    ids: Mapping[str, str | list[str]]
    job: str
    status: str
    succeeded: frozenset[str]
    failed: frozenset[str] = frozenset()
    stop: str = ""
    stop_ids: Mapping[str, str | list[str]] | None = None
    result: str | None = None
    gone: str = ""
    keeps: tuple[str, ...] = ()


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _sagemaker(kind: str) -> Job:
    name = f"{kind}Name"
    return Job(
        f"describe{kind}",
        {name: name},
        "",
        f"{kind}Status",
        _set("Completed"),
        _set("Failed Stopped"),
        f"stop{kind}",
    )


def _build(kind: str) -> Job:
    batch = kind == "BuildBatch"
    return Job(
        f"batchGet{kind}{'es' if batch else 's'}",
        {"Ids": [f"{kind}.Id"]},
        f"{kind}{'es' if batch else 's'}.0",
        "BuildBatchStatus" if batch else "BuildStatus",
        _set("SUCCEEDED"),
        _set("FAILED FAULT TIMED_OUT STOPPED"),
        f"stop{kind}",
        {"Id": f"{kind}.Id"},
        kind,
    )


def _application(end: str) -> Job:
    return Job(
        "getApplication",
        {"ApplicationId": "ApplicationId"},
        "Application",
        "State",
        _set(end),
        _set("TERMINATED") - _set(end),
        result="",
    )


def _cluster(succeeded: str, failed: str) -> Job:
    return Job(
        "describeCluster",
        {"ClusterId": "ClusterId"},
        "Cluster",
        "Status.State",
        _set(succeeded),
        _set(failed),
        result="",
        keeps=("ClusterId",),
    )


def _eks_deletion(kind: str, ids: Mapping[str, str | list[str]], failed: str) -> Job:
    return Job(
        f"describe{kind}",
        ids,
        kind,
        "Status",
        frozenset(),
        _set(failed),
        result="",
        gone="EKS.ResourceNotFoundException",
    )


_EMR_JOB = {"ApplicationId": "ApplicationId", "JobRunId": "JobRunId"}
_EMR_SERVERLESS_JOB = Job(
    "getJobRun",
    _EMR_JOB,
    "JobRun",
    "State",
    _set("SUCCESS"),
    _set("FAILED CANCELLED"),
    "cancelJobRun",
    result="",
)
JOBS = {
    "athena:startQueryExecution": Job(
        "getQueryExecution",
        {"QueryExecutionId": "QueryExecutionId"},
        "QueryExecution",
        "Status.State",
        _set("SUCCEEDED"),
        _set("FAILED CANCELLED"),
        "stopQueryExecution",
        result="",
    ),
    "batch:submitJob": Job(
        "describeJobs",
        {"Jobs": ["JobId"]},
        "Jobs.0",
        "Status",
        _set("SUCCEEDED"),
        _set("FAILED"),
        "terminateJob",
        {"JobId": "JobId", "Reason": "=Step Functions execution stopped"},
    ),
    "bedrock:createModelCustomizationJob": Job(
        "getModelCustomizationJob",
        {"JobIdentifier": "JobArn"},
        "",
        "Status",
        _set("Completed"),
        _set("Failed Stopped"),
        "stopModelCustomizationJob",
    ),
    "codebuild:startBuild": _build("Build"),
    "codebuild:startBuildBatch": _build("BuildBatch"),
    "codebuild:retryBuildBatch": _build("BuildBatch"),
    "databrew:startJobRun": Job(
        "describeJobRun",
        {"Name": "Name", "RunId": "RunId"},
        "",
        "State",
        _set("SUCCEEDED"),
        _set("FAILED STOPPED TIMEOUT"),
        "stopJobRun",
    ),
    "ecs:runTask": Job(
        "describeTasks",
        {"Cluster": "Cluster", "Tasks": ["Tasks.0.TaskArn"]},
        "Tasks.0",
        "LastStatus",
        _set("STOPPED"),
        stop="stopTask",
        stop_ids={"Cluster": "Cluster", "Task": "Tasks.0.TaskArn"},
    ),
    "eks:createCluster": Job(
        "describeCluster", {"Name": "Name"}, "Cluster", "Status", _set("ACTIVE"), _set("FAILED"), result=""
    ),
    "eks:deleteCluster": _eks_deletion("Cluster", {"Name": "Name"}, "FAILED"),
    "eks:deleteFargateProfile": _eks_deletion(
        "FargateProfile",
        {"ClusterName": "ClusterName", "FargateProfileName": "FargateProfileName"},
        "DELETE_FAILED",
    ),
    "eks:deleteNodegroup": _eks_deletion(
        "Nodegroup", {"ClusterName": "ClusterName", "NodegroupName": "NodegroupName"}, "DELETE_FAILED"
    ),
    "eks:createFargateProfile": Job(
        "describeFargateProfile",
        {"ClusterName": "ClusterName", "FargateProfileName": "FargateProfileName"},
        "FargateProfile",
        "Status",
        _set("ACTIVE"),
        _set("CREATE_FAILED"),
        result="",
    ),
    "eks:createNodegroup": Job(
        "describeNodegroup",
        {"ClusterName": "ClusterName", "NodegroupName": "NodegroupName"},
        "Nodegroup",
        "Status",
        _set("ACTIVE"),
        _set("CREATE_FAILED DEGRADED"),
        result="",
    ),
    "elasticmapreduce:addStep": Job(
        "describeStep",
        {"ClusterId": "ClusterId", "StepId": "StepId"},
        "Step",
        "Status.State",
        _set("COMPLETED"),
        _set("CANCELLED FAILED INTERRUPTED"),
        "cancelSteps",
        {"ClusterId": "ClusterId", "StepIds": ["StepId"]},
        result="",
        keeps=("StepId",),
    ),
    # A cluster is left to itself where the execution is stopped.
    "elasticmapreduce:createCluster": _cluster("WAITING", "TERMINATED TERMINATED_WITH_ERRORS"),
    "elasticmapreduce:terminateCluster": _cluster("TERMINATED TERMINATED_WITH_ERRORS", ""),
    "emr-containers:startJobRun": Job(
        "describeJobRun",
        {"Id": "Id", "VirtualClusterId": "VirtualClusterId"},
        "JobRun",
        "State",
        _set("COMPLETED"),
        _set("FAILED CANCELLED"),
        "cancelJobRun",
        result="",
    ),
    "emr-containers:deleteVirtualCluster": Job(
        "describeVirtualCluster",
        {"Id": "Id"},
        "VirtualCluster",
        "State",
        _set("TERMINATED"),
        _set("ARRESTED"),
        result="",
    ),
    "emr-serverless:startJobRun": _EMR_SERVERLESS_JOB,
    "emr-serverless:createApplication": _application("CREATED"),
    "emr-serverless:startApplication": _application("STARTED"),
    "emr-serverless:stopApplication": _application("STOPPED"),
    "emr-serverless:deleteApplication": _application("TERMINATED"),
    "glue:startJobRun": Job(
        "getJobRun",
        {"JobName": "JobName", "RunId": "JobRunId"},
        "JobRun",
        "JobRunState",
        _set("SUCCEEDED"),
        _set("FAILED STOPPED TIMEOUT ERROR EXPIRED"),
        "batchStopJobRun",
        {"JobName": "JobName", "JobRunIds": ["JobRunId"]},
    ),
    "mediaconvert:createJob": Job(
        "getJob",
        {"Id": "Job.Id"},
        "Job",
        "Status",
        _set("COMPLETE"),
        _set("ERROR CANCELED"),
        "cancelJob",
        result="",
    ),
    "sagemaker:createHyperParameterTuningJob": _sagemaker("HyperParameterTuningJob"),
    "sagemaker:createLabelingJob": _sagemaker("LabelingJob"),
    "sagemaker:createProcessingJob": _sagemaker("ProcessingJob"),
    "sagemaker:createTrainingJob": _sagemaker("TrainingJob"),
    "sagemaker:createTransformJob": _sagemaker("TransformJob"),
}
