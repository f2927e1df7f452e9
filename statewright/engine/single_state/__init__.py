"""TestState: one state, run alone by the runner of its type, with a mock in place of what it calls.

    StateCase     what a request says, as texts          (cases)
    prepare       holds a case against its definition    (preparation, mock_results, context_object)
    run_state     runs it and tells how it ended         (running, inspection, mocked_workers)

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
"""

from statewright.engine.single_state.cases import Configuration, MockInput, StateCase, StateOutcome
from statewright.engine.single_state.running import run_state

__all__ = ["Configuration", "MockInput", "StateCase", "StateOutcome", "run_state"]
