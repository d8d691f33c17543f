"""One expression language for diagrams, decision tables and forms: a FEEL subset without escape."""

from engine.expression.inference import FeelType, infer, result_type
from engine.expression.program import (
    Assignment,
    Assignments,
    Expression,
    UnaryTests,
    compile_assignments,
    compile_expression,
    compile_unary_tests,
)
from engine.expression.value import YearsMonths, to_json
from engine.expression.words import describe

__all__ = [
    "Assignment",
    "Assignments",
    "Expression",
    "FeelType",
    "UnaryTests",
    "YearsMonths",
    "compile_assignments",
    "compile_expression",
    "compile_unary_tests",
    "describe",
    "infer",
    "result_type",
    "to_json",
]
