"""boto3 clients with the caller's own configuration, for the service integrations of `serve` and `run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from statewright.local.clients import ACCESS_KEY, INTEGRATION_CONFIG, SECRET_KEY
from statewright.local.emulator_answers import assume_default_types, complete_answers

if TYPE_CHECKING:
    from collections.abc import Mapping


class ServiceClients:
    """Clients by the service's name, made once each.

    `endpoint_url` is where services are that `endpoints` has no endpoint of its own for; None is AWS, or what
    AWS_ENDPOINT_URL_<SERVICE> says. At an endpoint of its own a service does not see the caller's
    credentials, as in AWS Step Functions Local.
    """

    def __init__(
        self,
        endpoint_url: str | None = None,
        endpoints: Mapping[str, str] | None = None,
        region: str | None = None,
    ) -> None:
        self._endpoint_url = endpoint_url
        self._endpoints = dict(endpoints or {})
        self._region = region
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        """Return the client of a service as boto3 names it."""
        if service not in self._made:
            self._made[service] = self._make(service)
        return self._made[service]

    def _make(self, service: str) -> Any:
        # The service name is not a literal here, which boto3's overloads cannot tell apart.
        make: Any = boto3.client
        own = self._endpoints.get(service)
        if own is not None:
            config = Config(proxies={}).merge(INTEGRATION_CONFIG)
            keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
            return make(service, endpoint_url=own, region_name=self._region, config=config, **keys)
        client = make(
            service, endpoint_url=self._endpoint_url, region_name=self._region, config=INTEGRATION_CONFIG
        )
        if self._endpoint_url is not None:
            complete_answers(client)
            assume_default_types(client)
        return client
