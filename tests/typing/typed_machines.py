"""Machines that are well typed by construction, in both query languages, with the functions that they call.

Each state is made for what is known where it is entered, and says what is known behind it: most of these
machines have no finding, whatever they are made of: Choice that tells, Map and Parallel, Catch and Retry,
variables, loops, intrinsic functions, JSONata's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.typing.jsonata_expressions import ITEM, KINDS, SCHEMA, record
from tests.typing.typed_choices import beside, choice, is_object
from tests.typing.typed_expressions import (
    COUNT,
    TEXT,
    Jsonata,
    JsonPath,
    Known,
    Place,
    array_of,
    fits,
    places,
    wanted_record,
    wanted_schema,
)

if TYPE_CHECKING:
    from random import Random

Json = Any
States = dict[str, Json]

ANSWERS = {
    "w": {"anyOf": KINDS},
    "i": ITEM,
    "n": {"type": "integer", "minimum": -2, "maximum": 5},
    "s": {"type": "string", "maxLength": 3},
    "c": COUNT,
    "l": array_of(ITEM),
    "m": array_of({"type": "integer", "minimum": 0, "maximum": 4}, 1),
    "u": {"type": ["string", "null"], "maxLength": 2},
}
ERROR = record({"Error": TEXT}, "Error")
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:"
INVOKE = "arn:aws:states:::lambda:invoke"


def signature(random: Random) -> Json:
    """Give the signature of a function: it takes a record, and answers with one."""
    names = random.sample(list(ANSWERS), random.randint(1, 4))
    required = [name for name in names if random.random() < 0.7]
    answer = record({name: ANSWERS[name] for name in names}, " ".join(required))
    return {"input": wanted_record(random, 1, "xyz"), "output": answer, "errors": ["Refused"]}


@dataclass
class Machine:
    """A machine in the making; `count` numbers its states."""

    random: Random
    language: str
    functions: dict[str, Json]
    count: int = 0
    variables: int = 0
    blocks: int = 0
    found: States = field(default_factory=dict)

    def name(self) -> str:
        self.count += 1
        return f"S{self.count}"

    @property
    def is_jsonata(self) -> bool:
        return self.language == "JSONata"

    @property
    def root(self) -> str:
        return "$states.input" if self.is_jsonata else "$"

    def entering(self, known: Known, schema: Json) -> Known:
        """Give what is known where a state gets an input of a schema."""
        return known.having(Place(self.root, schema))

    def input(self, known: Known) -> Json:
        return next(root.schema for root in known.roots if root.text == self.root)

    # --- values ---

    def expression(self, wanted: Json, known: Known) -> str:
        """Give a JSONata string that yields what is wanted."""
        return "{% " + Jsonata(self.random).make(wanted, known) + " %}"

    def payload(self, wanted: Json, known: Known) -> Json:
        """Give a payload that makes a record."""
        if not self.is_jsonata:
            return JsonPath(self.random).template(wanted, known)
        if self.random.random() < 0.3:
            return self.expression(wanted, known)
        return {name: self.expression(each, known) for name, each in wanted["properties"].items()}

    def making(self, wanted: Json, known: Known) -> dict[str, Json]:
        """Give the fields of a Pass that puts out a record."""
        return {"Output" if self.is_jsonata else "Parameters": self.payload(wanted, known)}

    def assign(self, state: Json, known: Known, behind: Known) -> Known:
        """Perhaps assign a variable, from what is known; say what is known behind that."""
        if self.random.random() > 0.3:
            return behind
        self.variables = self.variables + 1 if self.random.random() < 0.7 or not self.variables else 1
        name, wanted = f"v{self.variables}", wanted_schema(self.random)
        state["Assign"] = self.payload(record({name: wanted}, name), known)
        if isinstance(state["Assign"], str):
            state["Assign"] = {name: self.expression(wanted, known)}
        return behind.having(Place(f"${name}", wanted))

    # --- flows ---

    def flow(self, known: Known, length: int, depth: int) -> tuple[Json, Json]:
        """Give a flow, and the schema of what it puts out."""
        states: States = {}
        start = name = self.name()
        for _ in range(length):
            following = self.name()
            block = self.random.choice(BLOCKS if depth else FLAT)
            known = block(self, states, name, following, known, depth)
            name = following
        wanted = wanted_record(self.random)
        states[name] = {"Type": "Pass", **self.making(wanted, known), "End": True}
        return {"StartAt": start, "States": states}, wanted

    def made(self, known: Known, schema: Json, result: Json | None = None) -> Known:
        """Give what is known where both, the state's input and its result, may be named."""
        if not self.is_jsonata:
            return self.entering(known, schema if result is None else result)
        return known if result is None else known.having(Place("$states.result", result))


def _pass(m: Machine, states: States, name: str, following: str, known: Known, depth: int) -> Known:
    wanted = wanted_record(m.random)
    state = {"Type": "Pass", **m.making(wanted, known), "Next": following}
    behind = m.entering(known, wanted)
    if m.is_jsonata:
        behind = m.assign(state, known, behind)
    else:
        behind = m.assign(state, behind, behind)
        if m.random.random() < 0.5 and is_object(m.input(known)):
            state["ResultPath"] = "$.made"
            behind = m.entering(behind, beside(m.input(known), "made", wanted))
        elif m.random.random() < 0.2:
            state["OutputPath"] = f"$.{m.random.choice(list(wanted['properties']))}"
            part = wanted["properties"][state["OutputPath"][2:]]
            behind = m.entering(behind, part)
    states[name] = state
    return behind


def _objects(m: Machine, states: States, name: str, known: Known) -> tuple[str, Known]:
    """Put a Pass before where the input is no object, for ResultPath needs one."""
    if m.is_jsonata or is_object(m.input(known)):
        return name, known
    wanted, following = wanted_record(m.random), m.name()
    states[name] = {"Type": "Pass", **m.making(wanted, known), "Next": following}
    return following, m.entering(known, wanted)


def _task(m: Machine, states: States, name: str, following: str, known: Known, depth: int) -> Known:
    name, known = _objects(m, states, name, known)
    function = m.random.choice(list(m.functions))
    taken, given = m.functions[function]["input"], m.functions[function]["output"]
    payload = m.payload(taken, known)
    state: Json = {"Type": "Task", "Resource": LAMBDA + function, "TimeoutSeconds": 60}
    field_name, result = ("Arguments" if m.is_jsonata else "Parameters"), given
    if m.random.random() < 0.4:
        state["Resource"] = INVOKE
        payload = {"FunctionName": LAMBDA + function, "Payload": payload}
        result = record({"Payload": given}, "Payload")
    state[field_name] = payload
    if m.random.random() < 0.5:
        state["Retry"] = [{"ErrorEquals": ["Refused"], "MaxAttempts": 1, "IntervalSeconds": 1}]
    behind = m.assign(state, m.made(known, m.input(known), result), known)
    states[name] = state
    return _worked(m, states, name, following, (known, behind), result)


def _worked(
    m: Machine, states: States, name: str, following: str, entry: tuple[Known, Known], result: Json
) -> Known:
    """End a Task, a Map or a Parallel: with its result alone or beside the input, with a Catch or without."""
    state, (known, behind) = states[name], entry
    wanted = wanted_record(m.random)
    is_caught = m.random.random() < 0.5
    if m.is_jsonata:
        state |= {"Next": following, "Output": m.payload(wanted, m.made(known, {}, result))}
        if is_caught:
            failed = known.having(Place("$states.errorOutput", ERROR))
            catcher = {"ErrorEquals": ["States.ALL"], "Output": m.payload(wanted, failed), "Next": following}
            state["Catch"] = [catcher]
        # A variable that the state assigns is not assigned where its error was caught.
        return m.entering(known if is_caught else behind, wanted)
    if m.random.random() < 0.4 and result.get("type") == "object":
        selected = wanted_record(m.random)
        state["ResultSelector"] = m.payload(selected, _selecting(m, known, result))
        result = selected
        state.pop("Assign", None)
        behind = known
    state["ResultPath"] = "$.made"
    after = beside(m.input(known), "made", result)
    if not is_caught:
        state["Next"] = following
        return m.entering(behind, after)
    well, badly = m.name(), m.name()
    state |= {"Next": well, "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.made", "Next": badly}]}
    states[well] = {
        "Type": "Pass",
        **m.making(wanted, m.entering(behind, after)),
        "Next": following,
    }
    failed = m.entering(known, beside(m.input(known), "made", ERROR))
    states[badly] = {"Type": "Pass", **m.making(wanted, failed), "Next": following}
    return m.entering(known, wanted)


def _selecting(m: Machine, known: Known, result: Json) -> Known:
    return m.entering(known, result)


# --- containers, waits, loops ---


def _items(m: Machine, known: Known) -> tuple[dict[str, Json], Json]:
    found = [
        each
        for each in places(known)
        if each.is_certain and each.schema.get("type") == "array" and each.text != m.root
    ]
    if not m.is_jsonata:
        if not found:
            return {}, None
        place = m.random.choice(found)
        return {"ItemsPath": place.text}, place.schema["items"]
    wanted = wanted_schema(m.random, 0)
    if found and m.random.random() < 0.5:
        place = m.random.choice(found)
        return {"Items": "{% " + place.text + " %}"}, place.schema["items"]
    return {"Items": m.expression(array_of(wanted), known)}, wanted


def _map(m: Machine, states: States, name: str, following: str, known: Known, depth: int) -> Known:
    name, known = _objects(m, states, name, known)
    items, item = _items(m, known)
    if item is None:
        return _pass(m, states, name, following, known, depth)
    context = "$states.context" if m.is_jsonata else "$$"
    value = Place(f"{context}.Map.Item.Value", item)
    is_distributed = m.random.random() < 0.25
    state: Json = {"Type": "Map", **items}
    if m.random.random() < 0.5:
        wanted = wanted_record(m.random)
        state["ItemSelector"] = m.payload(wanted, known.having(value))
        item = wanted
    if is_distributed:
        inner, output = m.flow(_alone(m, item), m.random.randint(0, 1), 0)
        inner = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **inner}
    else:
        entry = m.entering(known, item).having(Place(f"{context}.Map.Item.Index", COUNT))
        inner, output = m.flow(entry, m.random.randint(0, 2), depth - 1)
    states[name] = {**state, "ItemProcessor": inner}
    return _worked(m, states, name, following, (known, known), array_of(output))


def _alone(m: Machine, item: Json) -> Known:
    return m.entering(Known(_context(m)), item)


def _parallel(m: Machine, states: States, name: str, following: str, known: Known, depth: int) -> Known:
    name, known = _objects(m, states, name, known)
    flows = [m.flow(known, m.random.randint(0, 1), depth - 1) for _ in range(2)]
    states[name] = {"Type": "Parallel", "Branches": [flow for flow, _ in flows]}
    both = record({str(place): output for place, (_, output) in enumerate(flows)}, "0 1")
    if not m.is_jsonata:
        return _worked(m, states, name, following, (known, known), {**both, "type": "branches"})
    wanted = wanted_record(m.random)
    results = [Place(f"$states.result[{place}]", output) for place, (_, output) in enumerate(flows)]
    states[name] |= {"Output": m.payload(wanted, known.having(*results)), "Next": following}
    return m.entering(known, wanted)


def _wait(m: Machine, states: States, name: str, following: str, known: Known, depth: int) -> Known:
    states[name] = {"Type": "Wait", "Seconds": 1, "Next": following}
    counts = [
        each for each in places(known) if each.is_certain and fits(each.schema, COUNT) and each.text != "$"
    ]
    if m.is_jsonata:
        states[name]["Seconds"] = "{% $min([9, " + Jsonata(m.random).make(COUNT, known) + "]) %}"
    elif counts and m.random.random() < 0.7:
        states[name] = {"Type": "Wait", "SecondsPath": m.random.choice(counts).text, "Next": following}
    return known


def _loop(m: Machine, states: States, name: str, following: str, known: Known, depth: int) -> Known:
    """Go round three times, with a count and a sum."""
    if not m.is_jsonata:
        return _pass(m, states, name, following, known, depth)
    m.variables += 1
    count, again, step = f"n{m.variables}", m.name(), m.name()
    states[name] = {"Type": "Pass", "Assign": {count: 0}, "Next": step}
    added = Jsonata(m.random).make(COUNT, known)
    states[step] = {
        "Type": "Pass",
        "Assign": {count: f"{{% ${count} + 1 + ({added}) %}}"},
        "Next": again,
    }
    rule = {"Condition": f"{{% ${count} < 3 %}}", "Next": step}
    states[again] = {"Type": "Choice", "Choices": [rule], "Default": following}
    return known.having(Place(f"${count}", COUNT))


Block = Any  # (machine, states, name, following, known, depth) -> what is known behind it
FLAT: list[Block] = [_pass, _pass, _task, _task, choice, choice, _wait, _loop]
BLOCKS: list[Block] = [*FLAT, _map, _map, _parallel]


def _context(m: Machine) -> tuple[Place, ...]:
    root = "$states.context" if m.is_jsonata else "$$"
    names = record({"Name": TEXT, "Id": TEXT, "StartTime": TEXT}, "Name Id StartTime")
    return (Place(f"{root}.Execution", names), Place(f"{root}.State", record({"Name": TEXT}, "Name")))


def typed_machine(random: Random) -> tuple[Json, dict[str, Json]]:
    """Give a machine and the signatures of its functions; its input is of SCHEMA."""
    functions = {"work": signature(random), "other": signature(random)}
    machine = Machine(random, random.choice(["JSONPath", "JSONata"]), functions)
    context = _context(machine)
    known = Known((*context, Place(f"{context[0].text}.Input", SCHEMA)))
    flow, _ = machine.flow(machine.entering(known, SCHEMA), random.randint(1, 4), 2)
    return {"QueryLanguage": machine.language, **flow}, functions
