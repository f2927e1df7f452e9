"""terraform/ applied to a mocked provider: what a plan cannot know, versions of functions and addresses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.terraform.plans import Json, Plan

if TYPE_CHECKING:
    from statewright.local.names import Names
    from tests.terraform.toolchain import Workspace

PUBLISHED = 7  # the version of each function
FOLDER = "mocked"
HEAD = """
mock_provider "aws" {
  source = "./tests/mocks"
}

provider "aws" {
  alias                       = "secrets"
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  bucket_suffix       = ""
  generate_parameters = false
  parameter_values    = { pseudonym_key = "given" }
}

run "applied" {
}
"""


def applied_to_a_mock(workspace: Workspace, names: Names) -> Plan:
    """Return the state after an apply in which AWS gives what the local cloud does; raises Failed."""
    description = names.project.description
    overrides = [
        override(f'aws_lambda_function.function["{name}"]', f"{names.function_arn(name)}:{PUBLISHED}")
        for name in description.functions
    ]
    overrides += [
        override(f'aws_sqs_queue.queue["{name}"]', names.queue_url(name), "url")
        for name in description.queues
    ]
    overrides += [
        override(f'aws_sfn_alias.live["{name}"]', f"{names.state_machine_arn(name)}:live", "arn")
        for name in description.state_machines
    ]
    (workspace.folder / FOLDER).mkdir()
    (workspace.folder / FOLDER / "applied.tftest.hcl").write_text(HEAD + "\n".join(overrides))
    said = workspace.run("test", "-json", "-verbose", f"-test-directory={FOLDER}")
    states = [json.loads(line) for line in said.splitlines() if '"test_state"' in line]
    state: Json = states[0]["test_state"]
    return Plan({"planned_values": {"root_module": state["root_module"], "outputs": state["outputs"]}})


def override(target: str, value: str, attribute: str = "qualified_arn") -> str:
    """Return the block that gives a mocked resource an attribute."""
    return f'override_resource {{\n  target = {target}\n  values = {{ {attribute} = "{value}" }}\n}}\n'
