"""Map and Parallel under test: their fields are evaluated, their iterations and branches are mocked."""

from __future__ import annotations

import pytest

from statewright.engine.errors import ValidationException

NOTHING = {"StartAt": "N", "States": {"N": {"Type": "Pass", "End": True}}}
EACH = {"Type": "Map", "ItemProcessor": NOTHING, "End": True}
CHILDREN = {
    "Type": "Map",
    "ItemProcessor": {**NOTHING, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
    "End": True,
}
READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "JSON"},
    "Parameters": {"Bucket.$": "$.bucket", "Key": "items"},
}
BOTH = {
    "Type": "Parallel",
    "Branches": [NOTHING, {**NOTHING, "StartAt": "M", "States": {"M": {"Type": "Succeed"}}}],
}


def test_a_map_gives_its_mocked_result(tested):
    state = {**EACH, "ItemsPath": "$.list", "MaxConcurrency": 3, "ResultPath": "$.done"}
    told = tested(state, {"list": [1, 2]}, result=["one", "two"])
    assert told.output == {"list": [1, 2], "done": ["one", "two"]}
    assert told.stages == {
        "afterInputPath": {"list": [1, 2]},
        "afterItemsPath": [1, 2],
        "maxConcurrency": 3,
        "afterResultSelector": ["one", "two"],
        "afterResultPath": {"list": [1, 2], "done": ["one", "two"]},
    }


def test_the_inputs_of_the_iterations_are_shown(tested):
    selector = {"n.$": "$$.Map.Item.Index", "item.$": "$$.Map.Item.Value", "all.$": "$.name"}
    told = tested(
        {**EACH, "ItemsPath": "$.l", "ItemSelector": selector}, {"l": ["a", "b"], "name": "x"}, result=[]
    )
    assert told.stages["afterItemSelector"] == [
        {"n": 0, "item": "a", "all": "x"},
        {"n": 1, "item": "b", "all": "x"},
    ]


def test_an_item_selector_finds_the_item_beside_a_given_context_object(tested):
    selector = {"id.$": "$$.Execution.Id", "item.$": "$$.Map.Item.Value"}
    told = tested({**EACH, "ItemSelector": selector}, [7], result=[], context={"Execution": {"Id": "me"}})
    assert told.stages["afterItemSelector"] == [{"id": "me", "item": 7}]


def test_the_batches_of_a_distributed_map_are_shown(tested):
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"day": 1}}
    told = tested({**CHILDREN, "ItemBatcher": batcher}, [1, 2, 3], result=[])
    assert told.stages["afterItemBatcher"] == [
        {"BatchInput": {"day": 1}, "Items": [1, 2]},
        {"BatchInput": {"day": 1}, "Items": [3]},
    ]


def test_inputs_that_are_too_large_together_are_left_out(tested):
    told = tested({**EACH, "ItemSelector": {"all.$": "$"}}, list(range(1_000)), result=[])
    assert told.status == "SUCCEEDED"
    assert "afterItemSelector" not in told.stages


def test_items_that_are_no_array_fail_the_map(tested):
    told = tested({**EACH, "ItemsPath": "$.list"}, {"list": 1}, result=[])
    assert told.failure == ("States.Runtime", 'Reference path "$.list" must point to array.')
    assert told.stages == {"afterInputPath": {"list": 1}}


@pytest.mark.parametrize(("failed", "status"), [(0, "SUCCEEDED"), (1, "SUCCEEDED"), (2, "CAUGHT_ERROR")])
def test_a_map_fails_once_more_iterations_fail_than_are_tolerated(tested, failed, status):
    catch = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "Sorry"}]
    state = {**CHILDREN, "ToleratedFailureCount": 1, "Catch": catch}
    told = tested(state, [1, 2, 3], result=["any"], map_iteration_failure_count=failed)
    assert told.status == status
    assert told.stages["toleratedFailureCount"] == 1
    if failed == 2:
        assert told.output["Cause"] == "The specified tolerated failure threshold was exceeded"


def test_a_percentage_is_of_the_items(tested):
    state = {**CHILDREN, "ToleratedFailurePercentage": 50}
    assert tested(state, [1, 2], result=[], map_iteration_failure_count=1).status == "SUCCEEDED"
    told = tested(state, [1, 2], result=[], map_iteration_failure_count=2)
    assert told.outcome.error == "States.ExceedToleratedFailureThreshold"
    assert told.stages["toleratedFailurePercentage"] == 50


def test_without_a_threshold_no_count_of_failures_matters(tested):
    assert tested(CHILDREN, [1, 2], result=[], map_iteration_failure_count=2).status == "SUCCEEDED"


def test_no_more_iterations_fail_than_there_are(tested):
    with pytest.raises(ValidationException, match="less than or equal to the number of Map iterations"):
        tested(CHILDREN, [1, 2], result=[], map_iteration_failure_count=3)


def test_a_mocked_error_goes_before_the_count_of_failures(tested):
    told = tested(
        {**CHILDREN, "ToleratedFailureCount": 0},
        [1, 2],
        error="Broken",
        map_iteration_failure_count=2,
        error_caused_by_state="N",
    )
    assert told.outcome.error == "Broken"


@pytest.mark.parametrize(
    ("config", "data"),
    [
        ({"InputType": "JSON"}, '[{"n": "1"}, {"n": "2"}]'),
        ({"InputType": "JSONL"}, '{"n": "1"}\n{"n": "2"}\n'),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "n\n1\n2\n"),
        ({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["n"]}, "1\n2\n"),
        ({"InputType": "JSON", "ItemsPointer": "/a/b"}, '{"a": {"b": [{"n": "1"}, {"n": "2"}]}}'),
    ],
    ids=lambda given: str(given) if isinstance(given, dict) else "",
)
def test_the_data_of_an_item_reader_are_read_as_the_reader_would(tested, config, data):
    state = {
        **CHILDREN,
        "ItemReader": {**READER, "ReaderConfig": config},
        "ItemSelector": {"n.$": "$$.Map.Item.Value.n", "bucket.$": "$.bucket"},
    }
    told = tested(state, {"bucket": "box"}, result=[], map_item_reader_data=data)
    assert told.stages["afterItemSelector"] == [{"n": "1", "bucket": "box"}, {"n": "2", "bucket": "box"}]
    assert "afterItemsPath" not in told.stages
    assert ("afterItemsPointer" in told.stages) == ("ItemsPointer" in config)


def test_an_items_pointer_may_find_an_object(tested):
    config = {"InputType": "JSON", "ItemsPointer": "/a"}
    state = {**CHILDREN, "ItemReader": {**READER, "ReaderConfig": config}}
    told = tested(state, {"bucket": "box"}, result=[], map_item_reader_data='{"a": {"x": 1, "y": 2}}')
    assert told.stages["afterItemsPointer"] == {"x": 1, "y": 2}


def test_max_items_bounds_the_data(tested):
    config = {"InputType": "JSON", "MaxItems": 1}
    state = {
        **CHILDREN,
        "ItemReader": {**READER, "ReaderConfig": config},
        "ItemBatcher": {"MaxItemsPerBatch": 9},
    }
    told = tested(state, {"bucket": "box"}, result=[], map_item_reader_data="[1, 2]")
    assert told.stages["afterItemBatcher"] == [{"Items": [1]}]


def test_data_that_cannot_be_read_fail_the_map(tested):
    told = tested({**CHILDREN, "ItemReader": READER}, {"bucket": "b"}, result=[], map_item_reader_data="no")
    assert told.outcome.error == "States.ItemReaderFailed"


def test_the_data_of_a_listing_are_its_entries(tested):
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "box"}}
    state = {**CHILDREN, "ItemReader": reader, "ItemSelector": {"key.$": "$$.Map.Item.Value.Key"}}
    told = tested(state, result=[], map_item_reader_data='[{"Key": "a"}, {"Key": "b"}]')
    assert told.stages["afterItemSelector"] == [{"key": "a"}, {"key": "b"}]


def test_the_data_of_an_inventory_are_its_rows(tested):
    reader = {**READER, "ReaderConfig": {"ManifestType": "S3_INVENTORY"}}
    state = {**CHILDREN, "ItemReader": reader, "ItemSelector": {"row.$": "$$.Map.Item.Value"}}
    told = tested(state, {"bucket": "box"}, result=[], map_item_reader_data="Key,Size\na,1\n")
    assert told.stages["afterItemSelector"] == [{"row": {"Key": "a", "Size": "1"}}]


def test_a_reader_of_parquet_cannot_be_given_a_text(tested):
    state = {**CHILDREN, "ItemReader": {**READER, "ReaderConfig": {"InputType": "PARQUET"}}}
    with pytest.raises(ValidationException, match="PARQUET cannot be tested"):
        tested(state, {"bucket": "box"}, result=[], map_item_reader_data="PAR1")


def test_a_negative_concurrency_fails_the_map(tested):
    told = tested({**EACH, "MaxConcurrencyPath": "$[0]"}, [-1], result=[])
    assert told.failure == ("States.Runtime", "MaxConcurrency cannot be negative.")


def test_a_jsonata_map_shows_its_numbers(tested):
    state = {
        **CHILDREN,
        "QueryLanguage": "JSONata",
        "Items": "{% $states.input.list %}",
        "MaxConcurrency": "{% 1 + 1 %}",
        "Output": "{% $sum($states.result) %}",
    }
    told = tested(state, {"list": [1]}, result=[4, 5])
    assert (told.output, told.stages) == (9, {"maxConcurrency": 2})


def test_a_parallel_gives_its_mocked_result(tested):
    told = tested({**BOTH, "ResultPath": "$.r", "End": True}, {"a": 1}, result=[1, 2])
    assert told.output == {"a": 1, "r": [1, 2]}
    assert told.stages == {"afterResultSelector": [1, 2], "afterResultPath": {"a": 1, "r": [1, 2]}}


def test_a_parallel_evaluates_its_parameters(tested):
    told = tested({**BOTH, "Parameters": {"a.$": "$.no"}, "End": True}, result=[1, 2])
    assert told.outcome.error == "States.Runtime"


def test_a_parallel_can_fail_in_a_branch(tested):
    told = tested({**BOTH, "End": True}, error="Broken", cause="M is", error_caused_by_state="M")
    assert (told.status, told.failure) == ("FAILED", ("Broken", "M is"))


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:states:us-east-1:000000000000:activity:work",
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "arn:aws:states:::glue:startNothing.sync",
        "arn:aws:states:::glue:startNothing",
    ],
)
def test_what_is_mocked_need_not_be_performed_by_this_engine(tested, resource):
    assert tested({"Type": "Task", "Resource": resource, "End": True}, result={"a": 1}).output == {"a": 1}
