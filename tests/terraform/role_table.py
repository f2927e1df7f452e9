"""The table of roles: what each may do, and who was seen to do it or why it is there.

`python -m tests.terraform.role_table` writes it into docs/roles.md.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from tests.terraform.least_privilege import excuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.terraform.least_privilege import Grant
    from tests.terraform.recorder import Recorded

PAGE = Path(__file__).resolve().parents[2] / "docs" / "roles.md"
USED = "used"
HEAD = "| action | on | why |\n| --- | --- | --- |\n"


def markdown(grants: Iterable[Grant], seen: Iterable[Recorded]) -> str:
    """Return a table a role: a line an action, one for all that are there for one reason."""
    seen = list(seen)
    by_role: dict[str, dict[tuple[str, str], list[Grant]]] = defaultdict(lambda: defaultdict(list))
    for grant in sorted(grants):
        why = _why(grant, seen)
        by_role[grant.role][why, grant.action if why == USED else ""].append(grant)
    return "\n".join(
        f"### {role}\n\n{HEAD}" + "".join(_line(why, each) for (why, _), each in rows.items())
        for role, rows in by_role.items()
    )


def _line(why: str, grants: list[Grant]) -> str:
    actions = dict.fromkeys(f"`{grant.action}`" for grant in grants)
    places = dict.fromkeys(f"`{_short(grant.resource)}`" for grant in grants)
    return f"| {'<br>'.join(actions)} | {'<br>'.join(places)} | {why} |\n"


def _why(grant: Grant, seen: list[Recorded]) -> str:
    if any(grant.allows(each) for each in seen):
        return USED
    reason = excuse(grant)
    return f"[{reason['reason']}]({reason['page']})" if reason else "nobody knows"


def _short(resource: str) -> str:
    """Return an ARN without partition, region and account."""
    parts = resource.split(":", 5)
    return resource if len(parts) < 6 else f"{parts[2]}:{parts[5]}"


def main() -> None:
    """Write the page's tables anew."""
    from tests.terraform.answers import answering
    from tests.terraform.least_privilege import granted
    from tests.terraform.plans import Plan
    from tests.terraform.recorder import record
    from tests.terraform.toolchain import initialised

    with tempfile.TemporaryDirectory() as folder, answering() as environment:
        workspace = initialised(Path(folder))
        grants = granted(Plan(workspace.planned("-var=bucket_suffix=", **environment)))
    page = PAGE.read_text(encoding="utf-8")
    before = page.partition("\n### ")[0]
    PAGE.write_text(f"{before}\n{markdown(grants, record())}", encoding="utf-8")


if __name__ == "__main__":
    sys.path[:0] = [str(PAGE.parents[1] / "functions")]
    main()
