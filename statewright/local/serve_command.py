"""The command `serve`: the Step Functions API alone, as AWS Step Functions Local serves it."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

import click

from statewright.local.ports import PortTaken

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.engine import Engine
    from statewright.engine.functions import FunctionBackend

DEFAULT_PORT = 8083  # AWS Step Functions Local's


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True)
@click.option("--lambda-endpoint", metavar="URL", help="Where functions are invoked, unsigned.")
@click.option(
    "--endpoint-url",
    metavar="URL",
    envvar="AWS_ENDPOINT_URL",
    help="Where service integrations go.  [default: AWS, as any AWS tool]",
)
@click.option(
    "--wait-scale",
    type=click.FloatRange(min=0.0),
    default=1.0,
    show_default=True,
    help="Waits and backoffs take this many times as long; 0 is not at all.",
)
def serve(port: int, lambda_endpoint: str | None, endpoint_url: str | None, wait_scale: float) -> None:
    """Serve the Step Functions API on 127.0.0.1, without the rest of the local cloud.

    Nothing is kept when it stops. Region and credentials for service integrations are those of any AWS tool.

    \b
    Example:
      statewright serve --lambda-endpoint http://127.0.0.1:3001

    Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 the port is taken, 2 unusable options.
    """
    try:
        functions = _functions(lambda_endpoint)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--lambda-endpoint") from error
    try:
        asyncio.run(_serve(port, functions, endpoint_url, wait_scale))
    except OSError as error:
        raise click.ClickException(str(PortTaken(port, "--port", error))) from error


def _functions(endpoint: str | None) -> FunctionBackend:
    from statewright.api import HttpFunctions
    from statewright.engine.functions import LocalFunctions

    return LocalFunctions({}) if endpoint is None else HttpFunctions(endpoint)


async def _serve(port: int, functions: FunctionBackend, endpoint_url: str | None, wait_scale: float) -> None:
    from statewright import api

    engine = _engine(functions, endpoint_url, wait_scale)
    server = await api.start(api.create_app(engine, functions), port=port)
    click.echo(f"Step Functions on http://127.0.0.1:{server.port}; Ctrl-C stops it")
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await server.stop()
    await engine.close()


def _engine(functions: FunctionBackend, endpoint_url: str | None, wait_scale: float) -> Engine:
    from statewright.engine import Engine
    from statewright.engine.clock import ScaledClock

    return Engine(functions=functions, clients=aws_clients(endpoint_url), clock=ScaledClock(wait_scale))


def aws_clients(endpoint_url: str | None) -> Callable[[str], Any]:
    """Return a maker of boto3 clients with the caller's own configuration, kept once made."""
    import boto3

    from statewright.local.clients import INTEGRATION_CONFIG
    from statewright.local.emulator_answers import complete_answers

    made: dict[str, Any] = {}
    make: Any = boto3.client

    def client(service: str) -> Any:
        if service not in made:
            made[service] = make(service, endpoint_url=endpoint_url, config=INTEGRATION_CONFIG)
            if endpoint_url is not None:
                complete_answers(made[service])
        return made[service]

    return client
