"""The error trees: every class is drawn where they are defined, and bears AWS's name."""

from __future__ import annotations

import boto3
import pytest

from statewright.engine import errors


def descendants(kind):
    for each in kind.__subclasses__():
        yield each
        yield from descendants(each)


def test_every_error_is_drawn_in_the_docstring():
    for root in (errors.ApiError, errors.ExecutionEnd):
        for each in descendants(root):
            if each.__module__ == errors.__name__:
                assert each.__name__ in (errors.__doc__ or "")


def test_every_api_error_has_a_name_that_the_api_has():
    model = boto3.client("stepfunctions", region_name="us-east-1").meta.service_model
    known = {shape.name for shape in model.error_shapes}
    ours = {each.__name__ for each in descendants(errors.ApiError) if each.__module__ == errors.__name__}
    assert ours <= known


@pytest.mark.parametrize("error", ["States.ALL", "E", None])
def test_only_states_runtime_cannot_be_caught(error):
    assert errors.StateFailure(error, None).is_catchable
    assert not errors.StateFailure("States.Runtime", None).is_catchable


def test_the_output_of_an_error_has_an_empty_cause_where_only_the_cause_is_missing():
    assert errors.StateFailure("E", None).output() == {"Error": "E", "Cause": ""}
    assert errors.StateFailure(None, None).output() == {"Error": None, "Cause": None}
