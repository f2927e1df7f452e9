"""The checker: infers the types that flow through a state machine, and reports what does not fit.

    check.py          check(text, file, signatures, name) -> Checked(findings, output, entries)
    inferred.py       inferred(text, signatures, name): what goes into each state and comes out of it, as JSON
    signatures.py     where types come from; find_folder, machine_name
    shapes.py         types: unions of shapes over JSON Schema; lattice.py, subsumption.py, schemas.py
    flow.py           types along states to a fixpoint; states.py, tasks.py, maps.py, choices.py: each state
    path_types.py     JSONPath values; jsonata_types.py: JSONata expressions
    findings.py       codes and findings; explanations.py: what they mean, with examples

Named like the standard library's module, but never in its way: it is imported as `statewright.typing` alone.
"""
