"""The engine: runs state machines as AWS Step Functions does, in this process.

    from statewright.engine import run
    execution = run(definition, {"name": "Ada"}, functions={"greet": greet})
    assert execution.result == {"greeting": "Hello, Ada"}

`Engine` is the whole of it, on an event loop; `run` one execution without one.
"""

from statewright.engine.clock import Clock, RealClock, ScaledClock, VirtualClock, VirtualLoop
from statewright.engine.engine import Engine
from statewright.engine.errors import ApiError, StateFailure
from statewright.engine.functions import FunctionBackend, FunctionResult, LocalFunctions
from statewright.engine.records import ExecutionRecord, StateMachineRecord
from statewright.engine.runner import run, run_with_history
from statewright.engine.sqlite_store import SqliteStore
from statewright.engine.store import MemoryStore, Store

__all__ = [
    "ApiError",
    "Clock",
    "Engine",
    "ExecutionRecord",
    "FunctionBackend",
    "FunctionResult",
    "LocalFunctions",
    "MemoryStore",
    "RealClock",
    "ScaledClock",
    "SqliteStore",
    "StateFailure",
    "StateMachineRecord",
    "Store",
    "VirtualClock",
    "VirtualLoop",
    "run",
    "run_with_history",
]
