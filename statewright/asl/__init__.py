"""The language: definitions as a tree with positions, paths, intrinsic functions, JSONata, diagnostics.

machine = asl.parse(text)          raises InvalidDefinition with its diagnostics
for state in machine.walk(): ...
"""

from statewright.asl._variables import variable_references
from statewright.asl.diagnostics import Diagnostic, InvalidDefinition
from statewright.asl.parse import diagnose, parse, parse_state, read
from statewright.asl.source import Location
from statewright.asl.tree import StateMachine

__all__ = [
    "Diagnostic",
    "InvalidDefinition",
    "Location",
    "StateMachine",
    "diagnose",
    "parse",
    "parse_state",
    "read",
    "variable_references",
]
