"""ItemReader: every format of S3 objects, listings, manifests, compression, and AWS's limits."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import json
from unittest import mock

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from statewright.engine.errors import InvalidDefinition, StateFailure
from statewright.engine.items import csv_items, data_sets, json_items, parquet_items, s3_objects

GET = "arn:aws:states:::s3:getObject"
LIST = "arn:aws:states:::s3:listObjectsV2"
FIRST_ROW = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
PARQUET = {"InputType": "PARQUET"}
has_pyarrow = importlib.util.find_spec("pyarrow") is not None


def mapped(config, resource=GET, selector=None, fields=(), **parameters):
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    reader = {"Resource": resource, "Parameters": {"Bucket": "box", "Key": "k", **parameters}}
    if resource == LIST:
        del reader["Parameters"]["Key"]
    if config:
        reader["ReaderConfig"] = config
    state = {"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, **dict(fields)}
    return state if selector is None else {**state, "ItemSelector": selector}


@pytest.fixture
def read(execute, bucket):
    """Put an object and give the items that a reader finds in it."""

    def read_it(body, config, key="k", **options):
        bucket.put(key, body)
        outcome = execute(mapped(config, Key=key, **options), clients=bucket.clients)
        assert outcome.status == "SUCCEEDED", outcome.cause
        return outcome.output

    return read_it


@pytest.fixture
def refuse(execute, bucket):
    """Put an object and give the cause for which a reader fails."""

    def refuse_it(body, config, key="k", **options):
        bucket.put(key, body)
        outcome = execute(mapped(config, Key=key, **options), clients=bucket.clients)
        assert outcome.error == "States.ItemReaderFailed", outcome.output
        assert outcome.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
        return outcome.cause

    return refuse_it


# --- JSON ---


@pytest.mark.parametrize(
    ("text", "pointer", "items"),
    [
        (' [ 1 , {"a": [2, "]"]} , "x" ] \n', "", [1, {"a": [2, "]"]}, "x"]),
        ("[]", "", []),
        ("{}", "", []),
        ('{"a": 1, "b": {"c": 2}}', "", [{"Key": "a", "Value": 1}, {"Key": "b", "Value": {"c": 2}}]),
        ('{"x": {"z": [9], "y": [3, 4]}, "y": [5]} trailing', "/x/y", [3, 4]),
        ('{"x": [[1], [2, 3]]}', "/x/1", [2, 3]),
        ('{"a/b": {"~": [1]}}', "/a~1b/~0", [1]),
        ('{"x": {"k": "v"}}', "/x", [{"Key": "k", "Value": "v"}]),
        ("[123456789012345678901234567890, 1.5e3]", "", [123456789012345678901234567890, 1500.0]),
        ("\ufeff[1]", "", [1]),
    ],
)
def test_json_has_items_in_an_array_or_an_object(read, text, pointer, items):
    assert read(text, {"InputType": "JSON", "ItemsPointer": pointer}) == items


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_json_is_read_alike_wherever_it_is_cut(monkeypatch, size):
    monkeypatch.setattr(json_items, "_CHUNK", size)
    value = [12345, 'a\\u00e4\\n"]', {"b": [True, None, -1.25e-7]}, [], {}]
    for text in (json.dumps(value), json.dumps(value, indent=2)):
        assert [each for _, each in json_items.read_json(io.StringIO(text), "")] == value


@pytest.mark.parametrize(
    ("text", "pointer", "cause"),
    [
        ("1", "", "Attempting to map over non-iterable node."),
        ('{"a": "b"}', "/a", "Attempting to map over non-iterable node."),
        ('{"a": [1]}', "/b", "The ItemsPointer '/b' points to nothing."),
        ("[1, 2", "", "Unable to parse the JSON input."),
        ("[1 2]", "", "Unable to parse the JSON input."),
        ("[1] 2", "", "Unable to parse the JSON input."),
        ("[NaN]", "", "Unable to parse the JSON input."),
        ("[1,]", "", "Unable to parse the JSON input."),
        ("{1: 2}", "", "Unable to parse the JSON input."),
        ("not-json", "", "Unable to parse the JSON input."),
        ("", "", "Unable to parse the JSON input."),
        (b"[\xff]", "", "Unable to parse the JSON input."),
        ("[" * 100_000, "", "Unable to parse the JSON input."),
    ],
)
def test_what_is_no_json_of_items_fails_the_map_run(refuse, text, pointer, cause):
    assert refuse(text, {"InputType": "JSON", "ItemsPointer": pointer}) == cause


def test_the_context_object_tells_index_key_value_and_source(execute, bucket):
    bucket.put("k", '{"a": 1}')
    selector = {
        "i.$": "$$.Map.Item.Index",
        "k.$": "$$.Map.Item.Key",
        "v.$": "$$.Map.Item.Value",
        "s.$": "$$.Map.Item.Source",
    }
    outcome = execute(mapped({"InputType": "JSON"}, selector=selector), clients=bucket.clients)
    assert outcome.output == [{"i": 0, "k": "a", "v": 1, "s": "s3://box/k"}]


def test_an_item_beyond_a_payload_may_be_made_smaller(execute, bucket, read):
    bucket.put("k", json.dumps([{"id": 1, "text": "x" * 300_000}]))
    small = mapped({"InputType": "JSON"}, selector={"id.$": "$$.Map.Item.Value.id"})
    assert execute(small, clients=bucket.clients).output == [{"id": 1}]
    outcome = execute(mapped({"InputType": "JSON"}), clients=bucket.clients)
    assert outcome.error == "States.DataLimitExceeded"


@pytest.mark.parametrize("kind", ["JSON", "JSONL", "CSV"])
@pytest.mark.parametrize("more", [0, 1])
def test_an_item_may_have_8_mb(execute, bucket, kind, more):
    size = json_items.MAX_ITEM_BYTES + more
    text = '"' + "x" * (size - 2) + '"'
    body = {"JSON": f"[{text}]", "JSONL": text + "\n", "CSV": "h\n" + "x" * size}[kind]
    config = FIRST_ROW if kind == "CSV" else {"InputType": kind}
    bucket.put("k", body)
    outcome = execute(mapped(config, selector={"i.$": "$$.Map.Item.Index"}), clients=bucket.clients)
    if more:
        assert outcome.cause == f"An item is larger than {json_items.MAX_ITEM_BYTES} bytes."
    else:
        assert outcome.output == [{"i": 0}]


@pytest.mark.parametrize(("more", "fails"), [(0, False), (1, True)])
def test_what_a_pointer_points_at_begins_in_the_first_16_mb(monkeypatch, more, fails):
    monkeypatch.setattr(json_items, "MAX_POINTER_CHARACTERS", 100)
    text = '{"a": "' + "x" * (100 - 13 + more) + '","b":[1]}'
    assert text.index("[") == 100 + more
    read = json_items.read_json(io.StringIO(text), "/b")
    if fails:
        with pytest.raises(Exception, match="beyond the first 16 MB"):
            list(read)
    else:
        assert list(read) == [(None, 1)]


# --- JSON Lines ---


def test_json_lines_have_an_item_in_every_line_that_is_not_blank(read):
    assert read('\ufeff{"a": 1}\r\n\n  \n[2]\n"é"', {"InputType": "JSONL"}) == [{"a": 1}, [2], "é"]


@pytest.mark.parametrize("text", ["{}\n{", "1 2\n", "[" * 100_000])
def test_a_line_that_is_no_json_fails_the_map_run(refuse, text):
    assert refuse(text, {"InputType": "JSONL"}) == "Unable to parse a line of the JSON Lines input."


# --- CSV ---


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,\n2,3,4\n5\n", [["1", ""], ["2", "3"], ["5", ""]]),
        ('a,b\n"1,5","x\ny"\n', [["1,5", "x\ny"]]),
        ('a,b\n"say ""hi""",2\n', [['say "hi"', "2"]]),
        ("a,b\nC:\\\\Program Files\\\\x,1\n", [["C:\\Program Files\\x", "1"]]),
        ("a,b\n1\\,2,\\q\n", [["1,2", "q"]]),
        ("a,b\r\n1,2\r\n3,4", [["1", "2"], ["3", "4"]]),
        ("a,b\n\n1,2\n\n", [["1", "2"]]),
        ("a,b\n   \n", [["   ", ""]]),
        ("\ufeffa,b\n1,2\n", [["1", "2"]]),
        ("a,b\n", []),
        ("", []),
    ],
)
def test_a_csv_is_parsed_by_the_rules_of_the_page(read, text, rows):
    assert read(text, FIRST_ROW) == [dict(zip("ab", row, strict=True)) for row in rows]


@pytest.mark.parametrize(("name", "delimiter"), csv_items.DELIMITERS.items())
def test_a_csv_has_one_of_five_delimiters(read, name, delimiter):
    text = f"a{delimiter}b\n1{delimiter}2\n"
    assert read(text, {**FIRST_ROW, "CSVDelimiter": name}) == [{"a": "1", "b": "2"}]


def test_given_headers_leave_the_first_row_an_item(read):
    config = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x", "y"]}
    assert read("1,2\n", config) == [{"x": "1", "y": "2"}]


def test_a_csv_header_may_have_10_kib(refuse, read):
    name = "x" * csv_items.MAX_HEADER_BYTES
    assert read(f"{name}\n1\n", FIRST_ROW) == [{name: "1"}]
    assert "header is larger than 10240 bytes" in refuse(f"{name}x\n1\n", FIRST_ROW)


def test_a_quote_that_never_ends_is_an_item_too_large(refuse, monkeypatch):
    monkeypatch.setattr(csv_items, "MAX_ITEM_BYTES", 1000)
    assert "An item is larger than" in refuse('a\n"' + "x\n" * 1000, FIRST_ROW)


def test_rows_of_any_text_are_what_was_written(read):
    rows = [["a,b", 'c"d', "e\nf"], ["", "ä", "\t"], ["x", "y", " z "]]
    text = io.StringIO()
    csv.writer(text, escapechar="\\").writerows([["h", "i", "j"], *rows])
    assert [list(item.values()) for item in read(text.getvalue(), FIRST_ROW)] == rows


# --- compression ---


@pytest.mark.parametrize("ending", ["gz", "zstd", "zst"])
def test_objects_named_so_are_decompressed(read, ending):
    text = b'{"a": 1}\n' * 3
    compress = gzip.compress if ending == "gz" else zstandard.ZstdCompressor().compress
    # A file may be several compressed ones in a row.
    body = compress(text) + compress(text)
    assert read(body, {"InputType": "JSONL"}, key=f"my.jsonl.{ending}") == [{"a": 1}] * 6


@pytest.mark.parametrize(
    ("ending", "body"),
    [
        ("gz", b"plain"),
        ("gz", gzip.compress(b"[1]" * 1000, mtime=0)[:-4]),
        ("zst", b"plain"),
    ],
    ids=["gz that is none", "gz cut short", "zst that is none"],
)
def test_what_cannot_be_decompressed_fails_the_map_run(refuse, ending, body):
    assert "Unable to read 'k." in refuse(body, {"InputType": "JSONL"}, key=f"k.{ending}")


def test_a_file_may_have_10_gb_also_when_it_is_decompressed(refuse, read, monkeypatch):
    monkeypatch.setattr(s3_objects, "MAX_FILE_BYTES", 1000)
    lines = b"1\n" * 500
    assert len(read(lines, {"InputType": "JSONL"})) == 500
    assert len(read(gzip.compress(lines), {"InputType": "JSONL"}, key="k.gz")) == 500
    more = lines + b"2"
    assert "larger than 1000 bytes" in refuse(more, {"InputType": "JSONL"})
    assert "larger than 1000 bytes" in refuse(gzip.compress(more), {"InputType": "JSONL"}, key="k.gz")


# --- what is read ---


def test_max_items_ends_the_reading(read):
    assert read("1\n2\nnot json", {"InputType": "JSONL", "MaxItems": 2}) == [1, 2]
    assert read("1\n2\n", {"InputType": "JSONL", "MaxItems": 0}) == [1, 2]


def test_max_items_may_come_from_the_input(execute, bucket):
    bucket.put("k", "1\n2\n3\n")
    state = mapped({"InputType": "JSONL", "MaxItemsPath": "$.n"})
    assert execute(state, {"n": 2}, clients=bucket.clients).output == [1, 2]
    assert execute(state, {"n": 100_000_001}, clients=bucket.clients).output == [1, 2, 3]
    outcome = execute(state, {"n": -1}, clients=bucket.clients)
    assert (outcome.error, outcome.cause) == ("States.ItemReaderFailed", "field MaxItems must be positive")


def test_a_version_of_an_object_can_be_read(execute, bucket):
    versioning = {"Status": "Enabled"}
    bucket.client.put_bucket_versioning(Bucket="box", VersioningConfiguration=versioning)
    bucket.put("k", "[1]")
    first = bucket.client.head_object(Bucket="box", Key="k")["VersionId"]
    bucket.put("k", "[2]")
    state = mapped({"InputType": "JSON"}, VersionId=first)
    assert execute(state, clients=bucket.clients).output == [1]


def test_the_owner_of_a_bucket_is_passed_on(execute, bucket):
    asked = []
    bucket.put("p/k", "[1]")
    for event in ("ListObjectsV2", "GetObject"):
        bucket.client.meta.events.register(
            f"provide-client-params.s3.{event}", lambda params, **_: asked.append(params)
        )
    config = {"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"}
    state = mapped(config, LIST, Prefix="p/", ExpectedBucketOwner="123456789012")
    assert execute(state, clients=bucket.clients).output == [1]
    assert [params["ExpectedBucketOwner"] for params in asked] == ["123456789012"] * 2


@pytest.mark.parametrize(("place", "words"), [({"Key": "gone"}, "key"), ({"Bucket": "nowhere"}, "bucket")])
def test_an_object_that_is_not_there_fails_the_map_run_in_the_words_of_s3(execute, bucket, place, words):
    outcome = execute(mapped({"InputType": "JSON"}, **place), clients=bucket.clients)
    assert outcome.error == "States.ItemReaderFailed"
    assert words in outcome.cause
    assert "(Service: S3, Status Code: 404" in outcome.cause


def test_a_parameter_that_s3_does_not_have_fails_the_map_run(execute, bucket):
    outcome = execute(mapped({"InputType": "JSON"}, Keye="x"), clients=bucket.clients)
    assert outcome.error == "States.ItemReaderFailed"


def test_a_connection_that_ends_is_opened_again_where_it_was(read, bucket, monkeypatch):
    body = b'["", "%s"]\n' % (b"x" * 9_990) * 50
    read_body = s3_objects._Body.readinto
    broken = []

    def break_once(self, buffer):
        if self._read and not broken:
            broken.append(self._read)
            self._body = Broken()
        return read_body(self, memoryview(buffer)[:100_000])

    class Broken:
        def read(self, _):
            raise ConnectionResetError

    monkeypatch.setattr(s3_objects._Body, "readinto", break_once)
    assert read(body, {"InputType": "JSONL"}, selector={"x.$": "$$.Map.Item.Value[0]"}) == [{"x": ""}] * 50
    assert broken == [100_000]


# --- listings ---


def test_a_listing_has_the_objects_metadata(execute, bucket):
    for name in ("x/1", "x/2", "y/3"):
        bucket.put(name, "..")
    selector = {"key.$": "$$.Map.Item.Value.Key", "source.$": "$$.Map.Item.Source"}
    outcome = execute(mapped({}, LIST, selector, Prefix="x/"), clients=bucket.clients)
    assert outcome.output == [{"key": f"x/{i}", "source": "s3://box"} for i in (1, 2)]


def test_a_listing_goes_on_page_after_page(execute, bucket):
    for index in range(5):
        bucket.put(f"x/{index}", "")
    outcome = execute(mapped({"MaxItems": 4}, LIST, MaxKeys=2), clients=bucket.clients)
    assert [item["Key"] for item in outcome.output] == ["x/0", "x/1", "x/2", "x/3"]


@pytest.mark.parametrize(
    ("config", "one", "two", "items"),
    [
        ({"InputType": "JSON"}, "[1, 2]", "[3]", [1, 2, 3]),
        ({"InputType": "JSON", "ItemsPointer": "/a"}, '{"a": [1]}', '{"a": [2]}', [1, 2]),
        ({"InputType": "JSONL"}, "1\n2\n", "3", [1, 2, 3]),
        ({"InputType": "JSONL", "MaxItems": 1}, "1\n2\n", "3", [1]),
        (FIRST_ROW, "a\n1\n", "b\n2\n", [{"a": "1"}, {"b": "2"}]),
    ],
)
def test_the_data_of_listed_objects_are_items(execute, bucket, config, one, two, items):
    bucket.put("x/", "")
    bucket.put("x/1", one)
    bucket.put("x/2", two)
    state = mapped({**config, "Transformation": "LOAD_AND_FLATTEN"}, LIST, Prefix="x/")
    assert execute(state, clients=bucket.clients).output == items


def test_the_source_of_listed_data_is_the_object(execute, bucket):
    bucket.put("x/1", "[1]")
    config = {"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"}
    state = mapped(config, LIST, {"s.$": "$$.Map.Item.Source"})
    assert execute(state, clients=bucket.clients).output == [{"s": "s3://box/x/1"}]


# --- manifests ---


def inventory(**changes):
    return json.dumps(
        {
            "sourceBucket": "src",
            "destinationBucket": "arn:aws:s3:::box",
            "version": "2016-11-30",
            "creationTimestamp": "1668560400000",
            "fileFormat": "CSV",
            "fileSchema": "Bucket, Key, Size, LastModifiedDate",
            "files": [
                {"key": "d/1.csv.gz", "size": 7300, "MD5checksum": "a"},
                {"key": "d/2.csv.gz", "size": 7300, "MD5checksum": "b"},
            ],
            **changes,
        }
    )


@pytest.mark.parametrize("config", [{"InputType": "MANIFEST"}, {"ManifestType": "S3_INVENTORY"}])
def test_an_inventory_is_read_file_by_file_with_the_schemas_names(read, bucket, config):
    bucket.put("d/1.csv.gz", gzip.compress(b'"src","csv/","0","2022-11-16T00:27:19.000Z"\n'))
    bucket.put("d/2.csv.gz", gzip.compress(b'"src","a.csv","3399671","2022-11-16T00:29:32.000Z"\n'))
    assert read(inventory(), config) == [
        {"Bucket": "src", "Key": "csv/", "Size": "0", "LastModifiedDate": "2022-11-16T00:27:19.000Z"},
        {"Bucket": "src", "Key": "a.csv", "Size": "3399671", "LastModifiedDate": "2022-11-16T00:29:32.000Z"},
    ]


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (inventory(fileFormat="ORC"), "must be in the CSV format, not in ORC"),
        (inventory(files=None), "Unable to parse the manifest"),
        ("[]", "Unable to parse the manifest"),
        ("x", "Unable to parse the manifest"),
        (inventory(files=[{"key": "gone"}]), "Status Code: 404"),
    ],
)
def test_a_manifest_that_is_none_fails_the_map_run(refuse, manifest, words):
    assert words in refuse(manifest, {"InputType": "MANIFEST"})


def test_a_manifest_is_bounded(refuse, monkeypatch):
    monkeypatch.setattr(data_sets, "MAX_MANIFEST_BYTES", len(inventory()) - 1)
    assert "The manifest is larger than" in refuse(inventory(), {"InputType": "MANIFEST"})


def test_a_manifest_of_the_largest_size_is_read(read, bucket, monkeypatch):
    text = inventory(files=[])
    monkeypatch.setattr(data_sets, "MAX_MANIFEST_BYTES", len(text))
    assert read(text, {"InputType": "MANIFEST"}) == []


@pytest.mark.parametrize(
    ("config", "bodies", "items"),
    [
        ({"InputType": "JSONL"}, ['{"a": 1}\n', '{"a": 2}\n'], [{"a": 1}, {"a": 2}]),
        (
            {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["h"]},
            ["1\n", "2\n"],
            [{"h": "1"}, {"h": "2"}],
        ),
    ],
)
def test_what_athena_unloaded_is_read_object_by_object(execute, bucket, config, bodies, items):
    for index, body in enumerate(bodies):
        bucket.put(f"tables/q/{index}.gz", gzip.compress(body.encode()))
    bucket.put("k", "s3://box/tables/q/0.gz\ns3://box/tables/q/1.gz\n")
    selector = {"v.$": "$$.Map.Item.Value", "s.$": "$$.Map.Item.Source"}
    state = mapped({"ManifestType": "ATHENA_DATA", **config}, selector=selector)
    outcome = execute(state, clients=bucket.clients)
    assert outcome.output == [
        {"v": item, "s": f"s3://box/tables/q/{index}.gz"} for index, item in enumerate(items)
    ]


@pytest.mark.parametrize("line", ["http://box/k", "s3://box", "box/k"])
def test_a_line_of_athenas_manifest_that_is_no_uri_fails_the_map_run(refuse, line):
    config = {"ManifestType": "ATHENA_DATA", "InputType": "JSONL"}
    assert "a line is no URI of an object in S3" in refuse(line, config)


# --- Parquet ---


def test_without_pyarrow_parquet_is_refused_with_the_remedy(execute, monkeypatch):
    monkeypatch.setattr(parquet_items, "is_available", lambda: False)
    with pytest.raises(InvalidDefinition, match=r"statewright\[parquet\]"):
        execute(mapped(PARQUET))
    with pytest.raises(Exception, match="needs the package pyarrow"):
        list(parquet_items.read_parquet(io.BytesIO()))


def test_parquet_objects_have_no_version(execute, monkeypatch, bucket):
    monkeypatch.setattr(parquet_items, "is_available", lambda: True)
    for parameters in ({"VersionId": "v"}, {"VersionId.$": "$.v"}):
        with pytest.raises(InvalidDefinition, match="VersionId is not supported"):
            execute(mapped(PARQUET, **parameters), {"v": "v"})


@pytest.mark.skipif(not has_pyarrow, reason="pyarrow is an optional extra")
class TestParquet:
    def body(self, columns, **options):
        import pyarrow
        from pyarrow import parquet

        file = io.BytesIO()
        parquet.write_table(pyarrow.table(columns), file, **options)
        return file.getvalue()

    @pytest.mark.parametrize("compression", ["gzip", "zstd", "snappy", "none"])
    def test_rows_are_items(self, read, compression):
        body = self.body({"a": [1, 2], "b": ["x", None]}, compression=compression)
        assert read(body, PARQUET) == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]

    def test_many_rows_are_read_in_their_order(self, read):
        body = self.body({"a": list(range(1000))}, row_group_size=300)
        assert [item["a"] for item in read(body, PARQUET)] == list(range(1000))

    def test_values_that_json_has_not_are_texts(self, read):
        import datetime
        import decimal

        moment = datetime.datetime(2026, 1, 2, 3, 4, 5)
        columns = {
            "t": [moment],
            "d": [moment.date()],
            "n": [decimal.Decimal("1.20")],
            "b": [b"\xff"],
            "f": [float("nan")],
            "l": [[1, 2]],
        }
        assert read(self.body(columns), PARQUET) == [
            {"t": "2026-01-02T03:04:05", "d": "2026-01-02", "n": "1.20", "b": "/w==", "f": None, "l": [1, 2]}
        ]

    def test_a_footer_may_have_5_mb_and_a_row_group_256(self, read, refuse, monkeypatch):
        import pyarrow.parquet

        body = self.body({"a": [1]})
        footer = int.from_bytes(body[-8:-4], "little")
        group = pyarrow.parquet.ParquetFile(io.BytesIO(body)).metadata.row_group(0).total_byte_size
        monkeypatch.setattr(parquet_items, "MAX_FOOTER_BYTES", footer)
        monkeypatch.setattr(parquet_items, "MAX_ROW_GROUP_BYTES", group)
        assert read(body, PARQUET) == [{"a": 1}]
        monkeypatch.setattr(parquet_items, "MAX_ROW_GROUP_BYTES", group - 1)
        assert "row group of the Parquet input is larger" in refuse(body, PARQUET)
        monkeypatch.setattr(parquet_items, "MAX_FOOTER_BYTES", footer - 1)
        assert "footer of the Parquet input is larger" in refuse(body, PARQUET)

    @pytest.mark.parametrize("body", [b"", b"PAR1", b"no parquet at all", b"PAR1xxxx\x04\x00\x00\x00PAR1"])
    def test_what_is_no_parquet_fails_the_map_run(self, refuse, body):
        assert "Unable to read the Parquet input" in refuse(body, PARQUET)


# --- settings ---


@pytest.mark.parametrize(
    ("resource", "config", "words"),
    [
        (GET, {"InputType": "JSON", "Transformation": "NONE"}, "Transformation"),
        (GET, {"InputType": "MANIFEST", "ManifestType": "S3_INVENTORY"}, "InputType"),
        (GET, {"ManifestType": "ATHENA_DATA"}, "InputType"),
        (GET, {"ManifestType": "ATHENA_DATA", "InputType": "JSON"}, "CSV, JSONL, PARQUET"),
        (GET, {"ManifestType": "ATHENA_DATA", "InputType": "CSV"}, "CSVHeaderLocation"),
        (GET, {"InputType": "JSON", "ItemsPointer": "/" + "x" * 1999}, "ItemsPointer"),
        (GET, {**FIRST_ROW, "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x" * 10_241]}, "CSVHeaders"),
        (LIST, {"InputType": "JSON"}, "InputType"),
        (LIST, {"Transformation": "LOAD_AND_FLATTEN"}, "InputType"),
        (LIST, {"Transformation": "LOAD_AND_FLATTEN", "InputType": "MANIFEST"}, "CSV, JSON"),
        (
            LIST,
            {"Transformation": "LOAD_AND_FLATTEN", "InputType": "CSV", "ManifestType": "ATHENA_DATA"},
            "ManifestType",
        ),
    ],
)
def test_settings_that_aws_excludes_or_that_would_have_no_effect_are_refused(
    execute, resource, config, words
):
    with pytest.raises(InvalidDefinition, match=words):
        execute(mapped(config, resource))


@pytest.mark.parametrize(
    "config",
    [
        {"InputType": "JSON", "ItemsPointer": "/" + "x" * 1998},
        {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x" * 10_240]},
    ],
)
def test_settings_at_their_edge_are_taken(read, config):
    name = config.get("ItemsPointer", "/")[1:]
    assert read(json.dumps({name: [1]}), config)


# --- any text ---

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def items_of(text):
    """Read items as the reader does; None where it refuses."""
    try:
        return list(json_items.read_json(io.StringIO(text), ""))
    except StateFailure:
        return None


@given(st.lists(ANY_JSON) | st.dictionaries(st.text(), ANY_JSON), st.integers(1, 40), st.integers(0, 2))
def test_any_json_is_read_alike_wherever_it_is_cut(value, size, indent):
    text = json.dumps(value, indent=indent or None, ensure_ascii=bool(indent % 2))
    pairs = value.items() if isinstance(value, dict) else [(None, each) for each in value]
    with mock.patch.object(json_items, "_CHUNK", size):
        assert items_of(text) == list(pairs)


@given(st.text('[]{},:"0123456789-+.eE \\nul\n', max_size=30), st.integers(1, 5))
def test_what_the_json_module_refuses_is_refused_wherever_it_is_cut(text, size):
    try:
        value = json_items._decode.decode(text)
    except ValueError:
        value = None
    with mock.patch.object(json_items, "_CHUNK", size):
        found = items_of(text)
    if isinstance(value, list):
        assert found == [(None, each) for each in value]
    elif isinstance(value, dict):
        assert dict(found) == value
    else:
        assert found is None


@given(st.text(max_size=60), st.sampled_from(list(csv_items.DELIMITERS.values())))
def test_any_text_is_a_csv_of_strings_or_refused(text, delimiter):
    try:
        rows = [row for _, row in csv_items.read_csv(io.StringIO(text, newline=""), delimiter, ("a", "b"))]
    except StateFailure:
        return
    assert all(set(row) == {"a", "b"} and all(isinstance(each, str) for each in row.values()) for row in rows)


PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(st.lists(st.lists(PLAIN, min_size=2, max_size=2).filter(any)), st.sampled_from(["\n", "\r\n"]))
def test_rows_that_are_quoted_come_back(rows, end):
    text = io.StringIO(newline="")
    escaped = [[field.replace("\\", "\\\\") for field in row] for row in rows]
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator=end).writerows(escaped)
    text.seek(0)
    assert [list(row.values()) for _, row in csv_items.read_csv(text, ",", ("a", "b"))] == rows
