"""A quarantine in the hands of a test, as the functions leave it."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from statewright.local.deploy import deploy
from statewright.local.following import Upload
from statewright.local.names import Names
from statewright.local.place_options import Connection
from statewright.local.quarantines import Quarantines
from statewright.project import read_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.local.clients import Clients
    from statewright.local.emulator import Emulator

ROOT = Path(__file__).parents[2]
DAY = "2026-01-02"
RUN = "0123456789ab"


@dataclass
class Quarantined:
    """A deployed project, and what lies in its quarantine."""

    names: Names
    clients: Clients

    def __post_init__(self) -> None:
        deploy(self.names, self.clients)

    @classmethod
    def of_test(
        cls, emulator: Emulator, clients: Clients, write_project: Callable[..., Path], test: str
    ) -> Quarantined:
        """Deploy a project of the test's own, with this repository's contracts and functions."""
        buckets = {"raw": {"versioned": True, "events": True}, "staging": {}, "output": {}}
        root = write_project(name=f"shop{abs(hash(test)) % 10**8}", buckets=buckets)
        shutil.copytree(ROOT / "schemas", root / "schemas", dirs_exist_ok=True)
        (root / "functions").symlink_to(ROOT / "functions")
        return cls(Names(read_project(root), emulator.endpoint), clients)

    @property
    def quarantines(self) -> Quarantines:
        return Quarantines(Connection(self.names, self.clients))

    def upload(self, key: str, body: bytes) -> Upload:
        """Put an object into the raw bucket."""
        bucket = self.names.bucket("raw")
        version = self.clients("s3").put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
        return Upload(Path("nowhere"), bucket, key, version, 0.0)

    def put_aside(
        self, origin: Upload, name: str, records: list[dict[str, Any]], day: str = DAY, run: str = RUN
    ) -> str:
        """Write a quarantine object of a file of the dataset orders; return its URI."""
        lines = [
            {
                "bucket": origin.bucket,
                "key": origin.key,
                "version": origin.version,
                "line": number,
                "offset": 10 * number,
                "shard": int(name.rpartition("-")[2]),
                "contract": "orders/1",
                "rule": "type",
                "pointer": "/quantity",
                "message": "wants a number",
                **record,
            }
            for number, record in enumerate(records, start=1)
        ]
        body = gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
        return self.put(f"quarantine/orders/{day}/{origin.file_id}/{run}/{name}.jsonl.gz", body)

    def put(self, key: str, body: bytes) -> str:
        """Write an object into the output bucket; return its URI."""
        bucket = self.names.bucket("output")
        self.clients("s3").put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"

    def tell(self, origin: Upload, status: str, **attributes: Any) -> None:
        """Write the row of a file; `attributes` are as DynamoDB has them."""
        row = {"file_id": {"S": origin.file_id}, "file_key": {"S": origin.key}, "status": {"S": status}}
        self.clients("dynamodb").put_item(TableName=self.names.of("files"), Item={**row, **attributes})

    def row(self, file_id: str) -> dict[str, Any]:
        """Return the row of a file as plain values."""
        return self.quarantines.row(file_id)


def strings(*values: str) -> dict[str, Any]:
    """Return a list of strings as DynamoDB has it."""
    return {"L": [{"S": value} for value in values]}


def numbers(**values: int) -> dict[str, Any]:
    """Return a map of numbers as DynamoDB has it."""
    return {"M": {name: {"N": str(value)} for name, value in values.items()}}
