"""What holds for all tests."""

from __future__ import annotations

import signal

# A shell that starts a run in the background has it ignore SIGINT, and children inherit that (POSIX, shell
# command language 2.11): tests that send Ctrl-C to commands would wait for nothing.
signal.signal(signal.SIGINT, signal.default_int_handler)
