"""What is refused is told in the language of the reader, and what operators do is translated."""

import ast
from collections.abc import Iterator

import pytest

from engine.language import speaking
from engine.language.catalogue import translated
from engine.operator import catalogue
from tests.meta.house import trees
from tests.meta.test_language import COMPLETE

AREAS = (
    "engine/bookkeeping.py",
    "engine/bpmn/",
    "engine/decision/",
    "engine/errors.py",
    "engine/expression/",
    "engine/inheritance.py",
    "engine/profile.py",
    "engine/proof/rule.py",
    "engine/proof/rulebook.py",
    "engine/separate_file.py",
    "engine/structure.py",
    "engine/turn.py",
    "engine/wordbook/",
    "engine/workshop/",
    "engine/adaptation/beginning.py",
    "tasks/",
)
"""Where a refusal is read by people on pages; command lines are English unless asked."""
NOT_READ = frozenset({"StateError", "ValueError", "TypeError", "RuntimeError", "KeyError"})
"""Mistakes of whoever runs or writes the program."""
REFUSES = {"refuse": 1, "Refusal": 2, "_error": 0, "__init__": 0}
"""What makes a refusal, and which of its arguments is the sentence."""


def bare(tree: ast.AST) -> Iterator[str]:
    """Yield the refusals that are English for everybody, or lose their language on the way."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        place = 0 if name.endswith("Error") and name not in NOT_READ else REFUSES.get(name)
        if place is None or len(call.args) <= place:
            continue
        said = call.args[place]
        if _is_sentence(said) or ast.unparse(said) == "str(error)":
            yield ast.unparse(said)


def _is_sentence(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(_is_text(one.value) for one in node.values if isinstance(one, ast.Constant))
    return isinstance(node, ast.Constant) and _is_text(node.value) and " " in str(node.value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and any(sign.isalpha() for sign in value)


def test_refusals_that_people_read_are_told() -> None:
    found = {
        name: texts
        for name, tree in trees().items()
        if name.startswith(AREAS) and (texts := list(bare(tree)))
    }
    assert found == {}, 'write told("... %(name)s", name=name), or message_of(error)'


@pytest.mark.parametrize(
    "source",
    [
        "raise InputError('Give the draft a name.')",
        "raise InputError(f'{path}: choose another name.')",
        "yield scope.refuse(node, 'draw an end event.')",
        "raise OperatorError(str(error), retryable=False) from error",
    ],
)
def test_refusal_that_nobody_can_translate_is_found(source: str) -> None:
    assert len(list(bare(ast.parse(f"def f():\n    {source}")))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "raise InputError(told('%(path)s: choose another name.', path=path))",
        "raise StateError('The stored process state is torn; restore a backup.')",
        "raise BpmnError('no_such_plan')",
        "raise ExpressionError(message_of(error)) from error",
    ],
)
def test_refusal_that_is_told_is_let_through(source: str) -> None:
    assert list(bare(ast.parse(source))) == []


@pytest.mark.parametrize("language", COMPLETE)
def test_what_an_operator_does_is_said_in_each_language(language: str) -> None:
    with speaking(language):
        english = [
            one.name
            for one in catalogue().values()
            # Tests register operators of their own.
            if one.function.__module__.startswith("tasks.")
            and translated(language, one.summary) == one.summary
        ]
    assert english == [], "run `casetable language extract --program` and translate what is new"
