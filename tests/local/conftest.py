from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from statewright.api import create_app
from statewright.engine import Engine
from statewright.engine.functions import LocalFunctions
from statewright.local.clients import Clients
from statewright.local.deploy import deploy
from statewright.local.emulator import Emulator
from statewright.local.names import Names
from statewright.local.ports import free_ports
from statewright.project import Project, read_project
from tests.api.serving import served
from tests.local.pipelines import Pipeline, machine
from tests.local.quarantined import Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DESCRIPTION: dict[str, Any] = {
    "name": "shop",
    "buckets": {"raw": {"versioned": True, "events": True}, "staging": {"expire_after_days": 7}},
    "tables": {
        "files": {
            "partition_key": {"name": "file_id"},
            "indexes": {
                "by_day": {"partition_key": {"name": "processed_day"}, "sort_key": {"name": "processed_at"}}
            },
        }
    },
    "queues": {"dead_letters": {"retention_seconds": 1209600}, "undelivered_events": {}},
    "topics": {"notifications": {}},
    "parameters": {"pseudonym_key": {"random_bytes": 32}},
    "functions": {"collect_data": {"memory_mb": 512, "timeout_seconds": 60}},
    "state_machines": {"ingest": {"definition": "statemachines/ingest.asl.json"}},
    "rules": {
        "object_created": {
            "pattern": {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {"bucket": {"name": ["${RawBucket}"]}},
            },
            "state_machine": "ingest",
            "dead_letters": "undelivered_events",
        }
    },
}
CONTRACT: dict[str, Any] = {
    "type": "object",
    "x-dataset": {
        "sources": [{"keys": "orders/**"}],
        "key": {"partition": {"name": "order_id", "type": "S"}},
        "ttl": {"attribute": "expires_at", "from": "order_date", "days": 3},
    },
}
MACHINE = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": "${FilesTable}", "End": True}}}


@pytest.fixture
def write_project(tmp_path: Path) -> Callable[..., Path]:
    """Write a small project, its description changed by keyword; give its root."""

    def write(**changes: Any) -> Path:
        root = tmp_path / "project"
        (root / "statemachines").mkdir(parents=True, exist_ok=True)
        (root / "statemachines/ingest.asl.json").write_text(json.dumps(MACHINE))
        (root / "schemas/datasets/orders").mkdir(parents=True, exist_ok=True)
        (root / "schemas/datasets/orders/1.json").write_text(json.dumps(CONTRACT))
        (root / "pipeline.json").write_text(json.dumps({**DESCRIPTION, **changes}))
        return root

    return write


@pytest.fixture
def project(write_project: Callable[..., Path]) -> Project:
    return read_project(write_project())


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulated data services, shared by all tests: each deploys a project with a name of its own."""
    folder = tmp_path_factory.mktemp("emulator")
    running = Emulator(free_ports(1)[0], folder, folder / "log")
    running.wait_until_ready()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def clients(emulator: Emulator) -> Clients:
    return Clients(emulator.endpoint)


@pytest.fixture
def names(emulator: Emulator, write_project: Callable[..., Path], request: pytest.FixtureRequest) -> Names:
    """Names of a project that no other test has, on the shared emulator."""
    unique = f"shop{abs(hash(request.node.nodeid)) % 10**8}"
    return Names(read_project(write_project(name=unique)), emulator.endpoint)


@pytest.fixture
def stored(
    emulator: Emulator, clients: Clients, write_project: Callable[..., Path], request: pytest.FixtureRequest
) -> Quarantined:
    """A deployed project with an empty quarantine."""
    return Quarantined.of_test(emulator, clients, write_project, request.node.nodeid)


@pytest.fixture
def pipeline(names: Names, clients: Clients, emulator: Emulator) -> Iterator[Pipeline]:
    """A deployed project whose executions run on an engine that is served for this test."""
    deploy(names, clients)

    async def make() -> Any:
        functions = LocalFunctions({})
        engine = Engine(functions=functions, clients=clients)
        engine.create_state_machine(
            names.of("ingest"), machine(names), "arn:aws:iam::000000000000:role/any", "STANDARD"
        )
        return create_app(engine, functions), engine.close

    with served(make) as url:
        yield Pipeline(names, Clients(emulator.endpoint, url))
