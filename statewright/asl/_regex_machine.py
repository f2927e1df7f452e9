"""A backtracking machine for regular expressions that never does the same work twice.

Without back-references a state (instruction, position) that failed once fails always, so it is tried once:
the time of a search is linear in the text. With them only the deadline bounds it. It is slow (about a
microsecond a step) and serves where Python's `re` might take for ever.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TypeAlias

from statewright.asl import _regex_syntax as syntax

# Instructions after unrolling; `(x{1000}){1000}` is refused.
MAX_PROGRAM = 20_000

ONE, SPLIT, JUMP, SAVE, POSITION, REFERENCE, LOOK, MARK, CHECK, MATCH = range(10)

Saves: TypeAlias = tuple[int | None, ...]
Instruction: TypeAlias = tuple[int, "int | str | CharacterTest | Looking | None", int]


class PatternTimeoutError(Exception):
    """A match that takes longer than it may."""


class CharacterTest:
    """Membership of a character class, remembered per character."""

    __slots__ = ("known", "pattern")

    def __init__(self, source: str, flags: int) -> None:
        self.pattern = re.compile(source, flags)
        self.known: dict[str, bool] = {}

    def holds(self, character: str) -> bool:
        answer = self.known.get(character)
        if answer is None:
            answer = self.known[character] = self.pattern.fullmatch(character) is not None
        return answer


@dataclass(frozen=True, slots=True)
class Looking:
    program: list[Instruction]
    is_behind: bool
    is_negative: bool


class Assembler:
    """Compiles a tree to instructions."""

    def __init__(self, tree: syntax.Tree, flags: int) -> None:
        self.flags = flags
        self.size = 0
        # Slots behind those of the groups hold where an iteration of a loop began.
        self.slots = 2 * tree.groups + 2

    def assemble(self, node: syntax.Node) -> list[Instruction]:
        """Compile a whole tree; raises PatternError where it becomes too large."""
        program: list[Instruction] = []
        self.emit(node, program)
        program.append((MATCH, None, 0))
        return program

    def add(self, program: list[Instruction], instruction: Instruction) -> int:
        self.size += 1
        if self.size > MAX_PROGRAM:
            raise syntax.PatternError("the regular expression is too large")
        program.append(instruction)
        return len(program) - 1

    def emit(self, node: syntax.Node, program: list[Instruction]) -> None:
        if isinstance(node, syntax.One):
            self.add(program, (ONE, CharacterTest(node.source, self.flags), 0))
        elif isinstance(node, syntax.Sequence):
            for part in node.parts:
                self.emit(part, program)
        elif isinstance(node, syntax.Choice):
            self.emit_choice(node, program)
        elif isinstance(node, syntax.Repeat):
            self.emit_repeat(node, program)
        elif isinstance(node, syntax.Group):
            self.add(program, (SAVE, 2 * node.number, 0))
            self.emit(node.body, program)
            self.add(program, (SAVE, 2 * node.number + 1, 0))
        elif isinstance(node, syntax.Reference):
            self.add(program, (REFERENCE, node.number, 0))
        elif isinstance(node, syntax.Position):
            self.add(program, (POSITION, node.kind, 0))
        else:
            inner = Looking(self.assemble(node.body), node.is_behind, node.is_negative)
            self.add(program, (LOOK, inner, 0))

    def emit_choice(self, node: syntax.Choice, program: list[Instruction]) -> None:
        ends: list[int] = []
        for branch in node.branches[:-1]:
            split = self.add(program, (SPLIT, 0, 0))
            self.emit(branch, program)
            ends.append(self.add(program, (JUMP, 0, 0)))
            program[split] = (SPLIT, split + 1, len(program))
        self.emit(node.branches[-1], program)
        for end in ends:
            program[end] = (JUMP, len(program), 0)

    def emit_repeat(self, node: syntax.Repeat, program: list[Instruction]) -> None:
        for _ in range(node.least):
            self.emit(node.body, program)
        if node.most is None:
            split = self.add(program, (SPLIT, 0, 0))
            slot = self.slots
            self.slots += 1
            self.add(program, (MARK, slot, 0))
            self.emit(node.body, program)
            self.add(program, (CHECK, slot, 0))
            self.add(program, (JUMP, split, 0))
            self.split(program, split, node)
            return
        splits: list[int] = []
        for _ in range(node.most - node.least):
            splits.append(self.add(program, (SPLIT, 0, 0)))
            self.emit(node.body, program)
        for split in splits:
            self.split(program, split, node)

    @staticmethod
    def split(program: list[Instruction], at: int, node: syntax.Repeat) -> None:
        into, past = at + 1, len(program)
        program[at] = (SPLIT, into, past) if node.is_greedy else (SPLIT, past, into)


class Machine:
    """Runs programs over one text."""

    def __init__(self, text: str, tree: syntax.Tree, slots: int, *, multiline: bool, deadline: float) -> None:
        self.text = text
        self.multiline = multiline
        self.remembers = not tree.has_references
        self.deadline = deadline
        self.steps = 0
        self.groups = tree.groups
        self.blank: Saves = (None,) * slots

    def search(self, program: list[Instruction], start: int) -> Saves | None:
        """Find the first match at or behind a position; its saves hold start and end of each group."""
        failed: set[int] = set()
        for at in range(start, len(self.text) + 1):
            saves = self.run(program, at, self.blank, failed)
            if saves is not None:
                return saves
        return None

    def fullmatch(self, program: list[Instruction]) -> bool:
        """Say whether the whole text matches."""
        return self.run(program, 0, self.blank, set(), must_end=len(self.text)) is not None

    def run(  # noqa: C901 -- one loop over the operations, in line for speed
        self,
        program: list[Instruction],
        start: int,
        saves: Saves,
        tried: set[int],
        must_end: int | None = None,
    ) -> Saves | None:
        """Match from one position; `tried` are the states that are known to fail."""
        stack: list[tuple[int, int, Saves]] = [(0, start, saves)]
        while stack:
            pc, at, saves = stack.pop()
            while pc >= 0:
                self.tick()
                operation, argument, other = program[pc]
                if operation == ONE:
                    assert isinstance(argument, CharacterTest)
                    if at >= len(self.text) or not argument.holds(self.text[at]):
                        break
                    pc, at = pc + 1, at + 1
                elif operation == SPLIT:
                    # Only a split has two ways out, and every loop passes one: only it need be remembered.
                    state = at * len(program) + pc
                    if self.remembers and state in tried:
                        break
                    tried.add(state)
                    stack.append((other, at, saves))
                    pc = argument if isinstance(argument, int) else -1
                elif operation == JUMP:
                    pc = argument if isinstance(argument, int) else -1
                elif operation == MATCH:
                    if must_end is None or at == must_end:
                        return (start, at, *saves[2:])
                    break
                else:
                    moved = self.special(operation, argument, at, saves)
                    if moved is None:
                        break
                    at, saves = moved
                    pc += 1
        return None

    def tick(self) -> None:
        self.steps += 1
        if not self.steps & 0xFFF and time.monotonic() > self.deadline:
            raise PatternTimeoutError

    def special(self, operation: int, argument: object, at: int, saves: Saves) -> tuple[int, Saves] | None:
        """Carry out what consumes no character, or a whole group; None where it fails."""
        if isinstance(argument, Looking):
            return self.look(argument, at, saves)
        if isinstance(argument, str):
            return (at, saves) if self.stands(argument, at) else None
        assert isinstance(argument, int)
        if operation in (SAVE, MARK):
            return at, (*saves[:argument], at, *saves[argument + 1 :])
        if operation == CHECK:
            # An iteration that took nothing is none; where states are remembered, they end such loops.
            return None if not self.remembers and saves[argument] == at else (at, saves)
        start, end = saves[2 * argument], saves[2 * argument + 1]
        if start is None or end is None:
            return at, saves
        # A reference compares as it stands: with the flag i as well.
        return (at + end - start, saves) if self.text.startswith(self.text[start:end], at) else None

    def look(self, looking: Looking, at: int, saves: Saves) -> tuple[int, Saves] | None:
        starts = range(at, -1, -1) if looking.is_behind else (at,)
        must_end = at if looking.is_behind else None
        for start in starts:
            inner = self.run(looking.program, start, saves, set(), must_end)
            if inner is not None:
                return None if looking.is_negative else (at, (None, None, *inner[2:]))
        return (at, saves) if looking.is_negative else None

    def stands(self, kind: str, at: int) -> bool:
        text = self.text
        if kind == "^":
            return at == 0 or (self.multiline and text[at - 1] in "\n\r\u2028\u2029")
        if kind == "$":
            return at == len(text) or (self.multiline and text[at] in "\n\r\u2028\u2029")
        is_edge = (at > 0 and _is_word(text[at - 1])) != (at < len(text) and _is_word(text[at]))
        return is_edge is (kind == "b")


def _is_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())
