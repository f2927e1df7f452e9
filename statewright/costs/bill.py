"""A bill: amounts by service, the floor, the distance from it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statewright.prices import SIGNS, Price, price_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.prices import Prices

SERVICES = {
    "dynamodb": "DynamoDB",
    "step_functions": "Step Functions",
    "lambda": "Lambda",
    "s3": "S3",
    "eventbridge": "EventBridge",
    "sqs": "SQS",
    "sns": "SNS",
    "cloudwatch": "CloudWatch",
    "xray": "X-Ray",
}
# The floor: what DynamoDB wants for the items themselves, however they get there.
FLOOR = ("dynamodb.write_units", "items")
Amounts = defaultdict[tuple[str, str], float]
"""How much of what is charged, by `(price, what)`."""


@dataclass(frozen=True)
class Line:
    """A line of a bill: so many units at a price."""

    service: str
    what: str
    units: float
    price: Price

    @property
    def usd(self) -> float:
        """The amount."""
        return self.units * self.price.each


@dataclass(frozen=True)
class Bill:
    """Lines in USD, dearest service first; `floor` is the items' writes alone."""

    region: str
    read_on: str
    lines: tuple[Line, ...]
    floor: float

    @property
    def usd(self) -> float:
        """The sum."""
        return sum(line.usd for line in self.lines)

    @property
    def above_floor(self) -> float:
        """How much more than the floor it is, in percent of the floor."""
        return (self.usd - self.floor) / self.floor * 100 if self.floor else float("inf")

    @property
    def signs(self) -> dict[str, str]:
        """What the signs beside the prices mean, as far as they are used."""
        used = {line.price.seen for line in self.lines}
        return {
            SIGNS[seen]: said for seen, said in price_list()["seen"].items() if SIGNS[seen] and seen in used
        }

    def as_json(self) -> dict[str, Any]:
        """Return the bill as `--json` prints it."""
        return {
            "region": self.region,
            "prices_read_on": self.read_on,
            "usd": self.usd,
            "floor_usd": self.floor,
            "above_floor_percent": self.above_floor if self.floor else None,
            "lines": [_line(line) for line in self.lines],
        }


def _line(line: Line) -> dict[str, Any]:
    price = line.price
    return {
        "service": line.service,
        "what": line.what,
        "units": line.units,
        "unit": price.unit,
        "usd": line.usd,
        "price": {"usd": price.usd, "per": price.per, "seen": price.seen, "source": price.source},
    }


def bill(amounts: Mapping[tuple[str, str], float], prices: Prices) -> Bill:
    """Price amounts by `(price, what)`."""
    lines = [
        Line(SERVICES[name.partition(".")[0]], what, amount, prices[name])
        for (name, what), amount in amounts.items()
        if amount
    ]
    by_service: defaultdict[str, float] = defaultdict(float)
    for line in lines:
        by_service[line.service] += line.usd
    lines.sort(key=lambda line: (-by_service[line.service], line.service, -line.usd))
    return Bill(prices.region, prices.read_on, tuple(lines), amounts.get(FLOOR, 0) * prices[FLOOR[0]].each)


def times(amounts: Mapping[tuple[str, str], float], count: float) -> Amounts:
    """Return amounts so many times."""
    return defaultdict(float, {name: amount * count for name, amount in amounts.items()})


def together(*parts: Mapping[tuple[str, str], float]) -> Amounts:
    """Return the sum of amounts."""
    found: Amounts = defaultdict(float)
    for part in parts:
        for name, amount in part.items():
            found[name] += amount
    return found
