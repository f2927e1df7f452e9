"""Each role may do what it was seen to do, and nothing else; and the comparison finds each hole."""

from __future__ import annotations

import copy
import dataclasses
import fnmatch
import json
from typing import TYPE_CHECKING

import pytest

from statewright import asl
from statewright.local.names import ACCOUNT, REGION, Names
from statewright.permissions import Permission, Where, of_definition
from statewright.project import read_project
from tests.terraform import role_table
from tests.terraform.least_privilege import (
    KINDS,
    Grant,
    excuse,
    findings,
    findings_of_keys,
    findings_of_trust,
    granted,
)
from tests.terraform.plans import Plan
from tests.terraform.recorder import Recorded, record
from tests.terraform.toolchain import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.terraform.toolchain import Workspace

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"
STAGING = "arn:aws:s3:::statewright-staging"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:statewright-notifications"
FILES = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/statewright-files"
ORDERS = FILES.replace("files", "orders")


@pytest.fixture(scope="module")
def seen() -> frozenset[Recorded]:
    return record()


@pytest.fixture(scope="module")
def grants(plan: Plan) -> frozenset[Grant]:
    return granted(plan)


def test_roles_may_do_what_they_do_and_nothing_else(
    grants: frozenset[Grant], seen: frozenset[Recorded]
) -> None:
    assert findings(grants, seen) == []


def test_every_role_of_the_plan_was_seen_at_work(plan: Plan, seen: frozenset[Recorded]) -> None:
    roles = {f"{kind}/{key}" for kind in KINDS for key in plan.of("aws_iam_role", kind)}
    assert roles == {each.role for each in seen}


def test_only_its_service_takes_over_a_role_and_for_its_own_resource(plan: Plan) -> None:
    assert findings_of_trust(plan) == []


@pytest.mark.parametrize("role", ["rule/object_created", "schedule/every_midnight"])
def test_rules_and_schedules_start_the_alias_alone(role: str, grants: frozenset[Grant]) -> None:
    (start,) = (each for each in grants if each.role == role and each.action.startswith("states:"))
    assert start.conditions == (("states:StateMachineQualifier", '"live"'),)


@pytest.fixture(scope="module")
def with_key(workspace: Workspace, aws: dict[str, str]) -> frozenset[Grant]:
    return granted(Plan(workspace.planned("-var=bucket_suffix=", f"-var=kms_key_arn={KEY}", **aws)))


def test_with_a_key_of_the_teams_roles_may_use_it_where_they_need_it(
    with_key: frozenset[Grant], grants: frozenset[Grant], seen: frozenset[Recorded]
) -> None:
    assert findings_of_keys(with_key, seen, KEY) == []
    assert {each for each in with_key if not each.action.startswith("kms:")} == grants


def test_what_a_definition_calls_is_what_its_state_machine_was_seen_to_call(
    seen: frozenset[Recorded],
) -> None:
    names = Names(read_project(ROOT), "http://127.0.0.1")
    for logical in names.project.description.state_machines:
        machine = asl.parse(names.definition(logical))
        needed = of_definition(machine, names.of(logical), Where(REGION, ACCOUNT))
        called = {
            _of_any_version(each.permission) for each in seen if each.role == f"state_machine/{logical}"
        }
        assert {each for each in called if not any(_is_of(each, one) for one in needed)} == set()
        assert {one for one in needed if not any(_is_of(each, one) for each in called)} == set()


def _is_of(permission: Permission, pattern: Permission) -> bool:
    """Return whether a call is what a definition tells of: which objects it names is known when it runs."""
    is_there = fnmatch.fnmatchcase(permission.resource, pattern.resource)
    return permission.action == pattern.action and is_there


def _of_any_version(permission: Permission) -> Permission:
    return Permission(permission.action, permission.resource.removesuffix(":1"))


def test_the_documentation_has_the_table_of_roles(
    grants: frozenset[Grant], seen: frozenset[Recorded]
) -> None:
    page = (ROOT / "docs" / "roles.md").read_text(encoding="utf-8")
    assert role_table.markdown(grants, seen) in page, "python -m tests.terraform.role_table writes it"


# --- deliberate holes ---


@pytest.fixture(scope="module")
def behaviour(grants: frozenset[Grant]) -> list[Recorded]:
    """Calls of which each needs one of the grants."""
    needed = [each for each in grants if excuse(each) is None]
    return [
        Recorded(each.role, Permission(each.action, each.resource.replace("*", "some"))) for each in needed
    ]


def test_without_a_hole_nothing_is_found(grants: frozenset[Grant], behaviour: list[Recorded]) -> None:
    assert findings(grants, behaviour) == []


def with_more(*grants: Grant) -> Callable[[set[Grant]], set[Grant]]:
    return lambda given: given | set(grants)


def without(role: str, action: str) -> Callable[[set[Grant]], set[Grant]]:
    def remove(given: set[Grant]) -> set[Grant]:
        kept = {each for each in given if each.action != action or not fnmatch.fnmatchcase(each.role, role)}
        assert kept < given
        return kept

    return remove


def instead(role: str, action: str, resource: str, wider: str) -> Callable[[set[Grant]], set[Grant]]:
    def widen(given: set[Grant]) -> set[Grant]:
        (old,) = (
            each for each in given if (each.role, each.action, each.resource) == (role, action, resource)
        )
        return given - {old} | {dataclasses.replace(old, resource=wider)}

    return widen


HOLES: list[tuple[Callable[[set[Grant]], set[Grant]], str]] = [
    (
        with_more(Grant("function/enrich", "s3:DeleteObject", f"{STAGING}/*")),
        f"function/enrich may s3:DeleteObject on {STAGING}/* and was never seen to",
    ),
    (
        with_more(Grant("function/notify", "dynamodb:UpdateItem", ORDERS)),
        f"function/notify may dynamodb:UpdateItem on {ORDERS} and was never seen to",
    ),
    (
        without("function/notify", "sns:Publish"),
        f"function/notify calls sns:Publish on {TOPIC} and may not",
    ),
    (
        without("function/write_to_ddb", "s3:ListBucket"),
        f"function/write_to_ddb calls s3:ListBucket on {STAGING} and may not",
    ),
    (
        without("state_machine/ingest", "states:StartExecution"),
        "state_machine/ingest calls states:StartExecution on"
        f" arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:statewright-ingest and may not",
    ),
    (
        without("rule/object_created", "states:StartExecution"),
        "rule/object_created calls states:StartExecution on"
        f" arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:statewright-ingest and may not",
    ),
    (
        instead("function/collect_data", "dynamodb:UpdateItem", FILES, "*"),
        "function/collect_data may dynamodb:UpdateItem on *: name the resource",
    ),
    (
        instead("function/collect_data", "dynamodb:UpdateItem", FILES, FILES.replace("files", "*")),
        f"function/collect_data may dynamodb:UpdateItem on {FILES.replace('files', '*')}: name the resource",
    ),
    (
        instead("function/enrich", "s3:GetObject", f"{STAGING}/*", "arn:aws:s3:::*"),
        "function/enrich may s3:GetObject on arn:aws:s3:::*: name the resource",
    ),
    (
        with_more(Grant("function/enrich", "s3:*", f"{STAGING}/*")),
        "function/enrich may s3:*: name the actions",
    ),
    (
        without("state_machine/*", "logs:PutResourcePolicy"),
        "roles.json: nobody of state_machine/* may logs:PutResourcePolicy",
    ),
]


@pytest.mark.parametrize(("hole", "finding"), HOLES, ids=[finding for _, finding in HOLES])
def test_a_hole_is_found(
    hole: Callable[[set[Grant]], set[Grant]],
    finding: str,
    grants: frozenset[Grant],
    behaviour: list[Recorded],
) -> None:
    found = findings(hole(set(grants)), behaviour)
    assert any(each.startswith(finding) for each in found), found


KEY_HOLES: list[tuple[Callable[[set[Grant]], set[Grant]], str]] = [
    (
        without("function/enrich", "kms:GenerateDataKey"),
        "function/enrich needs kms:GenerateDataKey and may not",
    ),
    (
        with_more(Grant("function/notify", "kms:CreateGrant", KEY, (("kms:ViaService", '"s3"'),))),
        "function/notify may kms:CreateGrant and needs it for nothing",
    ),
    (with_more(Grant("function/notify", "kms:Decrypt", "*")), "function/notify may kms:Decrypt on *"),
    (with_more(Grant("function/notify", "kms:Decrypt", KEY)), "function/notify may kms:Decrypt for anybody"),
]


@pytest.mark.parametrize(("hole", "finding"), KEY_HOLES, ids=[finding for _, finding in KEY_HOLES])
def test_a_hole_in_the_uses_of_a_key_is_found(
    hole: Callable[[set[Grant]], set[Grant]],
    finding: str,
    with_key: frozenset[Grant],
    behaviour: list[Recorded],
) -> None:
    assert findings_of_keys(with_key, behaviour, KEY) == []
    assert finding in findings_of_keys(hole(set(with_key)), behaviour, KEY)


def trusting(**changes: object) -> Callable[[dict[str, object]], None]:
    return lambda statement: statement.update(changes)


TRUST_HOLES: list[tuple[str, str, Callable[[dict[str, object]], None], str]] = [
    (
        "state_machine",
        "ingest",
        trusting(Condition={}),
        "state_machine/ingest: is taken over without aws:SourceAccount, aws:SourceArn",
    ),
    (
        "rule",
        "object_created",
        trusting(Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
        "rule/object_created: is taken over without aws:SourceAccount, aws:SourceArn",
    ),
    (
        "schedule",
        "every_midnight",
        trusting(Condition={}),
        "schedule/every_midnight: is taken over without aws:SourceAccount, aws:SourceArn",
    ),
    (
        "function",
        "enrich",
        trusting(Principal={"AWS": "*"}),
        "function/enrich: may be taken over by others than lambda.amazonaws.com",
    ),
]


@pytest.mark.parametrize(
    ("kind", "key", "hole", "finding"), TRUST_HOLES, ids=[each[-1] for each in TRUST_HOLES]
)
def test_a_hole_in_who_is_trusted_is_found(
    kind: str, key: str, hole: Callable[[dict[str, object]], None], finding: str, plan: Plan
) -> None:
    changed = Plan(copy.deepcopy(plan.document))
    role = changed.of("aws_iam_role", kind)[key]
    policy = json.loads(role["assume_role_policy"])
    hole(policy["Statement"][0])
    role["assume_role_policy"] = json.dumps(policy)
    assert findings_of_trust(changed) == [finding]
