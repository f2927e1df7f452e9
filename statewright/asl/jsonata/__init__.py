"""JSONata as Step Functions has it: `{% $states.input.orders[status = 'open'].total %}`.

JSONata 2.0.6 without `$eval`, with `$partition`, `$range`, `$hash`, `$random`, `$uuid` and `$parse`.
Expressions are parsed by jsonata-python and compiled to closures of our own: its evaluator confuses null with
undefined, turns every number into a double, keeps state per thread, and cannot stop a regular expression.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from statewright.asl.jsonata.expression import Expression, JsonataError, compile_expression
from statewright.asl.jsonata.templates import Template, compile_template, is_expression
from statewright.asl.jsonata.values import UNDEFINED, Limits, Undefined

__all__ = [
    "UNDEFINED",
    "Expression",
    "JsonataError",
    "Limits",
    "Template",
    "Undefined",
    "compile_expression",
    "compile_template",
    "is_expression",
]
