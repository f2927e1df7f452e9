"""What holds for all tests."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# A shell that starts a run in the background has it ignore SIGINT, and children inherit that (POSIX, shell
# command language 2.11): tests that send Ctrl-C to commands would wait for nothing.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Files that take longer than half a minute, longest first. They are begun with: where several processes share
# the files, none is left in the end that the others wait for.
LONG = (
    "e2e/test_docs.py",
    "e2e/test_local_cloud.py",
    "e2e/test_stream.py",
    "terraform/test_apply.py",
    "e2e/test_ingest.py",
    "e2e/test_kill.py",
    "e2e/test_redrive.py",
    "engine/test_ingest_workflow.py",
    "terraform/test_configuration.py",
    "faults/test_faults.py",
    "terraform/test_least_privilege.py",
    "engine/test_item_reader.py",
    "typing/test_mutation.py",
    "view/test_page.py",
    "docs/test_scale.py",
    "e2e/test_docs_without_a_cloud.py",
    "e2e/test_quarantine.py",
    "e2e/test_aws_cli.py",
    "local/test_replays.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {ROOT / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))


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
