"""The checker beside asl-validator (npm) and statelint (PyPI), on the mutants of our own machines.

Both are installed into a folder of their own that goes when the benchmark ends; nothing of the project needs
them. A mutant counts as found where a checker tells of it what it does not tell of the machine itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.typing.mutation.judge import MACHINES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.typing.mutation.judge import Machine
    from tests.typing.mutation.registry import Mutant

Json = Any
Judge = "Callable[[Sequence[str]], list[bool]]"

ASL_VALIDATOR, STATELINT = "asl-validator@4.0.0", "statelint==3.1.0"
# asl-validator takes half a second and more for a machine: one mutant of so many is judged.
EACH = 40
_NODE = """
const check = require('asl-validator');
const lines = require('fs').readFileSync(0, 'utf8').split('\\n').filter(Boolean);
for (const line of lines) {
  let told = ['unreadable'];
  try { told = check(JSON.parse(JSON.parse(line))).errors.map(each => JSON.stringify(each)); } catch { }
  console.log(JSON.stringify(told));
}
"""
_PYTHON = """
import json, sys
from statelint.linter import Linter
for line in sys.stdin:
    try:
        told = Linter.validate(json.loads(line))
    except Exception:
        told = ["unreadable"]
    print(json.dumps(told))
"""


def _text(definition: Json) -> str:
    return definition if isinstance(definition, str) else json.dumps(definition)


def _asked(command: Sequence[str], folder: Path, texts: Sequence[str]) -> list[bool]:
    """Hand texts to a program, one JSON string a line; give of which it tells more than of the first."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    answer = subprocess.run(command, cwd=folder, input=lines, capture_output=True, text=True, check=True)
    first, *others = [set(json.loads(line)) for line in answer.stdout.splitlines()]
    return [bool(first), *(bool(told - first) for told in others)]


def _install(folder: Path) -> dict[str, Callable[[Sequence[str]], list[bool]]]:
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), ASL_VALIDATOR]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder / "python"), STATELINT]
    for command in (npm, pip):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (folder / "check.js").write_text(_NODE)
    (folder / "python" / "check.py").write_text(_PYTHON)
    return {
        "asl-validator": lambda texts: _asked(["node", "check.js"], folder, texts),
        "statelint": lambda texts: _asked([sys.executable, "check.py"], folder / "python", texts),
    }


def main() -> None:
    """Install both, let all three judge, print who found how many of what."""
    with tempfile.TemporaryDirectory() as name:
        others = _install(Path(name))
        for machine in MACHINES:
            _compare(machine, machine.mutants()[::EACH], others)


def _compare(
    machine: Machine, mutants: Sequence[Mutant], others: dict[str, Callable[[Sequence[str]], list[bool]]]
) -> None:
    texts = [_text(machine.definition), *(_text(mutant.definition) for mutant in mutants)]
    refused: dict[str, list[bool]] = {}
    for name, judge in {"statewright": lambda given: _ours(machine, given), **others}.items():
        start = time.process_time() if name == "statewright" else time.perf_counter()
        refused[name] = judge(texts)
        spent = (time.process_time() if name == "statewright" else time.perf_counter()) - start
        accepted = "refuses" if refused[name][0] else "accepts"
        _say(f"{machine.name}: {name} {accepted} the machine itself; {1000 * spent / len(texts):.1f} ms each")
    groups = sorted({mutant.group for mutant in mutants})
    _say(f"  {'':14}" + "".join(f"{name:>16}" for name in refused))
    for group in [*groups, "all"]:
        places = [place for place, each in enumerate(mutants, 1) if group in ("all", each.group)]
        shares = [sum(found[place] for place in places) / len(places) for found in refused.values()]
        _say(f"  {group:14}" + "".join(f"{share:>16.0%}" for share in shares) + f"   of {len(places)}")


def _ours(machine: Machine, texts: Sequence[str]) -> list[bool]:
    return [bool(machine.found(text)) for text in texts]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
