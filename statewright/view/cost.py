"""What an execution costs in Step Functions, from its history; what it calls is not in there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.prices import DEFAULT_REGION, step_functions_prices

if TYPE_CHECKING:
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
    if not len(watch.log):
        return None
    transitions = watch.story.transitions
    has_children = any(visit.map_run for visit in watch.story.visits)
    more = "; child executions are not counted" if has_children else ""
    how = f"{transitions:,} state transitions{more}; {as_of}"
    return {"usd": prices.standard(transitions), "isLeast": has_children, "how": how}


def is_express(arn: str) -> bool:
    """Say whether an execution is one of an EXPRESS workflow, by its ARN."""
    return ":express:" in arn
