"""The Step Functions endpoint that is looked at: the local cloud, another endpoint, or AWS.

Given --endpoint-url (or AWS_ENDPOINT_URL_SFN, AWS_ENDPOINT_URL) that one, else the project's local cloud
while it is up, else AWS as any AWS tool finds it. Credentials stay in the client; nothing here tells them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from statewright.loopback import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

_VARIABLES = ("AWS_ENDPOINT_URL_SFN", "AWS_ENDPOINT_URL")
_SECONDS = 30.0


@dataclass(frozen=True)
class Endpoint:
    """Where executions are read from; `url` is for people, "AWS <region>" for AWS.

    `service` makes the client of another service there, by boto's name of it.
    """

    client: Any
    url: str
    is_local: bool
    service: Callable[[str], Any] | None = None


def find_endpoint(
    url: str | None = None,
    *,
    region: str | None = None,
    profile: str | None = None,
    local_cloud: Callable[[], str | None] | None = None,
) -> Endpoint:
    """Return the endpoint that options and environment name.

    `local_cloud` gives the URL of the project's local cloud, None where it is not up; the default looks for
    it from the current folder upwards. Raises botocore's errors (no region, no such profile).
    """
    named = url or next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), None)
    if named is None and profile is None:
        named = (local_cloud or running_cloud)()
    if named is not None and is_loopback(urlsplit(named).netloc):
        service = _local_services(named)
        return Endpoint(service("stepfunctions"), named, is_local=True, service=service)
    service = _aws_services(named, region, profile)
    client = service("stepfunctions")
    shown = named or f"AWS {client.meta.region_name}"
    return Endpoint(client, shown, is_local=False, service=service)


def running_cloud(state: Path | None = None) -> str | None:
    """Return where a local cloud serves Step Functions, None where it is not up.

    It is the one with its state in a folder, without one that of the project around the current folder.
    """
    from statewright.local.places import Places, read_record
    from statewright.project import STATE_FOLDER, ProjectError, find_root

    try:
        record = read_record(Places((state or find_root(Path.cwd()) / STATE_FOLDER).resolve()))
    except ProjectError:
        return None
    return None if record is None else record.sfn_endpoint


def _local_services(url: str) -> Callable[[str], Any]:
    from statewright.local.clients import Clients

    return Clients(url, url, read_timeout=_SECONDS)


def _aws_services(url: str | None, region: str | None, profile: str | None) -> Callable[[str], Any]:
    import boto3
    from botocore.config import Config

    session = boto3.Session(profile_name=profile, region_name=region)
    # Polls are gentle by themselves; where AWS throttles, its pace is kept to.
    config = Config(retries={"mode": "adaptive", "total_max_attempts": 5}, read_timeout=_SECONDS)
    make: Any = session.client
    # The URL is that of Step Functions alone; other services are where any AWS tool finds them.
    return lambda name: make(name, endpoint_url=url if name == "stepfunctions" else None, config=config)
