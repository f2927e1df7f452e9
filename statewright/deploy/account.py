"""The AWS account that this shell leads to, as any AWS tool finds it: environment, profile, single sign-on.

NoAccount   no region, no credentials, or nobody answers; the message says what to do
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import (
    ConnectionError as NotConnected,
)

# Commands of people: an endpoint that is not there is told of within seconds.
CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 4},
)
FIRST_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


class NoAccount(Exception):  # noqa: N818 - what is missing
    """There is no account to talk to."""


@dataclass(frozen=True)
class Account:
    """An account and a region, and clients for them; `arn` is who is asking."""

    id: str
    arn: str
    region: str
    session: boto3.Session

    def arn_of(self, service: str) -> str:
        """Return how ARNs of a service begin here: with partition, region and account."""
        return f"arn:{self.arn.split(':')[1]}:{service}:{self.region}:{self.id}"

    def client(self, service: str) -> Any:
        """Return a client of a service as boto3 names it."""
        # The service name is not a literal here, which boto3's overloads cannot tell apart.
        make: Any = self.session.client
        return make(service, config=CONFIG)


def find_account() -> Account:
    """Ask AWS who this shell is; raises NoAccount."""
    try:
        # As Terraform's provider finds it; boto3 does not read AWS_REGION.
        region = os.environ.get("AWS_REGION") or boto3.Session().region_name
        if not region:
            raise NoAccount("no region is set; export AWS_REGION, or write one into the profile")
        session = boto3.Session(region_name=region)
        identity = session.client("sts", config=FIRST_CONFIG).get_caller_identity()
    except ProfileNotFound as error:
        raise NoAccount(f"{error}; `aws configure list-profiles` shows those that there are") from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise NoAccount(
            "no AWS credentials: export AWS_PROFILE, or sign in with `aws sso login` or `aws configure`"
        ) from error
    except ClientError as error:
        said = error.response["Error"]
        raise NoAccount(
            f"AWS refuses these credentials ({said['Code']}: {said['Message']}); sign in anew, and look at"
            " `aws sts get-caller-identity`"
        ) from error
    except (NotConnected, HTTPClientError) as error:
        raise NoAccount(f"AWS does not answer; is there a network, is {region} a region? {error}") from error
    except BotoCoreError as error:
        raise NoAccount(f"AWS cannot be asked who this is: {error}") from error
    return Account(identity["Account"], identity["Arn"], region, session)
