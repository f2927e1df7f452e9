"""What the values of a state's fields see: document, context object, variables, and where findings go."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from statewright.typing.contexts import EXECUTION_INPUT, narrowed_context
from statewright.typing.findings import Where, meant
from statewright.typing.lattice import join
from statewright.typing.shapes import UNKNOWN, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from statewright.typing.findings import Findings


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable where a state is entered; `is_certain`: it is assigned on every way here."""

    type: Type
    is_certain: bool = True


Variables = dict[str, Variable]


def join_variables(left: Mapping[str, Variable], right: Mapping[str, Variable]) -> Variables:
    """Join what two ways have assigned; what only one of them has is not certain any more."""
    joined: Variables = {}
    for name in (*left, *(name for name in right if name not in left)):
        one, other = left.get(name), right.get(name)
        if one is None or other is None:
            lone = one or other
            assert lone is not None
            joined[name] = Variable(lone.type, is_certain=False)
        else:
            joined[name] = Variable(join(one.type, other.type), one.is_certain and other.is_certain)
    return joined


@dataclass(frozen=True, slots=True)
class View:
    """What an expression sees; `more` are the members of `$states` besides input and context.

    `bound`: what conditions have told of variables that the expression itself binds; `present`: expressions,
    written out, that a condition has found to yield something.
    """

    document: Type
    context: Type
    variables: Mapping[str, Variable]
    findings: Findings
    more: Mapping[str, Type] = field(default_factory=dict)
    bound: Mapping[str, Variable] = field(default_factory=dict)
    present: frozenset[str] = frozenset()

    def of(self, document: Type, **more: Type) -> View:
        """Give a view of another document, with more members of `$states`."""
        return replace(self, document=document, more={**self.more, **more})

    def of_execution(self, change: Callable[[Type], Type]) -> View:
        """Give a view that knows more of the execution's input."""
        context, changed = narrowed_context(self.context, change)
        return replace(
            self, context=context, variables={**self.variables, EXECUTION_INPUT: Variable(changed)}
        )

    def unbound(self, names: Sequence[str]) -> View:
        """Forget what was known of variables that are bound anew."""
        if not self.bound and not self.present:
            return self
        left = {name: each for name, each in self.bound.items() if name not in names}
        return replace(self, bound=left, present=self.present if not names else frozenset())

    def variable(self, name: str, where: Where) -> Type:
        """Look a variable up; reports one that is not, or not surely, assigned."""
        known = self.variables.get(name)
        if known is None:
            self._report_unassigned(name, where)
            return UNKNOWN
        if not known.is_certain:
            self.findings.add(
                "SW121", f"the variable ${name} is not assigned on every way to this state", where
            )
        return known.type

    def _report_unassigned(self, name: str, where: Where) -> None:
        message = f"the variable ${name} is not assigned on any way to this state"
        if name in self.findings.inner_variables:
            message += ": what a Parallel or a Map assigns inside is not seen outside"
            self.findings.add("SW120", message, where, severity="warning")
            return
        findings = self.findings
        if name not in findings.assigned:  # also where it is only asked whether there is such a value
            findings = replace(findings, ignored=findings.ignored - {"SW120"})
        findings.add("SW120", message, where, suggestion=meant(name, self.variables))
