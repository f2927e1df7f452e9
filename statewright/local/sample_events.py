"""Orders as a shop would send them: seeded, each event's content follows from its number alone.

So a sender that was interrupted goes on with the next number, and a test knows what was sent.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["good", "large", "broken", "duplicate"]

# A message of SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_EVENT_BYTES = 1_048_576
# How far back a duplicate repeats: producers send again within seconds.
LOOK_BACK = 200
SENTENCE_WORDS = 40
CURRENCIES = ("EUR", "USD", "GBP", "SEK", "JPY")
_WORDS = ("blue", "cotton", "gift", "large", "linen", "set", "small", "warm", "white", "wool")


@dataclass(frozen=True)
class Mix:
    """What is sent: shares are of all events, from 0 to 1; `target_bytes` is a body's size, 0 for any."""

    seed: int = 1
    large: float = 0.01
    broken: float = 0.02
    duplicate: float = 0.05
    target_bytes: int = 0
    day: str = "2026-01-01"


@dataclass(frozen=True)
class Event:
    """An event; `order_id` is that of its order, also where it repeats another event or is broken."""

    number: int
    kind: Kind
    order_id: str
    body: str


def event(number: int, mix: Mix) -> Event:
    """Return the event of a number, counted from 0."""
    source = random.Random(f"{mix.seed}:{number}")  # noqa: S311 - samples, no secret
    kind = _kind(source.random(), mix, number)
    if kind == "duplicate":
        original = event(_original(source, number), mix)
        return Event(number, kind, original.order_id, original.body)
    order = _order(source, number, mix, kind)
    if kind == "broken":
        return Event(number, kind, order["order_id"], source.choice(_BREAKS)(order, mix))
    return Event(number, kind, order["order_id"], _sized(order, mix.target_bytes))


def _kind(drawn: float, mix: Mix, number: int) -> Kind:
    if drawn < mix.broken:
        return "broken"
    if drawn < mix.broken + mix.large:
        return "large"
    if drawn < mix.broken + mix.large + mix.duplicate and number:
        return "duplicate"
    return "good"


def _original(source: random.Random, number: int) -> int:
    """Return an earlier number; a duplicate of a duplicate repeats that one's original."""
    return source.randrange(max(0, number - LOOK_BACK), number)


def _order(source: random.Random, number: int, mix: Mix, kind: Kind) -> dict[str, Any]:
    cents = source.randrange(100_001, 900_000) if kind == "large" else source.randrange(199, 100_000)
    return {
        "order_id": f"E{mix.seed}-{number:09d}",
        "customer_id": f"C{source.randrange(1, 50_000):06d}",
        "order_date": mix.day,
        "quantity": source.randrange(1, 12),
        "amount": cents / 100,
        "currency": source.choice(CURRENCIES),
    }


def _sized(order: dict[str, Any], target_bytes: int) -> str:
    """Return an order as JSON, with a comment that makes it as long as is wanted."""
    body = json.dumps(order)
    missing = target_bytes - len(body) - len(', "comment": ""')
    if missing <= 0:
        return body
    source = random.Random(order["order_id"])  # noqa: S311 - samples, no secret
    sentence = " ".join(source.choices(_WORDS, k=SENTENCE_WORDS)) + ". "
    comment = (sentence * (missing // len(sentence) + 1))[:missing]
    return json.dumps({**order, "comment": comment})


def _without_amount(order: dict[str, Any], mix: Mix) -> str:
    del order["amount"]
    return _sized(order, mix.target_bytes)


def _negative_amount(order: dict[str, Any], mix: Mix) -> str:
    return _sized({**order, "amount": -1}, mix.target_bytes)


def _quantity_as_text(order: dict[str, Any], mix: Mix) -> str:
    return _sized({**order, "quantity": "three"}, mix.target_bytes)


def _no_date(order: dict[str, Any], mix: Mix) -> str:
    return _sized({**order, "order_date": "yesterday"}, mix.target_bytes)


def _cut_off(order: dict[str, Any], mix: Mix) -> str:
    return _sized(order, mix.target_bytes)[:-1]


_BREAKS: tuple[Callable[[dict[str, Any], Mix], str], ...] = (
    _without_amount,
    _negative_amount,
    _quantity_as_text,
    _no_date,
    _cut_off,
)
