"""Operators, and the mutants that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = Any
Operator = "Callable[[Json], Iterator[tuple[str, Json]]]"


@dataclass(frozen=True)
class Kind:
    """An operator: its name, what it is about, why what it makes is wrong, and what makes it."""

    name: str
    group: str
    why: str
    make: Callable[[Json], Iterator[tuple[str, Json]]]


@dataclass(frozen=True)
class Mutant:
    """A definition that is wrong; `definition` is a text where it is no JSON any more."""

    operator: str
    group: str
    place: str
    definition: Json

    @property
    def name(self) -> str:
        return f"{self.operator} {self.place}"


KINDS: list[Kind] = []


def operator(group: str) -> Callable[[Any], Any]:
    """Register an operator; its docstring says why its mutants are wrong."""

    def register(make: Callable[[Json], Iterator[tuple[str, Json]]]) -> Any:
        assert make.__doc__, make.__name__
        KINDS.append(Kind(make.__name__, group, make.__doc__, make))
        return make

    return register


def mutants(machine: Json) -> Iterator[Mutant]:
    """Give all mutants of a machine."""
    for kind in KINDS:
        for place, definition in kind.make(machine):
            yield Mutant(kind.name, kind.group, place, definition)
