"""The command `serve`: the Step Functions API alone, a drop-in for AWS Step Functions Local.

Options and environment variables are called as there, beside our own:
https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local.html#sfn-local-config-options
"""

from __future__ import annotations

import asyncio
import re
import signal
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from statewright.local.ports import PortTaken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from statewright.engine import Engine, SqliteStore
    from statewright.engine.functions import FunctionBackend
    from statewright.engine.mocks import MockConfigFile

DEFAULT_PORT = 8083  # AWS Step Functions Local's
DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"
# In the folder of the start, where neither option nor variable names a file: as AWS Step Functions Local.
DEFAULT_MOCK_CONFIG = Path("MockConfigFile.json")
# boto's name of the service: the option, its other spelling, the environment variable, its help.
SERVICE_ENDPOINTS = {
    "batch": ("batch", "batch", "BATCH_ENDPOINT", "Where AWS Batch is."),
    "dynamodb": ("dynamodb", "dynamoDB", "DYNAMODB_ENDPOINT", "Where DynamoDB is."),
    "ecs": ("ecs", "ecs", "ECS_ENDPOINT", "Where ECS is."),
    "glue": ("glue", "glue", "GLUE_ENDPOINT", "Where Glue is."),
    "sagemaker": ("sagemaker", "sageMaker", "SAGE_MAKER_ENDPOINT", "Where SageMaker is."),
    "sns": ("sns", "sns", "SNS_ENDPOINT", "Where SNS is."),
    "sqs": ("sqs", "sqs", "SQS_ENDPOINT", "Where SQS is."),
    "stepfunctions": (
        "step-functions",
        "stepFunctions",
        "STEP_FUNCTIONS_ENDPOINT",
        "Where states:startExecution goes.  [default: this engine]",
    ),
}


@dataclass(frozen=True)
class ServeSettings:
    """What is served, and where calls go; `endpoints` are those of single services, by boto's names."""

    port: int
    account: str
    region: str
    wait_scale: float
    lambda_endpoint: str | None
    endpoint_url: str | None
    endpoints: Mapping[str, str]
    mock_config: Path | None
    store: Path | None = None


def _service_endpoints(command: Callable[..., Any]) -> Callable[..., Any]:
    for service, (name, other, variable, text) in reversed(SERVICE_ENDPOINTS.items()):
        command = click.option(
            f"--{name}-endpoint",
            f"-{other}Endpoint",
            f"endpoint_of_{service}",
            metavar="URL",
            envvar=variable,
            callback=_check_url,
            help=text,
        )(command)
    return command


def _check_url(_: click.Context, parameter: click.Parameter, url: str | None) -> str | None:
    if not url:  # a variable that is empty says nothing
        return None
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or True)
    except ValueError:
        is_url = False
    if not is_url:
        raise click.BadParameter(f"not an http(s) URL: {url}", param=parameter)
    return url


def _check_account(_: click.Context, parameter: click.Parameter, account: str) -> str:
    if not re.fullmatch(r"\d{12}", account):
        raise click.BadParameter("an account ID has twelve digits", param=parameter)
    return account


def _check_region(_: click.Context, parameter: click.Parameter, region: str | None) -> str | None:
    if region is not None and not re.fullmatch(r"[a-z0-9-]{1,63}", region):
        raise click.BadParameter(f"not the name of a region: {region}", param=parameter)
    return region


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True)
@click.option(
    "--aws-account",
    "-account",
    "account",
    metavar="ID",
    envvar="AWS_ACCOUNT_ID",
    default=DEFAULT_ACCOUNT,
    show_default=True,
    callback=_check_account,
    help="The account in ARNs.",
)
@click.option(
    "--aws-region",
    "-region",
    "region",
    metavar="REGION",
    envvar="AWS_DEFAULT_REGION",
    callback=_check_region,
    help=f"The region in ARNs, and of service integrations.  [default: the profile's, or {DEFAULT_REGION}]",
)
@click.option(
    "--lambda-endpoint",
    "-lambdaEndpoint",
    metavar="URL",
    envvar="LAMBDA_ENDPOINT",
    callback=_check_url,
    help="Where functions are invoked, unsigned.",
)
@click.option(
    "--endpoint-url",
    metavar="URL",
    envvar="AWS_ENDPOINT_URL",
    callback=_check_url,
    help="Where other service integrations go.  [default: AWS, as any AWS tool]",
)
@_service_endpoints
@click.option(
    "--wait-scale",
    "--wait-time-scale",
    "-waitTimeScale",
    "wait_scale",
    type=click.FloatRange(min=0.0),
    envvar="WAIT_TIME_SCALE",
    default=1.0,
    show_default=True,
    help="Waits and backoffs take this many times as long; 0 is not at all.",
)
@click.option(
    "--mock-config",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="SFN_MOCK_CONFIG",
    help="Mocked service integrations.  [default: MockConfigFile.json, if there is one]",
)
@click.option(
    "--store",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where state machines, executions and histories are kept.  [default: nowhere beyond the stop]",
)
def serve(
    port: int,
    account: str,
    region: str | None,
    lambda_endpoint: str | None,
    endpoint_url: str | None,
    wait_scale: float,
    mock_config: Path | None,
    store: Path | None,
    **endpoints: str | None,
) -> None:
    """Serve the Step Functions API on 127.0.0.1, without the rest of the local cloud.

    A drop-in for AWS Step Functions Local: its options and environment variables (LAMBDA_ENDPOINT,
    SQS_ENDPOINT, WAIT_TIME_SCALE, SFN_MOCK_CONFIG, ...) mean here what they mean there. Nothing is kept when
    it stops, but with --store. Credentials for service integrations are those of any AWS tool.

    \b
    Example:
      statewright serve --lambda-endpoint http://127.0.0.1:3001

    Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 the port or the store is taken, 2 unusable options or mocks.
    """
    given = {name.removeprefix("endpoint_of_"): url for name, url in endpoints.items() if url is not None}
    mock_file = _mock_file(mock_config)
    mocks = _mocks(mock_file)
    settings = ServeSettings(
        port,
        account,
        region or _own_region(),
        wait_scale,
        lambda_endpoint,
        endpoint_url,
        given,
        mock_file,
        store,
    )
    try:
        asyncio.run(_serve(settings, mocks))
    except OSError as error:
        raise click.ClickException(str(PortTaken(port, "--port", error))) from error


def _own_region() -> str:
    import boto3

    return boto3.Session().region_name or DEFAULT_REGION


def _mock_file(given: Path | None) -> Path | None:
    if given is None:
        return DEFAULT_MOCK_CONFIG if DEFAULT_MOCK_CONFIG.is_file() else None
    return given


def _mocks(path: Path | None) -> MockConfigFile | None:
    """Read the mocks once, so that what is wrong with them is said at the start."""
    from statewright.engine.mocks import InvalidMockConfig, MockConfigFile

    if path is None:
        return None
    mocks = MockConfigFile(path)
    try:
        mocks()
    except InvalidMockConfig as error:
        raise click.BadParameter(str(error), param_hint="--mock-config") from error
    return mocks


async def _serve(settings: ServeSettings, mocks: MockConfigFile | None) -> None:
    from statewright import api

    functions = _functions(settings.lambda_endpoint)
    engine = _engine(settings, functions, mocks)
    server = await api.start(api.create_app(engine, functions, region=settings.region), port=settings.port)
    click.echo(f"Step Functions on http://127.0.0.1:{server.port}; Ctrl-C stops it")
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await server.stop()
    await engine.close()


def _functions(endpoint: str | None) -> FunctionBackend:
    from statewright.api import HttpFunctions
    from statewright.engine.functions import LocalFunctions

    return LocalFunctions({}) if endpoint is None else HttpFunctions(endpoint)


def _engine(settings: ServeSettings, functions: FunctionBackend, mocks: MockConfigFile | None) -> Engine:
    from statewright.engine import Engine
    from statewright.engine.clock import ScaledClock
    from statewright.local.service_clients import ServiceClients

    elsewhere = settings.endpoints.get("stepfunctions")
    return Engine(
        functions=functions,
        clients=ServiceClients(settings.endpoint_url, settings.endpoints, settings.region),
        clock=ScaledClock(settings.wait_scale),
        store=_store(settings.store),
        account=settings.account,
        region=settings.region,
        mock_config=mocks,
        starts_elsewhere=elsewhere is not None and not is_own_address(elsewhere, settings.port),
    )


def _store(path: Path | None) -> SqliteStore:
    """Open the store; without a path one on disk that is gone with the process: memory does not grow."""
    from statewright.engine import SqliteStore

    try:
        return SqliteStore(path or "")
    except (sqlite3.Error, OSError) as error:
        raise click.ClickException(f"--store {path} cannot be used: {error}") from error


def is_own_address(url: str, port: int) -> bool:
    """Say whether an endpoint is the one that is served: AWS Step Functions Local is often told its own."""
    from statewright.loopback import is_loopback

    parts = urlsplit(url)
    own = parts.hostname == "0.0.0.0" or is_loopback(parts.netloc)  # noqa: S104 - compared, not bound
    return own and (parts.port or 80) == port
