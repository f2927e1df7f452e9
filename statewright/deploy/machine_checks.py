"""What a machine needs for the local cloud, the package and Terraform. Nothing is changed or installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from statewright.deploy import bytecode, terraform
from statewright.deploy.checks import Finding, note, ok, wrong
from statewright.deploy.wheels import LAMBDA
from statewright.local.places import DEFAULT_PORT, DEFAULT_SFN_PORT, Places, read_record
from statewright.local.ports import PortTaken, check_free

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.project import Project

OLDEST_PYTHON = (3, 11)
# The package's wheels, Terraform's provider (0.7 GB unpacked) and a local cloud that is in use.
FREE_BYTES = 2_000_000_000
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")


def look_at_machine(project: Project, *, to_deploy: bool) -> Iterator[Finding]:
    """Yield what is found on this machine; `to_deploy` says that Terraform is needed."""
    yield python_version()
    yield functions_python()
    yield pip()
    yield terraform_version(needed=to_deploy)
    yield provider(project.root)
    yield from ports(Places(project.state_folder))
    yield disk(project.root)
    yield aws_cli()
    yield chromium()


def python_version() -> Finding:
    """Look at the Python that runs this."""
    found = sys.version_info
    said = f"Python {found[0]}.{found[1]}.{found[2]}"
    if found[:2] >= OLDEST_PYTHON:
        return ok("python", said)
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return wrong("python", f"{said}, and {oldest} is the oldest", f"make PYTHON=python{oldest} setup")


def functions_python() -> Finding:
    """Look for the Python that compiles the package."""
    found = bytecode.interpreter(LAMBDA.python)
    if found:
        return ok("bytecode", f"Python {found[1]} compiles the functions' package")
    return note(
        "bytecode",
        f"no Python {LAMBDA.python} here: the package is built without bytecode, and cold starts are slower",
        f"install Python {LAMBDA.python}, or deploy from CI",
    )


def pip() -> Finding:
    """Look for pip, which fetches the package's wheels."""
    if importlib.util.find_spec("pip"):
        return ok("pip", "pip fetches the functions' dependencies")
    return wrong("pip", "this Python has no pip, and the package cannot be built", "python -m ensurepip")


def terraform_version(*, needed: bool) -> Finding:
    """Look for Terraform."""
    try:
        return ok("terraform", f"Terraform {terraform.check_version()}")
    except terraform.TerraformError as error:
        wanted = ".".join(map(str, terraform.OLDEST))
        found = wrong if needed else note
        return found("terraform", str(error), f"install Terraform {wanted} or newer; deploying needs it")


def provider(root: Path) -> Finding:
    """Look for the AWS provider that `terraform init` installs."""
    folders = [root / terraform.FOLDER / ".terraform" / "providers"]
    if cache := os.environ.get("TF_PLUGIN_CACHE_DIR"):
        folders.append(Path(cache).expanduser())
    versions = sorted(
        path.name for folder in folders for path in folder.glob("*/hashicorp/aws/*") if path.is_dir()
    )
    if versions:
        return ok("provider", f"the AWS provider {versions[-1]} is installed")
    return note(
        "provider",
        "the AWS provider is not installed yet",
        "`statewright deploy` fetches it; where no registry can be reached, give terraform a mirror"
        " (provider_installation in its CLI configuration)",
    )


def ports(places: Places) -> Iterator[Finding]:
    """Look at the ports that `statewright up` takes."""
    record = read_record(places)
    if record is not None:
        yield ok("ports", f"the local cloud is up at {record.endpoint}")
        return
    for port, option in ((DEFAULT_PORT, "--port"), (DEFAULT_SFN_PORT, "--sfn-port")):
        try:
            check_free(port, option)
        except PortTaken as error:
            yield note("ports", str(error), f"statewright up {option} PORT")
        else:
            yield ok("ports", f"port {port} is free")


def disk(root: Path) -> Finding:
    """Look at the room on the disk of the project."""
    free = shutil.disk_usage(root).free
    said = f"{free / 1e9:.1f} GB free at {root}"
    if free >= FREE_BYTES:
        return ok("disk", said)
    return wrong(
        "disk", f"{said}; {FREE_BYTES / 1e9:.0f} GB are wanted", "make room; `statewright down --wipe` helps"
    )


def aws_cli() -> Finding:
    """Look for the AWS CLI."""
    found = shutil.which("aws")
    if found:
        return ok("aws", f"the AWS CLI is {found}")
    return note("aws", "the AWS CLI is not here", "install it for the `aws …` commands of the documentation")


def chromium() -> Finding:
    """Look for the browser of the graph view's tests."""
    found = next((name for name in CHROMIUM if shutil.which(name)), None)
    if found:
        return ok("chromium", f"{found} is here")
    return note(
        "chromium", "no Chromium here", "install it for the graph view's tests; they are skipped without"
    )
