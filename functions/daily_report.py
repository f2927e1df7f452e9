"""Reports on a day: what came, what was kept, what was refused and why, what is unusual."""

from __future__ import annotations

from typing import Any

from pipeline import entry, reporting
from pipeline.settings import settings


def handler(event: Any, context: Any) -> Any:
    """Handle the state of this name; schemas/functions/daily_report.json is the signature."""
    return entry.run(
        "daily_report", event, context, lambda request: reporting.daily_report(request, settings())
    )
