"""What roles may do, held against what they were seen to do.

    for finding in findings(granted(plan), record()): ...

A role is called `function/enrich`, `state_machine/ingest`, `rule/object_created`, `pipe/transactions`,
`schedule/every_midnight`. What cannot be seen, and what has `*` for a resource, is in roles.json with its
reason; an entry there that excuses nothing is a finding too.
"""

from __future__ import annotations

import fnmatch
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from statewright.permissions import of_encryption
from tests.terraform.plans import statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.terraform.plans import Plan
    from tests.terraform.recorder import Recorded

Json = Any
RULES: Json = json.loads(Path(__file__).with_name("roles.json").read_bytes())
KINDS = ("function", "state_machine", "rule", "pipe", "schedule")
# What in a role's policies would grant something beside the one that is read here.
OTHER_GRANTS = ("aws_iam_role_policy_attachment", "aws_iam_policy", "aws_iam_policy_attachment")


@dataclass(frozen=True, order=True)
class Grant:
    """A role may perform an action on what matches a resource, under conditions."""

    role: str
    action: str
    resource: str
    conditions: tuple[tuple[str, str], ...] = field(default=())

    def allows(self, seen: Recorded) -> bool:
        """Say whether it allows a call; IAM compares resources case by case."""
        return (
            seen.role == self.role
            and seen.permission.action == self.action
            and _matches(seen.permission.resource, self.resource)
        )


def granted(plan: Plan) -> frozenset[Grant]:
    """Return what the roles of a plan may do."""
    return frozenset(
        Grant(f"{kind}/{key}", action, resource, _conditions(statement))
        for kind in KINDS
        for key, policy in plan.of("aws_iam_role_policy", kind).items()
        for statement in statements(policy["policy"])
        for action in statement["Action"]
        for resource in statement["Resource"]
    )


def findings(grants: Iterable[Grant], seen: Iterable[Recorded]) -> list[str]:
    """Return what is wrong: calls without a grant, grants without a call, `*`, excuses for nothing."""
    grants, seen = sorted(grants), sorted(seen)
    without_key = [each for each in grants if not each.action.startswith("kms:")]
    return [
        *_calls_without_a_grant(without_key, seen),
        *_grants_without_a_call(without_key, seen),
        *_too_wide(grants),
        *_excuses_for_nothing(without_key, seen),
    ]


def findings_of_keys(grants: Iterable[Grant], seen: Iterable[Recorded], key: str) -> list[str]:
    """Return what is wrong where a key encrypts everything: needs without a grant, grants without a need."""
    needed = {(each.role, action) for each in seen for action in of_encryption(each.permission.action)}
    uses = [each for each in grants if each.action.startswith("kms:")]
    allowed = {(each.role, each.action) for each in uses}
    return [
        *(f"{role} needs {action} and may not" for role, action in sorted(needed - allowed)),
        *(f"{role} may {action} and needs it for nothing" for role, action in sorted(allowed - needed)),
        *(f"{each.role} may {each.action} on {each.resource}" for each in uses if each.resource != key),
        *(f"{each.role} may {each.action} for anybody" for each in uses if not each.conditions),
    ]


def findings_of_trust(plan: Plan) -> list[str]:
    """Return what is wrong with who may take over the roles, and with grants from elsewhere."""
    found = [f"{kind}: roles have one policy each, beside them" for kind in OTHER_GRANTS if plan.of(kind)]
    for kind in KINDS:
        rule = RULES["trust"][f"{kind}/*"]
        for key, role in plan.of("aws_iam_role", kind).items():
            found += _of_trust(f"{kind}/{key}", role, rule)
    return found


def excuse(grant: Grant) -> Json:
    """Return why a grant that nobody was seen to use is there, None without a reason."""
    entries = (each for each in RULES["unseen"] if _excuses(each, grant))
    return next(entries, None)


def _of_trust(name: str, role: Json, rule: Json) -> Iterator[str]:
    if role.get("managed_policy_arns") or role.get("inline_policy"):
        yield f"{name}: has other policies beside its own"
    for statement in statements(role["assume_role_policy"]):
        who = (statement["Action"], statement["Principal"])
        if who != (["sts:AssumeRole"], {"Service": rule["service"]}):
            yield f"{name}: may be taken over by others than {rule['service']}"
        if sorted({variable for variable, _ in _conditions(statement)}) != rule["conditions"]:
            yield f"{name}: is taken over without {', '.join(rule['conditions'])}"


def _calls_without_a_grant(grants: list[Grant], seen: list[Recorded]) -> Iterator[str]:
    for each in seen:
        if not any(grant.allows(each) for grant in grants):
            yield f"{each.role} calls {each.permission.action} on {each.permission.resource} and may not"


def _grants_without_a_call(grants: list[Grant], seen: list[Recorded]) -> Iterator[str]:
    for grant in grants:
        if excuse(grant) is None and not any(grant.allows(each) for each in seen):
            yield f"{grant.role} may {grant.action} on {grant.resource} and was never seen to"


def _too_wide(grants: list[Grant]) -> Iterator[str]:
    for grant in grants:
        if "*" in grant.action:
            yield f"{grant.role} may {grant.action}: name the actions"
        if not _is_named(grant):
            yield f"{grant.role} may {grant.action} on {grant.resource}: name the resource"


def _is_named(grant: Grant) -> bool:
    """Say whether a grant is for one resource and what is in it, or AWS takes nothing narrower than `*`."""
    if grant.resource == "*":
        return any(grant.action in each["actions"] for each in RULES["any_resource"])
    named = (re.fullmatch(each["resource"], grant.resource) for each in RULES["wildcards"])
    return not set(grant.resource) & set("*?") or any(named)


def _excuses_for_nothing(grants: list[Grant], seen: list[Recorded]) -> Iterator[str]:
    for each in RULES["unseen"]:
        for action in each["actions"]:
            excused = [grant for grant in grants if _excuses(each, grant) and grant.action == action]
            if not excused:
                yield f"roles.json: nobody of {each['roles']} may {action}"
            if any(grant.allows(call) for grant in excused for call in seen):
                yield f"roles.json: {action} of {each['roles']} was seen"
    for each in RULES["any_resource"]:
        for action in each["actions"]:
            if not any(grant.action == action and grant.resource == "*" for grant in grants):
                yield f"roles.json: nobody may {action} on *"
    for each in RULES["wildcards"]:
        if not any(re.fullmatch(each["resource"], grant.resource) for grant in grants):
            yield f"roles.json: nothing is granted on {each['resource']}"


def _excuses(entry: Json, grant: Grant) -> bool:
    return fnmatch.fnmatchcase(grant.role, entry["roles"]) and grant.action in entry["actions"]


def _matches(resource: str, pattern: str) -> bool:
    # Brackets mean nothing to IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    return fnmatch.fnmatchcase(resource, pattern.replace("[", "[[]"))


def _conditions(statement: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """Return the conditions of a statement: variable and values."""
    found = {
        (variable, json.dumps(values))
        for operator in (statement.get("Condition") or {}).values()
        for variable, values in operator.items()
    }
    return tuple(sorted(found))
