"""Service integrations from botocore's models: what an operation takes, and what it answers.

Members are written in PascalCase, as Step Functions has them. Whether a member of an answer is there is
presumed, for no model tells.
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import botocore.session
from botocore.model import ListShape, MapShape, StructureShape

from statewright.typing.findings import meant
from statewright.typing.lattice import union
from statewright.typing.shapes import (
    BOOLEAN,
    INTEGER,
    NEVER,
    NULL,
    NUMBER,
    SOME_ARRAY,
    SOME_OBJECT,
    STRING,
    UNKNOWN,
    Field,
    Named,
    Object,
    Type,
    array_of,
    strings,
)

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

    from statewright.asl.tree import Resource

# Services that Step Functions calls otherwise than botocore does, hyphens apart.
_NAMES = {
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "costexplorer": "ce",
    "databasemigrationservice": "dms",
    "directoryservice": "ds",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearchservice": "es",
    "eventbridge": "events",
    "sfn": "stepfunctions",
}
# Names that optimised integrations have and the SDK has not.
_OPTIMISED_ONLY = {"states": "sfn", "elasticmapreduce": "emr"}
_OPTIMISED = frozenset({"dynamodb", "sqs", "sns", "events", "glue", "athena", "codebuild", "batch", "ecs"})
# Members that hold a word or a line, never a document: no object is sent there as its text.
_PLAIN = (
    "name", "arn", "url", "uri", "id", "bucket", "expression", "subject", "token", "prefix", "path",
    "version", "number", "region", "address", "type",
)  # fmt: skip
# Members of which a call wants one, as no model tells.
ONE_OF = {("sns", "publish"): ("TopicArn", "TargetArn", "PhoneNumber")}
_MAX_DEPTH = 12
_METADATA = ("SdkHttpMetadata", "SdkResponseMetadata")


@lru_cache(maxsize=1)
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@lru_cache(maxsize=1)
def _services() -> dict[str, str]:
    return {name.replace("-", ""): name for name in _session().get_available_services()} | _NAMES


@lru_cache(maxsize=256)
def operation(service: str, action: str) -> OperationModel | None:
    """Give the model of an operation in Step Functions' words, None where botocore has none."""
    name = _services().get(service)
    if name is None:
        return None
    model = _session().get_service_model(name)
    found = {each.lower(): each for each in model.operation_names}.get(action.lower())
    return None if found is None else model.operation_model(found)


def service_like(service: str) -> str | None:
    """Suggest the service that was probably meant by a name that none has."""
    known = _services()
    if service in _OPTIMISED_ONLY:
        return f"did you mean '{_OPTIMISED_ONLY[service]}'?"
    return None if service in known else meant(service, known, likeness=0.8)


def modelled(resource: Resource) -> OperationModel | None:
    """Give the model of what a Task calls, where its arguments go to the service as they stand."""
    if resource.kind == "sdk":
        return operation(resource.service, resource.action)
    if resource.kind == "integration" and resource.service in _OPTIMISED:
        return operation(resource.service, resource.action)
    return None


def operations(resource: Resource) -> tuple[str, ...] | None:
    """Name the operations of the service that a Task calls, None where botocore does not have the service."""
    name = _services().get(resource.service)
    if name is None or (resource.kind != "sdk" and resource.service not in _OPTIMISED):
        return None
    names = _session().get_service_model(name).operation_names
    return tuple(each[:1].lower() + each[1:] for each in names)


@lru_cache(maxsize=64)
def errors(service: str) -> frozenset[str]:
    """Name the errors that a service's model lists; none for a service that botocore does not have."""
    name = _services().get(service)
    if name is None:
        return frozenset()
    return frozenset(shape.name for shape in _session().get_service_model(name).error_shapes)


# Services whose permissions have another prefix than their requests are signed with.
_PREFIXES = {"monitoring": "cloudwatch", "email": "ses", "entitlement.marketplace": "aws-marketplace"}


@lru_cache(maxsize=64)
def permission_prefix(service: str) -> str | None:
    """Give the prefix of a service's IAM actions, None for a service that botocore does not have."""
    name = _services().get(service)
    if name is None:
        return None
    signed = _session().get_service_model(name).signing_name
    return _PREFIXES.get(signed, signed)


def pascal(name: str) -> str:
    """Write a member's name as Step Functions does."""
    return name[:1].upper() + name[1:]


@lru_cache(maxsize=256)
def input_type(model: OperationModel) -> Type:
    """Give what an operation takes."""
    if model.input_shape is None:
        return Type((Object({}, NEVER, is_declared=True),))
    return _taken(model.input_shape, ())


def _taken(shape: Shape, above: tuple[str, ...]) -> Type:
    if shape.name in above:
        return Type((Named(shape.name, lambda: _taken(shape, ())),))
    if len(above) > _MAX_DEPTH:
        return UNKNOWN
    inner = (*above, shape.name)
    if isinstance(shape, StructureShape):
        required = set(shape.required_members)
        fields = {}
        for name, member in shape.members.items():
            is_plain = member.type_name == "string" and name.lower().endswith(_PLAIN)
            type_ = STRING if is_plain and not getattr(member, "enum", None) else _taken(member, inner)
            # To AWS's SDK a null is a parameter that was not given.
            fields[pascal(name)] = Field(
                type_ if name in required else union((type_, NULL)), name in required
            )
        return Type((Object(fields, NEVER, is_declared=True),))
    if isinstance(shape, ListShape):
        return array_of(_taken(shape.member, inner))
    if isinstance(shape, MapShape):
        return Type((Object({}, _taken(shape.value, inner)),))
    return _scalar_taken(shape)


def _scalar_taken(shape: Shape) -> Type:
    if shape.type_name == "string":
        # An object or an array is sent as the JSON text of it.
        text = strings(*shape.enum) if getattr(shape, "enum", None) else STRING  # type: ignore[attr-defined]
        return text if text is not STRING else union((STRING, SOME_OBJECT, SOME_ARRAY))
    if shape.type_name in ("integer", "long"):
        return INTEGER
    if shape.type_name in ("float", "double"):
        return NUMBER
    if shape.type_name == "boolean":
        return BOOLEAN
    return union((STRING, NUMBER)) if shape.type_name == "timestamp" else UNKNOWN


@lru_cache(maxsize=256)
def output_type(model: OperationModel, *, has_metadata: bool) -> Type:
    """Give what an operation answers; the optimised integrations add the SDK's metadata."""
    shape = model.output_shape
    found = Type((Object({}, NEVER, is_declared=True),)) if shape is None else _answered(shape, ())
    if not has_metadata:
        return found
    (whole,) = found.shapes
    assert isinstance(whole, Object)
    metadata = {name: Field(UNKNOWN, is_required=False, is_presumed=True) for name in _METADATA}
    return Type((Object({**whole.fields, **metadata}, NEVER, is_declared=True),))


def _answered(shape: Shape, above: tuple[str, ...]) -> Type:
    if shape.name in above:
        return Type((Named(shape.name, lambda: _answered(shape, ())),))
    if len(above) > _MAX_DEPTH:
        return UNKNOWN
    inner = (*above, shape.name)
    if isinstance(shape, StructureShape):
        fields = {
            pascal(name): Field(_answered(member, inner), is_required=False, is_presumed=True)
            for name, member in shape.members.items()
        }
        return Type((Object(fields, NEVER, is_declared=True),))
    if isinstance(shape, ListShape):
        return array_of(_answered(shape.member, inner))
    if isinstance(shape, MapShape):
        return Type((Object({}, _answered(shape.value, inner)),))
    simple = {"string": STRING, "integer": INTEGER, "long": INTEGER, "float": NUMBER, "double": NUMBER}
    return simple.get(shape.type_name, BOOLEAN if shape.type_name == "boolean" else STRING)
