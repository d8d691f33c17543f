"""Checks forms and how user tasks use them: every step for people has one, with all it needs."""

from collections.abc import Iterator

from engine import form as forms
from engine.check.context import CheckContext, OperatorFacts
from engine.check.finding import WHOLE_FILE, Finding, error, warning
from engine.check.folder import Folder
from engine.check.operator_use import suggestion
from engine.drawing import Drawing, Element, user_tasks
from engine.form import Form
from engine.form.form import FREE_TEXT, SINGLE_CHOICE, FieldClass, Type, walk
from engine.language import mark
from engine.language.telling import Told, told

_FILED = {FieldClass.CASE, FieldClass.SENSITIVE, FieldClass.SOURCE}


def check_forms_of_tasks(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Every user task names a form that exists."""
    for drawing in folder.drawings:
        for task in user_tasks(drawing):
            name = task.properties.get("formRef", "")
            if not name:
                yield error(
                    drawing,
                    task,
                    "no_form",
                    _no_form(task),
                )
            elif not folder.exists("form", name):
                yield error(
                    drawing,
                    task,
                    "unknown_form",
                    told(
                        "its form %(name)s does not exist; add forms/%(name)s.form, or "
                        "%(suggestion)s.",
                        name=name,
                        suggestion=suggestion(name, folder.forms),
                    ),
                )


def _no_form(task: Element) -> Told:
    """Return the mend, with what another tool called the form, to help with an imported diagram."""
    name = task.id or "check_source"
    found = [f"{key} {value}" for key, value in task.foreign.items() if "form" in key.lower()]
    if not found:
        return told("has no form; set formRef, for example %(name)s.", name=name)
    return told(
        "has no form; set formRef, for example %(name)s (another tool wrote %(found)s).",
        name=name,
        found=", ".join(found),
    )


def check_recorders(folder: Folder, context: CheckContext) -> Iterator[Finding]:
    """`recordWith` names a recorder, and the form asks for everything that it requires."""
    for drawing in folder.drawings:
        for task in user_tasks(drawing):
            name = task.properties.get("recordWith", "")
            if not name:
                yield from _unrecorded(drawing, task, folder)
                continue
            facts = context.operators.get(name)
            if facts is None:
                yield error(
                    drawing,
                    task,
                    "unknown_recorder",
                    told(
                        "records with %(name)s, which is no operator; %(suggestion)s.",
                        name=name,
                        suggestion=suggestion(name, context.operators),
                    ),
                )
            elif not facts.records_form:
                yield error(
                    drawing,
                    task,
                    "not_a_recorder",
                    told(
                        "records with %(name)s, which is for service tasks; name an operator that "
                        "records a form.",
                        name=name,
                    ),
                )
            else:
                yield from _required_fields(drawing, task, facts, folder)


def _unrecorded(drawing: Drawing, task: Element, folder: Folder) -> Iterator[Finding]:
    form = folder.forms.get(task.properties.get("formRef", ""))
    # An answer that belongs to the file alone becomes no variable either.
    if form is not None and any(one.field_class in _FILED for one, _ in walk(form.components)):
        yield warning(
            drawing,
            task,
            "unrecorded",
            told(
                "its answers stay with the step and never reach the case file; name in recordWith "
                "the operator that writes them there."
            ),
        )


def _required_fields(
    drawing: Drawing, task: Element, facts: OperatorFacts, folder: Folder
) -> Iterator[Finding]:
    form = folder.forms.get(task.properties.get("formRef", ""))
    if form is None:
        return
    fields = {field.key: field for field in form.fields() if not field.in_rows}
    for name in sorted(facts.required & fields.keys()):
        if not fields[name].required and fields[name].type in _MAY_STAY_EMPTY:
            yield error(
                drawing,
                task,
                "field_optional",
                told(
                    "%(name)s needs %(field)s, which may be left empty in the form %(form)s; make "
                    "the field required.",
                    name=facts.name,
                    field=name,
                    form=form.id,
                ),
            )
    for name in sorted(facts.required - fields.keys()):
        yield error(
            drawing,
            task,
            "field_not_in_form",
            told(
                "%(name)s needs %(field)s, which the form %(form)s does not ask; add a field with "
                "the key %(field)s.",
                name=facts.name,
                field=name,
                form=form.id,
            ),
        )


_MAY_STAY_EMPTY = frozenset({*SINGLE_CHOICE, *FREE_TEXT, Type.NUMBER, Type.DATETIME})
"""Components whose empty answer is no answer; a list may be empty, a box not ticked."""


def check_forms(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Every form can be published, is named like its file, and is used."""
    used = {
        task.properties.get("formRef", "")
        for drawing in folder.drawings
        for task in user_tasks(drawing)
    }
    for name, form in folder.forms.items():
        path = folder.path_of("form", name)
        for found in forms.findings(form):
            yield error(path, found.element, f"form_{found.code}", found.message)
        if form.id != name:
            yield error(
                path,
                WHOLE_FILE,
                "form_id",
                told(
                    "the form is called %(form)s and its file %(name)s; give both the same name.",
                    form=form.id,
                    name=name,
                ),
            )
        if folder.drawings and name not in used:
            yield warning(
                path,
                WHOLE_FILE,
                "unused_form",
                told("no user task shows this form; name it in formRef, or remove it."),
            )


def check_fields_across(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Require that a key that reaches the process has one type in all forms."""
    seen: dict[str, tuple[str, Form]] = {}
    for name, form in sorted(folder.forms.items()):
        for field in form.fields():
            if field.field_class != "process" or field.in_rows:
                continue
            kind = _value_kind(field.type)
            other_kind, other = seen.setdefault(field.key, (kind, form))
            if other_kind != kind:
                yield error(
                    folder.path_of("form", name),
                    field.key,
                    "field_type_differs",
                    told(
                        "%(key)s is a %(kind)s here and a %(other_kind)s in %(other)s; use one "
                        "type, or another key.",
                        key=field.key,
                        kind=told(kind),
                        other_kind=told(other_kind),
                        other=other.id,
                    ),
                )


def _value_kind(component: str) -> str:
    """Return what the process receives from a component."""
    if component in {"radio", "select"}:
        return mark("code")
    if component in {"checklist", "taglist", "dynamiclist"}:
        return mark("list")
    names = mark({"datetime": "date", "checkbox": "yes or no", "expression": "computed value"})
    return names.get(component, component)
