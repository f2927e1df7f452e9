"""The registry of built-in functions. Each module of functions fills it when it is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.asl.jsonata.calls import Native
from statewright.asl.jsonata.signature import Signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.asl.jsonata.values import Value

NATIVES: dict[str, Value] = {}


def native(name: str, signature: str) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Register a function that takes the run and the arguments that the signature lets through."""

    def register(call: Callable[..., Value]) -> Callable[..., Value]:
        NATIVES[name] = Native(name, Signature.parse(signature, name), call)
        return call

    return register
