"""Terraform and the AWS provider as this machine has them, and a copy of terraform/ to run them in."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
# What terraform/ reads outside of itself.
READ = ("pipeline.json", "schemas", "statemachines")
# Where providers lie that were installed beforehand: below each, <host>/hashicorp/aws/<version>/<system>/.
# https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
MIRRORS = ("/opt/*", "/opt", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins")
NAMED_MIRRORS = ("TF_PLUGIN_DIR", "TF_PLUGIN_CACHE_DIR")
OWN_MIRRORS = (".terraform.d/plugins", ".local/share/terraform/plugins", ".terraform.d/plugin-cache")
# The provider that tests are held to, whatever newer one there is: those warn of what this one wants.
VERSION = "5.100.0"
PROVIDER = f"*/hashicorp/aws/{VERSION}/*/terraform-provider-aws_v*"
OVERRIDE = f"""terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "{VERSION}"
    }}
  }}
}}
"""
# What a developer's own deployment leaves there.
NOT_COPIED = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars*", "*_override.tf")
SECONDS = 300
# What would point the provider, or Terraform, elsewhere.
NOT_INHERITED = ("AWS_", "TF_")


class Unavailable(Exception):  # noqa: N818 - a reason to skip, not a failure
    """A tool is not on this machine; the message says which."""


class Failed(Exception):  # noqa: N818
    """A command of Terraform's ended badly; the message is what it said."""


def executable() -> str:
    """Return Terraform's path; raises Unavailable."""
    found = shutil.which("terraform")
    if found is None:
        raise Unavailable("terraform is not on the PATH")
    return found


@functools.cache
def provider_folder() -> Path | None:
    """Return a folder that Terraform installs the AWS provider from, None where the registry must serve."""
    named = [
        Path(os.environ[name]) for name in ("TF_PLUGIN_DIR", "TF_PLUGIN_CACHE_DIR") if os.environ.get(name)
    ]
    own = [Path.home() / folder for folder in OWN_MIRRORS]
    shared = [folder for pattern in MIRRORS for folder in Path("/").glob(pattern.removeprefix("/"))]
    for mirror in (*named, *own, *shared):
        if next(mirror.glob(PROVIDER), None):
            return mirror
    return None


@dataclass(frozen=True)
class Workspace:
    """A copy of terraform/ beside what it reads; `settings` are environment variables of every command."""

    folder: Path
    settings: Mapping[str, str]

    def run(self, *arguments: str, **settings: str) -> str:
        """Return what a command prints; raises Failed."""
        done = self.tried(*arguments, **settings)
        if done.returncode:
            raise Failed(f"terraform {arguments[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def tried(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command; return how it ended and what it printed."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        return subprocess.run(
            [executable(), *arguments],
            cwd=self.folder,
            env={**inherited, **self.settings, **settings},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def planned(self, *options: str, **settings: str) -> dict[str, Any]:
        """Return a plan as JSON: https://developer.hashicorp.com/terraform/internals/json-format."""
        self.run("plan", "-input=false", "-no-color", "-out=test.tfplan", *options, **settings)
        plan: dict[str, Any] = json.loads(self.run("show", "-json", "test.tfplan"))
        return plan


def copied(folder: Path) -> Path:
    """Copy terraform/ into `folder`, beside links to what it reads and a package; return the copy."""
    copy = folder / "terraform"
    shutil.copytree(ROOT / "terraform", copy, ignore=NOT_COPIED)
    for name in READ:
        (folder / name).symlink_to(ROOT / name)
    (folder / "build").mkdir()
    (folder / "build" / "functions.zip").write_bytes(b"a package")
    return copy


def initialised(folder: Path) -> Workspace:
    """Return a workspace that is ready, in a new folder; raises Unavailable."""
    # An empty configuration: what a user's own says of mirrors and credentials is not for tests.
    (folder / "terraform.rc").touch()
    settings = {
        "TF_CLI_CONFIG_FILE": str(folder / "terraform.rc"),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
    workspace = Workspace(copied(folder), settings)
    (workspace.folder / "provider_override.tf").write_text(OVERRIDE)
    mirror = provider_folder()
    options = [f"-plugin-dir={mirror}"] if mirror else []
    done = workspace.tried("init", "-backend=false", "-input=false", "-no-color", *options)
    if done.returncode and mirror is None:
        raise Unavailable(f"the AWS provider {VERSION} is in no local folder, and no registry answers")
    if done.returncode:
        raise Failed(f"terraform init: {done.stdout}{done.stderr}")
    return workspace
