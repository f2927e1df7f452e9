"""How many writes a process has under way at once: fewer where the table throttles, more again afterwards.

Each writer knows nothing of the others, and what the table takes changes. So each adds a little for a call
that the table took, and gives up a part of what it has for one that was refused (AIMD, as TCP does): together
they come near what the table takes, and share it.
"""

from __future__ import annotations

# What a call adds that the table took. Smaller, and writers are slow to notice that there is room; larger,
# and more is refused where many share a table.
STEP = 0.005
# What a call that was refused as a whole takes away; one that was refused in part takes away as large a part.
DECREASE = 0.5
# With calls of 10 ms one of these in 2 s: forty writers then send 500 items a second.
LEAST = 1 / 200
LONGEST_REST_SECONDS = 2.0


class Pace:
    """How many calls may be under way; a half is one call at a time, and a rest as long as the call."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.window = float(most)
        self._epoch = 0

    @property
    def slots(self) -> int:
        """The calls that may be under way now."""
        return max(1, int(self.window))

    def begin(self) -> int:
        """Return what `end` is to be told of a call that begins."""
        return self._epoch

    def end(self, began: int, refused: float) -> None:
        """Take note of a call's end; `refused` is the share of it that the table did not take.

        Calls that were under way together count once: the table has said one thing to all of them.
        """
        if not refused:
            self.window = min(float(self.most), self.window + STEP)
        elif began == self._epoch:
            self.window = max(LEAST, self.window * (1 - DECREASE * refused))
            self._epoch += 1

    def rest(self, seconds: float) -> float:
        """Return how long to rest after a call that took so long."""
        if self.window >= 1:
            return 0.0
        return min(LONGEST_REST_SECONDS, seconds * (1 / self.window - 1))
