"""Reading Map states: items, processor, and what only Distributed Maps have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from statewright.asl import jsonata, tree
from statewright.asl._resources import parse_resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.asl._reader import Reader

Common = dict[str, Any]

DISTRIBUTED_ONLY = (
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Label",
)
MAX_LABEL_LENGTH = 40
# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
_NOT_IN_LABEL = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]")
_READER_CHOICES = {
    "InputType": ("JSON", "JSONL", "CSV", "MANIFEST", "PARQUET"),
    "CSVHeaderLocation": ("FIRST_ROW", "GIVEN"),
    "CSVDelimiter": ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
    "ManifestType": ("ATHENA_DATA", "S3_INVENTORY"),
    "Transformation": ("NONE", "LOAD_AND_FLATTEN"),
}
# What only some InputTypes have.
_OF_TYPE = {
    "CSVHeaderLocation": ("CSV", "MANIFEST"),
    "CSVHeaders": ("CSV", "MANIFEST"),
    "CSVDelimiter": ("CSV", "MANIFEST"),
    "ItemsPointer": ("JSON",),
}
_INPUT_TYPES = ("CSV", "JSON", "JSONL", "PARQUET")
_UNLOADED_TYPES = ("CSV", "JSONL", "PARQUET")
MAX_HEADER_BYTES = 10 * 2**10
MAX_POINTER_LENGTH = 1_999
_POINTER = re.compile(r"(/([^~/]|~[01])*)*")
MAX_ITEMS = 100_000_000


def read_map(
    reader: Reader, common: Common, read_flow: Callable[[Reader], tree.Flow | None]
) -> tree.Map | None:
    """Read a Map state, whose common fields have been read already."""
    if sum(reader.has(name) for name in ("ItemProcessor", "Iterator")) != 1:
        reader.complain("Exactly one of these fields is required: [ItemProcessor, Iterator]")
    reader.only_in("JSONPath", "Iterator", "ItemsPath")
    reader.only_in("JSONata", "Items")
    processor = reader.object("ItemProcessor") or reader.object("Iterator")
    if processor is None:
        return None
    mode, execution_type = _processor_config(processor)
    flow = read_flow(processor)
    if mode == "INLINE":
        for name in DISTRIBUTED_ONLY:
            if reader.has(name):
                reader.take(name)
                reader.complain(f"Field '{name}' is not supported by an INLINE Map")
    reader.at_most_one("ItemSelector", "Parameters")
    selector = "Parameters" if reader.has("Parameters") and reader.language == "JSONPath" else "ItemSelector"
    fields: Common = {
        "items": _items(reader) if reader.language == "JSONata" else None,
        "items_path": reader.path("ItemsPath") if reader.language == "JSONPath" else None,
        "item_selector": reader.payload(selector),
        "max_concurrency": reader.quantity("MaxConcurrency", minimum=0),
        # AWS takes these on an INLINE Map too, where they have no effect.
        "tolerated_count": reader.quantity("ToleratedFailureCount", minimum=0),
        "tolerated_percentage": reader.quantity(
            "ToleratedFailurePercentage", minimum=0, maximum=100, integer=False
        ),
    }
    if mode == "DISTRIBUTED":
        fields |= {
            "reader": _item_reader(reader),
            "batcher": _batcher(reader),
            "writer": _writer(reader),
            "label": _label(reader),
        }
    if flow is None:
        return None
    return tree.Map(**common, **fields, processor=flow, mode=mode, execution_type=execution_type)  # type: ignore[arg-type]


def _processor_config(processor: Reader) -> tuple[str, str]:
    config = processor.object("ProcessorConfig")
    if config is None:
        return "INLINE", "STANDARD"
    mode = config.one_of("Mode", ("INLINE", "DISTRIBUTED"), "INLINE")
    if mode == "DISTRIBUTED":
        config.require("ExecutionType")
    elif config.has("ExecutionType"):
        config.complain("Field 'ExecutionType' is not supported by an INLINE Map", "ExecutionType")
    execution_type = config.one_of("ExecutionType", ("STANDARD", "EXPRESS"), "STANDARD")
    config.close()
    return mode, execution_type


def _items(reader: Reader) -> tree.Payload | tree.Field | None:
    if not reader.has("Items"):
        return None
    value = reader.value["Items"]
    if jsonata.is_expression(value):
        reader.take("Items")
        return reader.expression("Items", value)
    if not isinstance(value, list | dict):
        reader.take("Items")
        reader.complain("Items must be an Array, an Object or a JSONata expression", "Items")
        return None
    return reader.payload("Items")


def _label(reader: Reader) -> str | None:
    label = reader.text("Label")
    if label is not None and not 0 < len(label) <= MAX_LABEL_LENGTH:
        reader.complain(f"Label has 1 to {MAX_LABEL_LENGTH} characters", "Label")
    elif label is not None and _NOT_IN_LABEL.search(label):
        reader.complain("Label has a blank, a wildcard, a bracket or another character of ARNs", "Label")
    return label


def _payload(reader: Reader) -> tree.Payload | None:
    reader.only_in("JSONPath", "Parameters")
    reader.only_in("JSONata", "Arguments")
    return reader.payload("Arguments" if reader.language == "JSONata" else "Parameters")


def _item_reader(reader: Reader) -> tree.ItemReader | None:
    inner = reader.object("ItemReader")
    if inner is None or not inner.require("Resource"):
        return None
    resource = parse_resource(inner.text("Resource") or "")
    payload = _payload(inner)
    config = inner.object("ReaderConfig")
    max_items, settings = None, {}
    if config is not None:
        max_items = config.quantity("MaxItems", minimum=0, maximum=MAX_ITEMS)
        settings = _reader_settings(config)
        _check_reader_settings(config, resource.action, settings)
        config.close()
    inner.close()
    return tree.ItemReader(inner.at, resource, payload, settings, max_items)


def _reader_settings(config: Reader) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name, allowed in _READER_CHOICES.items():
        if config.has(name):
            settings[name] = config.one_of(name, allowed, allowed[0])
    if config.has("CSVHeaders"):
        settings["CSVHeaders"] = config.strings("CSVHeaders")
    if config.has("ItemsPointer"):
        settings["ItemsPointer"] = config.text("ItemsPointer", "")
    return settings


def _check_reader_settings(config: Reader, action: str, settings: dict[str, Any]) -> None:
    """Refuse settings that would have no effect, and what AWS's page excludes.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
    """
    flattens = settings.get("Transformation") == "LOAD_AND_FLATTEN"
    if action == "listObjectsV2" and not flattens:
        for name in settings:
            if name != "Transformation":
                config.complain(f"Field '{name}' is not supported by s3:listObjectsV2", name)
        return
    if action != "listObjectsV2" and "Transformation" in settings:
        config.complain("Field 'Transformation' is only supported by s3:listObjectsV2", "Transformation")
    kind = _input_type(config, settings, flattens=flattens)
    if kind is None:
        return
    for name, kinds in _OF_TYPE.items():
        if name in settings and kind not in kinds:
            allowed = "' or '".join(kinds)
            config.complain(f"Field '{name}' is only supported for the InputType '{allowed}'", name)
    _check_headers(config, settings)
    pointer = settings.get("ItemsPointer") or ""
    if not _POINTER.fullmatch(pointer):
        config.complain("ItemsPointer is not a JSON Pointer", "ItemsPointer")
    if len(pointer) > MAX_POINTER_LENGTH:
        config.complain(f"ItemsPointer has at most {MAX_POINTER_LENGTH} characters", "ItemsPointer")


def _input_type(config: Reader, settings: dict[str, Any], *, flattens: bool) -> str | None:
    """Give the InputType that settings are held against; None where one is missing or wrong."""
    manifest = settings.get("ManifestType")
    if flattens and manifest is not None:
        config.complain("Field 'ManifestType' is not supported by s3:listObjectsV2", "ManifestType")
        return None
    if manifest == "S3_INVENTORY":
        if "InputType" in settings:
            config.complain(
                "Field 'InputType' is not supported for the ManifestType 'S3_INVENTORY'", "InputType"
            )
        return "MANIFEST"
    if not settings or not config.require("InputType"):
        return None
    kind = str(settings["InputType"])
    allowed = _UNLOADED_TYPES if manifest == "ATHENA_DATA" else _INPUT_TYPES
    if kind not in allowed and (flattens or manifest is not None):
        reason = "the ManifestType 'ATHENA_DATA'" if manifest else "the Transformation 'LOAD_AND_FLATTEN'"
        config.complain(f"The InputType of {reason} is one of: [{', '.join(allowed)}]", "InputType")
        return None
    if manifest == "ATHENA_DATA" and kind == "CSV":
        # What UNLOAD writes has no header: without a word of it, the first rows would be lost.
        config.require("CSVHeaderLocation")
    return kind


def _check_headers(config: Reader, settings: dict[str, Any]) -> None:
    headers = settings.get("CSVHeaders")
    if (settings.get("CSVHeaderLocation") == "GIVEN") != (headers is not None):
        config.complain("CSVHeaders and the CSVHeaderLocation 'GIVEN' belong together")
    if headers and len(",".join(headers).encode("utf-8", "replace")) > MAX_HEADER_BYTES:
        config.complain(f"CSVHeaders have at most {MAX_HEADER_BYTES} bytes", "CSVHeaders")


def _batcher(reader: Reader) -> tree.ItemBatcher | None:
    inner = reader.object("ItemBatcher")
    if inner is None:
        return None
    max_items = inner.quantity("MaxItemsPerBatch", minimum=1)
    max_bytes = inner.quantity("MaxInputBytesPerBatch", minimum=1, maximum=262_144)
    batch_input = inner.payload("BatchInput")
    if max_items is None and max_bytes is None:
        inner.complain("One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]")
    inner.close()
    return tree.ItemBatcher(inner.at, max_items, max_bytes, batch_input)


def _writer(reader: Reader) -> tree.ResultWriter | None:
    inner = reader.object("ResultWriter")
    if inner is None:
        return None
    arn = inner.text("Resource")
    payload = _payload(inner)
    config = inner.object("WriterConfig")
    settings = {}
    if config is not None:
        settings = {
            "Transformation": config.one_of("Transformation", ("NONE", "COMPACT", "FLATTEN"), "NONE"),
            "OutputType": config.one_of("OutputType", ("JSON", "JSONL"), "JSON"),
        }
        config.close()
    inner.close()
    # "The ResultWriter field cannot be empty. You must specify one of these sets of sub-fields."
    # https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
    if arn is None and payload is None and config is None:
        inner.complain("One of these fields is required: [WriterConfig, Resource]")
    elif arn is None and payload is not None:
        inner.require("Resource")
    return tree.ResultWriter(inner.at, None if arn is None else parse_resource(arn), payload, settings)
