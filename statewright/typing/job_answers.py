"""What a Task gets that waits for a job (`.sync`), and what calls over HTTP answer.

A job's answer is its description by another operation of the service. No model tells which members are there,
nor does one tell of all: they are presumed, and others may be there too.
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from statewright.typing.services import operation, output_type
from statewright.typing.shapes import (
    INTEGER,
    SOME_OBJECT,
    STRING,
    UNKNOWN,
    Array,
    Field,
    Object,
    Shape,
    Type,
    object_of,
    shapes_of,
)

if TYPE_CHECKING:
    from statewright.asl.tree import Resource

# How a job is described, where it stands in there ("Jobs.0"), and the name that it is answered under:
# None is the job itself, "" the whole description.
JOBS: dict[str, tuple[str, str, str | None]] = {
    "athena:startQueryExecution": ("getQueryExecution", "QueryExecution", ""),
    "batch:submitJob": ("describeJobs", "Jobs.0", None),
    "codebuild:startBuild": ("batchGetBuilds", "Builds.0", "Build"),
    "codebuild:startBuildBatch": ("batchGetBuildBatches", "BuildBatches.0", "BuildBatch"),
    "ecs:runTask": ("describeTasks", "Tasks.0", None),
    "emr-serverless:startJobRun": ("getJobRun", "JobRun", ""),
    "glue:startJobRun": ("getJobRun", "JobRun", None),
}
# https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
HTTP = object_of(
    {"Headers": SOME_OBJECT, "ResponseBody": UNKNOWN, "StatusCode": INTEGER, "StatusText": STRING}
)


def answer_of(resource: Resource) -> Type:
    """Give the type of what a Task gets that waits for a job; UNKNOWN where that is not told."""
    name = f"{resource.service}:{resource.action}"
    if resource.pattern != "sync" or name not in JOBS:
        return UNKNOWN
    describe, place, under = JOBS[name]
    model = operation(resource.service.replace("-", ""), describe)
    if model is None:
        return UNKNOWN
    whole = _open(output_type(model, has_metadata=False))
    if under == "":
        return whole
    job = _at(whole, place)
    return job if under is None else Type((Object({under: Field(job)}, UNKNOWN),))


def _at(type_: Type, place: str) -> Type:
    for name in place.split("."):
        (shape,) = shapes_of(type_)
        type_ = shape.items if isinstance(shape, Array) else _member(shape, name)
    return type_


def _member(shape: Shape, name: str) -> Type:
    assert isinstance(shape, Object)
    return shape.fields[name].type


def _open(type_: Type) -> Type:
    """Give the same where every object may hold more than is named."""
    return replace(type_, shapes=tuple(_open_shape(shape) for shape in type_.shapes))


def _open_shape(shape: Shape) -> Shape:
    if isinstance(shape, Array):
        return replace(shape, items=_open(shape.items))
    if not isinstance(shape, Object) or not shape.is_declared:
        return shape
    fields = {name: replace(member, type=_open(member.type)) for name, member in shape.fields.items()}
    return replace(shape, fields=fields, rest=UNKNOWN, is_declared=False)
