"""Checks decision tables and how decision tasks use them."""

from collections.abc import Iterator

from engine.check.context import CheckContext
from engine.check.finding import WHOLE_FILE, Finding, error, warning
from engine.check.folder import Folder
from engine.check.operator_use import suggestion
from engine.check.variable import variables_of
from engine.language.telling import told


def check_decisions_of_tasks(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Every decision task names a table that exists."""
    for drawing in folder.drawings:
        for element in drawing.elements:
            if element.kind != "businessRuleTask":
                continue
            name = element.decision_ref
            if not name:
                yield error(
                    drawing,
                    element,
                    "no_decision",
                    told("does not say which table decides; name one, for example propose_route."),
                )
            elif not folder.exists("decision", name):
                yield error(
                    drawing,
                    element,
                    "unknown_decision",
                    told(
                        "its table %(name)s does not exist; add decisions/%(name)s.dmn, or "
                        "%(suggestion)s.",
                        name=name,
                        suggestion=suggestion(name, folder.decisions),
                    ),
                )


def check_tables(folder: Folder, context: CheckContext) -> Iterator[Finding]:
    """Every table is whole, free of overlaps, named like its file, used, and fed."""
    used = {element.decision_ref for drawing in folder.drawings for element in drawing.elements}
    variables = variables_of(folder, context)
    for name, table in folder.decisions.items():
        path = folder.path_of("decision", name)
        for flaw in table.findings():
            place = flaw.rule_ids[0] if flaw.rule_ids else table.id or WHOLE_FILE
            yield error(path, place, "table", flaw.message)
        if table.id != name:
            yield error(
                path,
                table.id or WHOLE_FILE,
                "decision_id",
                told(
                    "the decision is called %(table)s and its file %(name)s; give both the same "
                    "name.",
                    table=table.id,
                    name=name,
                ),
            )
        for unknown in variables.unknown(table.names):
            if folder.drawings:
                yield warning(
                    path,
                    table.id or WHOLE_FILE,
                    "unknown_variable",
                    told(
                        "nothing sets the variable %(unknown)s that the table reads; correct the "
                        "name, or set it in a form field of class process, an operator or a "
                        "script.",
                        unknown=unknown,
                    ),
                )
        if folder.drawings and name not in used:
            yield warning(
                path,
                table.id or WHOLE_FILE,
                "unused_decision",
                told("no decision task uses this table; name it in one, or remove it."),
            )
