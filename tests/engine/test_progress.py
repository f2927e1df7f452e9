"""Where an execution stands, as JSON and back."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from statewright.engine.progress import (
    BranchesProgress,
    Done,
    FlowProgress,
    IterationsProgress,
    MapRunProgress,
    as_json,
    from_json,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
VARIABLES = st.dictionaries(st.text(), VALUES, max_size=2)


def flows(inner):
    return st.builds(
        FlowProgress,
        state=st.text(),
        input=VALUES,
        variables=VARIABLES,
        entered_id=st.integers(0, 25_000),
        entered_at=st.floats(0, 2e9),
        inner=inner,
    )


def inside(flow):
    ended = st.builds(Done, VALUES) | flow
    return flows(
        st.builds(BranchesProgress, st.lists(ended | st.none(), max_size=3))
        | st.builds(
            IterationsProgress,
            st.lists(VALUES, max_size=3),
            st.dictionaries(st.integers(0, 10_000), ended, max_size=3),
        )
        | st.builds(MapRunProgress, st.text(), st.booleans())
    )


@given(st.recursive(flows(st.none()), inside, max_leaves=4))
def test_progress_as_json_is_the_same_progress_again(progress):
    assert from_json(json.loads(json.dumps(as_json(progress)))) == progress


@given(VALUES)
def test_an_output_is_never_taken_for_a_state(output):
    assert from_json(as_json(Done({"state": output}))) == Done({"state": output})
