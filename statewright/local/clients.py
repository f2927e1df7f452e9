"""AWS clients of the local cloud: always its endpoint, never the caller's credentials, profile or proxies."""

from __future__ import annotations

import os
import threading
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from statewright.local.emulator_answers import complete_answers
from statewright.local.names import REGION

ACCESS_KEY = "test"  # what the emulator takes for the local account; not a secret
SECRET_KEY = "test"  # noqa: S105

# Step Functions asks for no checksum of an object that it reads, boto by itself does; and no emulator has a
# host of its own for single operations ("sync-states").
INTEGRATION_CONFIG = Config(response_checksum_validation="when_required", inject_host_prefix=False)

# Nothing is read from the caller's environment or files: (option, environment variable, default, conversion).
_SESSION_VARIABLES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class Clients:
    """Clients by service name, made once each and shared by all threads; `sfn_endpoint` is for stepfunctions.

    They wait at most `read_timeout` seconds for an answer and retry as botocore's standard mode does.
    """

    def __init__(self, endpoint: str, sfn_endpoint: str | None = None, *, read_timeout: float = 60.0) -> None:
        self._endpoints = {"stepfunctions": sfn_endpoint or endpoint}
        self._endpoint = endpoint
        self._read_timeout = read_timeout
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()
        session = botocore.session.Session(session_vars=_SESSION_VARIABLES)
        self._session = boto3.Session(
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
            botocore_session=session,
        )

    def __call__(self, service: str) -> Any:
        """Return the client of a service as boto3 names it."""
        with self._lock:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]

    def _make(self, service: str) -> Any:
        config = Config(
            proxies={},  # an empty mapping: the proxies of the environment are not for loopback
            read_timeout=self._read_timeout,
            connect_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 4},
            max_pool_connections=32,
            s3={"addressing_style": "path"},
        )
        endpoint = self._endpoints.get(service, self._endpoint)
        # The service name is not a literal here, which boto3's overloads cannot tell apart.
        make: Any = self._session.client
        client = make(service, endpoint_url=endpoint, config=config.merge(INTEGRATION_CONFIG))
        complete_answers(client)
        return client
