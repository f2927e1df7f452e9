"""`aws-sdk:<service>:<action>`: any action of any service that botocore has a model of.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import botocore.session

from statewright.engine.integrations.aws import perform

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from statewright.engine.integrations.call import TaskCall

Json = Any

# Services that Step Functions calls otherwise than botocore does; hyphens apart.
_NAMES = {
    "applicationdiscoveryservice": "discovery",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "costandusagereportservice": "cur",
    "costexplorer": "ce",
    "databasemigrationservice": "dms",
    "directoryservice": "ds",
    "directoryservicedata": "ds-data",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearchservice": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuildingservice": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntimeservice": "lex-runtime",
    "lexruntimev2": "lexv2-runtime",
    "marketplaceentitlementservice": "marketplace-entitlement",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "pinpointsmsvoice": "sms-voice",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "stepfunctions",
    "simpledb": "sdb",
}


@lru_cache(maxsize=1)
def _model_session() -> botocore.session.Session:
    return botocore.session.get_session()


@lru_cache(maxsize=1)
def _services() -> dict[str, str]:
    return {name.replace("-", ""): name for name in _model_session().get_available_services()} | _NAMES


@lru_cache(maxsize=512)
def boto_service(service: str) -> str | None:
    """Give botocore's name of a service in Step Functions' words, None for one it does not have."""
    return _services().get(service)


@lru_cache(maxsize=512)
def has_action(service: str, action: str) -> bool:
    """Say whether a service has an action ("putItem")."""
    name = boto_service(service)
    if name is None or not action[:1].islower():
        return False
    model = _model_session().get_service_model(name)
    return action.lower() in {each.lower() for each in model.operation_names}


def sdk_operation(name: str, action: str) -> OperationModel:
    """Give the model of an action that a service of botocore's `name` has; raises KeyError."""
    model = _model_session().get_service_model(name)
    return model.operation_model({each.lower(): each for each in model.operation_names}[action.lower()])


async def call_sdk(call: TaskCall) -> Json:
    """Perform an action."""
    name = boto_service(call.resource.service)
    assert name is not None
    return await perform(call.engine, name, call.resource.action, call.arguments)
