"""The project around the current folder, as far as an execution leads to its files.

Functions and state machines are found by their names: `statewright-collect_data`, its ARN and a placeholder
`${CollectDataArn}` are the function `collect_data` of the project `statewright`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from statewright.project import Project, ProjectError, find_root, read_project
from statewright.typing.signatures import names_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from statewright.view.endpoint import Endpoint

# How editors are asked to open a line; {path} is absolute. https://code.visualstudio.com/docs/editor/command-line
EDITORS = {
    "vscode": "vscode://file{path}:{line}",
    "vscodium": "vscodium://file{path}:{line}",
    "cursor": "cursor://file{path}:{line}",
    "zed": "zed://file{path}:{line}",
    "idea": "idea://open?file={path}&line={line}",
    "pycharm": "pycharm://open?file={path}&line={line}",
    "textmate": "txmt://open?url=file://{path}&line={line}",
}
NO_EDITOR = "none"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
_NO_EDITORS = ("http", "https", "file", "ftp", "ws", "wss", "javascript", "data", "blob", "about")


@dataclass(frozen=True)
class ProjectFiles:
    """A project, the template of links into the editor ("" for none), and where its local cloud keeps logs.

    `logs` is None where the endpoint is not that cloud's.
    """

    project: Project
    editor: str = EDITORS["vscode"]
    logs: Path | None = None

    @property
    def schemas(self) -> Path:
        """The folder of signatures."""
        return self.project.root / "schemas"

    def function(self, text: str) -> str | None:
        """Return the function that a name, an ARN or a placeholder stands for."""
        return self._known(text, self.project.description.functions)

    def machine(self, text: str) -> str | None:
        """Return the state machine that a name or an ARN stands for."""
        return self._known(text, self.project.description.state_machines)

    def _known(self, text: str, known: Collection[str]) -> str | None:
        own = self.project.description.name
        for name in names_of(text):
            for each in (name, name.removeprefix(f"{own}-"), name.removeprefix(f"{own}_")):
                if each in known:
                    return each
        return None

    def link(self, file: Path, line: int) -> str | None:
        """Return the address that opens a line in the editor, None where there is no editor."""
        return self.editor.format(path=quote(str(file)), line=line) if self.editor else None

    def shown(self, file: Path) -> str:
        """Return a file's path from the project's root."""
        return file.relative_to(self.project.root).as_posix()


def find_project_files(endpoint: Endpoint, editor: str, state: Path | None = None) -> ProjectFiles | None:
    """Return the project around the current folder, None where there is none that can be read.

    `state` is the folder of the local cloud's state, where it is not the project's own.
    """
    from statewright.local.places import Places, read_record

    try:
        project = read_project(find_root(Path.cwd()))
    except ProjectError:
        return None
    places = Places((state or project.state_folder).resolve())
    record = read_record(places)
    is_own = record is not None and record.sfn_endpoint.rstrip("/") == endpoint.url.rstrip("/")
    return ProjectFiles(project, editor, places.logs if is_own else None)


def editor_template(text: str) -> str:
    """Return the template of an editor's name, of a template itself; raises ValueError.

    A template has {path} and {line}, and a scheme that no browser opens itself.
    """
    if text == NO_EDITOR:
        return ""
    template = EDITORS.get(text, text)
    scheme = _SCHEME.match(template)
    if scheme is None or scheme[0].removesuffix("://") in _NO_EDITORS:
        known = ", ".join((*EDITORS, NO_EDITOR))
        raise ValueError(f"one of {known}, or a template as vscode://file{{path}}:{{line}}, not {text}")
    rest = template.replace("{path}", "").replace("{line}", "")
    if "{path}" not in template or "{" in rest or "}" in rest:
        raise ValueError(f"a template has {{path}}, {{line}} and no other braces: {text}")
    return template
