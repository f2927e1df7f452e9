"""A batch of messages while a call fails: its queue shows it three times, then the digests are told.

As in the clean run must be: the table, each message in quarantine once, each processed record once, every
alert told singly or counted by a digest, which messages go back in the end and why, the sums of the ledger
but for what gave way. What is worked on again is superseded once more; times differ; people may hear twice.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from pipeline import digests, telling
from pipeline.digests import ATTRIBUTE
from statewright.lambda_runtime import RuntimeFault
from statewright.local.names import camel, replace_placeholders
from tests.faults.network import Strike
from tests.faults.remains import Difference
from tests.faults.scenarios import Scenario
from tests.faults.trials import ROLE, Trial
from tests.functions.cloud import ENVIRONMENT, FILES, HANDLERS, REGION, ROOT, TOLD, Context, client
from tests.functions.objects_sent import order
from tests.functions.streams import message, processed, quarantined

if TYPE_CHECKING:
    from statewright.engine import Engine
    from tests.faults.faults import Fault
    from tests.faults.network import Point
    from tests.faults.trials import Lab

Json = Any
NAME = "batch of messages"
RECEIVES = 3
DIGESTS = "tell_digests"
NOON = datetime(2026, 1, 1, 12, 0, 7, tzinfo=UTC)
SALE = {"name": "A", "email": "a@example.com", "amount": 1, "date": "2025-08-18"}
# Of each rule that raises three alerts, one belongs to the digest.
PER_MINUTE = 2
BATCH = [
    message(order(1), "good"),
    message(order(1), "duplicate", sent=1),
    *(message(order(number, amount=5000), f"large-{number}") for number in range(10, 13)),
    message(order(20, note="x" * 500_000), "oversize"),
    *(message(order(number, quantity=-1), f"bad-{number}") for number in range(30, 33)),
    message(order(40, _line=1), "reserved"),
    message(SALE, "sale", dataset="sales"),
    message(order(50), "unclaimed", dataset="nothing"),
]


class Batches:
    """The batch over a lab, and what the clean run leaves."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        alerts = json.loads((ROOT / "schemas/datasets/orders/1.json").read_text())["x-dataset"]["alerts"]
        extension = {"alerts": [{**each, "per_minute": PER_MINUTE} for each in alerts]}
        lab.set_up(Scenario(NAME, "orders/batch.jsonl", b"{}\n", extension=extension))
        lab.patch(telling, "datetime", SimpleNamespace(now=lambda _: NOON))
        # Who tells of a minute once more does so when the one before must be dead: half an hour later.
        later = (NOON + timedelta(minutes=30 * number) for number in itertools.count())
        lab.patch(digests, "datetime", SimpleNamespace(now=lambda _: next(later)))
        self.points: list[Point] = []
        self.clean, self._back = self._run(None)

    def try_point(self, point: Point, fault: Fault) -> Trial:
        """Strike one point at the first receive; compare."""
        left, back = self._run(Strike(point, fault.act, fault.lasts))
        difference = Difference()
        for name, clean in self.clean.items():
            difference.lost += [f"{name} {each}" for each in clean - left[name]]
            difference.doubled += [f"{name} {each}" for each in left[name] - clean]
        if back[1:] != self._back[1:]:
            difference.differing.append(f"messages that go back: {back}")
        at_fault = back[0] != self._back[0]
        if at_fault and not fault.lasts and point.call.by != "collect_messages":
            difference.differing.append(f"messages go back of one fault: {back[0]}")
        return Trial(difference, self._lab.network.struck, int(at_fault))

    def _run(self, strike: Strike | None) -> tuple[dict[str, Counter[str]], list[list[str]]]:
        """Return what is left, and which messages went back at each receive."""
        self._lab.clear()
        queue = get_backend("sqs")["123456789012"][REGION].queues["statewright-transactions"]
        queue._messages.clear()

        async def work(engine: Engine, _: str) -> list[list[str]]:
            machine = engine.create_state_machine("stream", _definition(), ROLE, "EXPRESS").arn
            back, batch, network = [], BATCH, self._lab.network
            for receive in range(RECEIVES):
                failures = await self._receive(engine, machine, batch)
                back.append(sorted(failures))
                batch = [each for each in batch if each["messageId"] in failures]
                if receive == 0:
                    self._strikable(strike)
            asked = [json.loads(each.body)["minute"] for each in queue._messages]
            requests = [message("{}", f"d-{n}", **{ATTRIBUTE: each}) for n, each in enumerate(asked)]
            failures = await self._receive(engine, machine, requests)
            if strike is None:
                self.points += [each for each in network.points if each.call.by == DIGESTS]
            network.heal()
            assert await self._receive(engine, machine, requests if failures else []) == []
            return back

        back = self._lab.run(strike, work)
        return self._left(back[-1]), back

    def _strikable(self, strike: Strike | None) -> None:
        """Take the points of the first receive; let all go well after it, but for a strike at a digest."""
        if strike is None:
            self.points = list(self._lab.network.points)
        elif strike.point.call.by != DIGESTS:
            self._lab.network.heal()

    async def _receive(self, engine: Engine, machine: str, batch: list[Json]) -> list[str]:
        """Do what the pipe does with a batch; return the ids of the messages that go back."""
        try:
            groups = self._lab.function("collect_messages")(batch, Context())
        except (RuntimeFault, Exception):  # noqa: BLE001 - whatever the enrichment raises, all go back
            return [each["messageId"] for each in batch]
        ended = await engine.start_sync_execution(machine, json.dumps(groups))
        if ended.status != "SUCCEEDED":
            return [each["messageId"] for each in batch]
        return [each["itemIdentifier"] for each in json.loads(ended.output or "")["batchItemFailures"]]

    def _left(self, back: list[str]) -> dict[str, Counter[str]]:
        cloud = self._lab.cloud
        said = {each["Message"] for each in cloud.messages()}
        told = [json.loads(each) for each in said]
        alerts = {(each["rule"], each["key"]) for each in told if each["event"] == "alert"}
        counted = Counter(rule for rule, _ in alerts)
        for each in told:
            counted[each["rule"]] += each.get("alerts", 0)
        rows = [row for row in cloud.files.scan()["Items"] if row["status"] == "SUCCEEDED"]
        sums = {name: sum(int(row["counts"][name]) for row in rows) for name in ("written", "quarantined")}
        rest = client("dynamodb").scan(TableName=TOLD)["Items"]
        return {
            "item": Counter(_known(item) for table in ("orders", "sales") for item in cloud.items(table)),
            "quarantined": Counter(f"{each['message_id']} {each['rule']}" for each in quarantined(cloud)),
            "processed": Counter(_known(line) for lines in processed(cloud).values() for line in lines),
            "told": counted,
            "sum": Counter(sums),
            "untold": Counter(
                row["id"]["S"] for row in rest if row["id"]["S"].startswith("alert:") and "told_at" not in row
            ),
            "reason": Counter(
                f"{row['id']['S']} {row['rule']['S']}" for row in rest if row["id"]["S"][8:] in back
            ),
        }


def _known(item: dict[str, Json]) -> str:
    return json.dumps(item, sort_keys=True)


def _definition() -> str:
    known = {
        "FilesTable": FILES,
        "ToldTable": TOLD,
        "IngestArn": "arn:aws:states:us-east-1:000000000000:stateMachine:ingest",
        "NotificationsArn": ENVIRONMENT["NOTIFICATIONS_TOPIC_ARN"],
        **{f"{camel(name)}Arn": camel(name) for name in HANDLERS},
    }
    text = (ROOT / "statemachines" / "stream.asl.json").read_text(encoding="utf-8")
    return replace_placeholders(text, known, "stream.asl.json")
