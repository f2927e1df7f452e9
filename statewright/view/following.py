"""An execution followed on the terminal: its tree, drawn anew with all that happens; where there is no
terminal, once when it has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.live import Live

from statewright.view.tree import execution_tree
from statewright.view.watch import Watch

if TYPE_CHECKING:
    from rich.console import Console

    from statewright.view.endpoint import Endpoint

_REDRAWN_SECONDS = 0.5  # durations of what runs grow between events


async def follow(endpoint: Endpoint, arn: str, console: Console) -> None:
    """Show an execution until it has ended; raises botocore's errors where it cannot be read at all."""
    watch = Watch(endpoint, arn)
    try:
        await watch.refresh()
        watch.join()
        try:
            await (_draw_live(watch, console) if console.is_terminal else _wait(watch))
        finally:
            watch.leave()
        console.print(execution_tree(watch), soft_wrap=True)
    finally:
        watch.close()


async def _draw_live(watch: Watch, console: Console) -> None:
    with Live(execution_tree(watch), console=console, auto_refresh=False, transient=True) as live:
        while not watch.is_complete:
            await watch.after(watch.version, _REDRAWN_SECONDS)
            live.update(execution_tree(watch), refresh=True)


async def _wait(watch: Watch) -> None:
    while not watch.is_complete:
        await watch.after(watch.version, _REDRAWN_SECONDS)
