"""Whether the forms still ask what they have to ask."""

from collections.abc import Iterable, Iterator

from engine.deployment import ResolvedDeployment
from engine.form.form import Component, Form
from engine.language.telling import told
from engine.proof.rule import Check


def unasked(deployment: ResolvedDeployment, check: Check) -> Iterator[str]:
    """Yield what a form of this name does not ask, or lets people leave empty, with the mend."""
    form = deployment.forms.get(check.form)
    if form is None or check.form not in _shown(deployment):
        yield told(
            "no step shows the form %(form)s; name it in the formRef of the step that asks",
            form=check.form,
        )
        return
    there = {one.key: one for one in _all(form.components) if one.key}
    for name in (*check.questions, *check.required):
        if name not in there:
            yield told(
                "the form %(form)s does not ask for %(name)s; put the question back",
                form=check.form,
                name=name,
            )
        elif name in check.required and not there[name].rules.required:
            label = there[name].label or name
            yield told(
                "the form %(form)s lets people leave %(label)s empty; make it required",
                form=check.form,
                label=repr(label),
            )
    for name, wanted in check.answers:
        offered = {option.code for one in _named(form, name) for option in one.options}
        missing = [one for one in wanted if one not in offered]
        if missing:
            yield told(
                "the form %(form)s no longer offers %(answers)s for %(name)s; put it back",
                form=check.form,
                answers=", ".join(missing),
                name=name,
            )


def _named(form: Form, name: str) -> list[Component]:
    return [one for one in _all(form.components) if one.key == name]


def _shown(deployment: ResolvedDeployment) -> set[str]:
    return {
        element.properties.get("formRef", "")
        for process in deployment.processes.values()
        for element in process.elements
        if element.kind == "userTask"
    }


def _all(components: Iterable[Component]) -> Iterator[Component]:
    for one in components:
        yield one
        yield from _all(one.components)
