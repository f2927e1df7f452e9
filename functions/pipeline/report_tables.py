"""Tables of the report's page: failures with what to do about them, datasets, files that stand out, costs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pipeline.report_text import command, shown
from pipeline.report_words import counted, duration, money, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Json = Mapping[str, Any]

# Digits of the id by which `statewright redrive` knows what waits.
_REDRIVE_DIGITS = 12
_COSTS = {
    "item_writes": ("DynamoDB: writes of items", "write units, by the mean size of a dataset's records"),
    "ledger_writes": ("DynamoDB: writes of the ledger", "write units, with its index"),
    "transitions": ("Step Functions: state transitions", "of STANDARD executions"),
    "express_requests": ("Step Functions: EXPRESS executions", "for groups of messages"),
    "invocations": ("Lambda: invocations", "without their time"),
}
_STATUSES = {
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "CATALOGUED": "of no dataset: listed, left alone",
    "PROCESSING": "not at an end",
}


def all_of(told: Json) -> str:
    """Return the tables that have something to say."""
    files, messages = told["files"], told["messages"]
    failures = [*files["failures"], *messages["failures"]]
    parts = [
        _failures(failures, files["failed"] + messages["failed"]),
        _violations([*files["violations"], *messages["violations"]]),
        _datasets("Datasets", "files", files["datasets"]),
        _rejected(files["rejected"]),
        _standing_out(files),
        _kinds(files),
        _messages(messages),
        _costs(told["cost"]),
    ]
    return "\n".join(part for part in parts if part)


def _table(titles: Sequence[tuple[str, str]], rows: Iterable[str]) -> str:
    head = "".join(f'<th class="{kind}" scope="col">{title}</th>' for title, kind in titles)
    label = ", ".join(title for title, _ in titles)
    return (
        f'<div class="card table scroll" role="region" tabindex="0" aria-label="{label}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(text: str, kind: str = "n", beside: str = "") -> str:
    small = f"<small>{beside}</small>" if beside else ""
    return f'<td class="{kind}">{text}{small}</td>'


def _number(count: int) -> str:
    return _cell(f"{count:,}")


def _row(*cells: str) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _failures(failures: Sequence[Json], count: int) -> str:
    if not failures:
        return ""
    listed = "".join(_failure(each) for each in sorted(failures, key=lambda each: each["at"], reverse=True))
    note = f'<p class="note">The last {len(failures)} of {count:,}.</p>' if len(failures) < count else ""
    return f'<h2>What failed</h2>{note}<section class="failures">{listed}</section>'


def _failure(each: Json) -> str:
    where = f"s3://{each['bucket']}/{each['key']}"
    about = [_dataset_name(each), shown(each["at"]), size(each["bytes"])]
    if each["records"]["read"]:
        about.append(counted(each["records"]["read"], "record") + " read")
    commands = "\n".join(shown(line) for line in commands_of(each))
    return (
        f'<article class="card failure"><h3><bdi>{shown(where)}</bdi></h3>'
        f'<p class="where">{" · ".join(about)}</p>'
        f'<p><span class="error">{shown(each["error"])}</span> {shown(each["cause"])}</p>'
        f"<pre><code>{commands}</code></pre></article>"
    )


def commands_of(failure: Json) -> list[str]:
    """Return commands to look closer at a failure, and to start it again."""
    execution = failure["execution"]
    found = []
    if ":execution:" in execution:
        found.append(command("aws", "stepfunctions", "describe-execution", "--execution-arn", execution))
    if failure["records"]["quarantined"]:
        found.append(_quarantine_command(failure))
    if ":execution:" in execution:
        waiting = hashlib.sha256(execution.encode("utf-8", "surrogatepass")).hexdigest()[:_REDRIVE_DIGITS]
        found.append(command("statewright", "redrive", waiting))
    else:
        found.append(command("statewright", "redrive"))
    return found


def _violations(rows: Sequence[Json]) -> str:
    if not rows:
        return ""
    titles = [("object", "name"), ("read", "n"), ("written", "n"), ("superseded", "n"), ("rejected", "n")]
    names = ("read", "written", "superseded", "quarantined")
    listed = [_row(_object(each), *(_number(each["records"][name]) for name in names)) for each in rows]
    return f"<h2>Records that are not accounted for</h2>{_table(titles, listed)}"


def _datasets(title: str, what: str, datasets: Sequence[Json]) -> str:
    if not datasets:
        return ""
    numbers = (what, "failed", "bytes", "read", "written", "superseded", "rejected", "alerts")
    titles = [("dataset", "name"), *((name, "n") for name in numbers)]
    return f"<h2>{title}</h2>{_table(titles, [_dataset(each) for each in datasets])}"


def _dataset(each: Json) -> str:
    usual = {name: f"usual {median:,}" for name, median in each["medians"].items()}
    name = "no dataset" if each["name"] == "none" else shown(each["name"])
    return _row(
        _cell(name, "name"),
        _cell(f"{each['count']:,}", beside=usual["count"]),
        _cell(f"{each['failed']:,}", "n bad" if each["failed"] else "n"),
        _cell(size(each["bytes"])),
        _cell(f"{each['read']:,}", beside=usual["read"]),
        _number(each["written"]),
        _number(each["superseded"]),
        _cell(f"{each['quarantined']:,}", beside=usual["quarantined"]),
        _number(each["alerts"]),
    )


def _object(each: Json) -> str:
    return f'<td class="name"><bdi>{shown(each["key"])}</bdi><small>{_dataset_name(each)}</small></td>'


def _dataset_name(each: Json) -> str:
    return shown(each["dataset"]) or "no dataset"


def _rejected(rows: Sequence[Json]) -> str:
    if not rows:
        return ""
    titles = [("object", "name"), ("rejected", "n"), ("of", "n"), ("look at them", "name")]
    listed = [
        _row(
            _object(each),
            _number(each["records"]["quarantined"]),
            _number(each["records"]["read"]),
            _cell(f"<code>{shown(_quarantine_command(each))}</code>", "name"),
        )
        for each in rows
    ]
    return f"<h2>Files with the most rejected records</h2>{_table(titles, listed)}"


def _quarantine_command(each: Json) -> str:
    return command("statewright", "quarantine", "show", each["file_id"])


def _standing_out(files: Json) -> str:
    if not files["count"]:
        return ""
    slow = [
        _row(_object(each), _cell(duration(each["seconds"])), _number(each["records"]["read"]))
        for each in files["slowest"]
    ]
    large = [
        _row(_object(each), _cell(size(each["bytes"])), _number(each["records"]["read"]))
        for each in files["largest"]
    ]
    slowest = _table([("slowest", "name"), ("time", "n"), ("records", "n")], slow) if slow else ""
    largest = _table([("largest", "name"), ("size", "n"), ("records", "n")], large)
    took = files["seconds"]
    note = (
        f"Half of the files took {duration(took['median'])} at most, the longest {duration(took['longest'])}."
    )
    return (
        f'<h2>Slowest and largest</h2><p class="note">{note}</p>'
        f'<section class="pair">{slowest}{largest}</section>'
    )


def _kinds(files: Json) -> str:
    if not files["count"]:
        return ""
    statuses = [{**each, "name": _STATUSES.get(each["name"], each["name"])} for each in files["statuses"]]
    beside = [
        ("the content of another file of the day", files["repeated"]),
        ("events that came once more", files["duplicates"]),
        ("replays of quarantined records", files["replays"]),
        ("failed, and redriven as another execution", files["redriven"]),
        ("records read in files that failed", files["failed_records"]["read"]),
        ("of these in quarantine", files["failed_records"]["quarantined"]),
    ]
    tables = [_counted("files", statuses), _counted("file type", files["types"])]
    if files["errors"]:
        tables.append(_counted("error", files["errors"]))
    if files["reasons"]:
        tables.append(_counted("rule that records broke", files["reasons"]))
    if files["alert_rules"]:
        tables.append(_counted("rule that raised alerts", files["alert_rules"]))
    rows = [_row(_cell(name, "name"), _number(count)) for name, count in beside]
    tables.append(_table([("among the files", "name"), ("count", "n")], rows))
    return f'<h2>By kind</h2><section class="pair">{"".join(tables)}</section>'


def _counted(title: str, kinds: Sequence[Json]) -> str:
    rows = [
        _row(_cell(shown(each["name"]), "name"), _number(each["count"]), _number(each["medians"]["count"]))
        for each in kinds
    ]
    return _table([(title, "name"), ("count", "n"), ("usual", "n")], rows)


def _messages(messages: Json) -> str:
    if not messages["count"]:
        return ""
    note = f'<p class="note">In {counted(messages["count"], "group")}, each worked on as a whole.</p>'
    table = _datasets("Messages", "groups", messages["datasets"]).replace("</h2>", f"</h2>{note}", 1)
    kinds = (("rule that messages broke", "reasons"), ("rule that messages raised alerts by", "alert_rules"))
    tables = "".join(_counted(title, messages[kind]) for title, kind in kinds if messages[kind])
    return table + (f'<section class="pair">{tables}</section>' if tables else "")


def _costs(cost: Json) -> str:
    if not cost["usd"]:
        return ""
    rows = [
        _row(_cell(name, "name", beside), _number(each["count"]), _cell(money(each["usd"])))
        for each in cost["parts"]
        for name, beside in [_COSTS[each["name"]]]
    ]
    table = _table([("request", "name"), ("count", "n"), ("USD", "n")], rows)
    return f"<h2>What the requests cost</h2>{table}"
