"""Permissions that a definition needs, held against those that its role has.

The roles come from a file: what `terraform show -json` writes of a plan or a state, or policies by machine:

    {"ingest": {"Statement": [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}]}}
"""

from __future__ import annotations

import fnmatch
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from statewright.typing.findings import Where
from statewright.typing.permissions import needs
from statewright.typing.signatures import names_of, snake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from statewright.asl.tree import StateMachine
    from statewright.typing.findings import Findings
    from statewright.typing.permissions import Need

Json = Any


class RolesError(Exception):
    """The file of roles cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy; `resources` is None where they are not known yet."""

    is_allowed: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...] | None

    def names(self, action: str) -> bool:
        """Say whether an action is meant; names of actions know no case."""
        return any(fnmatch.fnmatchcase(action.lower(), each.lower()) for each in self.actions)


@dataclass(frozen=True, slots=True)
class Roles:
    """Statements by machine."""

    file: str
    statements: Mapping[str, tuple[Statement, ...]] = field(default_factory=dict)

    def of(self, machine: str) -> tuple[Statement, ...]:
        """Give the statements of a machine's role; raises RolesError where it has none."""
        found = self.statements.get(machine)
        if found is None:
            known = ", ".join(sorted(self.statements)) or "none"
            raise RolesError(f"{self.file} has no policy of a role of {machine}; there are {known}")
        return found


def check_permissions(machine: StateMachine, name: str, roles: Roles, findings: Findings) -> None:
    """Report what a machine needs and its role does not allow; raises RolesError."""
    statements = roles.of(name)
    for need in needs(machine):
        if not _is_allowed(need, statements):
            about = f" on {need.on}" if need.on else ""
            message = f"{need.state} needs {need.action}{about}, which its role does not allow"
            findings.add("SW303", message, Where(need.pointer))


def _is_allowed(need: Need, statements: tuple[Statement, ...]) -> bool:
    meant = [each for each in statements if each.names(need.action) and _is_about(need, each.resources)]
    return any(each.is_allowed for each in meant) and not any(
        not each.is_allowed and "*" in (each.resources or ()) for each in meant
    )


def _is_about(need: Need, resources: tuple[str, ...] | None) -> bool:
    """Functions are compared by name, for ARNs are not known before they are deployed; others not at all."""
    if need.on is None or resources is None:
        return True
    wanted = names_of(need.on)
    for resource in resources:
        last = re.split(r"function:", resource)[-1].partition(":")[0]
        if fnmatch.fnmatchcase(need.on, resource) or last in ("*", "") or "${" in resource:
            return True
        name = snake(last.rstrip("*"))
        if any(name == each or name.endswith(f"_{each}") for each in wanted):
            return True
        if last.endswith("*") and any(each.startswith(name) for each in wanted):
            return True
    return False


# --- reading ---


def read_roles(file: Path) -> Roles:
    """Read roles; raises RolesError."""
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise RolesError(f"{file}: {error}") from error
    if not isinstance(document, dict):
        raise RolesError(f"{file}: it is neither a plan of Terraform nor policies by machine")
    if "format_version" in document:
        return Roles(str(file), _of_terraform(document, str(file)))
    return Roles(
        str(file), {name: _statements(policy, f"{file}: {name}") for name, policy in document.items()}
    )


def _statements(policy: Json, place: str) -> tuple[Statement, ...]:
    parts = policy.get("Statement") if isinstance(policy, dict) else policy
    parts = [parts] if isinstance(parts, dict) else parts
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise RolesError(f"{place}: a policy has a Statement: an object, or a list of objects")
    found = []
    for part in parts:
        if "NotAction" in part or "NotResource" in part:
            raise RolesError(f"{place}: NotAction and NotResource are not read")
        effect = part.get("Effect", "Allow")
        if effect not in ("Allow", "Deny"):
            raise RolesError(f"{place}: Effect is Allow or Deny")
        resources = _list(part.get("Resource"), place)
        found.append(Statement(effect == "Allow", _list(part.get("Action"), place) or (), resources))
    return tuple(found)


def _list(value: Json, place: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        raise RolesError(f"{place}: Action and Resource are texts")
    return tuple(texts)


def _of_terraform(document: Json, file: str) -> dict[str, tuple[Statement, ...]]:
    """Read `aws_iam_role_policy` resources whose key (for_each) or name is a machine's name.

    Of roles that are in the file, those count that Step Functions may take (`states.amazonaws.com`).
    """
    values = document.get("planned_values") or document.get("values") or {}
    found: dict[str, tuple[Statement, ...]] = {}
    resources = list(_resources(values.get("root_module", {})))
    others = {
        str(each["values"].get("name"))
        for each in resources
        if each.get("type") == "aws_iam_role"
        and "states.amazonaws.com" not in str(each["values"].get("assume_role_policy"))
    }
    for resource in resources:
        is_policy = resource.get("type") == "aws_iam_role_policy"
        if not is_policy or str(resource["values"].get("role")) in others:
            continue
        policy = resource["values"].get("policy")
        place = f"{file}: {resource.get('address')}"
        if policy is None:
            raise RolesError(f"{place}: its policy is not known before it is applied; take the state's JSON")
        for machine in _machines(resource):
            found[machine] = (*found.get(machine, ()), *_statements(_policy(policy, place), place))
    return found


def _policy(text: Json, place: str) -> Json:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise RolesError(f"{place}: its policy is no JSON: {error}") from error


def _resources(module: Json) -> Iterator[Json]:
    yield from (each for each in module.get("resources", ()) if isinstance(each.get("values"), dict))
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def _machines(resource: Json) -> tuple[str, ...]:
    index = resource.get("index")
    if isinstance(index, str):
        return (index,)
    return (str(resource.get("name")),)
