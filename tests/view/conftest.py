"""An endpoint on the real engine, the page over it, and Debian's Chromium to look at it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from statewright.api import create_app as create_api
from statewright.engine import Engine
from statewright.engine.clock import ScaledClock
from statewright.engine.functions import LocalFunctions
from statewright.local.functions import FunctionPool, FunctionSpec
from statewright.local.names import Names
from statewright.project import read_project
from statewright.view.endpoint import Endpoint, find_endpoint
from statewright.view.project_files import ProjectFiles
from statewright.view.security import new_token
from statewright.view.server import create_app
from statewright.view.serving import listen, server_of
from tests.api.serving import served
from tests.view.orders import HANDLERS, ORDERS, RELEASE, ROLE
from tests.view.shop import FUNCTIONS, write_shop

if TYPE_CHECKING:
    from pathlib import Path

ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


@dataclass
class Cloud:
    """An engine behind its API, as boto3 sees it."""

    url: str
    client: Any
    machines: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)

    def machine(self, name: str, definition: dict[str, Any] | str, kind: str = "STANDARD") -> str:
        if name not in self.machines:
            text = definition if isinstance(definition, str) else json.dumps(definition)
            made = self.client.create_state_machine(name=name, definition=text, roleArn=ROLE, type=kind)
            self.machines[name] = made["stateMachineArn"]
        return self.machines[name]

    def start(self, machine: str, given: Any, name: str | None = None) -> str:
        named = {"name": name} if name else {}
        arn = self.machines[machine]
        return self.client.start_execution(stateMachineArn=arn, input=json.dumps(given), **named)[
            "executionArn"
        ]

    def ran(self, machine: str, given: Any) -> str:
        """Return an execution that has ended, for tests that only look at it: one an input."""
        key = f"{machine} {json.dumps(given)}"
        if key not in self.known:
            self.known[key] = self.start(machine, given)
        self.ended(self.known[key])
        return self.known[key]

    def ended(self, execution: str) -> str:
        for _ in range(400):
            status = self.client.describe_execution(executionArn=execution)["status"]
            if status in ENDED:
                return status
            time.sleep(0.03)
        raise AssertionError("the execution goes on")


@dataclass
class Page:
    """The server of the page."""

    origin: str
    token: str

    def address(self, **members: str) -> str:
        return f"{self.origin}/#token={self.token}" + "".join(
            f"&{name}={value}" for name, value in members.items()
        )


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    threads = ThreadPoolExecutor(8)

    async def make():
        functions = LocalFunctions(HANDLERS, executor=threads)
        engine = Engine(functions=functions, clients=lambda name: None, clock=ScaledClock(0.5))
        return create_api(engine, functions), engine.close

    with served(make) as url:
        made = Cloud(url, find_endpoint(url).client)
        made.machine("orders-pipeline", ORDERS)
        yield made
    RELEASE.set()
    threads.shutdown(wait=True)


@dataclass
class Shop:
    """A project, an execution of its machine that failed, one that succeeded, and the page beside it."""

    files: ProjectFiles
    cloud: Cloud
    machine: str
    failed: str
    sold: str


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    root = tmp_path_factory.mktemp("shop").resolve()
    write_shop(root)
    with shop_of(root) as made:
        yield made


@contextmanager
def shop_of(root: Path) -> Iterator[Shop]:
    """Run a shop: its engine, its functions in processes of their own, two executions."""
    logs = root / "logs"
    specs = {f"shop-{name}": FunctionSpec(f"shop-{name}", f"{name}.handler") for name in FUNCTIONS}
    pool = FunctionPool(specs, {}, root / "functions", 1, logs=logs)

    async def make():
        engine = Engine(functions=pool, clients=lambda name: None)
        return create_api(engine, pool), engine.close

    try:
        files = ProjectFiles(read_project(root), logs=logs)
        with served(make) as url:
            cloud = Cloud(url, find_endpoint(url).client)
            machine = cloud.machine("shop-sell", Names(files.project, "").definition("sell"))
            failed = cloud.start("shop-sell", {"article": "none"})
            sold = cloud.start("shop-sell", {"article": "a1"})
            assert (cloud.ended(failed), cloud.ended(sold)) == ("FAILED", "FAILED")
            yield Shop(files, cloud, machine, failed, sold)
    finally:
        pool.close()


@pytest.fixture(scope="session")
def shop_page(shop: Shop) -> Iterator[Page]:
    with serving(find_endpoint(shop.cloud.url), files=shop.files) as page:
        yield page


@pytest.fixture(scope="session")
def page_server(cloud: Cloud) -> Iterator[Page]:
    with serving(find_endpoint(cloud.url)) as page:
        yield page


class serving:  # noqa: N801 - reads as a verb
    """Serve the page over an endpoint, in a thread."""

    def __init__(self, endpoint: Endpoint, **options: Any) -> None:
        self._listening = listen()
        port = self._listening.getsockname()[1]
        self._page = Page(f"http://127.0.0.1:{port}", new_token())
        self._server = server_of(create_app(endpoint, port=port, token=self._page.token, **options))
        self._thread = threading.Thread(target=self._server.run, args=([self._listening],))

    def __enter__(self) -> Page:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self._page

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._listening.close()


# --- the browser ---


@dataclass
class Tab:
    """A page in the browser, and what went wrong in it."""

    page: Any
    problems: list[str]
    hosts: set[str]


@pytest.fixture
def tab(browser: Any, page_server: Page) -> Iterator[Tab]:
    yield from tab_of(browser, page_server)


@pytest.fixture
def shop_tab(browser: Any, shop_page: Page) -> Iterator[Tab]:
    yield from tab_of(browser, shop_page)


def tab_of(browser: Any, page_server: Page) -> Iterator[Tab]:
    """Open a page; when it is done with, nothing may have gone wrong in it."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    page = context.new_page()
    problems: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(f"a dialog opened: {dialog.message}"))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    yield Tab(page, problems, hosts)
    context.close()
    assert problems == []
    assert hosts <= {page_server.origin.removeprefix("http://")}


Opener = Callable[..., Any]
