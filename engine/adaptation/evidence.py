"""Says in words what carries an answer out: a step by its name, a role as people call it here."""

from functools import cached_property

from engine.deployment import ResolvedDeployment
from engine.drawing.model import Element


class Words:
    """Turns `step:decide_route` of a set of files into what people read."""

    def __init__(self, deployment: ResolvedDeployment) -> None:
        self._deployment = deployment

    @cached_property
    def _elements(self) -> dict[str, Element]:
        drawings = self._deployment.drawings.values()
        return {one.id: one for drawing in drawings for one in drawing.elements}

    def of(self, name: str) -> str:
        """Return one name in words; what has none is said as it is written."""
        kind, _, rest = name.partition(":")
        plain = rest.replace("_", " ")
        if kind == "step":
            element = self._elements.get(rest)
            return f"step: {element.name if element and element.name else plain}"
        if kind == "role":
            return f"role: {self._deployment.profile.role_name(rest)}"
        if kind == "form":
            form, _, field = rest.partition(".")
            title = self._form(form)
            return f"form: {title}{_field(field)}"
        if kind == "table":
            table = self._deployment.decisions.get(rest)
            return f"table: {table.name if table and table.name else plain}"
        return f"{kind}: {plain if kind != 'operator' else rest}"

    def _form(self, name: str) -> str:
        form = self._deployment.forms.get(name)
        return (form.title if form else "") or name.replace("_", " ")


def _field(name: str) -> str:
    """Return the question of a form in words, behind its title."""
    return f", {name.replace('_', ' ').replace('.', ', ')}" if name else ""
