"""What Terraform has applied to an account on this machine, and what tests do with it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statewright.local.names import REGION
from tests.terraform.account import ROOT, account
from tests.terraform.toolchain import Workspace, initialised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.terraform.account import Account

Json = Any
# One host serves all buckets here.
OVERRIDE = 'provider "aws" {\n  s3_use_path_style = true\n}\n'
# As the local cloud calls its buckets; and what is applied here is destroyed again.
VARIABLES = ("-var=bucket_suffix=", "-var=deletion_protection=false")
# The provider has this many calls under way at once: most of the time it waits for AWS to settle.
OPTIONS = ("-input=false", "-no-color", "-parallelism=30")
END_SECONDS = 120.0


@dataclass(frozen=True)
class Deployment:
    """What was applied: its outputs, and how long that took."""

    account: Account
    workspace: Workspace
    settings: dict[str, str]
    names: dict[str, str]
    seconds: float

    def terraform(self, *arguments: str) -> str:
        """Run a command of Terraform's; return what it prints; raises Failed."""
        return self.workspace.run(*arguments, **self.settings)

    def planned(self) -> Json:
        """Return what another apply would do."""
        return self.workspace.planned(*OPTIONS[1:], *VARIABLES, **self.settings)

    def state(self) -> Json:
        """Return the state's resources."""
        return json.loads(self.terraform("show", "-json"))["values"]["root_module"]["resources"]

    def upload(self, key: str, body: bytes) -> Json:
        """Put an object into the raw bucket; return the execution that it started, once it has ended."""
        put = self.account.client("s3").put_object(Bucket=self.names["RAW_BUCKET"], Key=key, Body=body)
        return wait_for(lambda: self._ended(key, put["VersionId"]))

    def _ended(self, key: str, version: str) -> Json:
        sfn = self.account.client("stepfunctions")
        machine = self.names["STATE_MACHINE_ARN"].removesuffix(":live")
        for each in sfn.list_executions(stateMachineArn=machine)["executions"]:
            found = sfn.describe_execution(executionArn=each["executionArn"])
            detail = json.loads(found["input"])["detail"]["object"]
            if (detail["key"], detail.get("version-id")) == (key, version) and found["status"] != "RUNNING":
                return found
        return None


def wait_for(look: Callable[[], Any]) -> Any:
    """Return what `look` finds, as soon as it finds something."""
    end = time.monotonic() + END_SECONDS
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.1)
    raise TimeoutError(f"nothing found within {END_SECONDS} s")


@contextlib.contextmanager
def deployed(folder: Path) -> Iterator[Deployment]:
    """Apply terraform/ to a new account; raises Unavailable without the tools."""
    workspace = initialised(folder)
    (workspace.folder / "account_override.tf").write_text(OVERRIDE)
    _pack(folder / "build" / "functions.zip")
    with account(folder) as made:
        settings = _settings(made)
        started = time.monotonic()
        workspace.run("apply", "-auto-approve", *OPTIONS, *VARIABLES, **settings)
        seconds = time.monotonic() - started
        outputs = json.loads(workspace.run("output", "-json", **settings))
        yield Deployment(made, workspace, settings, outputs["environment"]["value"], seconds)


def _settings(made: Account) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": made.endpoint,
        "AWS_ENDPOINT_URL_SFN": made.sfn_endpoint,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "3",
        "NO_PROXY": "127.0.0.1",
    }


def _pack(file: Path) -> None:
    """Pack functions and schemas as the package has them; here the dependencies are this Python's."""
    with zipfile.ZipFile(file, "w") as package:
        for folder, root in ((ROOT / "functions", ROOT / "functions"), (ROOT / "schemas", ROOT)):
            for path in sorted(folder.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    package.write(path, path.relative_to(root))
    # As `statewright package` does it: Terraform compares the digest, and AWS tells another hash.
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    file.with_suffix(".json").write_text(json.dumps({"digest": digest}))
