"""Terraform as a process: what is handed to it, and how it ends when it is interrupted."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from statewright.deploy.terraform import Terraform, TerraformError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not here")

SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "touch begun; sleep 2" }
}
resource "terraform_data" "after" { depends_on = [terraform_data.slow] }
"""
APPLY = """
import sys
from pathlib import Path
from statewright.deploy.terraform import Terraform, TerraformError
terraform = Terraform(Path(sys.argv[1]))
terraform.init()
terraform.plan(Path(sys.argv[1]) / "plan")
try:
    terraform.apply(Path(sys.argv[1]) / "plan")
except TerraformError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    (tmp_path / "terraform").mkdir()
    return tmp_path


def test_an_interrupt_lets_terraform_end_what_it_has_begun_and_write_its_state(root: Path) -> None:
    folder = root / "terraform"
    (folder / "main.tf").write_text(SLOW)
    process = subprocess.Popen(
        [sys.executable, "-c", APPLY, str(root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 60
    while not (folder / "begun").exists():
        assert time.monotonic() < end
        time.sleep(0.05)

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "terraform apply failed with exit code 1" in said
    resources = json.loads((folder / "terraform.tfstate").read_bytes())["resources"]
    assert [each["name"] for each in resources] == ["slow"]
    assert not (folder / ".terraform.tfstate.lock.info").exists()


def test_later_variables_count_and_are_of_any_type(root: Path) -> None:
    (root / "terraform" / "main.tf").write_text(
        'variable "a" { type = map(string) }\nvariable "b" { type = number }\n'
        'output "both" { value = [var.a, var.b] }\n'
    )
    (root / "b.tfvars").write_text("b = 2\n")
    terraform = Terraform(root, variables={"a": {"x": "1"}, "b": 1}, var_files=[root / "b.tfvars"])
    terraform.init()

    assert terraform.plan(root / "plan")
    terraform.apply(root / "plan")
    assert terraform.outputs() == {"both": [{"x": "1"}, 2]}
    terraform.plan(root / "plan", more={"b": 3})
    terraform.apply(root / "plan")
    assert terraform.outputs() == {"both": [{"x": "1"}, 3]}


def test_a_configuration_that_cannot_be_planned_is_an_error(root: Path) -> None:
    (root / "terraform" / "main.tf").write_text('output "o" { value = var.missing }\n')
    terraform = Terraform(root)
    terraform.init()

    with pytest.raises(TerraformError, match="terraform plan failed with exit code 1"):
        terraform.plan(root / "plan")
