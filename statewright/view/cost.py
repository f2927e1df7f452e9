"""What an execution costs in Step Functions, from its history; what it calls is not in there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.prices import DEFAULT_REGION, step_functions_prices
from statewright.view.statuses import hides_its_inside

if TYPE_CHECKING:
    from statewright.view.visits import Visit
    from statewright.view.watch import Watch

Json = Any


def cost_of(watch: Watch) -> dict[str, Json] | None:
    """Return {"usd", "isLeast", "how"}; None where neither history nor times tell enough.

    An EXPRESS execution has its request and its duration; its memory is not told, so that the least is taken.
    """
    parts = watch.arn.split(":")
    prices = step_functions_prices(parts[3] if len(parts) > 3 else DEFAULT_REGION)
    as_of = f"prices of {prices.region}, read on {prices.read_on}"
    if is_express(watch.arn):
        start, stop = watch.execution.get("startDate"), watch.execution.get("stopDate")
        if start is None or stop is None:
            return None
        how = f"one request, and {stop - start:,.1f} s with at least {prices.memory_step_mb} MB; {as_of}"
        return {"usd": prices.express(stop - start), "isLeast": True, "how": how}
    if not len(watch.log) or watch.is_of_another:
        return None
    transitions, visits = watch.story.transitions, watch.story.visits
    hidden = [
        *(["child executions"] if any(visit.map_run for visit in visits) else []),
        *(["iterations that are not told"] if any(_is_untold(visit) for visit in visits) else []),
    ]
    more = f"; {' and '.join(hidden)} are not counted" if hidden else ""
    how = f"{transitions:,} state transitions{more}; {as_of}"
    return {"usd": prices.standard(transitions), "isLeast": bool(hidden), "how": how}


def _is_untold(visit: Visit) -> bool:
    return not visit.map_run and hides_its_inside(visit)


def is_express(arn: str) -> bool:
    """Say whether an execution is one of an EXPRESS workflow, by its ARN."""
    return ":express:" in arn
