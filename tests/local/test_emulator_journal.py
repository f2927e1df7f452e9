"""Changes of tables that a journal keeps: a small service in the place of MiniStack."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local.emulator_journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

KEY = (b"Authorization", b"AWS4-HMAC-SHA256 Credential=test/20260102/us-east-1/dynamodb/aws4_request")


class Service:
    """Holds numbers by name in memory, writes them on a graceful stop: PutItem adds one to a name."""

    def __init__(self, tables: Path) -> None:
        self.tables = tables
        self.numbers: dict[str, int] = {}
        self.asked: list[dict[bytes, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message["more_body"]:
                break
        self.asked.append(dict(scope["headers"]))
        status = 400 if body == b"refused" else 200
        if status == 200:
            self.numbers[body.decode()] = self.numbers.get(body.decode(), 0) + 1
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        if self.tables.exists():
            self.numbers = json.loads(self.tables.read_text())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        written = self.tables.with_suffix(".new")
        written.write_text(json.dumps(self.numbers))
        written.replace(self.tables)
        await send({"type": "lifespan.shutdown.complete"})


class Life:
    """One life of a service and its journal, over a folder."""

    def __init__(self, folder: Path) -> None:
        self.service = Service(folder / "tables.json")
        self.journal = Journal(self.service, folder / "journal", folder / "tables.json")
        self._messages: asyncio.Queue[Any] = asyncio.Queue()
        self._sent: asyncio.Queue[Any] = asyncio.Queue()

    async def start(self) -> None:
        self._task = asyncio.create_task(
            self.journal({"type": "lifespan"}, self._messages.get, self._sent.put)
        )
        self._messages.put_nowait({"type": "lifespan.startup"})
        await self._sent.get()

    async def stop(self) -> None:
        self._messages.put_nowait({"type": "lifespan.shutdown"})
        await self._sent.get()
        await self._task

    async def kill(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        self.journal.close()

    async def ask(self, operation: str, *pieces: bytes) -> int:
        target = f"DynamoDB_20120810.{operation}".encode()
        headers = [(b"X-Amz-Target", target), KEY, (b"user-agent", b"test")]
        scope = {"type": "http", "path": "/", "headers": headers}
        bodies = [{"body": piece, "more_body": piece is not pieces[-1]} for piece in pieces]
        statuses: list[int] = []

        async def receive() -> Any:
            return bodies.pop(0)

        async def send(message: Any) -> None:
            statuses.append(message.get("status", 0))

        await self.journal(scope, receive, send)
        return statuses[0]


async def killed(folder: Path, *names: bytes) -> None:
    """Start, add one to each name, and end without a stop."""
    life = Life(folder)
    await life.start()
    for name in names:
        await life.ask("PutItem", name)
    await life.kill()


async def found(folder: Path) -> dict[str, int]:
    life = Life(folder)
    await life.start()
    await life.kill()
    return life.service.numbers


def test_changes_outlive_kills_and_each_is_made_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        await killed(tmp_path, b"a", b"a", b"b")
        await killed(tmp_path, b"a")
        await killed(tmp_path)
        assert await found(tmp_path) == {"a": 3, "b": 1}

    asyncio.run(scenario())


def test_a_stop_writes_the_tables_and_removes_the_journal(tmp_path: Path) -> None:
    async def scenario() -> None:
        await killed(tmp_path, b"a")
        life = Life(tmp_path)
        await life.start()
        await life.ask("PutItem", b"a")
        await life.stop()
        assert not (tmp_path / "journal").exists()
        await killed(tmp_path, b"a")
        assert await found(tmp_path) == {"a": 3}

    asyncio.run(scenario())


def test_a_journal_that_tables_were_written_after_is_void(tmp_path: Path) -> None:
    async def scenario() -> None:
        await killed(tmp_path, b"a")
        (tmp_path / "tables.json").write_text('{"a": 1}')  # a stop that was killed behind this point
        assert await found(tmp_path) == {"a": 1}
        await killed(tmp_path, b"a")
        assert await found(tmp_path) == {"a": 2}

    asyncio.run(scenario())


def test_tables_that_could_not_be_written_keep_their_journal(tmp_path: Path) -> None:
    async def scenario() -> None:
        life = Life(tmp_path)
        await life.start()
        await life.ask("PutItem", b"a")
        life.journal.end()
        await life.kill()
        assert await found(tmp_path) == {"a": 1}

    asyncio.run(scenario())


@pytest.mark.parametrize("lost", [1, 5, 40])
def test_a_record_that_was_torn_is_dropped_alone(tmp_path: Path, lost: int) -> None:
    async def scenario() -> None:
        await killed(tmp_path, b"a", b"b")
        journal = tmp_path / "journal"
        journal.write_bytes(journal.read_bytes()[:-lost])
        assert await found(tmp_path) == {"a": 1}
        await killed(tmp_path, b"c")
        assert await found(tmp_path) == {"a": 1, "c": 1}

    asyncio.run(scenario())


def test_what_reads_or_is_refused_is_not_kept(tmp_path: Path) -> None:
    async def scenario() -> None:
        life = Life(tmp_path)
        await life.start()
        for operation in ("GetItem", "BatchGetItem", "Query", "Scan", "DescribeTable", "ListTables"):
            assert await life.ask(operation, b"read") == 200
        assert await life.ask("PutItem", b"refused") == 400
        await life.kill()
        assert await found(tmp_path) == {}

    asyncio.run(scenario())


def test_a_request_is_made_again_with_its_account_and_region_and_its_whole_body(tmp_path: Path) -> None:
    async def scenario() -> None:
        life = Life(tmp_path)
        await life.start()
        await life.ask("BatchWriteItem", b"in ", b"two ", b"pieces")
        await life.kill()
        life = Life(tmp_path)
        await life.start()
        await life.kill()
        assert life.service.numbers == {"in two pieces": 1}
        [headers] = life.service.asked
        assert headers[KEY[0]] == KEY[1]
        assert headers[b"X-Amz-Target"] == b"DynamoDB_20120810.BatchWriteItem"
        assert b"user-agent" not in headers

    asyncio.run(scenario())


def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    asyncio.run(killed(tmp_path, b"a"))
    assert (tmp_path / "journal").stat().st_mode & 0o077 == 0
