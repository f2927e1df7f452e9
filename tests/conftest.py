"""What holds for all tests."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# A shell that starts a run in the background has it ignore SIGINT, and children inherit that (POSIX, shell
# command language 2.11): tests that send Ctrl-C to commands would wait for nothing.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Of a module, not of the session: while Playwright runs, no other test can run an event loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (make setup)")
    with sync_api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        sync_api.expect.set_options(timeout=10_000)
        yield made
        made.close()
