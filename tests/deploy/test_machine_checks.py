"""What the doctor finds on a machine."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from statewright.deploy import bytecode, machine_checks, terraform
from statewright.local.places import CloudRecord, Places
from statewright.local.ports import free_ports
from statewright.project import read_project

PROJECT = read_project(Path(__file__).resolve().parents[2])
Version = namedtuple("Version", "major minor micro")


def test_every_check_finds_something_on_this_machine() -> None:
    found = list(machine_checks.look_at_machine(PROJECT, to_deploy=True))

    checks = {"python", "bytecode", "pip", "terraform", "provider", "ports", "disk", "aws", "chromium"}
    assert {each.check for each in found} == checks
    assert all((each.state == "ok") != bool(each.remedy) for each in found)


def test_an_old_python_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine_checks.python_version().state == "ok"
    monkeypatch.setattr(sys, "version_info", Version(3, 10, 13))

    found = machine_checks.python_version()

    assert (found.state, found.said) == ("wrong", "Python 3.10.13, and 3.11 is the oldest")


def test_without_the_functions_python_the_package_has_no_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytecode, "interpreter", lambda python: None)

    found = machine_checks.functions_python()

    assert (found.state, found.check) == ("note", "bytecode")
    assert "cold starts are slower" in found.said


def test_a_python_without_pip_cannot_build_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine_checks.pip().state == "ok"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert (machine_checks.pip().state, machine_checks.pip().remedy) == ("wrong", "python -m ensurepip")


@pytest.mark.parametrize(("needed", "state"), [(True, "wrong"), (False, "note")])
def test_terraform_is_missed_where_it_is_needed(
    needed: bool, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    found = machine_checks.terraform_version(needed=needed)

    assert found.state == state
    assert "not on the PATH" in found.said


def test_a_terraform_that_is_too_old_is_told_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terraform, "version", lambda: "1.9.8")

    found = machine_checks.terraform_version(needed=True)

    assert (found.state, found.said) == ("wrong", "Terraform 1.11 or newer is needed, this is 1.9.8")


@pytest.mark.parametrize("version", ["1.11.0", "1.15.8", "2.0.0"])
def test_newer_terraforms_are_well(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terraform, "version", lambda: version)

    assert machine_checks.terraform_version(needed=True).state == "ok"


def test_a_provider_is_found_where_init_or_a_cache_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_PLUGIN_CACHE_DIR", raising=False)
    assert machine_checks.provider(tmp_path).state == "note"

    (tmp_path / "cache" / "registry.example" / "hashicorp" / "aws" / "6.1.0").mkdir(parents=True)
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(tmp_path / "cache"))

    found = machine_checks.provider(tmp_path)
    assert (found.state, found.said) == ("ok", "the AWS provider 6.1.0 is installed")


def test_a_taken_port_is_told_with_the_option_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, free = free_ports(2)
    monkeypatch.setattr(machine_checks, "DEFAULT_PORT", taken)
    monkeypatch.setattr(machine_checks, "DEFAULT_SFN_PORT", free)
    with socket.socket() as other:
        other.bind(("127.0.0.1", taken))
        other.listen(1)

        found = list(machine_checks.ports(Places(tmp_path)))

    assert [each.state for each in found] == ["note", "ok"]
    assert f"port {taken} is taken by another program" in found[0].said
    assert found[0].remedy == "statewright up --port PORT"


def test_ports_that_our_own_cloud_has_are_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = CloudRecord(1, "http://127.0.0.1:4566", "http://127.0.0.1:8083", "2026-11-21T00:00:00Z")
    monkeypatch.setattr(machine_checks, "read_record", lambda places: record)

    (found,) = machine_checks.ports(Places(tmp_path))

    assert (found.state, found.said) == ("ok", "the local cloud is up at http://127.0.0.1:4566")


def test_a_full_disk_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = namedtuple("usage", "total used free")
    for free, state in ((machine_checks.FREE_BYTES, "ok"), (machine_checks.FREE_BYTES - 1, "wrong")):
        monkeypatch.setattr(shutil, "disk_usage", lambda path, free=free: usage(free, 0, free))
        assert machine_checks.disk(tmp_path).state == state


def test_tools_that_are_not_needed_for_everything_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)

    assert machine_checks.aws_cli().state == machine_checks.chromium().state == "note"
