"""Terraform, run in a project's terraform/ for one environment; what it prints goes where ours goes.

TerraformError   it is not there, too old, or a command of it failed
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FOLDER = "terraform"
# As terraform/versions.tf wants it; a test holds both together.
OLDEST = (1, 11)
DEFAULT_WORKSPACE = "default"
# plan -detailed-exitcode: https://developer.hashicorp.com/terraform/cli/commands/plan
NO_CHANGES, CHANGES = 0, 2
VERSION_SECONDS = 60.0


class TerraformError(Exception):
    """Terraform cannot be run, or failed; it has said why itself."""


@dataclass(frozen=True)
class Terraform:
    """Terraform in `root`/terraform.

    `environment` is the name of a workspace, None for the default one; `variables` and `var_files` go with
    every plan; `settings` are environment variables beside those of this process.
    """

    root: Path
    environment: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    var_files: Sequence[Path] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder of the configuration."""
        return self.root / FOLDER

    def init(self, backend_config: Path | None = None) -> None:
        """Make the folder ready and choose the environment; raises TerraformError."""
        options = [f"-backend-config={backend_config.resolve()}"] if backend_config else []
        self._run("init", "-input=false", *options)
        # Also without an environment: another one may have been chosen before.
        self._run("workspace", "select", "-or-create", self.environment or DEFAULT_WORKSPACE)

    def state_is_local(self) -> bool:
        """Return whether the state is a file on this machine, after `init`."""
        record = self.folder / ".terraform" / "terraform.tfstate"
        try:
            return "backend" not in json.loads(record.read_bytes())
        except FileNotFoundError:
            return True

    def plan(
        self,
        file: Path,
        *,
        destroy: bool = False,
        only_to_look: bool = False,
        refresh: bool = True,
        more: Mapping[str, Any] | None = None,
    ) -> bool:
        """Write a plan and print it; return whether it changes anything; raises TerraformError.

        `only_to_look` takes no lock of the state, so it needs no right to write one. Without `refresh` the
        state is believed, and no resource is read.
        """
        options = ["-destroy"] if destroy else []
        options += ["-lock=false"] if only_to_look else []
        options += [] if refresh else ["-refresh=false"]
        values = self._variable_options(more or {})
        code = self._code("plan", "-input=false", "-detailed-exitcode", f"-out={file}", *options, *values)
        if code not in (NO_CHANGES, CHANGES):
            raise TerraformError(f"terraform plan failed with exit code {code}")
        return code == CHANGES

    def apply(self, file: Path) -> None:
        """Do what a plan says; raises TerraformError."""
        self._run("apply", "-input=false", str(file))

    def shown(self, file: Path) -> str:
        """Return a plan as JSON; raises TerraformError."""
        return self._said("show", "-json", str(file))

    def outputs(self) -> dict[str, Any]:
        """Return the outputs of what was applied last, {} where nothing was; raises TerraformError."""
        found = json.loads(self._said("output", "-json"))
        return {name: output["value"] for name, output in found.items()}

    def _variable_options(self, more: Mapping[str, Any]) -> list[str]:
        """Return the options that give variables; what `more` names comes last, and so counts."""
        first = [f"-var={name}={_value(value)}" for name, value in self.variables.items()]
        files = [f"-var-file={file.resolve()}" for file in self.var_files]
        return [*first, *files, *(f"-var={name}={_value(value)}" for name, value in more.items())]

    def _said(self, *arguments: str) -> str:
        command = [_executable(), f"-chdir={self.folder}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=self._environment(), check=False)
        if done.returncode:
            raise TerraformError(f"terraform {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout

    def _run(self, *arguments: str) -> None:
        code = self._code(*arguments)
        if code:
            raise TerraformError(f"terraform {arguments[0]} failed with exit code {code}")

    def _code(self, *arguments: str) -> int:
        """Run a command whose output is for people.

        An interrupt is handed on, and waited for: Terraform then ends what it has begun and writes its state.
        """
        command = [_executable(), f"-chdir={self.folder}", *arguments]
        # In a group of its own, so that it hears of an interrupt once: at a second one it gives up at once.
        with subprocess.Popen(command, env=self._environment(), process_group=0) as process:
            while True:
                try:
                    return process.wait()
                except KeyboardInterrupt:
                    process.send_signal(signal.SIGINT)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.settings, "TF_IN_AUTOMATION": "1"}


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _executable() -> str:
    found = shutil.which("terraform")
    if found is None:
        raise TerraformError(
            f"terraform is not on the PATH; install {'.'.join(map(str, OLDEST))} or newer"
            " (https://developer.hashicorp.com/terraform/install)"
        )
    return found


def version() -> str:
    """Return the version of the Terraform on the PATH; raises TerraformError."""
    command = [_executable(), "version", "-json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=VERSION_SECONDS, check=False)
        return str(json.loads(done.stdout)["terraform_version"])
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
        raise TerraformError(f"{command[0]} does not say its version: {error}") from error


def check_version() -> str:
    """Return the version; raises TerraformError where it is older than the configuration wants."""
    found = version()
    numbers = re.match(r"(\d+)\.(\d+)", found)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise TerraformError(f"Terraform {wanted} or newer is needed, this is {found}")
    return found
