"""Where a Distributed Map reads its items and writes its results: operations of S3 and their arguments.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.typing.findings import Where, meant, pointed, suggestion_for
from statewright.typing.jsonata_values import object_shapes
from statewright.typing.selection import part_at
from statewright.typing.shapes import STRING, Type, is_unknown, object_of
from statewright.typing.subsumption import compare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.asl.tree import ItemReader, Payload, Resource, ResultWriter
    from statewright.typing.states import Visit
    from statewright.typing.view import View

_OBJECT = object_of(
    {"Bucket": STRING, "Key": STRING, "VersionId": STRING, "ExpectedBucketOwner": STRING},
    optional=["VersionId", "ExpectedBucketOwner"],
)
_LIST = object_of(
    {
        "Bucket": STRING,
        "Prefix": STRING,
        "StartAfter": STRING,
        "ExpectedBucketOwner": STRING,
        "RequestPayer": STRING,
    },
    optional=["Prefix", "StartAfter", "ExpectedBucketOwner", "RequestPayer"],
)
_PLACE = object_of(
    {"Bucket": STRING, "Prefix": STRING, "ExpectedBucketOwner": STRING},
    optional=["Prefix", "ExpectedBucketOwner"],
)
_READS = {"getObject": _OBJECT, "listObjectsV2": _LIST}
_WRITES = {"putObject": _PLACE}


def check_source(visit: Visit, reader: ItemReader, view: View) -> None:
    """Check what an ItemReader reads from."""
    pointer = f"{visit.state.at.pointer}/ItemReader"
    _check(visit, view, reader.resource, reader.payload, _READS, pointer)


def check_target(visit: Visit, writer: ResultWriter, view: View) -> None:
    """Check where a ResultWriter writes to."""
    pointer = f"{visit.state.at.pointer}/ResultWriter"
    if writer.resource is not None:
        _check(visit, view, writer.resource, writer.payload, _WRITES, pointer)


def _check(
    visit: Visit,
    view: View,
    resource: Resource,
    payload: Payload | None,
    actions: Mapping[str, Type],
    pointer: str,
) -> None:
    given = object_of({}) if payload is None else visit.template(payload, view)
    is_known = resource.kind == "integration" and resource.service == "s3" and not resource.pattern
    if is_known and resource.action in actions:
        _check_arguments(view, resource.action, given, actions[resource.action], payload, pointer)
    elif "${" not in resource.arn:
        allowed = [f"arn:aws:states:::s3:{action}" for action in actions]
        message = f"{resource.arn or 'nothing'} cannot stand here: it is {' or '.join(allowed)}"
        suggestion = meant(resource.arn, allowed, likeness=0.8)
        view.findings.add("SW118", message, Where(f"{pointer}/Resource"), suggestion=suggestion)


def _check_arguments(
    view: View, action: str, given: Type, wanted: Type, payload: Payload | None, pointer: str
) -> None:
    if is_unknown(given) or not object_shapes(given):
        return
    difference = compare(given, wanted).difference
    if difference is None:
        return
    where = Where(pointer if payload is None else payload.at.pointer)
    view.findings.add(
        "SW112", f"the arguments do not fit s3:{action}: {pointed(difference)}", where,
        expected=part_at(wanted, difference.where), actual=part_at(given, difference.where),
        difference=pointed(difference), suggestion=suggestion_for(difference),
    )  # fmt: skip
