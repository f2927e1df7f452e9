"""terraform/ as it stands: its form, its own tests, and what checkov finds."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.terraform.toolchain import ROOT, Unavailable, Workspace, executable

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terraform.plans import Json

CHECKOV = ROOT / ".venv" / "checkov" / "bin" / "checkov"
SECONDS = 300


def test_files_have_terraforms_own_form() -> None:
    try:
        command = [executable(), "fmt", "-check", "-recursive", "-no-color", str(ROOT / "terraform")]
    except Unavailable as reason:
        pytest.skip(str(reason))

    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def test_the_configuration_is_valid_and_uses_nothing_that_goes_away(workspace: Workspace) -> None:
    said = json.loads(workspace.run("validate", "-json"))

    assert (said["valid"], said["diagnostics"]) == (True, [])


def test_variables_refuse_and_resources_lead_where_they_should(workspace: Workspace) -> None:
    """terraform/tests/*.tftest.hcl, with a mocked provider."""
    done = workspace.tried("test", "-no-color")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Success!" in done.stdout


def test_checkov_finds_nothing_that_is_not_excused_beside_its_resource(tmp_path: Path) -> None:
    if not CHECKOV.is_file():
        pytest.skip("checkov is not in .venv/checkov; `make checkov` puts it there")

    found = checked(ROOT / "terraform", tmp_path)

    assert [(each["check_id"], each["resource"]) for each in found["failed_checks"]] == []
    assert len(found["passed_checks"]) > 100  # it read everything
    reasons = [each["check_result"]["suppress_comment"] for each in found["skipped_checks"]]
    assert "No comment provided" not in reasons


def checked(folder: Path, home: Path) -> dict[str, list[Json]]:
    """Return checkov's results of a folder; it asks nothing of any network."""
    options = ["--framework", "terraform", "--output", "json", "--soft-fail"]
    done = subprocess.run(
        [CHECKOV, "--directory", folder, "--skip-download", *options],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
        cwd=home,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "NO_PROXY": "*"},
    )
    results: dict[str, list[Json]] = json.loads(done.stdout)["results"]
    return results
