"""The options that say which project and which local cloud a command is about."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from statewright.local.clients import Clients
from statewright.local.names import Names
from statewright.local.places import CloudRecord, Places, read_record
from statewright.project import (
    DESCRIPTION_FILE,
    STATE_FOLDER,
    Project,
    ProjectError,
    ProjectNotFound,
    find_root,
    read_project,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_Command = TypeVar("_Command", bound="Callable[..., Any]")

UNUSABLE = 2  # the exit code for input that cannot be used, as click has it for bad options


class Unusable(click.ClickException):
    """What was given cannot be used."""

    exit_code = UNUSABLE


@dataclass(frozen=True)
class Place:
    """The project and the state folder that a command is about."""

    project: Project
    places: Places

    def running(self) -> CloudRecord:
        """Return the cloud that is up; raises Unusable where there is none."""
        record = read_record(self.places)
        if record is None:
            raise Unusable("the local cloud is not up; start it with `statewright up`")
        return record


@dataclass(frozen=True)
class Connection:
    """A local cloud that is up, as clients see it."""

    names: Names
    clients: Clients

    @classmethod
    def to(cls, project: Project, record: CloudRecord) -> Connection:
        """Return the connection to a cloud."""
        return cls(Names(project, record.endpoint), Clients(record.endpoint, record.sfn_endpoint))


def place_options(command: _Command) -> _Command:
    """Give a command --project and --state; it gets a `place`."""

    @_options
    @functools.wraps(command)
    def with_place(*args: Any, project: Path | None, state: Path | None, **kwargs: Any) -> Any:
        return command(*args, place=find_place(project, state), **kwargs)

    return with_place  # type: ignore[return-value]  # the options are taken away again


def places_options(command: _Command) -> _Command:
    """Give a command --project and --state; it gets the `places`, whatever state the project is in."""

    @_options
    @functools.wraps(command)
    def with_places(*args: Any, project: Path | None, state: Path | None, **kwargs: Any) -> Any:
        return command(*args, places=_find_places(project, state), **kwargs)

    return with_places  # type: ignore[return-value]  # the options are taken away again


def project_option(command: _Command) -> _Command:
    """Give a command --project; it gets the `project`, read."""

    @_of_project
    @functools.wraps(command)
    def with_project(*args: Any, project: Path | None, **kwargs: Any) -> Any:
        return command(*args, project=find_place(project, None).project, **kwargs)

    return with_project  # type: ignore[return-value]  # the option is taken away again


def _of_project(command: _Command) -> _Command:
    return click.option(
        "--project",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="The project's folder.  [default: the nearest one upwards with a pipeline.json]",
    )(command)


def _options(command: _Command) -> _Command:
    of_state = click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        help="The folder of the local cloud's state.  [default: .statewright in the project]",
    )
    return _of_project(of_state(command))


def _find_places(project: Path | None, state: Path | None) -> Places:
    try:
        root = project or find_root(Path.cwd())
        if not (root / DESCRIPTION_FILE).is_file():
            raise ProjectNotFound(root)
        return Places((state or root / STATE_FOLDER).resolve())
    except ProjectError as error:
        raise Unusable(str(error)) from error


def find_place(project: Path | None, state: Path | None) -> Place:
    """Return the place that the options name; raises Unusable."""
    try:
        found = read_project(project or find_root(Path.cwd()))
    except ProjectError as error:
        raise Unusable(str(error)) from error
    return Place(found, Places((state or found.state_folder).resolve()))
