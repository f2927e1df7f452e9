"""In the editor and in CI: annotations, the hook for pre-commit, checking again at each change."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner

from statewright.typing.check_command import check
from statewright.typing.findings import Finding
from statewright.typing.output import as_github
from tests.typing.conftest import write_types

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "statewright.cli", "check"]
INPUT = {"input": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}}


def machine(name: str) -> str:
    states = {"Start": {"Type": "Pass", "Output": f"{{% $states.input.{name} %}}", "End": True}}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Start", "States": states}, indent=2)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "statemachines").mkdir()
    write_types(tmp_path / "schemas", {}, {"a": INPUT}, None)
    (tmp_path / "statemachines" / "a.asl.json").write_text(machine("id"))
    return tmp_path


def test_github_shows_a_finding_beside_its_line(project: Path) -> None:
    file = project / "statemachines" / "a.asl.json"
    file.write_text(machine("ids"))

    result = CliRunner().invoke(check, [str(file), "--format", "github"])

    assert result.exit_code == 1
    (command,) = [line for line in result.output.splitlines() if line.startswith("::")]
    assert re.fullmatch(
        r"::error file=.*a\.asl\.json,line=7,col=\d+,title=SW101::'ids' points to .*", command
    )
    assert command.endswith("did you mean 'id'?")


def test_what_would_end_an_annotation_is_escaped() -> None:
    finding = Finding("SW101", "note", "100%\nsure: a, b", "a,b:c.json", 1, 2, "")

    assert (
        as_github([finding]) == "::notice file=a%2Cb%3Ac.json,line=1,col=2,title=SW101::100%25%0Asure: a, b"
    )


def test_the_hook_runs_an_installed_command_where_definitions_or_types_change(project: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {"id", "name", "entry", "language", "files"} <= hook.keys()
    command, *arguments = hook["entry"].split()
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts[command] == "statewright.cli:main"
    assert arguments == ["check"]
    for path in (
        "statemachines/a.asl.json",
        "schemas/functions/f.json",
        "x/flow.asl",
        "app/statemachines/b.json",
    ):
        assert re.search(hook["files"], path)
    assert not re.search(hook["files"], "package.json")

    done = subprocess.run(
        [*COMMAND, *arguments[1:]], cwd=project, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "1 definition checked: nothing found" in done.stderr


class Watch:
    """`check --watch` in a process of its own, and what it has said so far."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "--watch"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self._lines.extend(self.process.stdout)

    def seconds_until(self, words: str, count: int = 1) -> float:
        start = time.monotonic()
        while sum(words in line for line in self._lines) < count:
            assert time.monotonic() - start < 20, self._lines
            time.sleep(0.02)
        return time.monotonic() - start

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=20)
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def watch(project: Path) -> Iterator[Watch]:
    watch = Watch(project)
    yield watch
    if watch.process.poll() is None:
        watch.end()


def test_watch_tells_of_each_change_and_ends_with_ctrl_c(project: Path, watch: Watch) -> None:
    watch.seconds_until("nothing found")

    (project / "statemachines" / "a.asl.json").write_text(machine("ids"))
    seconds = watch.seconds_until("'ids' points to nothing")
    (project / "schemas" / "statemachines" / "a.json").write_text('{"input": {"type": "text"}}')
    watch.seconds_until("'text' is no type")
    (project / "schemas" / "statemachines" / "a.json").write_text("{}")
    watch.seconds_until("nothing found", count=2)

    assert seconds < 5, "a second on a quiet machine"
    assert watch.end() == 0
