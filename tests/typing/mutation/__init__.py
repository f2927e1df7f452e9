"""Mutants of right machines: each wrong in one place, for a reason that its operator states.

places.py                     walking and changing definitions
registry.py                   operators and mutants
of_structure.py, of_errors.py, of_fields.py, of_types.py, of_expressions.py, of_variables.py, of_deployment.py
judge.py                      which mutants the checker finds
single_shard.asl.json, types/ a machine of ours in JSONPath, with its signatures
python -m tests.typing.mutation    all of them, by operator
"""
