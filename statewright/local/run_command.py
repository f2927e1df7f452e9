"""The command `run`: one execution in this process."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from statewright.local.clients import Clients
from statewright.local.environment import function_environment
from statewright.local.names import Names, UnknownPlaceholder, replace_placeholders
from statewright.local.place_options import Unusable
from statewright.local.places import DEFAULT_PORT, CloudRecord, Places, read_record
from statewright.project import Project, ProjectError, ProjectNotFound, find_root, read_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.engine import ExecutionRecord


@click.command()
@click.argument("definition", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--input", "given", default="{}", help="A JSON text, or the name of a file; - is stdin.")
@click.option("--endpoint-url", metavar="URL", help="Where service integrations go.")
def run(definition: Path, given: str, endpoint_url: str | None) -> None:
    """Run the state machine DEFINITION once, in this process; print its output.

    Functions are those of the project that DEFINITION lies in, called in this process, so that breakpoints
    work. Service integrations and functions use the project's local cloud where it is up, and otherwise what
    any AWS tool here would use.

    \b
    Example:
      statewright run hello.asl.json --input '{"name": "Ada"}'

    Exit codes: 0 it succeeded, 1 it failed (error and cause on stderr), 2 unusable definition or input.
    """
    from statewright.engine.errors import InvalidDefinition, InvalidExecutionInput

    try:
        record = _run(definition, _read_input(given), endpoint_url)
    except InvalidDefinition as error:
        raise Unusable(f"{definition}: {error.message}") from error
    except InvalidExecutionInput as error:
        raise Unusable(f"--input: {error.message}") from error
    except json.JSONDecodeError as error:
        raise Unusable(f"--input: {error}") from error
    except (ProjectError, UnknownPlaceholder, UnicodeDecodeError) as error:
        raise Unusable(str(error)) from error
    if record.status != "SUCCEEDED":
        click.echo(f"{record.status}: {record.error or ''}\n{record.cause or ''}".rstrip(), err=True)
        raise SystemExit(1)
    click.echo(record.output)


def _read_input(given: str) -> str:
    if given == "-":
        return sys.stdin.read()
    if given.lstrip()[:1] not in ("{", "[", '"') and Path(given).is_file():
        return Path(given).read_text(encoding="utf-8")
    return given


def _run(definition: Path, given: str, endpoint_url: str | None) -> ExecutionRecord:
    from statewright import engine
    from statewright.engine.functions import LocalFunctions

    text, value = definition.read_text(encoding="utf-8"), json.loads(given)
    project = _project_of(definition)
    if project is None:
        return engine.run(text, value, functions=LocalFunctions({}), clients=_aws_clients(endpoint_url))
    record = read_record(Places(project.state_folder)) if endpoint_url is None else None
    names = Names(project, _endpoint(record, endpoint_url))
    text = replace_placeholders(text, names.placeholders(), definition.name)
    if record is not None:
        os.environ.update(function_environment(names, record.sfn_endpoint))
    clients = _aws_clients(endpoint_url) if record is None else Clients(record.endpoint, record.sfn_endpoint)
    return engine.run(text, value, functions=LocalFunctions(_handlers(names)), clients=clients)


def _endpoint(record: CloudRecord | None, endpoint_url: str | None) -> str:
    if record is not None:
        return record.endpoint
    return endpoint_url or f"http://127.0.0.1:{DEFAULT_PORT}"


def _project_of(definition: Path) -> Project | None:
    try:
        return read_project(find_root(definition.resolve().parent))
    except ProjectNotFound:
        return None


def _handlers(names: Names) -> dict[str, Callable[[Any, Any], Any]]:
    """Return the project's handlers by their logical and their physical names; each is loaded when called."""
    sys.path.insert(0, str(names.project.root / "functions"))
    handlers = {}
    for logical in names.project.description.functions:
        handlers[logical] = handlers[names.of(logical)] = _handler(logical)
    return handlers


def _handler(module: str) -> Callable[[Any, Any], Any]:
    from statewright.lambda_runtime import load_handler

    def call(event: Any, context: Any) -> Any:
        return load_handler(f"{module}.handler")(event, context)

    return call


def _aws_clients(endpoint_url: str | None) -> Callable[[str], Any]:
    from statewright.local.service_clients import ServiceClients

    return ServiceClients(endpoint_url)
