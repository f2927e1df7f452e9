"""A file's summary, made by the functions: each number is that of a plain count over the input file."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import documents, summaries
from pipeline.errors import ConservationViolated, StagedDataBroken
from tests.functions.cloud import (
    EXECUTION,
    OUTPUT,
    RAW,
    ROOT,
    SCHEMAS,
    STAGING,
    STARTED_AT,
    ingest,
    invoke,
    small_plan,
)
from tests.functions.objects_sent import json_lines, order

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud, Outcome

SAMPLES = json.loads((ROOT / "samples/expected.json").read_text())
SMALL = [
    sample
    for sample in SAMPLES
    if sample["status"] == "SUCCEEDED" and (ROOT / "samples" / sample["file"]).stat().st_size < 200_000
]
PERCENTS = {"p01": 1, "p05": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95, "p99": 99}


def summary_of(cloud: Cloud, outcome: Outcome) -> dict[str, Any]:
    """Return a file's summary."""
    place = outcome.notified["summary"]
    assert place == f"s3://{OUTPUT}/reports/{outcome.collected['file']['id']}_summary.json"
    return summary_at(cloud, place)


def summary_at(cloud: Cloud, place: str) -> dict[str, Any]:
    """Return the summary at an address, held against its schema."""
    body = cloud.s3.get_object(Bucket=OUTPUT, Key=place.removeprefix(f"s3://{OUTPUT}/"))["Body"].read()
    schema = documents.load(SCHEMAS, "reports/file_summary.json")
    said: dict[str, Any] = json.loads(body, parse_float=Decimal)
    documents.compiled(schema, SCHEMAS, "reports/file_summary.json").validate(json.loads(body))
    return said


def records_in(path: str) -> list[dict[str, Any]]:
    """Return what a file holds that looks like a record, read by Python's own modules."""
    body = (ROOT / "samples" / path).read_bytes()
    text = (gzip.decompress(body) if path.endswith(".gz") else body).decode("utf-8-sig")
    if ".csv" in path or ".tsv" in path:
        rows = csv.DictReader(io.StringIO(text), delimiter="\t" if ".tsv" in path else ",")
        return [{name: value for name, value in row.items() if value} for row in rows]
    if path.endswith(".json"):
        found = json.loads(text, parse_float=Decimal)
        return found if isinstance(found, list) else [found]
    return [record for line in text.splitlines() if (record := _decoded(line)) is not None]


def _decoded(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line, parse_float=Decimal)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def without_those_put_aside(cloud: Cloud, outcome: Outcome, found: list[Any], path: str) -> list[Any]:
    """Leave out the records whose bytes lie in quarantine."""
    raw = Counter(
        line["raw"]
        for shard in outcome.shards
        for place in (shard["quarantine"], shard["quarantine_enrich"])
        if place
        for line in cloud.lines(place)
    )
    if not raw:
        return found
    lines = [line.rstrip("\r") for line in (ROOT / "samples" / path).read_text().splitlines()]
    kept = [line for line in lines if line not in raw]
    if ".csv" in path:
        return [dict(zip(kept[0].split(","), line.split(","), strict=True)) for line in kept[1:]]
    return [json.loads(line, parse_float=Decimal) for line in kept if line]


def assert_field(field: dict[str, Any], found: list[dict[str, Any]]) -> None:
    values = [record[field["name"]] for record in found if record.get(field["name"]) is not None]
    assert (field["count"], field["missing"]) == (len(values), len(found) - len(values))
    if field["kind"] == "number" and values:
        numbers = sorted(map(Decimal, values))
        assert field["sum"] == sum(numbers)
        assert field["mean"] == pytest.approx(sum(numbers) / len(numbers), rel=Decimal("1e-14"))
        assert (field["min"], field["max"]) == (numbers[0], numbers[-1])
        for name, percent in PERCENTS.items():
            assert field["quantiles"][name] == numbers[-(-len(numbers) * percent // 100) - 1]
        assert field["quantiles"]["error"] == 0
    if field["kind"] == "string":
        assert field["distinct_exact"]
        assert field["distinct"] == len(set(values))
        often = sorted(((-count, each) for each, count in Counter(values).items() if count > 1))[:10]
        if not field["pseudonym"]:
            assert field["longest"] == max(map(len, values), default=None)
            assert [(-each["count"], each["value"]) for each in field["frequent"]] == often
    if field["kind"] == "date":
        assert (field["earliest"], field["latest"]) == (min(values, default=None), max(values, default=None))
    if field["kind"] == "date-time":
        assert (field["earliest"], field["latest"]) == (min(values, default=None), max(values, default=None))


@pytest.mark.parametrize("sample", SMALL, ids=[sample["file"] for sample in SMALL])
def test_each_number_of_a_sample_is_that_of_a_plain_count(cloud: Cloud, sample: dict[str, Any]) -> None:
    cloud.put(sample["key"], (ROOT / "samples" / sample["file"]).read_bytes())
    outcome = ingest(sample["key"])
    said = summary_of(cloud, outcome)
    assert said["counts"] == {name: sample[name] for name in said["counts"]}
    assert said["file"] == {name: each for name, each in outcome.collected["file"].items() if name != "run"}
    kept = Decimal(sample["read"] - sample["quarantined"]) / sample["read"]
    assert 0 <= kept - said["success_rate"] < Decimal("0.000001")
    row = cloud.row(outcome.collected["file"]["id"])
    by_rule = Counter[str]()
    for reason in said["reasons"]:
        by_rule[reason["rule"]] += reason["count"]
    assert by_rule == row["reasons"]
    assert row["summary"] == outcome.notified["summary"]
    found = without_those_put_aside(cloud, outcome, records_in(sample["file"]), sample["file"])
    assert len(found) == sample["read"] - sample["quarantined"]
    for field in said["fields"]:
        assert_field(field, found)


def test_the_largest_sample_is_counted_exactly_but_for_what_is_said_to_be_estimated(cloud: Cloud) -> None:
    key, path = "orders/orders.jsonl.gz", "good/orders.jsonl.gz"
    cloud.put(key, (ROOT / "samples" / path).read_bytes())
    file = invoke("collect_data", {"s3Bucket": RAW, "s3Key": key})["file"]
    shard = {"index": 0, "start": 0, "end": file["size"]}
    parsed = invoke("parse_and_validate", {"file": file, "shard": shard})
    request = {"file": file, "shard": shard, "partitions": 1, "parsed": parsed}
    enriched = invoke("enrich", request)
    # The writer is left out: the mocked table would take half a minute.
    written = {"partition": 0, "written": 69_659, "superseded": 0}
    outcome = {**parsed, **enriched, "quarantined": 0}
    who = {"id": cloud.row(file["id"])["execution"], "started_at": STARTED_AT}
    notified = invoke(
        "notify", {"file": file, "shards": [outcome], "partitions": [written], "execution": who}
    )
    body = cloud.s3.get_object(Bucket=OUTPUT, Key=notified["summary"].removeprefix(f"s3://{OUTPUT}/"))
    fields = {each["name"]: each for each in json.loads(body["Body"].read(), parse_float=Decimal)["fields"]}
    found = records_in(path)
    for name in ("quantity", "order_date", "currency"):
        assert_field(fields[name], found)
    for name in ("order_id", "customer_id"):
        right = len({record[name] for record in found})
        assert not fields[name]["distinct_exact"]
        assert fields[name]["frequent"] is None
        assert fields[name]["distinct"] == pytest.approx(right, rel=0.088)  # four standard errors
    amounts = sorted(Decimal(record["amount"]) for record in found)
    amount = fields["amount"]
    assert (amount["sum"], amount["min"], amount["max"]) == (sum(amounts), amounts[0], amounts[-1])
    assert amount["quantiles"]["error"] == Decimal("0.005")
    for name, percent in PERCENTS.items():
        right = amounts[-(-len(amounts) * percent // 100) - 1]
        assert abs(amount["quantiles"][name] - right) <= right * Decimal("0.005")


BROKEN = [order(90, quantity=-1), order(91, currency="usd"), order(92, _line=1), order(93, quantity=-2)]


def mixed() -> bytes:
    good = [order(number % 40, amount=number / 4, note="é" * number) for number in range(60)]
    return json_lines(*good[:30], *BROKEN) + b"no record\n" + json_lines(*good[30:])


@pytest.mark.parametrize(("shards", "partitions"), [(1, 1), (2, 3), (12, 2)])
def test_however_a_file_is_cut_its_summary_is_the_same(cloud: Cloud, shards: int, partitions: int) -> None:
    cloud.put("orders/x.jsonl", mixed())
    outcome = ingest("orders/x.jsonl", plan=small_plan(len(mixed()), shards, partitions))
    said = summary_of(cloud, outcome)
    assert said["processed"].pop("objects") == partitions
    assert said["processed"]["prefix"].startswith(f"s3://{OUTPUT}/processed/dataset=orders/day=")
    assert all(
        f"s3://{OUTPUT}/{key}".startswith(said["processed"]["prefix"])
        for key in cloud.keys(OUTPUT)
        if key.startswith("processed/")
    )
    reasons = [(each["rule"], each["field"], each["count"]) for each in said["reasons"]]
    assert reasons == [
        ("minimum", "quantity", 2),
        ("pattern", "currency", 1),
        ("reserved_name", None, 1),
        ("syntax", None, 1),
    ]
    lines = mixed().splitlines(keepends=True)
    for reason, line in zip(said["reasons"], (31, 32, 33, 35), strict=True):
        example = reason["example"]
        assert (example["line"], example["offset"]) == (line, len(b"".join(lines[: line - 1])))
    assert said["reasons"][0]["example"]["pointer"] == "/quantity"
    assert said["reasons"][0]["example"]["message"] == "the contract orders/1 wants minimum: 0"
    assert said["success_rate"] == Decimal("0.923076")
    fields = {each["name"]: each for each in said["fields"]}
    assert fields["amount"]["sum"] == sum(Decimal(number) / 4 for number in range(60))
    assert fields["order_id"]["distinct"] == 40
    assert fields["order_id"]["frequent"][0] == {"value": "o-0", "count": 2}


def test_values_that_would_mean_something_elsewhere_are_plain_text(cloud: Cloud) -> None:
    hostile = ['</script><script>alert("x")</script>', "\x1b[31mred\x00", "=cmd()", "\u202etxt", "\u2028"]
    body = json_lines(*(order(number, customer_id=text) for number, text in enumerate(hostile * 2)))
    cloud.put("orders/x.jsonl", body)
    fields = {each["name"]: each for each in summary_of(cloud, ingest("orders/x.jsonl"))["fields"]}
    shown = {each["value"] for each in fields["customer_id"]["frequent"]}
    assert shown == set(hostile)


def test_an_empty_cell_is_missing(cloud: Cloud) -> None:
    cloud.put("raw/x.csv", b"name,email,amount,date\nA,a@b.de,,2025-08-18\nB,b@b.de,2,2025-08-18\n")
    fields = {each["name"]: each for each in summary_of(cloud, ingest("raw/x.csv"))["fields"]}
    assert (fields["amount"]["count"], fields["amount"]["missing"]) == (1, 1)
    assert fields["email"]["pseudonym"]


def request_of(cloud: Cloud) -> dict[str, Any]:
    """Return what Notify was asked when a file was ingested."""
    cloud.put("orders/x.jsonl", mixed())
    outcome = ingest("orders/x.jsonl", plan=small_plan(len(mixed()), 3, 2))
    who = {"id": EXECUTION, "started_at": STARTED_AT}
    return {
        "file": outcome.collected["file"],
        "shards": outcome.shards,
        "partitions": outcome.partitions,
        "execution": who,
    }


def test_a_second_try_writes_the_same_bytes(cloud: Cloud) -> None:
    request = request_of(cloud)
    key = f"reports/{request['file']['id']}_summary.json"
    first = cloud.s3.get_object(Bucket=OUTPUT, Key=key)["Body"].read()
    invoke("notify", request)
    assert cloud.s3.get_object(Bucket=OUTPUT, Key=key)["Body"].read() == first


def test_a_part_that_is_gone_or_broken_is_an_error(cloud: Cloud) -> None:
    request = request_of(cloud)
    part = summaries.place(request["shards"][1]["staged"], "enrich")
    cloud.s3.put_object(Bucket=STAGING, Key=part["key"], Body=b"something else")
    with pytest.raises(StagedDataBroken, match="cannot be read"):
        invoke("notify", request)
    cloud.s3.delete_object(Bucket=STAGING, Key=part["key"])
    with pytest.raises(StagedDataBroken, match="is not there"):
        invoke("notify", request)


def test_a_summary_that_does_not_tell_of_all_records_is_an_error(cloud: Cloud) -> None:
    request = request_of(cloud)
    shards = request["shards"]
    source, target = (summaries.place(shards[number]["staged"], "enrich") for number in (0, 1))
    body = cloud.s3.get_object(Bucket=STAGING, Key=source["key"])["Body"].read()
    cloud.s3.put_object(Bucket=STAGING, Key=target["key"], Body=body)
    with pytest.raises(ConservationViolated, match="records in the summary"):
        invoke("notify", request)
