"""The deployment whose executions are looked at: the names of its buckets and tables, and clients for them.

It is known for the project's own local cloud, and on AWS where the shell has the names, as the deployment's
exports set them (OUTPUT_BUCKET, FILES_TABLE and the others). Elsewhere there is none, and nothing is guessed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from statewright.local.names import Names
from statewright.local.place_options import Connection
from statewright.local.places import Places, read_record
from statewright.project import ProjectError, find_root, read_project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.local.clients import Clients
    from statewright.project import Project
    from statewright.view.endpoint import Endpoint

_NEEDED = ("OUTPUT_BUCKET", "FILES_TABLE")


@dataclass(frozen=True)
class ExportedNames(Names):
    """Names of a deployment on AWS: what was exported, else what the project calls it."""

    exported: Mapping[str, str] = field(default_factory=dict)

    def of(self, logical: str) -> str:
        """Return the physical name of a table, queue, topic, function, state machine or rule."""
        return self.exported.get(f"{logical.upper()}_TABLE") or super().of(logical)

    def bucket(self, logical: str) -> str:
        """Return the name of a bucket."""
        return self.exported.get(f"{logical.upper()}_BUCKET") or super().bucket(logical)


def deployment_of(endpoint: Endpoint, state: Path | None = None) -> Connection | None:
    """Return the deployment behind an endpoint, None where it is not known.

    `state` is the folder of the local cloud's state, where it is not the project's own.
    """
    try:
        project = read_project(find_root(Path.cwd()))
    except ProjectError:
        return None
    return _local(endpoint, project, state) if endpoint.is_local else _on_aws(endpoint, project)


def _local(endpoint: Endpoint, project: Project, state: Path | None) -> Connection | None:
    record = read_record(Places((state or project.state_folder).resolve()))
    if record is None or record.sfn_endpoint.rstrip("/") != endpoint.url.rstrip("/"):
        return None
    return Connection.to(project, record)


def _on_aws(endpoint: Endpoint, project: Project) -> Connection | None:
    if endpoint.service is None or not all(os.environ.get(name) for name in _NEEDED):
        return None
    names = ExportedNames(project, "", dict(os.environ))
    return Connection(names, cast("Clients", cache(endpoint.service)))
