"""Records of a quarantine, sent again."""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import collecting, collecting_messages, routing
from pipeline.collecting_messages import Message
from pipeline.formats import encoding, lines, rows
from pipeline.formats.value_stream import ValueStream
from statewright.local import following, replays
from statewright.local.place_options import Connection
from statewright.local.quarantines import QuarantinedFile, QuarantineError, Quarantines, Rejected
from statewright.local.replays import Content, Origin
from statewright.local.routes import Route
from statewright.project import read_project
from tests.local.quarantined import numbers

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from statewright.local.following import Upload
    from tests.local.quarantined import Quarantined

FILE = QuarantinedFile("orders", "2026-01-02", "0" * 32, ())
HEADER = b"order_id,customer_id,order_date,quantity,amount,currency"


def rejected(raw: bytes, **changes: Any) -> Rejected:
    plain: dict[str, Any] = {"offset": 0, "line": 1, "shard": 0, "contract": "orders/1", "rule": "type"}
    place = {"bucket": "raw", "key": "orders/a", "version": "v", "pointer": "", "message": ""}
    return Rejected(**{**plain, **place, "raw": raw.decode(), **changes})


def origin_in(format_: str) -> Origin:
    return Origin(
        FILE, "raw", f"orders/a.{format_}", "v", Route("orders", "orders/1", format_, "none", False)
    )


def bytes_of(format_: str, raws: list[bytes]) -> bytes:
    quarantines = Quarantines(None)  # type: ignore[arg-type]  # these formats need nothing of it
    return b"".join(replays.written(quarantines, origin_in(format_), map(rejected, raws)))


# --- the bytes ---

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
BROKEN = st.sampled_from(
    ['{"a": tru}', '{"a" 1}', "[1,,2]", "nul", '{"a": {"b": 1}\n{"c": 2}}', '{"a": "x\ny"}', "[1}"]
)


@given(st.lists(JSON_VALUES.map(lambda value: json.dumps(value, indent=1)) | BROKEN, min_size=1, max_size=5))
def test_values_of_json_are_cut_out_again_as_they_were(values: list[str]) -> None:
    raws = [value.encode() for value in values]

    body = bytes_of("json", raws)

    assert [found.raw for found in ValueStream(iter([body]), 0, lines.Tally()).values()] == raws


LINES = st.text(min_size=1).filter(lambda text: "\n" not in text)


@given(st.lists(LINES | st.sampled_from(["\ufeff{}", "PK\x03\x04", "BZh", "{}\r"]), min_size=1))
def test_lines_are_the_lines_that_they_were(texts: list[str]) -> None:
    raws = [text.encode() for text in texts]

    _, chunks = encoding.without_mark(iter([bytes_of("jsonl", raws)]))

    assert [line.raw for line in lines.split(chunks, 0, None, lines.Tally())] == raws


def test_rows_keep_their_quotes_and_line_breaks_below_the_header(stored: Quarantined) -> None:
    raws = [b'a-1,"two\nlines",1,1,1,USD', b'a-2,"x"y,1,1,1,USD\r', b"a-3,short", b'a-4,"never ends']
    origin = stored.upload("orders/a.csv", HEADER + b"\r\n" + b"\n".join(raws) + b"\n")
    stored.put_aside(origin, "parse-00000", [{"raw": raw.decode()} for raw in raws])

    body = body_of(stored, origin)

    found = rows.rows(lines.split([body], 0, None, lines.Tally()), ",", one_line_records=False)
    assert [row.raw for row in found] == [HEADER + b"\r", *raws]


# --- messages ---


GROUP = Origin(
    FILE,
    "staging",
    f"messages/orders/2026-01-02/{'0' * 32}",
    replays.MESSAGES,
    Route("orders", "orders/1", "jsonl", "none", one_line_records=False),
)


def lines_of(raws: list[bytes]) -> list[bytes]:
    body = b"".join(replays.written(Quarantines(None), GROUP, map(rejected, raws)))  # type: ignore[arg-type]
    return body.splitlines()


def test_messages_become_lines_and_a_value_of_several_lines_is_the_same_value() -> None:
    value = {"order_id": "a", "note": "two\nlines", "deep": {"list": [1, 2]}}
    one, several = json.dumps(value).encode(), json.dumps(value, indent=2).encode()
    whole, joined, broken = lines_of([one, several, b'{"order_id": "cut off'])
    assert (whole, json.loads(joined), broken) == (one, value, b'{"order_id": "cut off')


def test_a_message_that_is_no_value_and_has_several_lines_needs_a_file() -> None:
    with pytest.raises(QuarantineError, match=r"line 1 of its group .* --corrected FILE\.jsonl"):
        lines_of([b'{"order_id":\n"cut off'])


def test_a_group_of_messages_is_replayed_into_its_dataset(stored: Quarantined) -> None:
    group = dataclasses.replace(stored.upload("unused", b""), key=GROUP.key, version=replays.MESSAGES)
    stored.put_aside(group, "parse-00000", [{"raw": "{}", "message_id": "m-1"}])
    (file,) = stored.quarantines.files()
    origin = replays.origin_of(stored.quarantines, file)
    with replays.quarantined_content(stored.quarantines, origin, ()) as content:
        key = replays.replay_key(stored.quarantines, origin, content)
    assert key.startswith(f"orders/replays/{file.file_id}/")
    assert key.endswith(".jsonl")


def test_collect_messages_gives_groups_the_same_version() -> None:
    settings: Any = SimpleNamespace(staging_bucket="staging")
    found = collecting_messages._file("orders/1", [Message("m", 0, "q", "{}", {})], settings)
    assert found["version"] == replays.MESSAGES


# --- what cannot be sent ---


def test_records_that_were_cut_are_named_and_nothing_is_sent(stored: Quarantined) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    long = {"raw": "x", "rule": "line_too_long", "cut_from_bytes": 17_000_000, "offset": 5}
    stored.put_aside(origin, "parse-00000", [long, {"raw": "{}"}])

    with pytest.raises(QuarantineError) as refused:
        body_of(stored, origin)

    assert f"byte 5 of s3://{origin.bucket}/orders/a.jsonl (17000000 bytes)" in str(refused.value)
    assert "--corrected FILE; replay the others with --rule type" in str(refused.value)
    assert body_of(stored, origin, "type") == b"{}\n"


def test_rows_whose_header_is_gone_need_a_file(stored: Quarantined) -> None:
    origin = stored.upload("orders/a.csv", HEADER + b"\na-1\n")
    stored.put_aside(origin, "parse-00000", [{"raw": "a-1"}])
    stored.clients("s3").delete_object(Bucket=origin.bucket, Key=origin.key, VersionId=origin.version)

    with pytest.raises(QuarantineError, match=r"orders/a\.csv \(version .*\) is gone, .* --corrected FILE"):
        body_of(stored, origin)


def test_lines_need_no_origin(stored: Quarantined) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "{}"}])
    stored.clients("s3").delete_object(Bucket=origin.bucket, Key=origin.key, VersionId=origin.version)

    assert body_of(stored, origin) == b"{}\n"


def test_a_dataset_that_is_gone_is_named(stored: Quarantined) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "{}"}])
    others = {name: each for name, each in stored.names.project.datasets.items() if name != "orders"}
    project = dataclasses.replace(stored.names.project, datasets=others)
    without = Quarantines(Connection(dataclasses.replace(stored.names, project=project), stored.clients))

    with pytest.raises(QuarantineError, match="dataset orders, which has no contract any more; bring"):
        replays.replay_key(without, origin_of(stored, origin), Content(io.BytesIO(), "0", "jsonl"))


def test_a_file_that_is_being_ingested_is_left_alone(stored: Quarantined) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "{}"}])
    stored.tell(origin, "PROCESSING")

    with pytest.raises(QuarantineError, match="is being ingested"):
        origin_of(stored, origin)


def test_a_rule_that_no_record_broke_is_told(stored: Quarantined) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "{}"}])

    with pytest.raises(QuarantineError, match=r"no record of orders/a\.jsonl in quarantine broke format"):
        body_of(stored, origin, "format")


# --- the header ---


@pytest.mark.parametrize(
    "body",
    [
        HEADER + b"\na-1\n",
        b"\xef\xbb\xbf" + HEADER + b"\na-1\n",
        b"\n \n" + HEADER + b"\na-1\n",
        HEADER,
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
def test_the_header_is_that_of_the_pinned_version(stored: Quarantined, body: bytes, suffix: str) -> None:
    packed = gzip.compress(body) if suffix.endswith("gz") else body
    origin = stored.upload(f"orders/a.{suffix}", packed)
    stored.upload(f"orders/a.{suffix}", b"another,header\n")
    stored.put_aside(origin, "parse-00000", [{"raw": "a-1"}])

    with content_of(stored, origin) as content:
        assert (content.body.read(), content.suffix) == (HEADER + b"\na-1\n", "csv")


def test_a_header_may_have_line_breaks_in_quotes(stored: Quarantined) -> None:
    header = b'"order\nid",b'
    origin = stored.upload("orders/a.tsv", header.replace(b",", b"\t") + b"\n1\t2\n")
    stored.put_aside(origin, "parse-00000", [{"raw": "1\t2"}])

    assert body_of(stored, origin) == b'"order\nid"\tb\n1\t2\n'


# --- the key ---


def test_equal_records_under_one_contract_have_one_key_which_changes_with_the_contract(
    stored: Quarantined,
) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "{}"}, {"raw": "[]", "rule": "format"}])

    keys = [key_of(stored, origin), key_of(stored, origin), key_of(stored, origin, "type")]
    contract = stored.names.project.root / "schemas/datasets/orders/1.json"
    contract.write_text(contract.read_text() + "\n")
    keys.append(key_of(stored, origin))

    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert all(key.startswith(f"orders/replays/{origin.file_id}/") and key.endswith(".jsonl") for key in keys)


def test_where_another_dataset_takes_the_folder_the_key_lies_beside_the_origin(stored: Quarantined) -> None:
    root = stored.names.project.root
    for name, keys in (("orders", "in/*.jsonl"), ("sales", "in/replays/**")):
        file = root / "schemas/datasets" / name / "1.json"
        contract = json.loads(file.read_text())
        contract["x-dataset"]["sources"] = [{"keys": keys}]
        file.write_text(json.dumps(contract))
    stored = dataclasses.replace(stored, names=dataclasses.replace(stored.names, project=read_again(stored)))
    origin = stored.upload("in/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "{}"}])

    assert key_of(stored, origin).startswith(f"in/replay-{origin.file_id}-")


def test_where_no_key_leads_to_the_dataset_it_says_what_to_add(stored: Quarantined) -> None:
    file = stored.names.project.root / "schemas/datasets/orders/1.json"
    contract = json.loads(file.read_text())
    contract["x-dataset"]["sources"] = [{"keys": "in/a.jsonl"}]
    file.write_text(json.dumps(contract))
    stored = dataclasses.replace(stored, names=dataclasses.replace(stored.names, project=read_again(stored)))
    origin = stored.upload("in/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "{}"}])

    with pytest.raises(QuarantineError, match=r'add \{"keys": "orders/replays/\*\*"\} to the sources'):
        key_of(stored, origin)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("c.csv", "csv"),
        ("c.JSONL", "jsonl"),
        ("c.ndjson", "jsonl"),
        ("c.json.gz", "json.gz"),
        ("c.txt", "tsv"),
        ("c", "tsv"),
    ],
)
def test_a_corrected_file_says_its_format_by_its_suffix_or_has_its_origins(
    tmp_path: Path, name: str, suffix: str
) -> None:
    (tmp_path / name).write_bytes(b"x")

    with replays.corrected_content(tmp_path / name, origin_in("tsv")) as content:
        assert (content.suffix, content.body.read()) == (suffix, b"x")


# --- sending ---


def test_a_replay_is_put_once_and_linked_once(stored: Quarantined) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "{}"}])
    stored.tell(origin, "FAILED")
    found = origin_of(stored, origin)

    first, second = put(stored, origin), put(stored, origin)
    again = put(stored, origin, again=True)
    for replay in (first, second, first):
        replays.link(stored.quarantines, found, replay)

    assert (first.new, second.new, again.new) == (True, False, True)
    assert first.uploaded.version == second.uploaded.version != again.uploaded.version
    head = stored.clients("s3").head_object(Bucket=first.uploaded.bucket, Key=first.uploaded.key)
    assert head["Metadata"] == {replays.REPLAY_METADATA: origin.file_id}
    assert stored.row(origin.file_id)["replayed_by"] == [first.uploaded.file_id]


def test_an_origin_without_a_row_gets_none(stored: Quarantined) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "{}"}])

    replays.link(stored.quarantines, origin_of(stored, origin), put(stored, origin))

    assert stored.row(origin.file_id) == {}


def test_a_replay_that_came_to_its_end_before_tells_its_numbers(stored: Quarantined) -> None:
    uploaded = stored.upload("orders/replays/x.jsonl", b"1")
    counts = numbers(read=3, written=2, superseded=0, quarantined=1, alerts=0)
    stored.tell(uploaded, "SUCCEEDED", counts=counts, execution={"S": "arn:e"}, dataset={"S": "orders"})

    outcome = replays.outcome_of(stored.quarantines, replays.Replay(uploaded, new=False), str)

    assert (outcome.status, outcome.duplicate_of) == ("ALREADY_INGESTED", "arn:e")
    assert (outcome.counts["read"], outcome.counts["written"], outcome.counts["quarantined"]) == (3, 2, 1)


@pytest.mark.parametrize("status", [None, "FAILED"])
def test_a_replay_that_failed_or_never_began_is_started_anew(
    stored: Quarantined, status: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploaded = stored.upload("orders/replays/x.jsonl", b"1")
    if status:
        stored.tell(uploaded, status)
    started: list[dict[str, Any]] = []

    class StepFunctions:
        def start_execution(self, **request: Any) -> dict[str, str]:
            started.append(request)
            return {"executionArn": "arn:new"}

    followed: list[str | None] = []

    def follow(upload: Upload, names: Any, clients: Any, tell: Any, stop: Any, execution: str | None) -> Any:
        followed.append(execution)
        return following.Outcome("f", "b", "k", "0", "SUCCEEDED", str(execution), 0.0)

    monkeypatch.setattr(replays, "follow", follow)
    real = stored.clients
    clients: Any = lambda service: StepFunctions() if service == "stepfunctions" else real(service)  # noqa: E731

    replays.outcome_of(
        Quarantines(Connection(stored.names, clients)), replays.Replay(uploaded, new=False), str
    )

    assert followed == ["arn:new"]
    assert json.loads(started[0]["input"]) == {
        "s3Bucket": uploaded.bucket,
        "s3Key": uploaded.key,
        "s3VersionId": uploaded.version,
    }


def origin_of(stored: Quarantined, uploaded: Upload) -> Origin:
    return replays.origin_of(stored.quarantines, stored.quarantines.find(uploaded.file_id))


def content_of(stored: Quarantined, uploaded: Upload, *rules: str) -> AbstractContextManager[Content]:
    return replays.quarantined_content(stored.quarantines, origin_of(stored, uploaded), rules)


def key_of(stored: Quarantined, uploaded: Upload, *rules: str) -> str:
    with content_of(stored, uploaded, *rules) as content:
        return replays.replay_key(stored.quarantines, origin_of(stored, uploaded), content)


def body_of(stored: Quarantined, uploaded: Upload, *rules: str) -> bytes:
    with content_of(stored, uploaded, *rules) as content:
        return content.body.read()


def put(stored: Quarantined, uploaded: Upload, *, again: bool = False) -> replays.Replay:
    with content_of(stored, uploaded) as content:
        return replays.put(stored.quarantines, origin_of(stored, uploaded), content, again=again)


def read_again(stored: Quarantined) -> Any:
    return read_project(stored.names.project.root)


def test_collect_data_knows_the_metadata_by_the_same_name() -> None:
    assert collecting.REPLAY_METADATA == replays.REPLAY_METADATA
    assert routing.SUFFIXES == replays.SUFFIXES
