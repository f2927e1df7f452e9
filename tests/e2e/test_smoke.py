"""The smoke test of deployments, against the local cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.clouds import command

if TYPE_CHECKING:
    from tests.e2e.clouds import Cloud


def test_a_deployment_that_works_passes_and_its_table_is_left_as_it_was(cloud: Cloud) -> None:
    done = command("smoke", "--timeout", "60", env=cloud.env)

    assert done.returncode == 0, done.stderr
    assert "it works: read 22 = written 20 + superseded 1 + quarantined 1" in done.stdout
    # A second one finds its own items alone: nothing was left by the first.
    assert command("smoke", "--timeout", "60", env=cloud.env).returncode == 0


def test_a_deployment_where_nothing_starts_fails_in_time(cloud: Cloud) -> None:
    # No rule listens to this bucket.
    done = command("smoke", "--timeout", "3", env={**cloud.env, "RAW_BUCKET": cloud.env["STAGING_BUCKET"]})

    assert done.returncode == 1
    assert "not as it should be: the execution did not end within 3 s" in done.stderr


def test_a_shell_without_a_deployment_is_told_what_to_evaluate() -> None:
    done = command("smoke", env={"RAW_BUCKET": "", "FILES_TABLE": ""})

    assert done.returncode == 2
    assert "RAW_BUCKET, FILES_TABLE" in done.stderr
    assert "terraform -chdir=terraform output -raw exports" in done.stderr
